"""Few curves within a bound of a line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.sketch.curves import OF_WIDTH, curves_of, fitted_curves
from sketch_pix2seq.sketch.sketch import Frame, Sketch
from sketch_pix2seq.sketch.smooth import curves_through

STROKES = st.integers(1, 12).flatmap(
    lambda count: arrays(np.float64, (count, 2), elements=st.floats(-100, 100, width=32))
)


def sampled(curves: np.ndarray, num: int = 60) -> np.ndarray:
    """Places along curves, by de Casteljau's way."""
    t = np.linspace(0, 1, num)[:, None, None]
    parts = curves[:, None]
    while parts.shape[2] > 1:
        parts = parts[:, :, :-1] * (1 - t) + parts[:, :, 1:] * t
    found: np.ndarray = parts.reshape(-1, 2)
    return found


def apart(points: np.ndarray, line: np.ndarray) -> float:
    """How far points are from a line at most."""
    start, way = line[:-1], np.diff(line, axis=0)
    square = np.maximum((way**2).sum(axis=1), 1e-300)
    share = np.clip(((points[:, None] - start) * way).sum(axis=2) / square, 0, 1)
    away = points[:, None] - start - share[..., None] * way
    return float(np.hypot(away[..., 0], away[..., 1]).min(axis=1).max())


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STROKES, min_size=1, max_size=4), st.floats(0.05, 20))
def test_curve_and_line_stay_within_the_bound(strokes: list[np.ndarray], bound: float) -> None:
    for stroke, curves in zip(strokes, fitted_curves(strokes, bound), strict=True):
        if len(curves) == 0:
            assert np.abs(stroke - stroke[0]).max() <= bound / 500
            continue
        np.testing.assert_allclose(curves[[0, -1], [0, 3]], stroke[[0, -1]], rtol=1e-9, atol=1e-9)
        np.testing.assert_array_equal(curves[1:, 0], curves[:-1, 3])
        places = sampled(curves)
        assert apart(places, stroke) <= bound * 1.000001
        step = np.hypot(*np.diff(places, axis=0).T).max()  # of the curve, seen as a polygon
        assert apart(stroke, places) <= bound + step**2


def test_a_stroke_is_fitted_alike_alone_and_with_others(rng: np.random.Generator) -> None:
    strokes = [rng.normal(0, 9, (rng.integers(2, 40), 2)).cumsum(axis=0) for _ in range(20)]
    for stroke, together in zip(strokes, fitted_curves(strokes, 1.5), strict=True):
        np.testing.assert_allclose(fitted_curves([stroke], 1.5)[0], together, atol=1e-6)


def test_a_circle_of_many_points_takes_few_curves_and_has_no_corner() -> None:
    angles = np.linspace(0, 2 * np.pi, 200)
    circle = 100 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    (curves,) = fitted_curves([circle], 0.5)
    assert len(curves) <= 6
    radii = np.hypot(*sampled(curves).T)
    assert abs(radii - 100).max() < 0.5
    ways = np.diff(curves, axis=1)
    leaving = ways[:, 0] / np.hypot(*ways[:, 0].T)[:, None]
    arriving = ways[:, 2] / np.hypot(*ways[:, 2].T)[:, None]
    np.testing.assert_allclose(np.roll(arriving, 1, axis=0), leaving, atol=1e-6)


def test_corners_stay_sharp_and_sides_straight() -> None:
    square = np.array([[0.0, 0], [10, 0], [10, 10], [0, 10], [0, 0]])
    (curves,) = fitted_curves([square], 1)
    assert len(curves) == 4
    assert np.allclose(np.abs(sampled(curves) - 5).max(axis=1), 5)


def test_noise_within_the_bound_costs_no_curves(rng: np.random.Generator) -> None:
    x = np.linspace(0, 300, 400)
    wave = np.stack([x, 40 * np.sin(x / 40)], axis=1)
    (clean,), (noisy,) = (
        fitted_curves([wave + rng.uniform(-size, size, wave.shape)], 1.5) for size in (0, 0.5)
    )
    assert len(clean) <= 5 and len(noisy) <= 2 * len(clean)


def test_a_drawing_in_its_frame_is_fitted_and_any_other_passed_through() -> None:
    line = np.stack([np.arange(50.0), np.tile([0, 0.1], 25)], axis=1).astype(np.float32)
    sketch = Sketch((line,), frame=Frame(100, 100, 2))
    assert len(curves_of(sketch)[0]) == len(fitted_curves([line], OF_WIDTH * 2)[0]) == 1
    np.testing.assert_array_equal(curves_of([line])[0], curves_through(line))


def test_a_bound_of_nothing_is_refused() -> None:
    for bound in (0, -1, float("nan")):
        with pytest.raises(UsageError, match="`bound` must be above 0"):
            fitted_curves([np.eye(2)], bound)
    assert fitted_curves([], 1) == []
