"""The one way in which a drawing becomes a picture.

`rasterise_batch` draws thousands of drawings together, in numpy alone: each segment is a
capsule (a line with round ends, so joins and caps are round by themselves), each pixel near
it gets the share of its area that the line covers, and where lines meet the larger share
counts. The reference is cairo.

*Convention*: (H, W) float32, 1 = ink, 0 = paper; row 0 at the top. See `docs/decisions/0001`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float, Float32, Int64

from sketch_pix2seq.errors import DrawingError, UsageError
from sketch_pix2seq.sketch.geometry import (
    Drawing,
    bounds,
    checked_points,
    fit,
    part_indices,
    strokes_of,
)

_Frame: TypeAlias = tuple[float, float, float, float] | None
"""What is to fill the picture, (x0, y0, x1, y1); None: each drawing does."""

_MAX_SIZE = 8192
_PIXELS_AT_ONCE = 1 << 18  # pictures and working arrays stay inside the L2 cache
_SAMPLES_AT_ONCE = 1 << 15
_NUM_SLOPES = 33
_BINS_PER_PIXEL = 128
_REACH = 0.75  # a pixel's centre is at most 0.707 from its corner


@dataclass(frozen=True, kw_only=True)
class RasterSettings:
    """How a drawing is put on paper."""

    size: int = 48
    """Width and height of the picture, in pixels."""
    margin: float = 2.0
    """Pixels kept between the points and each edge."""
    line_width: float = 1.0
    """Width of the line, in pixels."""

    def __post_init__(self) -> None:
        """Report all wrong settings at once."""
        wrong = []
        if not 1 <= self.size <= _MAX_SIZE:
            wrong.append(f"`size` must be from 1 to {_MAX_SIZE}, not {self.size}")
        if not 0 <= 2 * self.margin < self.size:
            wrong.append(f"`margin` must be from 0 to below half of `size`, not {self.margin}")
        if not 0 < self.line_width <= self.size:
            wrong.append(f"`line_width` must be above 0 and up to `size`, not {self.line_width}")
        if wrong:
            raise UsageError("raster settings: " + "; ".join(wrong))


DEFAULT_SETTINGS = RasterSettings()
"""What the models see."""


QUICKDRAW_FRAME = (np.array([[-127.5, -127.5], [127.5, 127.5]]),)
"""A drawing that fills the frame of Quick, Draw!'s: longest side 255, its middle at (0, 0)."""


def frame_scale(settings: RasterSettings) -> float:
    """Return how many pixels of the picture one unit of `QUICKDRAW_FRAME` is."""
    return (settings.size - 2 * settings.margin) / 255.0


def rasterise(
    drawing: Drawing, settings: RasterSettings = DEFAULT_SETTINGS
) -> Float32[np.ndarray, "H W"]:
    """Draw one drawing; see `rasterise_batch`.

    Example:
        >>> picture = rasterise([np.array([[0, 0], [10, 0]])], RasterSettings(size=6, margin=1.5))
        >>> picture[2].round(2).tolist()
        [0.0, 0.5, 0.5, 0.5, 0.5, 0.0]
    """
    return np.asarray(rasterise_batch([drawing], settings)[0, 0])


