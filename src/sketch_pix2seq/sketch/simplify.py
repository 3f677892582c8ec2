"""Fewer points for the same line: Ramer-Douglas-Peucker, resampling, QuickDraw's own recipe.

Everything works on many strokes at once: the loops are over depth, not over points.
Knows points alone: no `Sketch`, no pen columns, no files.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.sketch.geometry import Stroke

QUICKDRAW_SIDE = 255.0
"""Longest side of a drawing in QuickDraw's simplified files."""
QUICKDRAW_SPACING = 1.0
"""Distance in pixels between points before QuickDraw simplifies."""
QUICKDRAW_EPSILON = 2.0
"""Tolerance in pixels with which QuickDraw simplifies."""

_MAX_RESAMPLED = 4_000_000

# Every depth passes over all points. Real strokes need about 15; a stroke made to split off
# one point at a time would need as many as it has points. Beyond this depth intervals are cut
# in half instead: the tolerance still holds, some points too many are kept.
_MAX_DEPTH = 100


def rdp(points: Shaped[np.ndarray, "P 2"], epsilon: float) -> Shaped[np.ndarray, "Q 2"]:
    """Simplify one stroke by Ramer-Douglas-Peucker.

    Args:
        points: (P, 2), P >= 1.
        epsilon: Largest distance in pixels between a left-out point and the new line, >= 0.

    Returns:
        (Q, 2), 1 <= Q <= P: some of the points, the first and the last among them.

    Example:
        >>> rdp(np.array([[0.0, 0.0], [5.0, 0.4], [10.0, 0.0]]), epsilon=1.0).tolist()
        [[0.0, 0.0], [10.0, 0.0]]
    """
    kept: Shaped[np.ndarray, "Q 2"] = points[rdp_mask(points, np.array([len(points)]), epsilon)]
    return kept


def rdp_mask(
    points: Shaped[np.ndarray, "N 2"],
    lengths: Shaped[np.ndarray, " S"],
    epsilon: float,
    *,
    endless: bool = False,
) -> Bool[np.ndarray, " N"]:
    """Simplify many strokes at once, of one drawing or of thousands.

    All strokes are split together, one numpy pass per depth.

    Args:
        points: All points, stroke after stroke.
        lengths: Number of points of each stroke, each >= 1.
        epsilon: Largest distance in pixels between a left-out point and the new line, >= 0.
        endless: Measure the distance to the chord's endless line, as QuickDraw does. By default
            it is measured to the chord itself, so that lines drawn back and forth keep their
            length.

    Returns:
        True for the points to keep.

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
        middle, distance = _farthest(exact, first, last, endless)
        if depth >= _MAX_DEPTH:
            middle = (first + last) // 2
        split = distance > epsilon * epsilon
        first, middle, last = first[split], middle[split], last[split]
        keep[middle] = True
        first, last = np.concatenate([first, middle]), np.concatenate([middle, last])
        order = np.argsort(first)
        first, last = first[order], last[order]
    return keep


def _farthest(
    points: Float[np.ndarray, "N 2"],
    first: Int64[np.ndarray, " I"],
    last: Int64[np.ndarray, " I"],
    endless: bool,
) -> tuple[Int64[np.ndarray, " I"], Float[np.ndarray, " I"]]:
    """Find each interval's inner point that is farthest from its chord, and that distance^2."""
    counts = last - first - 1
    starts = np.cumsum(counts) - counts
    index = np.arange(starts[-1] + counts[-1]) + np.repeat(first + 1 - starts, counts)
    start = points[first]
    chord = points[last] - start
    length2 = (chord * chord).sum(axis=1)
    inverse = np.divide(1.0, length2, out=np.zeros_like(length2), where=length2 > 0)
    away = points[index] - np.repeat(start, counts, axis=0)
    chord = np.repeat(chord, counts, axis=0)
    inverse = np.repeat(inverse, counts)
    if endless:
        across = away[:, 0] * chord[:, 1] - away[:, 1] * chord[:, 0]
        distance2 = np.where(inverse > 0, across * across * inverse, (away * away).sum(axis=1))
    else:
        along = np.clip((away * chord).sum(axis=1) * inverse, 0.0, 1.0)
        away -= chord * along[:, None]
        distance2 = (away * away).sum(axis=1)
    largest = np.maximum.reduceat(distance2, starts)
    hits = np.flatnonzero(distance2 == np.repeat(largest, counts))
    owner = np.repeat(np.arange(len(first)), counts)[hits]
    place = np.full(len(first), -1)
    place[owner[::-1]] = index[hits[::-1]]  # the first of equals
    return place, largest


