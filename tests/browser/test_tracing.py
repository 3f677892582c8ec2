"""Pictures traced by the JavaScript library in Chromium, against what Python reads of the same."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Error, Page
from simulated_photo import photograph
from starlette.responses import HTMLResponse

from benchmarks.tracing import compared, fitted, png, rendered
from serving import serving
from sketch_pix2seq import Sketch
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.io.picture_in import read_picture
from sketch_pix2seq.web.site import new_site

TRACE = """async ([files, options]) => {
  const { trace } = await import("/static/sketch/client.js");
  const traced = [];
  for (const file of files) {
    const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
    traced.push(await trace(new Blob([bytes]), options));
  }
  return traced;
}"""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """An empty page beside the library."""
    app = new_site("Library", "An empty page.")
    app.get("/")(lambda: HTMLResponse("<!doctype html><title>Library</title>"))
    with serving(app) as address:
        yield address


def gallery(count: int) -> list[Sketch]:
    """Drawings of people, of many categories."""
    items = Bundle.default().gallery_items
    assert items is not None
    return [item.sketch for item in items.items[:: len(items.items) // count]][:count]


def traced_in(page: Page, files: Sequence[bytes], **options: Any) -> list[dict[str, Any]]:
    encoded = [base64.b64encode(file).decode() for file in files]
    found: list[dict[str, Any]] = page.evaluate(TRACE, [encoded, options])
    return found


def f1_of(traced: dict[str, Any], expected: Sketch) -> float:
    """Strokes found as Python found them; both in the frame of the picture, shown 256 large."""
    assert expected.frame is not None
    assert (traced["width"], traced["height"]) == (expected.frame.width, expected.frame.height)
    assert traced["lineWidth"] == pytest.approx(expected.frame.line_width, rel=0.03)
    assert traced["leftOut"] == (expected.left_out or "")
    scale = 256 / max(expected.frame.width, expected.frame.height)
    strokes = [scale * np.array(stroke).T for stroke in traced["strokes"]]
    return compared([scale * stroke for stroke in expected.strokes], strokes)[0]


@pytest.mark.parametrize(("size", "width"), [(256, 3), (1000, 5), (1000, 30)])
def test_clean_pictures_are_traced_as_by_python(
    site: str, sheet: Page, size: int, width: int
) -> None:
    sheet.goto(site)
    files = [png(rendered(fitted(sketch.strokes), size, width)) for sketch in gallery(30)]
    found = traced_in(sheet, files)
    scores = [f1_of(*pair) for pair in zip(found, map(read_picture, files), strict=True)]
    assert np.mean(scores) > 0.99
    assert min(scores) > 0.8


def test_photos_are_traced_as_by_python(site: str, sheet: Page) -> None:
    sheet.goto(site)
    files = [photograph(sketch, seed) for seed, sketch in enumerate(gallery(12))]
    found = traced_in(sheet, files)
    scores = [f1_of(*pair) for pair in zip(found, map(read_picture, files), strict=True)]
    assert np.mean(scores) > 0.97


def test_what_is_no_drawing_is_refused(site: str, sheet: Page) -> None:
    sheet.goto(site)
    with pytest.raises(Error, match="DrawingError: a picture must show lines; got one even"):
        traced_in(sheet, [png(np.full((90, 90), 200, np.uint8))])
    with pytest.raises(Error, match="DrawingError: a picture must be of a kind that"):
        traced_in(sheet, [b"no picture"])
