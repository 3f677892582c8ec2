from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.io.picture.thinning import thin
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise


def count_parts(ink: np.ndarray) -> int:
    """Number of parts that hang together over the eight neighbours."""
    left, parts = {(int(y), int(x)) for y, x in zip(*np.nonzero(ink), strict=True)}, 0
    while left:
        parts += 1
        stack = [left.pop()]
        while stack:
            y, x = stack.pop()
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            stack.extend(near)
    return parts


def drawn(strokes: list[np.ndarray], line_width: float, size: int = 120) -> np.ndarray:
    ink: np.ndarray = rasterise(
        strokes, RasterSettings(size=size, margin=20, line_width=line_width)
    )
    return ink > 0.5


@pytest.mark.parametrize("line_width", [2.0, 5.0, 12.0])
def test_thin_lines_run_in_the_middle_of_thick_ones(line_width: float) -> None:
    turns = np.linspace(0, 5, 60)
    curve = np.stack([np.cos(turns) * 40, np.sin(turns) * 40], axis=1)
    skeleton = thin(drawn([curve], line_width))
    middle = drawn([curve], 3.0)
    assert count_parts(skeleton) == 1
    assert not (skeleton & ~middle).any()
    assert 150 < skeleton.sum() < 230


def test_what_hangs_together_goes_on_hanging_together(rng: np.random.Generator) -> None:
    for _ in range(20):
        noise = rng.random((40, 50)) < rng.uniform(0.2, 0.8)
        skeleton = thin(noise)
        assert not (skeleton & ~noise).any()
        assert count_parts(skeleton) == count_parts(noise)


@pytest.mark.parametrize("side", [1, 2, 3, 4, 9])
def test_dots_do_not_vanish(side: int) -> None:
    dot = np.zeros((12, 12), bool)
    dot[2 : 2 + side, 2 : 2 + side] = True
    assert 1 <= thin(dot).sum() <= side


def test_a_ring_stays_a_ring() -> None:
    y, x = np.mgrid[:80, :80] - 40
    radius = np.hypot(x, y)
    skeleton = thin((radius > 18) & (radius < 32))
    assert count_parts(skeleton) == 1
    assert abs(np.hypot(*(np.argwhere(skeleton) - 40).T) - 25).max() < 2
    neighbours = sum(
        np.roll(skeleton, (dy, dx), (0, 1)).astype(int)
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
        if (dy, dx) != (0, 0)
    )
    assert (np.asarray(neighbours)[skeleton] == 2).all()


def test_lines_of_one_pixel_stay_but_for_corners_of_steps() -> None:
    line = np.eye(20, dtype=bool)
    np.testing.assert_array_equal(thin(line), line)
    steps = np.eye(20, dtype=bool) | np.eye(20, k=1, dtype=bool)
    thinned = thin(steps)
    assert thinned.sum() <= 21
    assert count_parts(thinned) == 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (30, 30)])
def test_any_shape_of_picture(shape: tuple[int, int]) -> None:
    assert not thin(np.zeros(shape, bool)).any()
    assert thin(np.ones(shape, bool)).any()