def resample(points: Shaped[np.ndarray, "P 2"], spacing: float) -> Float[np.ndarray, "Q 2"]:
    """Walk along a stroke and put a point every `spacing` pixels.

    Args:
        points: (P, 2), P >= 1.
        spacing: Distance in pixels along the line, > 0.

    Returns:
        (Q, 2) float64: the first point, one every `spacing`, and the last point.

    Raises:
        DrawingError: If `spacing` is not positive, or the result would be endless.

    Example:
        >>> resample(np.array([[0.0, 0.0], [2.5, 0.0]]), spacing=1.0)[:, 0].tolist()
        [0.0, 1.0, 2.0, 2.5]
    """
    if not spacing > 0:
        raise DrawingError("`spacing` must be positive", got=spacing)
    exact = np.asarray(points, np.float64)
    steps = np.hypot(*np.diff(exact, axis=0).T)
    walked = np.concatenate([[0.0], np.cumsum(steps)])
    total = walked[-1]
    if total == 0:
        return exact[:1]
    if not total / spacing < _MAX_RESAMPLED:
        raise DrawingError(
            f"a stroke must resample to fewer than {_MAX_RESAMPLED} points",
            got=f"{total / spacing:.3g}",
            do="Take a larger `spacing`.",
        )
    places = np.arange(0.0, total, spacing)
    if total - places[-1] > 1e-9 * total:
        places = np.append(places, total)
    return np.stack([np.interp(places, walked, exact[:, axis]) for axis in (0, 1)], axis=1)


def simplify(
    strokes: Sequence[np.ndarray], epsilon: float, *, endless: bool = False
) -> list[np.ndarray]:
    """Simplify every stroke of a drawing by Ramer-Douglas-Peucker.

    Args:
        strokes: (P, 2) arrays, P >= 1.
        epsilon: Largest distance in pixels between a left-out point and the new line, >= 0.
        endless: As for `rdp_mask`.

    Returns:
        As many strokes, each of some of its points.

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


def quickdraw_normalise(strokes: Sequence[np.ndarray]) -> list[Stroke]:
    """Do to a drawing what QuickDraw did to its raw drawings.

    Shift to (0, 0), scale the longest side to 255, a point every pixel,
    Ramer-Douglas-Peucker with epsilon 2, whole numbers. A dot becomes its point twice.

    Args:
        strokes: (P, 2) arrays, P >= 1, any size.

    Returns:
        (Q, 2) float32 arrays of whole numbers from 0 to 255.

    Source:
        The README of the Quick, Draw! Dataset, "Simplified drawing files". Endless chords and
        doubled dots were found by comparing raw drawings with their simplified forms.

    Example:
        >>> quickdraw_normalise([np.array([[10.0, 10.0], [20.0, 15.0]])])[0].tolist()
        [[0.0, 0.0], [255.0, 128.0]]
    """
    if len(strokes) == 0:
        return []
    points = np.concatenate(strokes).astype(np.float64)
    low = points.min(axis=0)
    side = (points.max(axis=0) - low).max()
    scale = QUICKDRAW_SIDE / side if side > 0 else 1.0
    dense = [
        resample((np.asarray(stroke, np.float64) - low) * scale, QUICKDRAW_SPACING)
        for stroke in strokes
    ]
    simple = simplify(dense, QUICKDRAW_EPSILON, endless=True)
    return [
        np.rint(np.repeat(stroke, 2, axis=0) if len(stroke) == 1 else stroke).astype(np.float32)
        for stroke in simple
    ]
