"""How far the lines of drawings are apart: compared with all distances, one by one."""

from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq import Sketch
from sketch_pix2seq.sketch.distance import FARTHEST, line_distances


def test_it_is_the_mean_of_the_distances_of_all_pixels(rng: np.random.Generator) -> None:
    first, second = (rng.random((2, 5, 20, 20)) < 0.03).astype(np.float32)
    first[:, 3, 4] = second[:, 15, 9] = 1
    for one, other, found in zip(first, second, line_distances(first, second), strict=True):
        here, there = np.argwhere(one), np.argwhere(other)
        apart = np.linalg.norm(here[:, None] - there, axis=2)
        near = [np.minimum(apart.min(axis=axis), FARTHEST).mean() for axis in (0, 1)]
        assert found == pytest.approx(np.mean(near), rel=1e-5)


def test_blank_paper_is_as_far_as_can_be() -> None:
    blank, line = np.zeros((2, 1, 30, 30), np.float32)
    line[0, 5] = 1
    assert line_distances(blank, line) == line_distances(blank, blank) == FARTHEST


def test_drawings_are_compared_whatever_their_size_and_place() -> None:
    house = Sketch.from_points([[(0, 60), (50, 0), (100, 60)], [(10, 60), (10, 120), (90, 120)]])
    moved = Sketch.from_points([stroke * 3 + 50 for stroke in house.strokes])
    assert house.distance_to(moved) < 0.2
    less = Sketch.from_points(house.strokes[1:])
    assert 2 < house.distance_to(less) == less.distance_to(house) < 10
    assert house.distance_to(Sketch(())) == 10


def test_a_dot_is_where_it_is() -> None:
    dot = Sketch.from_points([[(5, 5)]])
    assert dot.distance_to(dot) == 0
