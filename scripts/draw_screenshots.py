"""Pictures of the studio for the documents: opens its pages in Chromium, as a visitor sees them.

    python scripts/draw_screenshots.py [--bundle BUNDLE] [--all FOLDER]

Writes `docs/images/studio-*.png`; with --all also every page at three sizes, light and dark, into a
folder, to be looked at. Needs the extras `web` and `dev`, and Debian's Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import threading
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.web.server import serve
from sketch_pix2seq.web.studio.app import create_studio

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SIZES = {"phone": (390, 844), "tablet": (820, 1180), "desktop": (1280, 880)}
PAGES = {
    "draw": "/",
    **{name: f"/{name}" for name in ("name", "complete", "mix", "map", "trace", "mine")},
}
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
        told.append(address.rstrip("/"))
        ready.set()

    app = create_studio(Sketcher.load(options.bundle, num_threads=1))
    arguments = (app, "127.0.0.1", 0, on_ready)
    threading.Thread(target=serve, args=arguments, daemon=True).start()
    ready.wait()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        take(browser, told[0] + "/", "desktop", "light", IMAGES / "studio-draw.png")
        take(browser, told[0] + "/map", "desktop", "light", IMAGES / "studio-map.png")
        take(browser, told[0] + "/mix", "desktop", "light", IMAGES / "studio-mix.png")
        take(browser, told[0] + "/trace", "desktop", "light", IMAGES / "studio-trace.png")
        take(browser, told[0] + "/", "phone", "dark", IMAGES / "studio-phone.png")
        viewer = IMAGES / "studio-viewer.png"
        take(browser, told[0] + "/", "desktop", "light", viewer, press="[data-do=save]")
        for page, path in PAGES.items() if options.all else ():
            for size in SIZES:
                for scheme in ("light", "dark"):
                    place = options.all / f"{page}-{size}-{scheme}.png"
                    take(browser, told[0] + path, size, scheme, place)
        browser.close()


def take(
    browser: Browser, url: str, size: str, scheme: str, place: Path, *, press: str | None = None
) -> None:
    """Take one picture, after a button is pressed."""
    width, height = SIZES[size]
    with browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    ) as context:
        page = context.new_page()
        page.goto(url)
        page.wait_for_function(DONE)
        if press:
            page.locator(press).click()
        place.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=place)
    print(place)


if __name__ == "__main__":
    main()
