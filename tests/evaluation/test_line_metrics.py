"""How close a redrawing keeps."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from sketch_pix2seq import Sketch
from sketch_pix2seq.evaluation import line_metrics as line_metrics_module
from sketch_pix2seq.evaluation.line_metrics import line_metrics

BOX = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]


def _dot(x: float, y: float, size: float = 6) -> list[tuple[float, float]]:
    return [(x, y), (x + size, y), (x + size, y + size), (x, y)]


def test_lines_aside_are_as_far_off_as_they_are() -> None:
    line = Sketch.from_points([[(0, 0), (100, 0)], [(0, 100), (100, 100)]])
    nearer = Sketch.from_points([[(0, 10), (100, 10)], [(0, 0), (0, 100)], [(0, 100), (100, 100)]])
    found = line_metrics(nearer, Sketch.from_points([[(0, 0), (0, 100)], [(0, 100), (100, 100)]]))
    assert found.distance == pytest.approx(0.5 * (100 / 300 * np.mean(_to_the_corner())), abs=0.01)
    assert line_metrics(line, line).distance == 0


def _to_the_corner() -> np.ndarray:
    """Distances of a line at height 10 from a wall on its left, or from a floor 90 below."""
    return np.minimum(np.linspace(0, 1, 200), 0.9)


@pytest.mark.parametrize(
    ("drawn", "kept"),
    [
        ([_dot(30, 30), _dot(60, 30)], 2),
        ([_dot(32, 31), _dot(60, 30)], 2),  # a little aside
        ([_dot(38, 30), _dot(60, 30)], 1),  # too far aside
        ([_dot(27, 27, 13), _dot(60, 30)], 1),  # more than twice as large
        ([_dot(60, 30)], 1),
        ([], 0),
    ],
)
def test_small_strokes_are_kept_where_one_of_their_size_is_near(
    drawn: list[list[tuple[float, float]]], kept: int
) -> None:
    face = Sketch.from_points([BOX, _dot(30, 30), _dot(60, 30)])
    found = line_metrics(Sketch.from_points([BOX, *drawn]), face)
    assert (found.small, found.kept) == (2, kept)


def test_a_small_stroke_is_alone_if_no_line_comes_near() -> None:
    face = Sketch.from_points([BOX, _dot(30, 30), _dot(60, 95)])  # the second is at the wall
    found = line_metrics(Sketch.from_points([BOX, _dot(30, 30)]), face)
    assert (found.small, found.kept, found.alone, found.alone_kept) == (2, 1, 1, 1)


def test_size_and_place_do_not_matter() -> None:
    face = Sketch.from_points([BOX, _dot(30, 30)])
    moved = Sketch(tuple(3 * stroke + 50 for stroke in face.strokes))
    assert line_metrics(moved, face) == pytest.approx((0.0, 1, 1, 1, 1, 1.0), abs=1e-6)


def test_a_line_drawn_twice_is_twice_the_ink() -> None:
    box = Sketch.from_points([BOX])
    assert line_metrics(Sketch.from_points([BOX, BOX]), box).ink == pytest.approx(2)


def test_nothing_drawn_is_no_number() -> None:
    found = line_metrics(Sketch(()), Sketch.from_points([BOX, _dot(30, 30)]))
    assert np.isnan(found.distance)
    assert (found.small, found.kept, found.ink) == (1, 0, 0.0)


def test_scribbles_do_not_fill_the_memory(rng: np.random.Generator) -> None:
    first, second = (Sketch.from_points([rng.uniform(0, 255, (40, 2))]) for _ in range(2))
    whole = line_metrics(first, second)
    tracemalloc.start()
    try:
        line_metrics(first, second)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 64e6
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_metrics_module, "_DISTANCES_AT_ONCE", 10_000)
        assert line_metrics(first, second) == whole
