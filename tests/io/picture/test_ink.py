"""Ink and paper: one threshold where that does, the paper close by where it does not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from simulated_photo import simulate_photo

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.picture.ink import find_ink
from sketch_pix2seq.io.picture.picture_in import read_picture
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise
from sketch_pix2seq.sketch.sketch import Sketch

FACE = Sketch.from_points(
    [
        [(0, 40), (20, 5), (60, 0), (95, 30), (90, 80), (50, 100), (10, 80), (0, 40)],
        [(30, 35), (36, 38)],
        [(65, 30), (70, 34)],
        [(30, 70), (50, 80), (70, 66)],
    ]
)


def inked(size: int = 400, line_width: float = 6) -> np.ndarray:
    return rasterise(FACE, RasterSettings(size=size, margin=60, line_width=line_width))


def as_grey(picture: np.ndarray) -> Image.Image:
    return Image.fromarray(np.rint(np.clip(255 * picture, 0, 255)).astype(np.uint8))


def agreement(found: np.ndarray, ink: np.ndarray) -> float:
    """Share of what is ink in either that is ink in both; edges are nobody's."""
    sure, none = ink > 0.9, ink < 0.01
    return float((found & sure).sum() / (sure.sum() + (found & none).sum()))


@pytest.mark.parametrize("paper", [1.0, 0.9, 0.2, 0.0])
@pytest.mark.parametrize("line_width", [1.5, 6, 30])
def test_clean_pictures_light_or_dark(paper: float, line_width: float) -> None:
    ink = inked(line_width=line_width)
    colour = 0.05 if paper > 0.5 else 0.95
    found = find_ink(as_grey(paper + ink * (colour - paper)))
    assert not found.is_photo
    assert agreement(found.mask, ink) > 0.97


def test_light_from_one_side_and_a_shadow_with_an_edge(rng: np.random.Generator) -> None:
    ink = inked()
    y, x = np.mgrid[0:1:400j, 0:1:400j]
    light = (0.95 - 0.5 * x) * np.where(x + 0.6 * y > 0.9, 0.6, 1.0)
    picture = light * (1 - 0.6 * ink) + rng.normal(0, 0.01, ink.shape)
    found = find_ink(as_grey(picture))
    assert found.is_photo
    assert agreement(found.mask, ink) > 0.9


def test_faint_pencil_on_rough_paper(rng: np.random.Generator) -> None:
    ink = inked()
    found = find_ink(as_grey(0.8 - 0.15 * ink + rng.normal(0, 0.012, ink.shape)))
    assert agreement(found.mask, ink) > 0.85


def test_chalk_on_a_board_in_uneven_light(rng: np.random.Generator) -> None:
    ink = inked()
    x = np.linspace(0, 1, 400)
    picture = 0.12 + 0.2 * x + 0.4 * ink + rng.normal(0, 0.02, ink.shape)
    found = find_ink(as_grey(picture))
    assert found.is_photo
    assert agreement(found.mask, ink) > 0.9


def test_coarse_fibres_of_brown_paper_are_no_ink(rng: np.random.Generator) -> None:
    ink = inked(800, 8)
    paper = np.linspace(0.35, 0.55, 800) + np.kron(rng.normal(0, 0.03, (400, 400)), np.ones((2, 2)))
    found = find_ink(as_grey(paper - 0.3 * ink + rng.normal(0, 0.015, ink.shape)))
    assert agreement(found.mask, ink) > 0.99


def test_noise_of_the_dark_side_of_a_photo_is_no_ink(rng: np.random.Generator) -> None:
    ink = inked(800, 8)
    light = np.geomspace(1, 0.1, 800)
    found = find_ink(as_grey(light * (0.95 - 0.7 * ink) + rng.normal(0, 0.04, ink.shape)))
    assert agreement(found.mask, ink) > 0.99


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_nothing_but_paper_is_refused(rng: np.random.Generator, level: float) -> None:
    paper = np.full((200, 200), level)
    with pytest.raises(DrawingError, match="must show lines"):
        find_ink(as_grey(paper))
    with pytest.raises(DrawingError, match="must show lines"):
        find_ink(as_grey(0.25 + level / 2 + rng.normal(0, 0.01, paper.shape)))


def test_light_that_falls_off_is_no_line() -> None:
    light = np.tile(np.linspace(0, 1, 500), (400, 1))
    with pytest.raises(DrawingError, match="must show lines"):
        find_ink(as_grey(light))


@pytest.mark.parametrize(
    "seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 12))]
)
def test_simulated_photos_are_read(seed: int) -> None:
    photo = simulate_photo(FACE, seed)
    assert simulate_photo(FACE, seed) == photo
    apart = np.abs(rasterise(read_picture(photo)) - rasterise(FACE)).mean() * 255
    assert apart < 8
    assert Image.open(io.BytesIO(photo)).width >= 700


def test_dense_hatching_is_no_grain() -> None:
    picture = Image.new("L", (600, 600), 255)
    pen = ImageDraw.Draw(picture)
    for at in range(-600, 1200, 16):
        pen.line((at, 0, at + 600, 600), 0, 2)
        pen.line((at, 600, at + 600, 0), 0, 2)
    ink = find_ink(picture)
    assert (ink.mask == (np.asarray(picture) < 128)).all()


def test_the_stages_can_be_looked_at() -> None:
    stages: dict[str, Image.Image] = {}
    read_picture(simulate_photo(FACE, 1), on_stage=stages.__setitem__)
    assert list(stages) == ["picture", "contrast", "ink", "lines", "strokes"]
    assert len({picture.size for picture in stages.values()}) == 1
    ink = np.asarray(stages["ink"]) == 0
    lines = np.asarray(stages["lines"]) == 0
    assert 0 < lines.sum() < ink.sum() and not (lines & ~ink).any()


def test_a_long_narrow_photo_is_as_long_as_it_is(rng: np.random.Generator) -> None:
    width, height = 100, 4100
    light = np.linspace(150, 235, height)[:, None] + np.linspace(0, 15, width)
    picture = as_grey((light + rng.normal(0, 2, light.shape)) / 255)
    ImageDraw.Draw(picture).line([(20, 3900), (80, 3900)], 20, 6)
    found = find_ink(picture)
    assert found.is_photo
    rows = np.flatnonzero(found.mask.any(axis=1)) + 0.5
    assert rows.mean() * found.scale == pytest.approx(3900, abs=3)
