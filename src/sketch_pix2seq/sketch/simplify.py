"""Fewer points for the same line: Ramer-Douglas-Peucker.

Everything works on many strokes at once: the loops are over depth, not over points.
Works on arrays of points.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped

from sketch_pix2seq.errors import DrawingError

# Every depth passes over all points. Real strokes need about 15; a stroke made to split off
# one point at a time would need as many as it has points. Beyond this depth intervals are cut
# in half instead: the tolerance still holds, some points too many are kept.
_MAX_DEPTH = 100


def rdp_mask(
    points: Shaped[np.ndarray, "N 2"],
    lengths: Shaped[np.ndarray, " S"],
    epsilon: float,
    *,
    endless: bool = False,
) -> Bool[np.ndarray, " N"]:
    """Simplify many strokes at once, of one drawing or of thousands; True for points to keep.

    All strokes are split together, one numpy pass per depth. The first and the last point of each
    are kept.

    Args:
        points: All points, stroke after stroke.
        lengths: Number of points of each stroke, each >= 1.
        epsilon: Largest distance in pixels between a left-out point and the new line, >= 0.
        endless: Measure the distance to the chord's endless line, as QuickDraw does. By default
            it is measured to the chord itself, so that lines drawn back and forth keep their
            length.

    Raises:
        DrawingError: If `epsilon` is negative or NaN.
    """
    if not epsilon >= 0:
        raise DrawingError("`epsilon` must be 0 or more", got=epsilon)
    keep = np.zeros(len(points), bool)
    if len(points) == 0:
        return keep
    exact = np.asarray(points, np.float64)
    last = np.cumsum(lengths) - 1
    first = last - np.asarray(lengths) + 1
    keep[first] = keep[last] = True
    for depth in itertools.count():
        inside = last - first > 1
        first, last = first[inside], last[inside]
        if len(first) == 0:
            break
        counts = last - first - 1
        distance, index = _distances(exact, first, last, counts, endless)
        starts = np.cumsum(counts) - counts
        largest = np.maximum.reduceat(distance, starts)
        split = largest > epsilon
        if depth >= _MAX_DEPTH:
            middle = (first + last)[split] // 2
        else:
            hits = distance == np.repeat(np.where(split, largest, np.inf), counts)
            middle = index[_first_of_each(np.flatnonzero(hits), starts)]
        keep[middle] = True
        first = np.stack([first[split], middle], axis=1).ravel()
        last = np.stack([middle, last[split]], axis=1).ravel()
    return keep


def _distances(
    points: Float[np.ndarray, "N 2"],
    first: Int64[np.ndarray, " I"],
    last: Int64[np.ndarray, " I"],
    counts: Int64[np.ndarray, " I"],
    endless: bool,
) -> tuple[Float[np.ndarray, " J"], Int64[np.ndarray, " J"]]:
    """Distance of each interval's inner points to its chord, and which points they are."""
    starts = np.cumsum(counts) - counts
    index = np.arange(counts.sum()) + np.repeat(first + 1 - starts, counts)
    chord = points[last] - points[first]
    length = np.hypot(chord[:, 0], chord[:, 1])
    is_dot = length == 0  # its ends are one point, the distance to which counts
    unit = chord / np.where(is_dot, 1.0, length)[:, None]
    x = points[index, 0] - np.repeat(points[first, 0], counts)
    y = points[index, 1] - np.repeat(points[first, 1], counts)
    unit_x, unit_y = np.repeat(unit[:, 0], counts), np.repeat(unit[:, 1], counts)
    distance = np.abs(x * unit_y - y * unit_x)
    if not endless:
        along = x * unit_x + y * unit_y
        distance = np.hypot(distance, along - np.clip(along, 0.0, np.repeat(length, counts)))
    if is_dot.any():
        of_dot = np.repeat(is_dot, counts)
        distance[of_dot] = np.hypot(x[of_dot], y[of_dot])
    return distance, index


def _first_of_each(
    indices: Int64[np.ndarray, " H"], starts: Int64[np.ndarray, " I"]
) -> Int64[np.ndarray, " K"]:
    """Of sorted indices, the first in each of the parts that begin at `starts`."""
    owner = np.searchsorted(starts, indices, side="right")
    is_first = np.ones(len(indices), bool)
    is_first[1:] = owner[1:] != owner[:-1]
    return indices[is_first]


def simplify(
    strokes: Sequence[np.ndarray], epsilon: float, *, endless: bool = False
) -> list[np.ndarray]:
    """Simplify every stroke of a drawing; see `rdp_mask`.

    Example:
        >>> len(simplify([np.array([[0.0, 0.0], [5.0, 0.4], [10.0, 0.0]])], epsilon=1.0)[0])
        2
    """
    if len(strokes) == 0:
        return []
    lengths = np.array([len(stroke) for stroke in strokes])
    keep = rdp_mask(np.concatenate(strokes), lengths, epsilon, endless=endless)
    parts = np.split(keep, np.cumsum(lengths)[:-1])
    return [stroke[part] for stroke, part in zip(strokes, parts, strict=True)]
