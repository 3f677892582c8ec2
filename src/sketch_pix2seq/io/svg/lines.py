"""Lines of an SVG: cutting, fewer points, joining those in pieces, one of those drawn twice."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.svg.limits import MAX_SAMPLES
from sketch_pix2seq.io.svg.path import Line
from sketch_pix2seq.sketch.simplify import rdp_mask

MAX_POINTS = 1_000_000
"""The most points of a drawing in an SVG: plotter art has some 100,000."""

_CURVE_TOLERANCE = 2e-3  # of the drawing's longest side
_MEETING = 5e-4  # of the longest side: ends that are so near meet
_MEETING_WIDTH = 0.2  # and of the line's width
_SAME_WIDTH = 1.5  # times as wide: still the same pen
_STRAIGHT_ON = -0.5  # cosine: at most 60 degrees of turn where more than two lines meet
_MAX_CELLS = 1e15  # lines beyond so many widths are alike far away
_SAMPLES = 24  # of a line that is compared with another
_EDGES_AT_ONCE = 2048  # of the other: so many distances stay in the cache


class Polyline(NamedTuple):
    """Points of a line, and which of them are corners; the others are samples of curves."""

    points: Float[np.ndarray, "P 2"]
    is_corner: Bool[np.ndarray, " P"]

    @property
    def length(self) -> float:
        """Length of the line."""
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())


class Stroke(NamedTuple):
    """A line as it is drawn: with a pen of some colour and width, by some element."""

    points: Float[np.ndarray, "P 2"]
    colour: tuple[int, int, int]
    width: float
    element: int


def polyline(line: Line, matrix: Float[np.ndarray, "3 3"]) -> Polyline:
    """Put the pieces of a line together and move them."""
    points = np.concatenate(
        [piece.points[1 if number else 0 :] for number, piece in enumerate(line)]
    )
    corners = []
    for number, piece in enumerate(line):
        is_corner = np.full(len(piece.points), not piece.is_curve)
        is_corner[[0, -1]] = True
        corners.append(is_corner[1 if number else 0 :])
    return Polyline(points @ matrix[:2, :2].T + matrix[:2, 2], np.concatenate(corners))


def closed(line: Polyline) -> Polyline:
    """Close an area's edge, as filling does."""
    points, is_corner = line
    if len(points) < 3 or (points[0] == points[-1]).all():
        return line
    return Polyline(np.append(points, points[:1], axis=0), np.append(is_corner, True))


def cut(
    line: Polyline,
    starts: Float[np.ndarray, " S"],
    ends: Float[np.ndarray, " S"],
    keep: Bool[np.ndarray, " S"],
) -> list[Polyline]:
    """Keep parts of a line.

    Args:
        line: The line.
        starts: Where each of its parts begins, in order, counted in its points: 2.5 is half way
            from point 2 to point 3.
        ends: Where each part ends, which is where the next one begins.
        keep: Which parts are kept; those side by side stay together.
    """
    if keep.all():
        return [line]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], keep, [False]])))
    parts = []
    for first, stop in edges.reshape(-1, 2).tolist():
        start, end = float(starts[first]), float(ends[stop - 1])
        whole = np.arange(int(np.floor(start)) + 1, int(np.ceil(end)))
        points = [_at(line.points, start), *line.points[whole], _at(line.points, end)]
        is_corner = np.concatenate([[True], line.is_corner[whole], [True]])
        parts.append(Polyline(np.array(points), is_corner))
    return parts


def _at(points: Float[np.ndarray, "P 2"], position: float) -> Float[np.ndarray, " 2"]:
    index = min(int(position), len(points) - 2)
    return np.asarray(points[index] + (position - index) * (points[index + 1] - points[index]))


