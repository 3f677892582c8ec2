from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sketch_pix2seq.sketch.smooth import curves_through, smoothed

STROKES = st.integers(1, 9).flatmap(
    lambda count: arrays(np.float64, (count, 2), elements=st.floats(-100, 100))
)


@given(STROKES)
def test_the_given_points_stay_where_they_are(points: np.ndarray) -> None:
    line = smoothed(points)
    np.testing.assert_allclose(line[::12], points, atol=1e-4)
    assert np.isfinite(line).all()
    curves = curves_through(points)
    assert curves.shape == (len(points) - 1, 4, 2)
    np.testing.assert_array_equal(curves[:, 0], points[:-1])
    np.testing.assert_array_equal(curves[:, 3], points[1:])


def test_a_polygon_of_a_circle_becomes_nearly_the_circle() -> None:
    angles = np.linspace(0, 2 * np.pi, 13)
    circle = np.stack((np.cos(angles), np.sin(angles)), 1)
    radii = np.hypot(*smoothed(circle).T)
    assert abs(radii - 1).max() < 0.01
    chords = np.hypot(*((circle[1:] + circle[:-1]) / 2).T)
    assert abs(chords - 1).max() > 0.03


def test_corners_stay_sharp_and_their_sides_straight() -> None:
    square = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10], [0, 0]])
    line = smoothed(square)
    assert all(np.isclose(np.abs(line - 5).max(axis=1), 5, atol=1e-5))


def test_a_straight_line_stays_straight() -> None:
    line = smoothed(np.array([[0.0, 0], [1, 0], [5, 0], [6, 0]]))
    np.testing.assert_allclose(line[:, 1], 0, atol=1e-9)
    assert (np.diff(line[:, 0]) > 0).all()
