from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sketch_pix2seq.io.picture_in import read_picture


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
    pen.line([(105, 107), (605, 117), (560, 450), (110, 105)], fill=20, width=5)
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
