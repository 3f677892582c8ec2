"""Pens by their hue: in clean pictures, in warm light, on dark paper, with thin and wide lines."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sketch_pix2seq.io.paper import colour_name, layers_of
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.io.svg.svg_out import to_svg
from sketch_pix2seq.sketch.sketch import Frame, Sketch

INKS = ((20, 20, 20), (200, 30, 40), (30, 60, 200), (20, 140, 60), (240, 200, 0))
NAMES = ["black", "red", "blue", "green", "yellow"]
ON_DARK = ((240, 240, 240), (255, 120, 110), (120, 170, 255), (120, 230, 140), (255, 230, 90))


def picture(
    inks: tuple[tuple[int, int, int], ...], paper: tuple[int, int, int] = (255, 255, 255)
) -> Image.Image:
    """Two lines of each ink, a thin one and a wide one."""
    image = Image.new("RGB", (800, 600), paper)
    pen = ImageDraw.Draw(image)
    for number, ink in enumerate(inks):
        y = 60 + 100 * number
        pen.line([(60, y), (380, y + 20)], ink, 3)
        pen.line([(430, y + 30), (740, y)], ink, 9)
    return image


def jpeg(image: Image.Image, quality: int = 80) -> bytes:
    file = io.BytesIO()
    image.save(file, "jpeg", quality=quality)
    return file.getvalue()


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "png")
    return file.getvalue()


def in_warm_light(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """As a photo by lamp light that falls from one side."""
    values = np.asarray(image, np.float64)
    fall = np.linspace(0.95, 0.6, values.shape[1])[None, :, None]
    lamp = np.array([0.98, 0.9, 0.74])
    noisy = values * fall * lamp + rng.normal(0, 4, values.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def pens(content: bytes) -> dict[str, int]:
    """The pens of a picture, and how many strokes each drew."""
    (sketch,) = read_sketches(content)
    return {name: len(some) for name, _, some in layers_of(sketch)}


def test_pens_of_a_clean_picture_and_of_a_photo(rng: np.random.Generator) -> None:
    wanted = dict.fromkeys(NAMES, 2)
    assert pens(jpeg(picture(INKS), 95)) == wanted
    assert pens(jpeg(in_warm_light(picture(INKS), rng))) == wanted


def test_light_pens_on_dark_paper_are_dark_ones_on_white() -> None:
    found = pens(jpeg(picture(ON_DARK, (30, 34, 32)), 95))
    assert found == dict.fromkeys(NAMES, 2)


@pytest.mark.parametrize("width", [3, 9, 25])
def test_a_light_pen_beside_dark_ones_is_seen_on_white(width: int) -> None:
    image = Image.new("RGB", (800, 600), (170, 140, 110))
    pen = ImageDraw.Draw(image)
    for number, ink in enumerate(((255, 255, 255), (20, 30, 160), (170, 20, 25))):
        pen.line([(60, 100 + 150 * number), (740 - 60 * number, 120 + 150 * number)], ink, width)
    assert pens(png(image)) == {"black": 1, "blue": 1, "red": 1}
    pen.line([(60, 500), (740, 500)], (10, 10, 10), width)
    assert pens(png(image)) == {"black": 2, "blue": 1, "red": 1}


def test_shades_of_grey_are_one_pen_and_no_layer(rng: np.random.Generator) -> None:
    greys = ((0, 0, 0), (90, 90, 95), (150, 148, 150))
    assert pens(jpeg(picture(greys))) == {}
    assert pens(jpeg(in_warm_light(picture(greys), rng))) == {}
    assert pens(jpeg(picture(greys).convert("L"))) == {}


def test_one_blue_pen_of_any_pressure_is_one_layer() -> None:
    blues = ((35, 40, 120), (70, 75, 150), (110, 115, 175))
    assert list(pens(jpeg(picture(blues)))) == ["blue"]


def test_the_colour_is_that_of_the_ink() -> None:
    (sketch,) = read_sketches(png(picture(INKS)))
    for _, pen, _ in layers_of(sketch):
        found = np.array([int(pen[place : place + 2], 16) for place in (1, 3, 5)])
        assert np.abs(np.array(INKS) - found).max(axis=1).min() < 20


def test_layers_of_an_svg_keep_their_strokes(tmp_path: Path) -> None:
    lines = tuple(np.array([(0, y), (9, y)], np.float32) for y in range(4))
    pens = ("#c02020", "#101010", "#c02020", "#c04040")
    sketch = Sketch(lines, frame=Frame(10, 10, 1), colours=pens)
    text = to_svg(sketch)
    assert text.count('inkscape:groupmode="layer"') == 3
    assert 'inkscape:label="red a" fill="none" stroke="#c02020"' in text
    (back,) = read_sketches(text)
    assert [stroke[0, 1] for stroke in back.strokes] == [0, 2, 1, 3]
    animated = to_svg(sketch, animate=True)
    assert animated.count("<style>") == 1 and animated.count('class="line"') == 4
    assert sketch.picked([3, 1]).colours == ("#c04040", "#101010")
    assert sketch.truncated(3).colours == pens[:2]


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ("#000000", "black"),
        ("#ff0000", "red"),
        ("#00ff00", "green"),
        ("#0000ff", "blue"),
        ("#000080", "blue"),
        ("#ff8800", "orange"),
        ("#8000ff", "purple"),
        ("#ff66aa", "pink"),
        ("#ffff00", "yellow"),
        ("#20c0b0", "turquoise"),
        ("#888888", "grey"),
        ("#fdfdf8", "white"),
    ],
)
def test_plain_words_for_colours(colour: str, name: str) -> None:
    assert colour_name(colour) == name
