"""How close a redrawing keeps to its drawing: lines off, small strokes kept, ink drawn.

*Convention*: each drawing is first moved and scaled so that its longest side is 1, its middle at
(0, 0).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from sketch_pix2seq.sketch.geometry import arc_lengths, points_along
from sketch_pix2seq.sketch.sketch import Sketch

SAMPLE_EVERY = 0.01
"""Points on lines are this far apart, in sides."""
SMALL = 0.15
"""A stroke whose longest side is shorter is a small one."""
NEAR = 0.04
"""A small stroke is kept if one of about its size has its centre within this."""
LIKE = 2.0
"""Of about its size: longer or shorter by this factor at most."""
_DISTANCES_AT_ONCE = 2**20  # in memory; scribbles have thousands of points on each side
_SMALLEST = 0.02  # of sizes that are compared: dots and tiny circles are alike


class LineMetrics(NamedTuple):
    """What `line_metrics` measures.

    Args:
        distance: mean distance from the lines of one to those of the other, of both ways, in
            sides; NaN if one of them is empty.
        small: small strokes of the drawing.
        kept: how many of them are kept.
        alone: small strokes that no other line of the drawing comes near.
        alone_kept: how many of these are kept.
        ink: length of the redrawing's lines, in lengths of the drawing's; NaN if that is 0.
    """

    distance: float
    small: int
    kept: int
    alone: int
    alone_kept: int
    ink: float


def line_metrics(redrawing: Sketch, drawing: Sketch) -> LineMetrics:
    """Compare a redrawing with what was to be drawn.

    Example:
        >>> line = Sketch.from_points([[(0, 0), (10, 0)]])
        >>> line_metrics(line, line)
        LineMetrics(distance=0.0, small=0, kept=0, alone=0, alone_kept=0, ink=1.0)
    """
    redrawn, drawn = _fitted(redrawing), _fitted(drawing)
    length = _length(drawn)
    return LineMetrics(
        _distance(redrawn, drawn),
        *_small_strokes(redrawn, drawn),
        _length(redrawn) / length if length > 0 else float("nan"),
    )


def _fitted(sketch: Sketch) -> list[Float64[np.ndarray, "_ 2"]]:
    if sketch.bounds is None:
        return []
    left, top, right, bottom = sketch.bounds
    middle = np.array(((left + right) / 2, (top + bottom) / 2))
    side = max(right - left, bottom - top) or 1.0
    return [(stroke.astype(np.float64) - middle) / side for stroke in sketch.strokes]


def _length(strokes: list[Float64[np.ndarray, "_ 2"]]) -> float:
    return float(sum(arc_lengths(stroke)[-1] for stroke in strokes))


def _samples(strokes: list[Float64[np.ndarray, "_ 2"]]) -> Float64[np.ndarray, "N 2"]:
    """Points on the lines, equally far apart."""
    samples = []
    for stroke in strokes:
        along = arc_lengths(stroke)
        at = np.linspace(0.0, along[-1], int(np.ceil(along[-1] / SAMPLE_EVERY)) + 1)
        samples.append(points_along(stroke, at, along))
    return np.concatenate(samples) if samples else np.zeros((0, 2))


def _distance(
    redrawn: list[Float64[np.ndarray, "_ 2"]], drawn: list[Float64[np.ndarray, "_ 2"]]
) -> float:
    first, second = _samples(redrawn), _samples(drawn)
    if not len(first) or not len(second):
        return float("nan")
    to_second, to_first = _nearest(first, second)
    return float((to_first.mean() + to_second.mean()) / 2)


def _nearest(
    first: Float64[np.ndarray, "N 2"], second: Float64[np.ndarray, "M 2"]
) -> tuple[Float64[np.ndarray, "N"], Float64[np.ndarray, "M"]]:
    """How far each point is from the nearest of the other ones; infinity: there is none."""
    to_second, to_first = np.full(len(first), np.inf), np.full(len(second), np.inf)
    at_once = max(1, _DISTANCES_AT_ONCE // max(len(second), 1))
    for start in range(0, len(first), at_once):
        some = slice(start, start + at_once)
        x, y = (np.subtract.outer(first[some, axis], second[:, axis]) for axis in (0, 1))
        squares = x * x + y * y
        to_second[some] = squares.min(axis=1, initial=np.inf)
        np.minimum(to_first, squares.min(axis=0), out=to_first)
    return np.sqrt(to_second), np.sqrt(to_first)


def _small_strokes(
    redrawn: list[Float64[np.ndarray, "_ 2"]], drawn: list[Float64[np.ndarray, "_ 2"]]
) -> tuple[int, int, int, int]:
    """How many small strokes there are and are kept, and the same of those that are alone."""
    boxes = np.array([_box(stroke) for stroke in redrawn]).reshape(-1, 3)
    samples = [_samples([stroke]) for stroke in drawn]
    kept, alone = [], []
    for number, stroke in enumerate(drawn):
        x, y, size = _box(stroke)
        if size >= SMALL:
            continue
        near = np.hypot(boxes[:, 0] - x, boxes[:, 1] - y) <= NEAR
        ratio = np.maximum(boxes[:, 2], _SMALLEST) / max(size, _SMALLEST)
        kept.append(bool((near & (ratio <= LIKE) & (ratio >= 1 / LIKE)).any()))
        others = np.concatenate([_samples([]), *samples[:number], *samples[number + 1 :]])
        to_others, _ = _nearest(samples[number], others)
        alone.append(float(to_others.min()) > NEAR)
    return len(kept), sum(kept), sum(alone), int(np.logical_and(kept, alone).sum())


def _box(stroke: Float64[np.ndarray, "P 2"]) -> tuple[float, float, float]:
    """Centre and longest side."""
    low, high = stroke.min(axis=0), stroke.max(axis=0)
    x, y = (low + high) / 2
    return float(x), float(y), float((high - low).max())
