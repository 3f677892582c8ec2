"""Which ink is the edge of a sheet on a pale table."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sketch_pix2seq.io.picture.outer_edges import outer_edges
from sketch_pix2seq.io.picture.picture_in import read_picture

PAPER, BEECH, NOTE = (240, 238, 233), (222, 196, 158), (247, 230, 110)
SHEET = (60, 50, 540, 400)


def ink_of(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    image = Image.new("1", (600, 450))
    for box in boxes:
        ImageDraw.Draw(image).rectangle(box, 1)
    return np.asarray(image).copy()


LOWER = ink_of((60, 398, 540, 401))  # the shadow of the sheet's lower edge
DRAWN = ink_of((150, 150, 154, 300), (150, 296, 400, 300), (396, 150, 400, 300))


def found(
    ink: np.ndarray,
    dark: int = 60,
    *,
    table: tuple[int, ...] = BEECH,
    sheet: tuple[int, int, int, int] = SHEET,
) -> np.ndarray:
    """The edges found on a table, of ink that is so dark where nothing is drawn."""
    picture = Image.new("RGB", (600, 450), table)
    ImageDraw.Draw(picture).rectangle(sheet, PAPER)
    contrast = np.where(DRAWN, 200, np.where(ink, dark, 0)).astype(np.uint8)
    return outer_edges(ink, contrast, picture)


def test_a_pale_line_with_another_ground_beyond_is_an_edge() -> None:
    np.testing.assert_array_equal(found(DRAWN | LOWER), LOWER)


def test_a_line_as_dark_as_what_is_drawn_is_drawn() -> None:
    assert not found(DRAWN | LOWER, dark=190).any()


def test_a_line_on_the_sheet_is_drawn() -> None:
    assert not found(DRAWN | LOWER, table=PAPER).any()
    ground_line = ink_of((60, 385, 540, 388))  # and the sheet ends soon below it
    assert not found(DRAWN | ground_line).any()


def test_beyond_an_edge_nothing_is_drawn() -> None:
    assert not found(DRAWN | LOWER | ink_of((300, 420, 330, 424))).any()
    speck = ink_of((300, 420, 303, 423))
    np.testing.assert_array_equal(found(DRAWN | LOWER | speck), LOWER | speck)


def test_a_line_close_to_an_edge_is_kept() -> None:
    ground_line = ink_of((150, 388, 400, 391))
    np.testing.assert_array_equal(found(DRAWN | LOWER | ground_line), LOWER)


def test_where_nothing_is_drawn_nothing_is_an_edge() -> None:
    assert not found(LOWER).any()


@pytest.mark.parametrize("colour", ["L", "RGB"])
def test_all_four_edges_of_a_sheet_that_is_askew(colour: str, rng: np.random.Generator) -> None:
    corners = [(130, 90), (700, 120), (680, 520), (110, 480)]
    image = Image.new("RGB", (800, 600), BEECH)
    pen = ImageDraw.Draw(image)
    pen.polygon([(x + 4, y + 5) for x, y in corners], (160, 140, 112))  # its shadow
    pen.polygon([(x - 2, y - 2) for x, y in corners], (160, 140, 112))
    pen.polygon(corners, PAPER)
    pen.line([(250, 400), (400, 200), (550, 420)], (30, 40, 110), 6, joint="curve")
    light = np.linspace(1, 0.8, 800)[None, :, None]
    shown = np.asarray(image) * light + rng.normal(0, 2, (600, 800, 3))
    file = io.BytesIO()
    Image.fromarray(shown.clip(0, 255).astype(np.uint8)).convert(colour).save(file, "png")
    sketch = read_picture(file.getvalue())
    assert len(sketch.strokes) == 1
    assert sketch.left_out == "edges of the sheet"


def test_a_drawing_on_a_coloured_note_that_fills_it_is_kept(rng: np.random.Generator) -> None:
    """A house of yellow walls, drawn with a pen: its outline is as dark as its door."""
    image = Image.new("RGB", (800, 600), PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((200, 150, 600, 450), NOTE, (40, 40, 50), 6)
    pen.rectangle((350, 280, 450, 450), None, (40, 40, 50), 6)
    light = np.linspace(1, 0.8, 800)[None, :, None]
    shown = np.asarray(image) * light + rng.normal(0, 2, (600, 800, 3))
    file = io.BytesIO()
    Image.fromarray(shown.clip(0, 255).astype(np.uint8)).save(file, "png")
    sketch = read_picture(file.getvalue())
    assert "edges" not in (sketch.left_out or "")
    low = np.min([stroke.min(axis=0) for stroke in sketch.strokes], axis=0)
    assert low == pytest.approx([203, 153], abs=4)
