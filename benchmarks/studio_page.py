"""The studio's pages in Chromium: what the first visit transfers, and how long a person waits.

The same pages by `sketch-pix2seq studio`, which compresses, and as the folder that `--export`
writes, on Python's plain file server, which does not.
"""

from __future__ import annotations

import functools
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Request, sync_playwright

from benchmarks.figures import Figure, up_to
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.web.server import open_server
from sketch_pix2seq.web.studio.app import create_studio
from sketch_pix2seq.web.studio.pages import VIEWS, write_studio

DRAWN = 12
"""Times that the page draws, with another seed each time."""
_READY = """() => !document.querySelector("[aria-busy=true]")"""
_WAIT = """async (seed) => {
  const field = document.querySelector("[name=seed]"), space = document.querySelector("#workspace");
  const papers = [...document.querySelectorAll(".sheet-card .paper")];
  const changed = (seen) => new Promise((resolve) => {
    const look = () => seen() ? resolve(performance.now()) : requestAnimationFrame(look);
    requestAnimationFrame(look);
  });
  field.value = seed;
  const begun = performance.now();
  field.dispatchEvent(new Event("change"));
  const lines = () => papers.some((one) => /[LC]/.test(
    [...one.querySelectorAll("path")].map((line) => line.getAttribute("d")).join("")));
  const stroke = changed(lines), all = changed(() => space.ariaBusy !== "true");
  return { stroke: await stroke - begun, all: await all - begun };
}"""


def measure() -> list[Figure]:
    """Open the pages as a visitor does."""
    sketcher = Sketcher.load(num_threads=1)
    figures = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        with _served(sketcher) as address:
            for view in VIEWS:
                figures += _transferred(browser, address + view.file(""), view.name, "studio")
            for best_of in (1, 2, 8):
                figures += _waits(browser, address, best_of)
        with _exported(sketcher) as address:
            for view in VIEWS:
                url = address + view.file(".html")
                figures += _transferred(browser, url, view.name, "exported, plain server")
        browser.close()
    return figures


def _transferred(browser: Browser, url: str, name: str, host: str) -> list[Figure]:
    """Kilobytes that a first visit transfers, headers included."""
    with browser.new_context() as visitor:
        page = visitor.new_page()
        sizes: dict[str, float] = {}
        page.on("requestfinished", lambda request: _note(sizes, request))
        page.goto(url)
        page.wait_for_load_state("networkidle")
        page.wait_for_function(_READY)
        page.wait_for_timeout(500)  # what it keeps for later
    model = sum(size for address, size in sizes.items() if "/model/" in address) / 1e3
    rest = sum(size for address, size in sizes.items() if "/model/" not in address) / 1e3
    bars = {"all but the model": (rest, 150.0), "the model": (model, 8000.0)}
    return [
        up_to(f"page {name}, {host}: {what}, {len(sizes)} files", size, "kB", most)
        for what, (size, most) in bars.items()
    ]


def _note(sizes: dict[str, float], request: Request) -> None:
    found = request.sizes()
    sizes[request.url] = found["responseBodySize"] + found["responseHeadersSize"]


def _waits(browser: Browser, address: str, best_of: int) -> list[Figure]:
    """Milliseconds from a change, as after a pause, to the first stroke and to six drawings."""
    with browser.new_context() as visitor:
        page = visitor.new_page()
        kept = f"sessionStorage.settings = JSON.stringify({{ bestOf: {best_of} }})"
        page.add_init_script(f'if (location.protocol === "http:") {kept}')
        page.goto(address)
        page.wait_for_function(_READY)
        found = [page.evaluate(_WAIT, seed) for seed in range(1, DRAWN + 3)][2:]
    stroke, drawn = (median(one[part] for one in found) for part in ("stroke", "all"))
    work = f"page draw, best of {best_of}"
    ready = up_to(f"{work}: six redrawings ready", drawn, "ms", 600.0)
    if best_of > 2:  # more than the page draws unless another quality is chosen
        ready = replace(ready, peer="none", peer_value=drawn, bar="", met=True)
    return [up_to(f"{work}: first stroke on paper", stroke, "ms", 150.0), ready]


@contextmanager
def _served(sketcher: Sketcher) -> Iterator[str]:
    server, listening, address = open_server(create_studio(sketcher), "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    with listening:
        thread.start()
        yield address
        server.should_exit = True
        thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *said: Any) -> None:
        """Say nothing."""


@contextmanager
def _exported(sketcher: Sketcher) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        write_studio(sketcher, Path(folder))
        handler = functools.partial(_Quiet, directory=folder)
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/"
            server.shutdown()
