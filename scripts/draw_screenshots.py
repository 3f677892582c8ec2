"""Pictures of the sites for the documents: opens their pages in Chromium, as a visitor sees them.

    python scripts/draw_screenshots.py [--bundle BUNDLE] [--all FOLDER]
    python scripts/draw_screenshots.py --study STUDY

Writes `docs/images/studio-*.png`, or `turing-*.png` of a study of `turing create`; with --all also
every page of the studio at three sizes, light and dark, into a folder, to be looked at. Needs the
extras `web` and `dev`, and Debian's Chromium.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
import threading
from pathlib import Path

from fastapi import FastAPI
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from sketch_pix2seq.evaluation.turing.preview import preview_page
from sketch_pix2seq.evaluation.turing.study import Study
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.web.server import serve
from sketch_pix2seq.web.studio.app import create_studio
from sketch_pix2seq.web.turing.app import create_turing
from sketch_pix2seq.web.turing.store import Store

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desktop": (1280, 880)}
PAGES = {"draw": "/", "mix": "/mix", "map": "/map", "complete": "/complete", "trace": "/trace"}
DONE = """() => !document.querySelector('[aria-busy=true]')
  && document.querySelector('.paper.done, #lines path[d*=M]')"""


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--all", type=Path)
    parser.add_argument("--study", type=Path)
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        if options.study is not None:
            take_study(browser, options.study)
            return
        root = served(create_studio(Sketcher.load(options.bundle, num_threads=1)))
        take(browser, root + "/", "desktop", "light", IMAGES / "studio-draw.png")
        take(browser, root + "/map", "desktop", "light", IMAGES / "studio-map.png")
        take(browser, root + "/mix", "desktop", "light", IMAGES / "studio-mix.png")
        take(browser, root + "/trace", "desktop", "light", IMAGES / "studio-trace.png")
        take(browser, root + "/", "phone", "dark", IMAGES / "studio-phone.png")
        for page, path in PAGES.items() if options.all else ():
            for size in SIZES:
                for scheme in ("light", "dark"):
                    place = options.all / f"{page}-{size}-{scheme}.png"
                    take(browser, root + path, size, scheme, place)
        browser.close()


def served(app: FastAPI) -> str:
    """Serve a site as long as this script runs; return its address."""
    found: list[str] = []
    ready = threading.Event()

    def on_ready(address: str) -> None:
        found.append(address.rstrip("/"))
        ready.set()

    arguments = (app, "127.0.0.1", 0, on_ready)
    threading.Thread(target=serve, args=arguments, daemon=True).start()
    ready.wait()
    return found[0]


def take_study(browser: Browser, folder: Path) -> None:
    """Take the pictures of a study: a question, the consent, the preview."""
    with tempfile.TemporaryDirectory() as beside:
        preview = Path(beside) / "preview.html"
        preview.write_text(preview_page(Study.open(folder)), encoding="utf-8")
        with browser.new_context(viewport={"width": 1100, "height": 620}) as context:
            page = context.new_page()
            page.goto(preview.as_uri())
            page.screenshot(path=IMAGES / "turing-preview.png")
        study = Study.open(folder)
        store = Store.open(str(Path(beside) / "votes.sqlite"), study.digest)
        root = served(create_turing(study, folder, store, results_token="for these pictures"))
        questions = []
        for size, scheme in (("desktop", "light"), ("phone", "dark")):
            width, height = SIZES[size]
            with browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,  # type: ignore[arg-type]
                has_touch=size == "phone",
                reduced_motion="reduce",
            ) as context:
                page = context.new_page()
                page.goto(f"{root}/?PROLIFIC_PID=5f1c0d2e{size}")
                if size == "desktop":
                    page.screenshot(path=IMAGES / "turing-consent.png", full_page=True)
                for box in page.get_by_role("checkbox").all():
                    box.check()
                page.get_by_role("button", name="I agree").click()
                page.get_by_role("link", name="Start").click()
                page.locator("#sketch").evaluate("picture => picture.decode()")
                questions.append(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
        desktop, phone = questions
        both = Image.new("RGB", (desktop.width + phone.width + 40, desktop.height), "white")
        both.paste(desktop, (0, 0))
        both.paste(phone, (desktop.width + 40, (desktop.height - phone.height) // 2))
        both.save(IMAGES / "turing-question.png", optimize=True)


def take(browser: Browser, url: str, size: str, scheme: str, place: Path) -> None:
    """Take one picture."""
    width, height = SIZES[size]
    with browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    ) as context:
        page = context.new_page()
        page.goto(url)
        page.wait_for_function(DONE)
        place.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=place)
    print(place)


if __name__ == "__main__":
    main()
