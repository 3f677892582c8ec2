from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.sketch.geometry import (
    bounds,
    checked_points,
    fit,
    opened_at,
    strokes_of,
)
from sketch_pix2seq.sketch.sketch import Sketch


def test_strokes_of_takes_a_sketch_or_plain_arrays() -> None:
    arrays = [np.zeros((2, 2), np.float32)]
    assert strokes_of(arrays) is arrays
    sketch = Sketch(tuple(arrays))
    assert strokes_of(sketch) is sketch.strokes


def test_bounds_go_around_all_strokes() -> None:
    assert bounds([np.array([[1, 8]]), np.array([[-2, 3], [5, 4]])]) == (-2, 3, 5, 8)
    assert bounds([]) is None


def test_fit_puts_the_longer_side_between_the_margins(rng: np.random.Generator) -> None:
    for _ in range(50):
        points = rng.normal(scale=rng.uniform(1e-3, 1e4), size=(9, 2)) + rng.normal(size=2)
        low, high = points.min(axis=0), points.max(axis=0)
        scale, middle = fit(low, high, size=48, margin=2)
        placed = (points - middle) * scale + 24
        extent = placed.max(axis=0) - placed.min(axis=0)
        assert extent.max() == pytest.approx(44)
        np.testing.assert_allclose((placed.max(axis=0) + placed.min(axis=0)) / 2, 24)


def test_fit_takes_a_batch_and_leaves_dots_alone() -> None:
    low = np.array([[3.0, 3.0], [0.0, 0.0]])
    high = np.array([[3.0, 3.0], [1.0, 2.0]])
    scale, middle = fit(low, high, size=10, margin=1)
    assert scale.tolist() == [1, 4]
    assert middle.tolist() == [[3, 3], [0.5, 1]]


@pytest.mark.parametrize(("scale", "corner"), [(1.0, 5e5), (1e-9, 0.0)])
def test_a_ring_opened_elsewhere_keeps_a_last_point_that_is_not_the_first(
    scale: float, corner: float
) -> None:
    ring = np.array([[0, 0], [100, 0], [100, 100], [0, 100], [0, 4]]) * scale + corner
    opened = opened_at(ring, 1)
    assert {tuple(point) for point in opened} == {tuple(point) for point in ring}
    np.testing.assert_array_equal(opened[0], opened[-1])


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.zeros((3, 3)), "rows; got \\(3, 3\\)"),
        (np.zeros(4), "rows"),
        (np.array([["a", "b"]]), "must be numbers"),
        (np.array([[1j, 0]]), "must be numbers"),
        (np.array([[np.nan, 0]]), "must be finite"),
        (np.array([[np.inf, 0]]), "must be finite"),
    ],
)
def test_points_that_are_none_are_refused(points: np.ndarray, message: str) -> None:
    with pytest.raises(DrawingError, match=message):
        checked_points(points)
