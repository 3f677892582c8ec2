from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sketch_pix2seq.io.picture.picture_in import read_picture
from sketch_pix2seq.io.picture.printed_marks import binding_marks, printed_dashes


@pytest.mark.parametrize("tilt", [0.0, 0.02])
@pytest.mark.parametrize("size", [3, 5])
def test_dots_of_dotted_paper_are_left_out(
    tilt: float, size: int, rng: np.random.Generator
) -> None:
    picture = Image.new("L", (800, 600), 250)
    pen = ImageDraw.Draw(picture)
    for y in range(20, 590, 30):
        for x in range(20, 790, 30):
            at = np.array([x - tilt * y, y + tilt * x]) + rng.uniform(-1, 1, 2)
            pen.ellipse([*(at - size / 2), *(at + size / 2)], fill=110)
    pen.line([(105, 87), (605, 187), (560, 450), (110, 85)], fill=20, width=5)  # across the rows
    pen.ellipse([320, 220, 330, 230], fill=20)  # one dot of the pen
    file = io.BytesIO()
    picture.save(file, "png")
    found = read_picture(file.getvalue())
    assert len(found.strokes) <= 12  # of 500: lines cross some
    assert found.left_out is not None
    assert "specks" in found.left_out


def test_dots_that_a_person_drew_stay(rng: np.random.Generator) -> None:
    picture = Image.new("L", (600, 600), 250)
    pen = ImageDraw.Draw(picture)
    pen.line([(50, 300), (550, 300)], fill=20, width=5)
    for x, y in rng.uniform(30, 270, (70, 2)).tolist():
        pen.ellipse([x - 3, y - 3, x + 3, y + 3], fill=20)
    file = io.BytesIO()
    picture.save(file, "png")
    assert len(read_picture(file.getvalue()).strokes) > 50


def dashes(rng: np.random.Generator, jitter: float) -> tuple[np.ndarray, np.ndarray]:
    """Pieces of upright lines 30 apart on 900 x 600, moved sideways by up to a distance."""
    x, y = np.mgrid[15:900:30, 10:590:20].reshape(2, -1)
    x = x + rng.uniform(-jitter, jitter, len(x)).round().astype(int)
    low = np.stack([x, y + rng.integers(0, 6, len(y))], axis=1)
    return low, low + np.stack([rng.integers(0, 3, len(x)), rng.integers(3, 14, len(x))], axis=1)


def test_pieces_of_printed_lines_are_evenly_apart(rng: np.random.Generator) -> None:
    low, high = dashes(rng, 1.0)
    low = np.concatenate([low, [[200, 100], [201, 180], [400, 300]]])
    high = np.concatenate([high, [[340, 240], [205, 184], [402, 310]]])
    low[-1, 0] += 11
    high[-1, 0] += 11  # between two lines
    found = printed_dashes(low, high, max_width=4, size=(900, 600))
    assert found[:-3].mean() > 0.97
    assert not found[[-3, -1]].any()
    flipped = printed_dashes(low[:, ::-1], high[:, ::-1], max_width=4, size=(600, 900))
    assert flipped[:-3].mean() > 0.97


def test_a_dash_without_neighbour_is_printed_on_the_line_of_others(
    rng: np.random.Generator,
) -> None:
    low, high = dashes(rng, 1.0)
    beside, in_line = np.abs(low[:, 0] - 405) < 40, np.abs(low[:, 0] - 405) < 15
    alone = in_line & (np.abs(low[:, 1] - 300) < 30)
    keep = ~(beside & (np.abs(low[:, 1] - 300) < 60)) | alone  # nothing at either side of them
    low, high, alone = low[keep], high[keep], alone[keep]
    found = printed_dashes(low, high, max_width=4, size=(900, 600))
    assert found[alone].all()
    wide = high + np.where(alone[:, None], (3, 0), 0)  # a dot of the pen
    assert not printed_dashes(low, wide, max_width=9, size=(900, 600))[alone].any()
    aside = np.where(alone[:, None], (9, 0), 0)
    assert not printed_dashes(low + aside, high + aside, max_width=4, size=(900, 600))[alone].any()


def test_strokes_that_are_not_evenly_apart_or_few_are_drawn(rng: np.random.Generator) -> None:
    low, high = dashes(rng, 12.0)
    assert not printed_dashes(low, high, max_width=4, size=(900, 600)).any()
    low, high = dashes(rng, 1.0)
    few = np.arange(0, len(low), 5)
    assert not printed_dashes(low[few], high[few], max_width=4, size=(900, 600)).any()
    assert not printed_dashes(low, high, max_width=4, size=(3000, 2000)).any()


@pytest.mark.parametrize("side", ["left", "top"])
def test_the_spiral_of_a_notebook_is_left_out(side: str, rng: np.random.Generator) -> None:
    across, along = 600, 800
    paper = np.linspace(200, 245, along)[:, None] + rng.normal(0, 2, (along, across))
    picture = Image.fromarray(paper.clip(0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for y in range(20, 790, 32):
        pen.ellipse([14, y, 28, y + 14], fill=40)
        pen.line([(0, y + 9), (20, y + 6)], fill=110, width=4)
    for y in (150, 300):  # drawn, as large, not along the border
        pen.ellipse([200, y, 214, y + 14], fill=40)
    pen.line([(100, 100), (500, 140), (450, 700)], fill=40, width=4)
    if side == "top":
        picture = picture.transpose(Image.Transpose.TRANSPOSE)
    file = io.BytesIO()
    picture.save(file, "png")
    sketch = read_picture(file.getvalue())
    assert len(sketch.strokes) == 3
    assert sketch.left_out == "25 specks"


def test_few_or_uneven_marks_along_the_border_are_drawn(rng: np.random.Generator) -> None:
    y = np.cumsum(rng.integers(15, 90, 20))
    uneven = np.stack([np.full(20, 5), y], axis=1)
    few = np.stack([np.full(11, 5), 30 * np.arange(11)], axis=1)
    unlike = np.stack([np.full(20, 5), 30 * np.arange(20)], axis=1)
    sizes = rng.integers(4, 30, (20, 2))
    for low, extent in ((uneven, 9), (few, 9), (unlike, sizes)):
        assert not binding_marks(low, low + extent, size=(400, int(y[-1]) + 20)).any()
