"""Pictures of the sites for the documents: opens their pages in Chromium, as a visitor sees them.

    python scripts/draw_screenshots.py [--bundle BUNDLE] [--all FOLDER]
    python scripts/draw_screenshots.py --study STUDY

Writes `docs/images/studio-*.png`, each page on a laptop, a tablet and a phone, or `turing-*.png` of
a study of `turing create`; with --all every page of the studio in many windows, light and dark,
into a folder, to be looked at. Needs the extras `web` and `dev`, and Debian's Chromium.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Literal

from fastapi import FastAPI
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from sketch_pix2seq.evaluation.turing.preview import preview_page
from sketch_pix2seq.evaluation.turing.study import Study
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.web.server import serve
from sketch_pix2seq.web.studio.app import create_studio
from sketch_pix2seq.web.studio.pages import VIEWS
from sketch_pix2seq.web.turing.app import create_turing
from sketch_pix2seq.web.turing.store import Store

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SHOWN: tuple[tuple[int, int, Literal["light", "dark"]], ...] = (
    (1280, 800, "light"),
    (820, 1180, "light"),
    (390, 844, "dark"),
)
"""Windows of one picture of the documents."""
SIZES = (
    *((320, 568), (390, 844), (667, 375), (768, 1024)),
    *((820, 1180), (720, 450), (1280, 800), (1440, 900)),
)
HEIGHT, GAP, COLOURS = 520, 16, 128
DRAW = """example => {
  const [strokes] = JSON.parse(document.querySelector("#examples").textContent).slice(example);
  sessionStorage.setItem("drawing redraw", JSON.stringify(strokes));
}"""
DONE = """() => !document.querySelector('[aria-busy=true]')
  && document.querySelector('.paper.done, #lines path[d*=M], #none:not([hidden])')"""


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--all", type=Path)
    parser.add_argument("--study", type=Path)
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell") or shutil.which("chromium"),
            args=["--no-sandbox"],
        )
        if options.study is not None:
            take_study(browser, options.study)
            return
        root = served(create_studio(Sketcher.load(options.bundle, num_threads=1))) + "/"
        for view in VIEWS if options.all is None else ():
            url = root + view.file("")
            pictures = [taken(browser, url, *window) for window in SHOWN]
            save(side_by_side(pictures), IMAGES / f"studio-{view.name}.png")
        if options.all is None:
            viewer = taken(browser, root, *SHOWN[0], press="[data-do=save]")
            save(side_by_side([viewer]), IMAGES / "studio-viewer.png")
        for view in VIEWS if options.all is not None else ():
            for width, height in SIZES:
                for scheme in ("light", "dark"):
                    picture = taken(browser, root + view.file(""), width, height, scheme)
                    save(picture, options.all / f"{view.name}-{width}x{height}-{scheme}.png")
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
        for size, width, height, scheme in (
            ("desktop", 1280, 880, "light"),
            ("phone", 390, 844, "dark"),
        ):
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


def taken(
    browser: Browser,
    url: str,
    width: int,
    height: int,
    scheme: Literal["light", "dark"],
    *,
    press: str | None = None,
) -> Image.Image:
    """Take one picture, after a button is pressed; as after a visit to the first page."""
    with browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        is_mobile=width < 1000,
        has_touch=width < 1000,
    ) as context:
        page = context.new_page()
        for example in (2, 3) if url.endswith("mine") else ():  # as drawn by the visitor
            page.goto(url.removesuffix("mine"))
            page.evaluate(DRAW, example)
            page.reload()
            page.wait_for_function(DONE)
            page.wait_for_timeout(500)
        page.goto(url)
        page.wait_for_function(DONE)
        if press:
            page.locator(press).click()
            page.wait_for_timeout(300)
        return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def side_by_side(pictures: list[Image.Image]) -> Image.Image:
    """Put pictures beside each other, all as high as the lowest window would be."""
    scaled = [
        one.resize((round(one.width * HEIGHT / one.height), HEIGHT), Image.Resampling.LANCZOS)
        for one in pictures
    ]
    width = sum(one.width for one in scaled) + GAP * (len(scaled) - 1)
    sheet = Image.new("RGB", (width, HEIGHT), "white")
    left = 0
    for one in scaled:
        sheet.paste(one, (left, 0))
        left += one.width + GAP
    return sheet


def save(picture: Image.Image, place: Path) -> None:
    """Save with a palette: a few kB."""
    place.parent.mkdir(parents=True, exist_ok=True)
    palette = picture.quantize(COLOURS, kmeans=4, dither=Image.Dither.NONE)
    palette.save(place, optimize=True)
    print(place, place.stat().st_size)


if __name__ == "__main__":
    main()
