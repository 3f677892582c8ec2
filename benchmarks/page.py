"""The JavaScript library in Chromium: how long a page waits, beside numpy in one thread.

Each drawing is redrawn six times, by WebAssembly, in plain JavaScript and by numpy in turn; and a
picture of it, of 1,000 pixels, is traced by both.
"""

from __future__ import annotations

import base64
import gzip
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Page, sync_playwright
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

import sketch_pix2seq
from benchmarks.figures import Figure, up_to
from benchmarks.tracing import fitted, png, rendered
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.io.picture.picture_in import read_picture
from sketch_pix2seq.sketch.sketch import Sketch
from sketch_pix2seq.web.server import open_server
from sketch_pix2seq.web.site import new_site

NUM_DRAWINGS = 15
DRAWINGS_A_REQUEST = 6
BEST_OF = 4
_PACKAGE = Path(sketch_pix2seq.__file__).parent
_LOAD = """async simd => {
  const { Sketcher } = await import("/static/sketch/client.js");
  const started = performance.now();
  (globalThis.sketchers ??= {})[simd] = await Sketcher.load("/bundle", { simd });
  return performance.now() - started;
}"""
_REDRAW = """async ([simd, drawing, n, bestOf]) => {
  const started = performance.now();
  let stroke = 0, steps = 0;
  await sketchers[simd].redraw(drawing, { n, bestOf, onPoint: (number, x, y, lifts) => {
    if (lifts && !stroke) stroke = performance.now() - started;
    steps += 1;
  } });
  return { all: performance.now() - started, stroke, steps };
}"""

_TRACE = """async picture => {
  const { trace } = await import("/static/sketch/client.js");
  const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
  const started = performance.now();
  await trace(new Blob([bytes]));
  return performance.now() - started;
}"""


def measure(sketches: Sequence[Sketch]) -> list[Figure]:
    """Redraw drawings in a page and with numpy.

    Args:
        sketches: What is redrawn; a few of them, evenly spaced.
    """
    some = sketches[:: max(len(sketches) // NUM_DRAWINGS, 1)][:NUM_DRAWINGS]
    with _page() as page:
        loading = page.evaluate(_LOAD, True)
        page.evaluate(_LOAD, False)
        simd, plain, numpy_seconds = _in_turn(page, some)
        best = page.evaluate(_REDRAW, [True, _lists(some[0]), DRAWINGS_A_REQUEST, BEST_OF])["all"]
        tracing = _tracing(page, some)
    peer = 1e3 * median(numpy_seconds)
    figures = []
    for name, found in (("WebAssembly", simd), ("plain JavaScript", plain)):
        figures += [
            _figure(f"{name}, six redrawings", _middle(found, "all"), "ms", peer, 600),
            _figure(f"{name}, first stroke", _middle(found, "stroke"), "ms", peer, 150),
            _figure(f"{name}, a step of one drawing", _step(found), "us", _step(simd), None),
        ]
    figures.append(_figure(f"WebAssembly, six, best of {BEST_OF}", best, "ms", peer, None))
    figures.append(_figure("loading the bundle from this machine", loading, "ms", peer, None))
    return [*figures, tracing, *_sizes()]


def _tracing(page: Page, some: Sequence[Sketch]) -> Figure:
    """What a picture of 1,000 pixels takes, decoded and traced in the page and by numpy in turn."""
    in_page, by_numpy = [], []
    for sketch in (some[0], *some):
        picture = png(rendered(fitted(sketch.strokes), 1000, 4))
        in_page.append(page.evaluate(_TRACE, base64.b64encode(picture).decode()))
        began = time.perf_counter()
        read_picture(picture)
        by_numpy.append(1e3 * (time.perf_counter() - began))
    value = float(median(in_page[1:]))  # the first of each also compiles
    figure = _figure("tracing 1,000 px, lines 4 wide", value, "ms", median(by_numpy[1:]), None)
    return replace(figure, peer="numpy")


def _in_turn(page: Page, some: Sequence[Sketch]) -> tuple[list[Any], list[Any], list[float]]:
    """What each drawing takes by WebAssembly, in plain JavaScript, and seconds by numpy."""
    sketcher = Sketcher.load(num_threads=1)
    simd, plain, seconds = [], [], []
    for sketch in (some[0], *some):
        given = _lists(sketch)
        simd.append(page.evaluate(_REDRAW, [True, given, DRAWINGS_A_REQUEST, 1]))
        plain.append(page.evaluate(_REDRAW, [False, given, DRAWINGS_A_REQUEST, 1]))
        began = time.perf_counter()
        sketcher.redraw(sketch, DRAWINGS_A_REQUEST)
        seconds.append(time.perf_counter() - began)
    return simd[1:], plain[1:], seconds[1:]  # the first of each also compiles


def _lists(sketch: Sketch) -> list[list[list[float]]]:
    return [stroke.T.tolist() for stroke in sketch.strokes]


def _middle(found: Sequence[Any], part: str) -> float:
    return float(median(one[part] for one in found))


def _step(found: Sequence[Any]) -> float:
    return float(1e3 * median(one["all"] / one["steps"] for one in found))


def _figure(work: str, value: float, unit: str, peer_value: float, most: float | None) -> Figure:
    return Figure(
        work=f"in a page: {work}",
        value=value,
        unit=unit,
        peer="WebAssembly" if unit == "us" else "six redrawings by numpy",
        peer_value=peer_value,
        bar="" if most is None else f"<= {most:g} {unit}",
        met=most is None or value <= most,
    )


def _sizes() -> list[Figure]:
    """Kilobytes of the library as it is served, compressed, and of the bundle without gallery."""
    modules = [path.read_bytes() for path in (_PACKAGE / "web/static/sketch").glob("*.js")]
    bundle = [path for path in (_PACKAGE / "bundles/default").iterdir() if path.suffix != ".ndjson"]
    packed = sum(len(gzip.compress(content)) for content in modules) / 1e3
    weights = sum(path.stat().st_size for path in bundle if path.name != "README.md") / 1e3
    sizes = (("library, compressed", packed, 150.0), ("bundle without gallery", weights, 8000.0))
    return [up_to(f"in a page: {work}", size, "kB", most) for work, size, most in sizes]


@contextmanager
def _page() -> Iterator[Page]:
    """An empty page of a site that has the library and the package's bundle."""
    app = new_site("Library", "An empty page.")
    app.mount("/bundle", StaticFiles(directory=_PACKAGE / "bundles" / "default"))
    app.get("/")(lambda: HTMLResponse("<!doctype html><title>Library</title>"))
    server, listening, address = open_server(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    with listening, sync_playwright() as playwright:
        thread.start()
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page()
        page.goto(address)
        yield page
        chromium.close()
        server.should_exit = True
        thread.join()
