"""QuickDraw's normalisation of raw drawings to simplified ones, for thousands at once.

Works on arrays of points.

*Source*: the README of the Quick, Draw! Dataset, "Simplified drawing files". That distances are
measured to endless chords, and that a dot becomes its point twice, was found by comparing raw
drawings with their simplified forms.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int64

from sketch_pix2seq.sketch.geometry import Stroke
from sketch_pix2seq.sketch.simplify import rdp_mask

QUICKDRAW_SIDE = 255.0
"""Longest side of a drawing in QuickDraw's simplified files."""
QUICKDRAW_EPSILON = 2.0
"""Tolerance in pixels with which QuickDraw simplifies, after putting a point every pixel."""

_UNITS = 2.0**32  # whole numbers of this share of a pixel add up exactly, in any order


def quickdraw_normalise(strokes: Sequence[np.ndarray]) -> list[Stroke]:
    """Normalise a drawing as QuickDraw did its raw drawings.

    Shift to (0, 0), scale the longest side to 255, a point every pixel,
    Ramer-Douglas-Peucker with epsilon 2, whole numbers. A dot becomes its point twice.

    Example:
        >>> quickdraw_normalise([np.array([[10.0, 10.0], [20.0, 15.0]])])[0].tolist()
        [[0.0, 0.0], [255.0, 128.0]]
    """
    return quickdraw_normalise_all([strokes])[0]


def quickdraw_normalise_all(drawings: Sequence[Sequence[np.ndarray]]) -> list[list[Stroke]]:
    """Normalise many drawings, about 100 at a time; each result is as it would be alone."""
    strokes = [stroke for drawing in drawings for stroke in drawing]
    if not strokes:
        return [[] for _ in drawings]
    points, lengths = normalise_points(
        np.concatenate(strokes).astype(np.float64),
        np.array([len(stroke) for stroke in strokes]),
        np.array([len(drawing) for drawing in drawings]),
    )
    parts = iter(np.split(points.astype(np.float32), np.cumsum(lengths)[:-1]))
    return [[next(parts) for _ in drawing] for drawing in drawings]


def normalise_points(
    points: Float[np.ndarray, "N 2"],
    lengths: Int64[np.ndarray, " S"],
    num_strokes: Int64[np.ndarray, " D"],
) -> tuple[Float[np.ndarray, "M 2"], Int64[np.ndarray, " S"]]:
    """Normalise drawings whose points lie end to end; return new points and lengths.

    Args:
        points: Of all strokes of all drawings, N >= 1.
        lengths: Points of each stroke, each >= 1.
        num_strokes: Strokes of each drawing.
    """
    ends = np.cumsum(lengths)[np.cumsum(num_strokes)[num_strokes > 0] - 1]
    dense, num_dense = _every_pixel(_scaled(points, np.diff(ends, prepend=0)), lengths)
    keep = rdp_mask(dense, num_dense, QUICKDRAW_EPSILON, endless=True)
    num_kept = np.add.reduceat(keep.astype(np.int64), np.cumsum(num_dense) - num_dense)
    times = np.where(num_kept == 1, 2, 1)
    return np.repeat(np.rint(dense[keep]), np.repeat(times, num_kept), axis=0), num_kept * times


def _scaled(
    points: Float[np.ndarray, "N 2"], per_drawing: Int64[np.ndarray, " D"]
) -> Float[np.ndarray, "N 2"]:
    """Shift each drawing to (0, 0) and scale its longest side."""
    starts = np.cumsum(per_drawing) - per_drawing
    low = np.minimum.reduceat(points, starts, axis=0)
    side = (np.maximum.reduceat(points, starts, axis=0) - low).max(axis=1)
    scale = np.divide(QUICKDRAW_SIDE, side, out=np.ones_like(side), where=side > 0)
    shifted = points - np.repeat(low, per_drawing, axis=0)
    return np.asarray(shifted * np.repeat(scale, per_drawing)[:, None])


def _every_pixel(
    points: Float[np.ndarray, "N 2"], lengths: Int64[np.ndarray, " S"]
) -> tuple[Float[np.ndarray, "M 2"], Int64[np.ndarray, " S"]]:
    """Walk along each stroke and put a point every pixel, and one at its end; count them.

    Of the points on a straight piece only the first and the last are returned: none between them
    is ever farther from a chord, so `rdp_mask` keeps the same without them.
    """
    ends = np.cumsum(lengths)
    walked = _walked(points, lengths)
    is_end = np.zeros(len(points), bool)
    is_end[ends - 1] = True
    piece = np.flatnonzero(~is_end)  # from this point to the next
    start, end = walked[piece], walked[piece + 1]
    first, count = np.ceil(start), np.ceil(end) - np.ceil(start)
    piece, start, end = piece[count > 0], start[count > 0], end[count > 0]
    first, count = first[count > 0], count[count > 0]
    copies = np.where(count > 1, 2, 1)
    position = np.repeat(first, copies)
    position[np.cumsum(copies) - 1] = first + count - 1
    slope = (points[piece + 1] - points[piece]) / (end - start)[:, None]
    piece, start = np.repeat(piece, copies), np.repeat(start, copies)
    dense = np.repeat(slope, copies, axis=0) * (position - start)[:, None] + points[piece]
    stroke = np.repeat(np.arange(len(lengths)), lengths)[piece]
    num = np.bincount(stroke, minlength=len(lengths))
    total = walked[ends - 1]
    has_tail = (total == 0) | (total - (np.ceil(total) - 1) > 1e-9 * total)
    dense_ends = np.cumsum(num + has_tail)
    result = np.empty((dense_ends[-1], 2))
    shift = dense_ends - (num + has_tail) - (np.cumsum(num) - num)
    result[np.arange(len(dense)) + shift[stroke]] = dense
    result[dense_ends[has_tail] - 1] = points[ends[has_tail] - 1]
    return result, num + has_tail


def _walked(
    points: Float[np.ndarray, "N 2"], lengths: Int64[np.ndarray, " S"]
) -> Float[np.ndarray, " N"]:
    """How far along its stroke each point is, in pixels."""
    step = np.zeros(len(points), np.int64)
    step[1:] = np.rint(np.hypot(*(points[1:] - points[:-1]).T) * _UNITS).astype(np.int64)
    total = np.cumsum(step)
    total -= np.repeat(total[np.cumsum(lengths) - lengths], lengths)
    return np.asarray(total / _UNITS)
