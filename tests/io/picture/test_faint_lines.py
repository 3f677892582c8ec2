"""Lines of a picture that are far fainter than the others: read where they are clear."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sketch_pix2seq.io.picture.picture_in import read_picture
from sketch_pix2seq.sketch.sketch import Sketch

Colour = tuple[int, int, int]
WHITE = (255, 255, 255)


def file_of(image: Image.Image, kind: str = "png", **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pens(colours: Sequence[Colour], paper: Colour, side: int = 560) -> Image.Image:
    """A zigzag, a box and a ring, each of its colour."""
    image = Image.new("RGB", (4 * side, 4 * side), paper)
    pen = ImageDraw.Draw(image)
    at = [(0.1, 0.4), (0.2, 0.15), (0.35, 0.4), (0.45, 0.15)]
    pen.line([(4 * side * x, 4 * side * y) for x, y in at], colours[0], 16, joint="curve")
    pen.rectangle([4 * side * v for v in (0.1, 0.55, 0.4, 0.85)], outline=colours[1], width=16)
    pen.ellipse([4 * side * v for v in (0.6, 0.3, 0.9, 0.6)], outline=colours[2], width=16)
    return image.reduce(4)


def ring_found(sketch: Sketch) -> float:
    """The share of the ring that is read, and nothing else near it."""
    points = np.concatenate(sketch.strokes) / 560 - (0.75, 0.45)
    near = points[np.hypot(*points.T) < 0.19]
    assert len(near) == 0 or np.abs(np.hypot(*near.T) - 0.146).max() < 0.01
    dense = [np.linspace(a, b, 20) for s in sketch.strokes for a, b in itertools.pairwise(s / 560)]
    angles = np.arctan2(*(np.concatenate(dense) - (0.75, 0.45))[:, ::-1].T)
    away = np.hypot(*(np.concatenate(dense) - (0.75, 0.45)).T)
    hit, _ = np.histogram(angles[np.abs(away - 0.146) < 0.01], 60, (-np.pi, np.pi))
    return float((hit > 0).mean())


@pytest.mark.parametrize(
    ("paper", "faint"),
    [
        *((WHITE, colour) for colour in ((255, 255, 236), (250, 250, 250), (251, 251, 251))),
        *(((0, 0, 0), (9, 9, 9)), ((30, 30, 34), (38, 38, 42)), ((250, 240, 220), (250, 240, 206))),
    ],
)
def test_faint_lines_beside_strong_ones_in_a_clean_picture(paper: Colour, faint: Colour) -> None:
    strong = (240, 240, 240) if sum(paper) < 380 else (10, 10, 10)
    sketch = read_picture(file_of(pens((strong, (90, 130, 220), faint), paper)))
    assert len(sketch.strokes) == 3 and sketch.left_out is None
    assert ring_found(sketch) == 1


@pytest.mark.parametrize("quality", [60, 75, 90])
def test_what_a_jpeg_leaves_round_lines_is_no_line(quality: int) -> None:
    colours = ((0, 0, 0), (60, 120, 200), (240, 240, 240))
    sketch = read_picture(file_of(pens(colours, WHITE), "jpeg", quality=quality))
    assert len(sketch.strokes) == 3 and ring_found(sketch) == 1
    sketch = read_picture(file_of(pens((*colours[:2], WHITE), WHITE), "jpeg"))
    assert len(sketch.strokes) == 2


def test_faint_lines_on_a_photo(rng: np.random.Generator) -> None:
    drawn = np.asarray(
        pens(((20, 20, 20), (60, 110, 190), (215, 215, 215)), (250, 250, 250)), np.float64
    )
    light = np.linspace(0.7, 0.95, 560)[:, None, None]
    photo = light * drawn + rng.normal(0, 2, drawn.shape)
    file = file_of(Image.fromarray(photo.clip(0, 255).astype(np.uint8)), "jpeg", quality=85)
    sketch = read_picture(file)
    assert len(sketch.strokes) <= 5 and ring_found(sketch) > 0.95


def test_faint_areas_and_noise_are_no_lines(rng: np.random.Generator) -> None:
    image = pens(((0, 0, 0), (60, 120, 200), WHITE), WHITE)
    ImageDraw.Draw(image).ellipse((350, 180, 500, 330), fill=(246, 246, 246))
    assert len(read_picture(file_of(image)).strokes) == 2
    noisy = np.asarray(image).astype(int) - (rng.random((560, 560, 1)) < 0.01) * 8
    assert len(read_picture(file_of(Image.fromarray(noisy.clip(0).astype(np.uint8)))).strokes) == 2


def test_a_faint_line_that_crosses_a_faint_area_is_read_and_the_area_is_not() -> None:
    image = pens(((0, 0, 0), (60, 120, 200), (246, 246, 246)), WHITE)
    pen = ImageDraw.Draw(image)
    pen.rectangle((400, 40, 530, 200), fill=(248, 248, 248))
    sketch = read_picture(file_of(image))
    assert ring_found(sketch) > 0.8
    assert all(stroke[:, 1].min() > 150 for stroke in sketch.strokes if stroke[0, 0] > 320)


def test_faint_lines_that_are_not_clear_are_said() -> None:
    image = pens(((0, 0, 0), (60, 120, 200), (250, 250, 250)), WHITE)
    pen = ImageDraw.Draw(image)
    for x in range(300, 540, 26):  # dashes all over
        for y in range(350, 430, 16):
            pen.line((x, y, x + 10, y + 10), (250, 250, 250), 2)
    sketch = read_picture(file_of(image))
    assert sketch.left_out == "lines hardly darker than the paper" and len(sketch.strokes) == 2