def rasterise_batch(
    drawings: Sequence[Drawing],
    settings: RasterSettings = DEFAULT_SETTINGS,
    *,
    within: Drawing | None = None,
) -> Float32[np.ndarray, "B 1 H W"]:
    """Draw many drawings, each in its own picture; much faster than one by one.

    Args:
        drawings: `Sketch`es, or sequences of (P, 2) arrays, any scale. One point is a dot.
        settings: Size, margin and line width.
        within: Of which drawing these are parts: it is what fills the picture, not each of
            them. None: they are whole.

    Returns:
        (B, 1, H, W) float32, 1 = ink.

    Raises:
        DrawingError: If a stroke has no point or is no (P, 2) array of finite numbers.

    Example:
        >>> rasterise_batch([[], [np.zeros((1, 2))]]).max(axis=(1, 2, 3)) > 0
        array([False,  True])
    """
    size = settings.size
    pictures = np.empty((len(drawings), 1, size, size), np.float32)
    at_once = max(_PIXELS_AT_ONCE // (size * size), 1)
    # Rows above the first picture and below the last one catch ink that leaves them.
    guard = _guard(settings)
    frame = None if within is None else bounds(strokes_of(within))
    canvas = np.empty(min(at_once, len(drawings)) * size * size + 2 * guard, np.float32)
    for start in range(0, len(drawings), at_once):
        some = drawings[start : start + at_once]
        canvas.fill(0)
        segments = _segments([strokes_of(drawing) for drawing in some], settings, frame)
        for index, coverage in _pixels(segments, settings):
            np.maximum.at(canvas, index, coverage)
        inner = canvas[guard : guard + len(some) * size * size]
        pictures[start : start + at_once] = inner.reshape(-1, 1, size, size)
    return pictures


class _Segments(NamedTuple):
    """Line segments of a whole batch, in pixels, ready to be painted.

    u runs along the longer axis of each segment, v along the other.
    """

    numbers: Float32[np.ndarray, "8 N"]  # the rows named below
    first_pixel: Int64[np.ndarray, " N"]  # index of (first column, v = 0) in the canvas
    stride_u: Int64[np.ndarray, " N"]
    stride_v: Int64[np.ndarray, " N"]
    columns: Int64[np.ndarray, " N"]  # number of pixels along u


_U, _V, _DU, _DV, _INVERSE, _SLOPE, _HALF, _BIN = range(8)


def _segments(
    batch: list[Sequence[np.ndarray]], settings: RasterSettings, frame: _Frame
) -> _Segments:
    """Flatten, fit and orient all segments."""
    start, step, owner = _fitted_segments(batch, settings, frame)
    size, radius = settings.size, settings.line_width / 2
    steep = np.abs(step[:, 1]) > np.abs(step[:, 0])
    axis = steep.astype(np.int64)
    each = np.arange(len(start))
    u, v, du, dv = start[each, axis], start[each, 1 - axis], step[each, axis], step[each, 1 - axis]
    length2 = du * du + dv * dv
    inverse = np.divide(1.0, length2, out=np.zeros_like(du), where=length2 > 0)
    slope = np.divide(dv, du, out=np.zeros_like(du), where=du != 0)
    half = np.minimum(
        radius * np.sqrt(1 + slope * slope) + (1 + np.abs(slope)) / 2,
        _rows_per_column(settings) / 2,
    )
    table_row = np.rint(np.abs(slope) * (_NUM_SLOPES - 1)) * _table(settings.line_width).shape[1]
    table_row -= (radius - _REACH) * _BINS_PER_PIXEL
    reach = radius + 0.5
    first = np.clip(np.ceil(np.minimum(u, u + du) - reach - 0.5), 0, size).astype(np.int64)
    last = np.clip(np.floor(np.maximum(u, u + du) + reach - 0.5), -1, size - 1).astype(np.int64)
    stride_u, stride_v = np.where(steep, size, 1), np.where(steep, 1, size)
    return _Segments(
        # u and v are relative to the first column's middle
        np.stack([first + 0.5 - u, v, du, dv, inverse, slope, half, table_row]).astype(np.float32),
        _guard(settings) + owner * (size * size) + first * stride_u,
        stride_u,
        stride_v,
        np.maximum(last - first + 1, 0),
    )


def _fitted_segments(
    batch: list[Sequence[np.ndarray]], settings: RasterSettings, frame: _Frame
) -> tuple[Float[np.ndarray, "N 2"], Float[np.ndarray, "N 2"], Int64[np.ndarray, " N"]]:
    """Return start, step and picture of each segment; a one-point stroke is one of length 0."""
    strokes = [stroke for drawing in batch for stroke in drawing]
    if not strokes:
        return np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0, np.int64)
    try:
        points = checked_points(np.concatenate(strokes))
    except ValueError:
        raise DrawingError("every stroke must be an array of (x, y) rows") from None
    lengths = np.fromiter(map(len, strokes), np.int64, len(strokes))
    if lengths.min() == 0:
        raise DrawingError("every stroke must have a point", got="a stroke without")
    ends = np.cumsum(lengths)
    per_drawing = np.fromiter(map(len, batch), np.int64, len(batch))
    inked = np.flatnonzero(per_drawing)
    last_stroke = np.cumsum(per_drawing[inked]) - 1
    point_ends = ends[last_stroke]
    point_starts = np.concatenate([[0], point_ends[:-1]])
    low = np.minimum.reduceat(points, point_starts)
    high = np.maximum.reduceat(points, point_starts)
    if frame is not None:
        low, high = np.broadcast_to(frame[:2], low.shape), np.broadcast_to(frame[2:], high.shape)
    scale, middle = fit(low, high, settings.size, settings.margin)
    counts = point_ends - point_starts
    points = (points - np.repeat(middle, counts, axis=0)) * np.repeat(scale, counts)[:, None]
    points += settings.size / 2
    is_start = np.ones(len(points), bool)
    is_start[ends[lengths > 1] - 1] = False
    start = np.flatnonzero(is_start)
    is_dot = np.zeros(len(points), np.int64)
    is_dot[ends[lengths == 1] - 1] = 1
    stop = start + 1 - is_dot[start]
    return points[start], points[stop] - points[start], np.repeat(inked, counts)[start]


def _rows_per_column(settings: RasterSettings) -> int:
    """Return how many pixels across a line are computed in one column."""
    # at 45 degrees a line touches sqrt(2) * line_width + 2; the outermost 0.4 hold hardly any ink
    return math.ceil(math.sqrt(2) * settings.line_width + 1.58)