def thinned(lines: Sequence[Polyline]) -> list[Float[np.ndarray, "P 2"]]:
    """Leave out needless points of curves; corners stay.

    Raises:
        DrawingError: If there are too many points.
    """
    if not lines:
        return []
    points = np.concatenate([line.points for line in lines])
    if len(points) > MAX_SAMPLES:
        raise DrawingError("an SVG must have fewer curves", got=f"{len(points)} samples")
    extent = float((points.max(axis=0) - points.min(axis=0)).max())
    keep = np.concatenate([line.is_corner for line in lines])
    if not keep.all():
        firsts = np.cumsum([0, *(len(line.points) for line in lines)])[:-1]
        ends = np.flatnonzero(keep)  # curves lie between corners
        spans = [(a, b) for a, b in itertools.pairwise(ends.tolist()) if b - a > 1]
        assert keep[firsts].all()
        index = np.concatenate([np.arange(a, b + 1) for a, b in spans])
        lengths = np.array([b - a + 1 for a, b in spans])
        keep[index[rdp_mask(points[index], lengths, _CURVE_TOLERANCE * extent)]] = True
    if keep.sum() > MAX_POINTS:
        raise DrawingError(f"an SVG must have at most {MAX_POINTS} points", got=int(keep.sum()))
    parts = np.split(keep, np.cumsum([len(line.points) for line in lines])[:-1])
    return [line.points[part] for line, part in zip(lines, parts, strict=True)]


# ---- lines drawn twice


def drawn_once(strokes: Sequence[Stroke]) -> list[Stroke]:
    """Leave out a line that is drawn over another one: it is nowhere a line's width from it.

    Lines of one element may be two widths apart: hand-drawn styles draw each line twice.
    """
    distinct: list[Stroke] = []
    cells: dict[tuple[int, ...], list[int]] = {}
    extent = _extent(strokes)
    reach = max(2 * float(np.median([stroke.width for stroke in strokes])), 1e-4 * extent, 1e-9)
    for stroke in strokes:
        box = np.concatenate([stroke.points.min(axis=0), stroke.points.max(axis=0)]) / (2 * reach)
        box = box.clip(-_MAX_CELLS, _MAX_CELLS)
        low = np.floor(box - 0.5).astype(int).tolist()
        near = {
            number
            for corner in itertools.product((0, 1), repeat=4)
            for number in cells.get(tuple(a + b for a, b in zip(low, corner, strict=True)), [])[-8:]
        }
        if not any(_is_over(stroke, distinct[number], extent) for number in sorted(near)):
            cells.setdefault(tuple(np.floor(box).astype(int).tolist()), []).append(len(distinct))
            distinct.append(stroke)
    return distinct


def _is_over(first: Stroke, second: Stroke, extent: float) -> bool:
    """Whether two lines are drawn over each other."""
    least = 1e-4 * extent
    reach = max(
        min(first.width, second.width) * (2 if first.element == second.element else 1), least
    )
    if first.colour != second.colour:
        reach = least
    ends, others = first.points[[0, -1]], second.points[[0, -1]]
    low, high = second.points.min(axis=0) - reach, second.points.max(axis=0) + reach
    if (ends < low).any() or (ends > high).any():
        return False  # nearly all are refused here, without distances
    apart = min(np.abs(ends - others).max(), np.abs(ends - others[::-1]).max())
    is_closed = all(np.abs(pair[0] - pair[1]).max() <= reach for pair in (ends, others))
    if apart > 1.5 * reach and not is_closed:
        return False
    return _distance(first.points, second.points) <= reach >= _distance(second.points, first.points)


def _distance(line: Float[np.ndarray, "P 2"], other: Float[np.ndarray, "Q 2"]) -> float:
    """The largest distance of samples of a line from another line."""
    at = np.linspace(0, len(line) - 1, _SAMPLES)
    samples = np.stack([np.interp(at, np.arange(len(line)), axis) for axis in line.T], axis=1)
    starts, ends = (other[:-1], other[1:]) if len(other) > 1 else (other, other)
    nearest = np.full(_SAMPLES, np.inf)
    for first in range(0, len(starts), _EDGES_AT_ONCE):
        part = slice(first, first + _EDGES_AT_ONCE)
        edges, gap = ends[part] - starts[part], samples[:, None] - starts[part]
        share = (gap * edges).sum(axis=2) / np.maximum((edges**2).sum(axis=1), 1e-300)
        away = gap - np.clip(share, 0, 1)[..., None] * edges
        nearest = np.minimum(nearest, np.hypot(away[..., 0], away[..., 1]).min(axis=1))
    return float(nearest.max())


# ---- lines in pieces


