"""Plain geometry of strokes: what a list of strokes is, its bounds, how it fits a square.

Works on arrays of points.

*Convention*: points are (x, y) in pixels, y down. A stroke is a (P, 2) array, P >= 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from jaxtyping import Float, Float32, Int64, Shaped

from sketch_pix2seq.errors import DrawingError

Stroke: TypeAlias = Float32[np.ndarray, "_ 2"]
"""(P, 2) absolute points; P differs from stroke to stroke."""

MAX_POINTS = 100_000
"""The most points that a drawing from outside may have: real ones have below 1,000."""

MAX_COORDINATE = 1e6
"""The largest coordinate, positive or negative, that a drawing from outside may have."""


_OPEN = 0.1  # of the length of a stroke: ends farther apart leave it open, however wide the line
_ROUNDING = 1e-6  # of the extent of a stroke: ends that are as near are one point


@runtime_checkable
class HasStrokes(Protocol):
    """Anything that holds strokes, such as a `Sketch`."""

    @property
    def strokes(self) -> Sequence[np.ndarray]:
        """Strokes in drawing order, each (P, 2) absolute points."""


Drawing: TypeAlias = HasStrokes | Sequence[np.ndarray]
"""What drawing functions take: a `Sketch`, or its strokes as plain arrays."""


def check_stroke(stroke: object, name: str) -> None:
    """Check that a stroke is a float32 array of one finite point or more.

    Raises:
        DrawingError: If it is something else.
    """
    if not isinstance(stroke, np.ndarray) or stroke.dtype != np.float32:
        got = getattr(stroke, "dtype", type(stroke).__name__)
        do = "Use `Sketch.from_points`."
        raise DrawingError(f"{name} must be a float32 array", got=got, do=do)
    if stroke.ndim != 2 or stroke.shape[1] != 2 or len(stroke) == 0:
        raise DrawingError(f"{name} must be of shape (P, 2), P >= 1", got=stroke.shape)
    if not np.isfinite(stroke).all():
        raise DrawingError(f"{name} must be finite")


def strokes_of(drawing: Drawing) -> Sequence[np.ndarray]:
    """Return the strokes of a `Sketch`, or the plain sequence itself; nothing is copied."""
    # `isinstance` of a protocol costs as much as drawing the picture
    return drawing.strokes if hasattr(drawing, "strokes") else drawing


def checked_points(points: Shaped[np.ndarray, " ..."]) -> Float[np.ndarray, "N 2"]:
    """Check that concatenated points are (N, 2) finite numbers; return them as float64."""
    if points.ndim != 2 or points.shape[1] != 2:
        raise DrawingError("a stroke must be an array of (x, y) rows", got=points.shape)
    if points.dtype.kind not in "iuf":
        raise DrawingError("the points of a stroke must be numbers", got=points.dtype)
    exact = points.astype(np.float64, copy=False)
    if not np.isfinite(exact).all():
        raise DrawingError("the points of a drawing must be finite", got="NaN or infinity")
    return exact


def bounds(strokes: Sequence[np.ndarray]) -> tuple[float, float, float, float] | None:
    """Return the smallest box around all points, (x0, y0, x1, y1), or None if there are none.

    Example:
        >>> bounds([np.array([[1.0, 2.0], [4.0, 6.0]])])
        (1.0, 2.0, 4.0, 6.0)
    """
    if len(strokes) == 0:
        return None
    points = np.concatenate(strokes)
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    return (float(x0), float(y0), float(x1), float(y1))


def arc_lengths(line: Shaped[np.ndarray, "P 2"]) -> Float[np.ndarray, " P"]:
    """Return the arc length of a line from its first point to each of its points.

    Example:
        >>> arc_lengths(np.array([[0, 0], [3, 4], [3, 5]])).tolist()
        [0.0, 5.0, 6.0]
    """
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line.astype(np.float64), axis=0).T))])


def points_along(
    line: Shaped[np.ndarray, "P 2"], at: Shaped[np.ndarray, " Q"], along: np.ndarray | None = None
) -> Float[np.ndarray, "Q 2"]:
    """Return the points of a line at some arc lengths.

    Args:
        line: Points.
        at: Arc lengths from the first point.
        along: `arc_lengths(line)`, if they are known.

    Example:
        >>> points_along(np.array([[0, 0], [3, 4]]), np.array([2.5])).tolist()
        [[1.5, 2.0]]
    """
    along = arc_lengths(line) if along is None else along
    return np.stack([np.interp(at, along, axis) for axis in line.T], axis=1)


def is_closed(stroke: Shaped[np.ndarray, "P 2"], gap: float) -> bool:
    """Whether a stroke's ends are at most a gap apart, and a tenth of its length.

    Example:
        >>> is_closed(np.array([[0, 0], [9, 0], [9, 9], [0, 1]]), gap=2)
        True
    """
    if len(stroke) < 4:
        return False
    apart = np.hypot(*(stroke[-1] - stroke[0]))
    length = np.hypot(*np.diff(stroke, axis=0).T).sum()
    return bool(apart <= min(gap, _OPEN * length))


def opened_at(stroke: Shaped[np.ndarray, "P 2"], start: int) -> Shaped[np.ndarray, "Q 2"]:
    """Begin and end a closed stroke at one of its points.

    Example:
        >>> opened_at(np.array([[0, 0], [9, 0], [0, 9], [0, 0]]), 1).tolist()
        [[9, 0], [0, 9], [0, 0], [9, 0]]
    """
    apart, extent = np.abs(stroke[-1] - stroke[0]).max(), np.ptp(stroke, axis=0).max()
    ring = stroke[:-1] if apart <= _ROUNDING * extent else stroke
    start %= len(ring)
    return np.concatenate([ring[start:], ring[: start + 1]])


def fit(
    low: Float[np.ndarray, "*B 2"], high: Float[np.ndarray, "*B 2"], size: float, margin: float
) -> tuple[Float[np.ndarray, " *B"], Float[np.ndarray, "*B 2"]]:
    """Find the scale and the middle that fit boxes into the middle of a square.

    *Convention*: a point p goes to `(p - middle) * scale + size / 2`. The longer side of the
    box becomes `size - 2 * margin`; a box without extent (a dot) keeps scale 1.

    Args:
        low: Upper left corners.
        high: Lower right corners.
        size: Side of the square.
        margin: Distance kept from the points to each edge of the square.

    Example:
        >>> scale, middle = fit(np.zeros(2), np.array([8.0, 4.0]), size=48, margin=4)
        >>> float(scale), middle.tolist()
        (5.0, [4.0, 2.0])
    """
    low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
    extent = (high - low).max(axis=-1)
    has_extent = extent > 1e-300
    scale = np.where(has_extent, (size - 2 * margin) / np.where(has_extent, extent, 1.0), 1.0)
    return scale, low + (high - low) / 2


def part_indices(
    counts: Int64[np.ndarray, " P"],
) -> tuple[Int64[np.ndarray, " N"], Int64[np.ndarray, " N"]]:
    """Of the items of P parts, end to end: the part of each, and its index there.

    Example:
        >>> part_indices(np.array([2, 0, 1]))
        (array([0, 0, 2]), array([0, 1, 0]))
    """
    part = np.repeat(np.arange(len(counts)), counts)
    return part, np.arange(len(part)) - np.repeat(np.cumsum(counts) - counts, counts)
