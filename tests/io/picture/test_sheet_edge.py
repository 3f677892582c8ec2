"""Finding a sheet of paper on a darker table."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from sketch_pix2seq.io.picture.sheet_edge import find_sheet

BOX = (100, 100, 700, 500)


def picture(table: int, sheet: int) -> Image.Image:
    image = Image.new("L", (800, 600), table)
    ImageDraw.Draw(image).rectangle(BOX, sheet)
    return image


@pytest.mark.parametrize("table", [0, 40])
def test_a_grey_picture_of_a_sheet(table: int) -> None:
    outline = find_sheet(picture(table, 240))
    assert outline is not None
    assert [*outline.min(axis=0), *outline.max(axis=0)] == pytest.approx(BOX, abs=6)


@pytest.mark.parametrize(("table", "sheet"), [(0, 40), (30, 70), (240, 30), (120, 120)])
def test_what_is_hardly_lighter_or_darker_is_no_sheet(table: int, sheet: int) -> None:
    assert find_sheet(picture(table, sheet)) is None