def join_ends(strokes: Sequence[Stroke]) -> list[Stroke]:
    """Make one line of those that meet end to end and are drawn with the same pen.

    Where two ends meet they are joined; where more do, those that go on most straightly.
    """
    extent = _extent(strokes)
    width = float(np.median([stroke.width for stroke in strokes]))
    meetings: dict[int, list[tuple[int, int]]] = {}
    ids: dict[tuple[int, int], int] = {}
    cell = max(_MEETING * extent, _MEETING_WIDTH * width, 1e-12)
    for number, stroke in enumerate(strokes):
        ends = stroke.points[[0, -1]]
        if len(stroke.points) < 2 or np.abs(ends[0] - ends[1]).max() <= cell:
            continue
        for side, (x, y) in enumerate((ends / (2 * cell)).tolist()):
            near = [
                (int(x // 1) + dx, int(y // 1) + dy)
                for dx in (0, *_neighbour_cells(x))
                for dy in (0, *_neighbour_cells(y))
            ]
            meeting_id = next((ids[key] for key in near if key in ids), len(ids))
            ids.setdefault(near[0], meeting_id)
            meetings.setdefault(meeting_id, []).append((number, side))
    following: dict[tuple[int, int], tuple[int, int]] = {}
    for meeting in meetings.values():
        for end, other in _pairs(strokes, meeting):
            following[end], following[other] = other, end
    chains, is_used = [], [False] * len(strokes)
    starts = [(n, side) for n in range(len(strokes)) for side in (0, 1)]
    loose = [start for start in starts if start not in following]
    for number, side in [*loose, *starts]:
        if not is_used[number]:
            chains.append(_chain(strokes, number, side, following, is_used))
    return [stroke for _, stroke in sorted(chains, key=lambda chain: chain[0])]


def _neighbour_cells(x: float) -> tuple[int, ...]:
    """Offset of the nearer neighbouring cell."""
    return (-1,) if x % 1 < 0.5 else (1,)


def _pairs(
    strokes: Sequence[Stroke], meeting: list[tuple[int, int]]
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    if not 2 <= len(meeting) <= 16:
        return []
    directions = []
    for number, side in meeting:
        points = strokes[number].points if side == 0 else strokes[number].points[::-1]
        direction = points[1] - points[0]
        directions.append(direction / max(float(np.hypot(*direction)), 1e-300))
    pairs = []
    free = set(range(len(meeting)))
    order = sorted(
        (float(directions[a] @ directions[b]), b, a)
        for a, b in itertools.combinations(range(len(meeting)), 2)
        if _is_one_pen(strokes[meeting[a][0]], strokes[meeting[b][0]])
    )
    for turn, b, a in order:
        is_straight = turn < _STRAIGHT_ON or len(meeting) == 2
        if {a, b} <= free and is_straight and meeting[a][0] != meeting[b][0]:
            free -= {a, b}
            pairs.append((meeting[a], meeting[b]))
    return pairs


def _is_one_pen(first: Stroke, second: Stroke) -> bool:
    wide, narrow = max(first.width, second.width), min(first.width, second.width)
    return first.colour == second.colour and wide <= _SAME_WIDTH * narrow


def _chain(
    strokes: Sequence[Stroke],
    number: int,
    side: int,
    following: dict[tuple[int, int], tuple[int, int]],
    is_used: list[bool],
) -> tuple[int, Stroke]:
    """Follow lines from one of their ends; also return which of them comes first in the file."""
    walked = []
    while not is_used[number]:
        is_used[number] = True
        walked.append((number, side))
        number, side = following.get((number, 1 - side), (number, side))
    first = min(walked)
    if first[1]:  # the first line goes as it was drawn
        walked = [(number, 1 - side) for number, side in reversed(walked)]
    parts = [strokes[n].points if s == 0 else strokes[n].points[::-1] for n, s in walked]
    points = np.concatenate([parts[0], *(part[1:] for part in parts[1:])])
    return first[0], strokes[first[0]]._replace(points=points)


def _extent(strokes: Sequence[Stroke]) -> float:
    points = np.concatenate([stroke.points for stroke in strokes])
    return float((points.max(axis=0) - points.min(axis=0)).max())