def _guard(settings: RasterSettings) -> int:
    """Return how many pixels of the canvas lie before its first picture."""
    return (_rows_per_column(settings) + 1) * settings.size


def _pixels(
    segments: _Segments, settings: RasterSettings
) -> Iterator[tuple[Int64[np.ndarray, " K"], Float32[np.ndarray, " K"]]]:
    """Yield indices into the canvas and how much of each pixel is covered, in pieces."""
    num_rows = _rows_per_column(settings)
    most = max(_SAMPLES_AT_ONCE // num_rows, 1)
    done = np.cumsum(segments.columns)
    start = 0
    while start < len(done):
        so_far = done[start - 1] if start else 0
        end = max(int(np.searchsorted(done, so_far + most, side="right")), start + 1)
        piece = _Segments(
            segments.numbers[:, start:end], *(values[start:end] for values in segments[1:])
        )
        yield _paint(piece, num_rows, settings)
        start = end


def _paint(
    segments: _Segments, num_rows: int, settings: RasterSettings
) -> tuple[Int64[np.ndarray, " K"], Float32[np.ndarray, " K"]]:
    """Compute the pixels of some segments: `num_rows` across the line in every column."""
    columns = segments.columns
    owner, column = part_indices(columns)  # (C,)
    numbers = np.take(segments.numbers, owner, axis=1)  # (8, C)
    along = numbers[_U] + column.astype(np.float32)
    du, dv = numbers[_DU], numbers[_DV]
    on_line = np.clip(along, np.minimum(du, 0), np.maximum(du, 0))
    on_line *= numbers[_SLOPE]
    on_line += numbers[_V]
    row = np.ceil(on_line - numbers[_HALF] - np.float32(0.5))
    stride_v = segments.stride_v[owner]
    index = segments.first_pixel[owner] + column * segments.stride_u[owner]
    index += row.astype(np.int64) * stride_v
    across = row + np.float32(0.5) - numbers[_V]
    step = np.arange(num_rows, dtype=np.float32)[:, None]
    # (K, C) from here on: distance from the pixel to the nearest point of the segment
    nearest = (along * du + across * dv) * numbers[_INVERSE] + step * (dv * numbers[_INVERSE])
    np.clip(nearest, 0, 1, out=nearest)
    away = across + step
    away -= nearest * dv
    nearest *= du
    np.subtract(along, nearest, out=nearest)
    nearest *= nearest
    away *= away
    away += nearest
    np.sqrt(away, out=away)
    radius = settings.line_width / 2
    np.minimum(away, np.float32(radius + _REACH), out=away)
    if radius > _REACH:
        # a quarter of a bin more than its edge: rounding must not lead into another row
        np.maximum(away, np.float32(radius - _REACH + 0.25 / _BINS_PER_PIXEL), out=away)
    away *= _BINS_PER_PIXEL
    away += numbers[_BIN]
    coverage = np.take(_table(settings.line_width), away.astype(np.int64))
    if settings.margin < settings.line_width / 2 + 1:
        rows = row + step
        coverage *= (rows >= 0) & (rows < settings.size)
    return (index + np.arange(num_rows)[:, None] * stride_v).ravel(), coverage.ravel()


@lru_cache(maxsize=16)
def _table(line_width: float) -> Float32[np.ndarray, "S D"]:
    """Tabulate the share of a unit pixel that a straight line covers.

    Rows are slopes from 0 to 1. Columns are distances from the edge of the line to the middle
    of the pixel, from -0.75 (inside) to 0.75 (outside). Seen across the line, a pixel is a
    trapezoid: its integral up to both edges of the line is the share, exactly.
    """
    angle = np.arctan(np.linspace(0, 1, _NUM_SLOPES))[:, None]
    cosine, sine = np.cos(angle), np.maximum(np.sin(angle), 1e-4)
    num_bins = int(2 * _REACH * _BINS_PER_PIXEL) + 1
    from_edge = ((np.arange(num_bins) + 0.5) / _BINS_PER_PIXEL - _REACH)[None, :]

    def beyond(edge: Float[np.ndarray, " ..."]) -> Float[np.ndarray, " ..."]:
        """Share of the pixel that lies farther than `edge` from its middle, one way."""
        outer, inner = (cosine + sine) / 2, (cosine - sine) / 2
        ramps = [np.maximum(end - edge, 0) ** 2 for end in (outer, inner, -inner, -outer)]
        return np.asarray((ramps[0] - ramps[1] - ramps[2] + ramps[3]) / (2 * cosine * sine))

    table = np.clip(beyond(from_edge) - beyond(from_edge + line_width), 0, 1)
    table[:, -1] = 0
    single: Float32[np.ndarray, "S D"] = table.astype(np.float32)
    single.setflags(write=False)
    return single
