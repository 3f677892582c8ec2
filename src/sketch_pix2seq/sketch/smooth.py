"""Curves through the points of a stroke, round where the hand went round, sharp at corners.

Works on arrays of points. The points stay where they are: a curve passes through each of them.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64

CORNER = 60.0
"""Degrees: where a line turns by more than this it stays sharp."""

_REACH = 1 / 3  # of a segment, from its ends to the control points
_CLOSED = 0.03  # of a stroke's extent: nearer ends than this are one point of a round line
_SAMPLES = 12


def curves_through(points: Float[np.ndarray, "P 2"]) -> Float64[np.ndarray, "S 4 2"]:
    """Find a smooth line through the points of a stroke.

    Returns:
        (P - 1, 4, 2): of each cubic Bézier curve its two ends and, between them, its two
        control points. None for a single point, straight ones for two.

    *Source*: cubic Hermite curves whose direction in a point is that of Catmull and Rom (1974),
    weighed by the lengths of the two segments that meet there; corners have two directions.

    Example:
        >>> curves_through(np.array([[0.0, 0.0], [3.0, 0.0]]))[0].tolist()
        [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]
    """
    exact = np.asarray(points, np.float64)
    steps = np.diff(exact, axis=0)
    lengths = np.maximum(np.hypot(*steps.T), 1e-12)
    leaving, arriving = _directions(exact, steps / lengths[:, None], lengths)
    reach = _REACH * lengths[:, None]
    return np.stack(
        (exact[:-1], exact[:-1] + reach * leaving, exact[1:] - reach * arriving, exact[1:]), axis=1
    )


def smoothed(points: Float[np.ndarray, "P 2"]) -> Float32[np.ndarray, "Q 2"]:
    """Put points on the smooth line through a stroke's points, which are every twelfth of them.

    Example:
        >>> smoothed(np.array([[0.0, 0.0], [12.0, 0.0]]))[:3, 0].tolist()
        [0.0, 1.0, 2.0]
    """
    if len(points) < 2:
        return np.asarray(points, np.float32)
    t = np.linspace(0, 1, _SAMPLES, endpoint=False)[:, None]
    weights = np.stack(((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3))
    curves = curves_through(points)
    between = np.einsum("ktx,skd->std", weights, curves).reshape(-1, 2)
    return np.concatenate((between, np.asarray(points, np.float64)[-1:])).astype(np.float32)


def _directions(
    points: Float64[np.ndarray, "P 2"],
    units: Float64[np.ndarray, "S 2"],
    lengths: Float64[np.ndarray, "S"],
) -> tuple[Float64[np.ndarray, "S 2"], Float64[np.ndarray, "S 2"]]:
    """Unit directions in which each segment leaves its first point and arrives at its last."""
    leaving, arriving = units.copy(), units.copy()
    if len(units) < 2:
        return leaving, arriving
    before, after = np.arange(len(units) - 1), np.arange(1, len(units))
    extent = float(np.ptp(points, axis=0).max())
    if np.hypot(*(points[-1] - points[0])) <= _CLOSED * extent:
        before, after = np.append(before, len(units) - 1), np.append(after, 0)
    is_round = _are_round(units[before], units[after])
    before, after = before[is_round], after[is_round]
    # the nearer neighbour says more about the direction in a point
    both = units[before] * lengths[after, None] + units[after] * lengths[before, None]
    both /= np.maximum(np.hypot(*both.T), 1e-12)[:, None]
    arriving[before] = both
    leaving[after] = both
    return leaving, arriving


def _are_round(
    before: Float64[np.ndarray, "N 2"], after: Float64[np.ndarray, "N 2"]
) -> Bool[np.ndarray, "N"]:
    """Whether a line that turns from one direction to the other is round there."""
    return np.asarray((before * after).sum(axis=1) >= np.cos(np.radians(CORNER)))
