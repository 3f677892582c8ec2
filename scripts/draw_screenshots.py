"""Pictures of the studio for the documents: opens its pages in Chromium, as a visitor sees them.

    python scripts/draw_screenshots.py [--bundle BUNDLE] [--all FOLDER]

Writes `docs/images/studio-*.png`, each page on a laptop, a tablet and a phone; with --all every
page in many windows, light and dark, into a folder, to be looked at. Needs the extras `web` and
`dev`, and Debian's Chromium.
"""

from __future__ import annotations

import argparse
import io
import shutil
import threading
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.web.server import serve
from sketch_pix2seq.web.studio.app import create_studio
from sketch_pix2seq.web.studio.pages import VIEWS

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
    options = parser.parse_args()
    told: list[str] = []
    ready = threading.Event()

    def on_ready(address: str) -> None:
        told.append(address)
        ready.set()

    app = create_studio(Sketcher.load(options.bundle, num_threads=1))
    arguments = (app, "127.0.0.1", 0, on_ready)
    threading.Thread(target=serve, args=arguments, daemon=True).start()
    ready.wait()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for view in VIEWS if options.all is None else ():
            url = told[0] + view.file("")
            pictures = [taken(browser, url, *window) for window in SHOWN]
            save(side_by_side(pictures), IMAGES / f"studio-{view.name}.png")
        if options.all is None:
            viewer = taken(browser, told[0], *SHOWN[0], press="[data-do=save]")
            save(side_by_side([viewer]), IMAGES / "studio-viewer.png")
        for view in VIEWS if options.all is not None else ():
            for width, height in SIZES:
                for scheme in ("light", "dark"):
                    picture = taken(browser, told[0] + view.file(""), width, height, scheme)
                    save(picture, options.all / f"{view.name}-{width}x{height}-{scheme}.png")
        browser.close()


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
