"""The icons of both sites, and the picture that links to the studio show, drawn in Chromium.

    python scripts/draw_icons.py

Writes `icon-180.png`, `icon-512.png` and `card.png` into `web/static/`. Needs the extras `web` and
`dev`, and Debian's Chromium.
"""

from __future__ import annotations

import io
import shutil

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.sketch.sketch import Sketch
from sketch_pix2seq.web.files import STATIC
from sketch_pix2seq.web.studio.pages import SUMMARY, TITLE, examples_of_the_package

CARD = (1200, 630)
_PAGE = """<!doctype html><style>
body {{ margin: 0; background: #faf8f4; color: #22201d;
  font: 31px/1.3 Georgia, "Noto Serif", serif }}
header {{ padding: 42px 60px 30px }}
h1 {{ font-size: 52px; font-weight: 500; margin: 0 }} p {{ margin: 4px 0 0; color: #6a655d }}
main {{ display: grid; grid-template-columns: 392px 1fr; gap: 40px; padding: 0 60px }}
div {{ background: #fff; border: 1px solid #e4dfd6; border-radius: 22px; display: grid;
  place-items: center; overflow: hidden }}
svg {{ display: block; width: 86%; height: auto }}
section {{ display: grid; grid-template: 188px 188px / repeat(3, 1fr); gap: 16px }}
section svg {{ width: auto; height: 172px }}
section path {{ stroke: #c63f1f; stroke-width: 4 }}
</style><header><h1>{title}</h1><p>{summary}</p></header>
<main><div>{given}</div><section>{drawn}</section></main>"""


def main() -> None:
    """Draw all of them."""
    cat = next(one for one in examples_of_the_package() if "cat" in (one.category, one.name))
    drawn = Sketcher.load().redraw(cat, 6, best_of=8)
    page = _PAGE.format(
        given=_svg(cat),
        drawn="".join(f"<div>{_svg(one)}</div>" for one in drawn),
        title=TITLE,
        summary=SUMMARY,
    )
    icon = (STATIC / "icon.svg").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell") or shutil.which("chromium"),
            args=["--no-sandbox"],
        )
        tab = browser.new_page()
        for side in (180, 512):
            whole = icon.replace('rx="8"', "")  # systems cut the corners as they like
            style = "<style>body { margin: 0 } svg { display: block; width: 100vw }</style>"
            _save(f"icon-{side}.png", _shot(tab, style + whole, (side, side)), 32)
        _save("card.png", _shot(tab, page, CARD), 24)
        browser.close()


def _svg(sketch: Sketch) -> str:
    return sketch.to_svg(size=300, curves=True)


def _shot(tab: Page, page: str, size: tuple[int, int]) -> bytes:
    tab.set_viewport_size({"width": size[0], "height": size[1]})
    tab.set_content(page)
    return tab.screenshot()


def _save(name: str, picture: bytes, colours: int) -> None:
    """Save a picture with a palette: a few kB."""
    image = Image.open(io.BytesIO(picture)).convert("RGB").quantize(colours)
    image.save(STATIC / name, optimize=True)
    print(STATIC / name, (STATIC / name).stat().st_size)


if __name__ == "__main__":
    main()
