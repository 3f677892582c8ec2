"""Few curves for a line of many points: cubic Bézier curves within a bound of it.

All strokes are fitted at once: the loops are over depth, not over strokes.

*Convention*: inside this module points are complex numbers, x + iy. Places lie on the lines, some
between points. A piece is the part of a line that one curve is fitted to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex128, Float, Float64, Int64

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.sketch.geometry import Drawing, strokes_of
from sketch_pix2seq.sketch.smooth import CORNER, curves_through

OF_WIDTH = 0.3
"""Curves of a drawing read from a picture keep to its lines within this share of their width."""

_SAME = 1e-3  # bounds between places that are one
_SPACING = 4.0  # bounds between places along a line that curves are fitted to
_MOST_PLACES = 16  # of a segment
_REACH = 4.0  # bounds along the line within which its direction is measured
_BETWEEN = 0.1  # weight of a place within a segment, where the line may be rounder; of a point 1
_ROUNDS = 5  # of fitting, and finding the nearest place on the curve anew
_HOPELESS = 6.0  # bounds: a curve so far off is not fitted again
_MOST_STEPS = 10_000  # of a curve
_LONGEST_ARM = 3.0  # chords from an end of a curve to its control point
_SHARP = np.cos(np.radians(CORNER))


class _Places(NamedTuple):
    """Places along all strokes, one after the other.

    Args:
        points: Where they are.
        along: Way to each from the first of all; one from a stroke to the next.
        weights: How much each counts.
        breaks: The places, in order, between which lines are round: ends of strokes, corners.
        bound: Largest distance of curves.
    """

    points: Complex128[np.ndarray, " N"]
    along: Float64[np.ndarray, " N"]
    weights: Float64[np.ndarray, " N"]
    breaks: Int64[np.ndarray, " K"]
    bound: float

    def at(self, ways: Float64[np.ndarray, " K"]) -> Complex128[np.ndarray, " K"]:
        """The line at these ways."""
        found: Complex128[np.ndarray, " K"] = np.interp(ways, self.along, self.points)
        return found

    def limits(
        self, some: Int64[np.ndarray, " K"]
    ) -> tuple[Float64[np.ndarray, " K"], Float64[np.ndarray, " K"]]:
        """The ways of the breaks before and after places that are none."""
        after = np.searchsorted(self.breaks, some)
        return self.along[self.breaks[after - 1]], self.along[self.breaks[after]]


class _Pieces(NamedTuple):
    """Parts of lines: their first and last places, and the directions of the line there."""

    first: Int64[np.ndarray, " I"]
    last: Int64[np.ndarray, " I"]
    leaving: Complex128[np.ndarray, " I"]
    arriving: Complex128[np.ndarray, " I"]


def curves_of(drawing: Drawing) -> list[Float64[np.ndarray, "C 4 2"]]:
    """Return a drawing as curves: of a drawing in its frame as few as keep to its lines.

    The points of any other drawing are few, and its lines unknown between them: curves pass
    through each point.

    Returns:
        For each stroke (C, 4, 2) cubic Bézier curves as of `fitted_curves`; none for a dot.

    Example:
        >>> [len(curves) for curves in curves_of([np.zeros((1, 2)), np.eye(2)])]
        [0, 1]
    """
    strokes, frame = strokes_of(drawing), getattr(drawing, "frame", None)
    if frame is None:
        return [curves_through(stroke) for stroke in strokes]
    return fitted_curves(strokes, OF_WIDTH * frame.line_width)


def points_along(curves: Float64[np.ndarray, "C 4 2"], step: float) -> Float64[np.ndarray, "P 2"]:
    """Make a line of straight pieces of curves, C >= 1, each piece at most `step` long.

    Example:
        >>> line = np.array([[[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]])
        >>> points_along(line, 1)[:, 0].tolist()
        [0.0, 1.0, 2.0, 3.0]
    """
    # three times the longest arm of a curve's control points is its largest speed
    speed = 3 * np.hypot(*np.moveaxis(np.diff(curves, axis=1), -1, 0)).max(axis=1)
    counts = np.clip(np.ceil(speed / step), 1, _MOST_STEPS).astype(np.int64)
    owner = np.repeat(np.arange(len(counts)), counts)
    t = (np.arange(len(owner)) - (np.cumsum(counts) - counts)[owner]) / counts[owner]
    points = _at((curves[..., 0] + 1j * curves[..., 1])[owner], t)
    return np.concatenate([np.stack([points.real, points.imag], axis=1), curves[-1, 3:]])


def fitted_curves(
    strokes: Sequence[Float[np.ndarray, "_ 2"]], bound: float
) -> list[Float64[np.ndarray, "C 4 2"]]:
    """Find few smooth curves that stay within a bound of the lines through points.

    No place of a curve is farther than `bound` from its stroke, and none of the stroke farther
    from the curve. Where a line turns by more than `CORNER` degrees within a few bounds it has a
    corner; elsewhere curves go on in the same direction.

    Args:
        strokes: (P, 2) points each, P >= 1.
        bound: Largest distance between curve and line, in their units, > 0.

    Returns:
        For each stroke (C, 4, 2): of each cubic Bézier curve its two ends and, between them, its
        two control points. None for a stroke whose points are all one, to a thousandth of the
        bound.

    Raises:
        UsageError: If the bound is not above 0.

    *Source*: least squares with the directions at both ends given, places found anew on the curve
    by Newton's method, cut in two where that is too far off: Schneider, "An algorithm for
    automatically fitting digitized curves", Graphics Gems (1990). Here all pieces of a depth are
    fitted together, corners are found first, and between places the distance is bounded by the
    curve's second derivative.

    Example:
        >>> turns = np.linspace(0, np.pi, 60)
        >>> half = 100 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
        >>> len(fitted_curves([half], 1.0)[0])
        1
    """
    if not bound > 0:
        raise UsageError("`bound` must be above 0", got=bound)
    exact = [_distinct(stroke, _SAME * bound) for stroke in strokes]
    lines = [number for number, stroke in enumerate(exact) if len(stroke) > 1]
    curves = [np.zeros((0, 4, 2)) for _ in exact]
    if not lines:
        return curves
    places, ends = _places([exact[number] for number in lines], bound)
    pieces = _round_parts(places, *ends)
    done = []
    while len(pieces.first):
        fits, far, worst = _fit(places, pieces)
        near = far <= bound
        done.append((pieces.first[near], fits[near]))
        pieces = _cut(places, _Pieces(*(part[~near] for part in pieces)), worst[~near])
    starts = np.concatenate([first for first, _ in done])
    order = np.argsort(starts)
    whole = np.concatenate([fits for _, fits in done])[order]
    cuts = np.searchsorted(starts[order], ends[0][1:])
    for number, part in zip(lines, np.split(whole, cuts), strict=True):
        curves[number] = np.stack([part.real, part.imag], axis=-1)
    return curves


def _distinct(points: Float[np.ndarray, "P 2"], grid: float) -> Complex128[np.ndarray, " Q"]:
    """Leave out points that are in the same place of a fine grid as the one before."""
    line = points[:, 0] + 1j * points[:, 1].astype(np.float64)
    is_new = np.append(True, np.diff(np.rint(line / grid)) != 0)
    is_new[-1] |= len(line) > 1 and is_new.sum() > 1  # a line ends where it ends
    kept: Complex128[np.ndarray, " Q"] = line[is_new]
    return kept


def _places(
    strokes: list[Complex128[np.ndarray, " _"]], bound: float
) -> tuple[_Places, tuple[Int64[np.ndarray, " S"], Int64[np.ndarray, " S"]]]:
    """Put places between the points of strokes; also return the strokes' first and last places."""
    points = np.concatenate(strokes)
    begins = np.cumsum([0, *map(len, strokes[:-1])])
    steps = np.diff(points)
    lengths = np.abs(steps)
    counts = np.clip(np.ceil(lengths / (_SPACING * bound)), 1, _MOST_PLACES).astype(np.int64)
    lengths[begins[1:] - 1] = counts[begins[1:] - 1] = 1
    given = np.cumsum(np.append(0, counts))  # the places that are points
    owner = np.repeat(np.arange(len(counts)), counts)
    part = (np.arange(len(owner)) - given[owner]) / counts[owner]
    first = given[begins]
    last = np.append(first[1:] - 1, len(owner))
    places = _Places(
        np.append(points[owner] + part * steps[owner], points[-1]),
        np.append(0.0, np.cumsum(lengths[owner] / counts[owner])),
        np.append(np.where(part == 0, 1.0, _BETWEEN), 1.0),
        np.union1d(first, last),
        bound,
    )
    corners = _corners(places, np.setdiff1d(given, places.breaks))
    return places._replace(breaks=np.union1d(places.breaks, corners)), (first, last)


def _corners(places: _Places, inner: Int64[np.ndarray, " P"]) -> Int64[np.ndarray, " K"]:
    """Find the points at which lines turn most, and by more than `CORNER` degrees."""
    low, high = places.limits(inner)
    way, reach = places.along[inner], _REACH * places.bound
    before = places.points[inner] - places.at(np.maximum(way - reach, low))
    after = places.at(np.minimum(way + reach, high)) - places.points[inner]
    cosine = _dot(_unit(before), _unit(after))
    found: list[tuple[int, float, float]] = []
    sharp = cosine < _SHARP
    for place, at, turn in zip(inner[sharp], way[sharp], cosine[sharp], strict=True):
        if found and at - found[-1][1] < reach:  # of one corner, the sharpest point
            if turn < found[-1][2]:
                found[-1] = (place, at, turn)
        else:
            found.append((place, at, turn))
    return np.array([place for place, _, _ in found], np.int64)


def _round_parts(
    places: _Places, begins: Int64[np.ndarray, " S"], ends: Int64[np.ndarray, " S"]
) -> _Pieces:
    """The parts of lines between breaks; a line that ends where it began may be round there."""
    first, last = places.breaks[:-1], places.breaks[1:]
    is_line = ~np.isin(last, begins)  # else it leads from a stroke to the next
    first, last = first[is_line], last[is_line]
    reach = np.minimum(_REACH * places.bound, places.along[last] - places.along[first])
    leaving, arriving = _way_out(places, first, reach), -_way_out(places, last, -reach)
    one, other = np.searchsorted(first, begins), np.searchsorted(last, ends)
    is_loop = np.abs(places.points[begins] - places.points[ends]) < places.bound
    is_loop &= _dot(leaving[one], arriving[other]) > _SHARP
    one, other = one[is_loop], other[is_loop]
    leaving[one] = arriving[other] = _unit(leaving[one] + arriving[other])
    return _Pieces(first, last, leaving, arriving)


def _way_out(
    places: _Places, some: Int64[np.ndarray, " I"], reach: Float64[np.ndarray, " I"]
) -> Complex128[np.ndarray, " I"]:
    """The direction away from ends, as of the parabola through three places."""
    here, way = places.points[some], places.along[some]
    middle, far = places.at(way + reach / 2), places.at(way + reach)
    return _unit(4 * (middle - here) - (far - here))


def _unit(ways: Complex128[np.ndarray, " I"]) -> Complex128[np.ndarray, " I"]:
    units: Complex128[np.ndarray, " I"] = ways / np.maximum(np.abs(ways), 1e-300)
    return units


def _dot(
    one: Complex128[np.ndarray, " I"], other: Complex128[np.ndarray, " I"]
) -> Float64[np.ndarray, " I"]:
    product: Float64[np.ndarray, " I"] = one.real * other.real + one.imag * other.imag
    return product


def _fit(
    places: _Places, pieces: _Pieces
) -> tuple[Complex128[np.ndarray, "I 4"], Float64[np.ndarray, " I"], Int64[np.ndarray, " I"]]:
    """Fit a curve to each piece.

    Returns:
        The curves, how far they are off at most, and the place within where they are farthest.
    """
    counts = pieces.last - pieces.first + 1
    starts = np.cumsum(counts) - counts
    owner = np.repeat(np.arange(len(counts)), counts)
    index = np.arange(counts.sum()) + (pieces.first - starts)[owner]
    t = places.along[index] - places.along[pieces.first][owner]
    t /= np.maximum(t[starts + counts - 1], 1e-300)[owner]
    curves = np.empty((len(counts), 4), complex)
    largest, worst = np.full(len(counts), np.inf), pieces.first.copy()
    some = np.arange(len(counts))
    for _ in range(_ROUNDS):
        fits = _least_squares(places, _Pieces(*(part[some] for part in pieces)), index, t, owner)
        t = _nearest(fits[owner], places.points[index], t)
        far, place = _farthest(fits, places.points[index], t, owner)
        better = far < largest[some]
        curves[some[better]], largest[some[better]] = fits[better], far[better]
        worst[some[better]] = index[place[better]]
        again = (largest[some] > places.bound) & (far < _HOPELESS * places.bound)
        some, kept = some[again], again[owner]
        index, t, owner = index[kept], t[kept], (np.cumsum(again) - 1)[owner[kept]]
        if not len(some):
            break
    return curves, largest, worst


def _least_squares(
    places: _Places,
    pieces: _Pieces,
    index: Int64[np.ndarray, " N"],
    t: Float64[np.ndarray, " N"],
    owner: Int64[np.ndarray, " N"],
) -> Complex128[np.ndarray, "I 4"]:
    """Find how far the control points lie from the ends, in the directions there.

    A piece between two neighbouring places gets short arms, so that it cannot leave the bound.
    """
    begin, end = places.points[pieces.first], places.points[pieces.last]
    rest = 1 - t
    near_end = t * t * (3 - 2 * t)
    aim = places.points[index] - begin[owner] * (1 - near_end) - end[owner] * near_end
    one, other = 3 * t * rest * rest, 3 * t * t * rest
    weights = places.weights[index]

    def total(values: Float64[np.ndarray, " N"]) -> Float64[np.ndarray, " I"]:
        return np.bincount(owner, values * weights)

    cosine = -_dot(pieces.leaving, pieces.arriving)
    aa, bb = total(one * one), total(other * other)
    ab = total(one * other) * cosine
    ax = total(_dot(pieces.leaving[owner], aim) * one)
    bx = -total(_dot(pieces.arriving[owner], aim) * other)
    scale = np.maximum(aa * bb - ab * ab, 1e-9 * aa * bb + 1e-300)
    arms = np.stack([bb * ax - ab * bx, aa * bx - ab * ax]) / scale
    chord = np.abs(end - begin)
    is_fit = (arms > 1e-3 * chord) & (arms < _LONGEST_ARM * chord) & (np.bincount(owner) > 2)
    arms = np.where(is_fit, arms, np.minimum(chord / 3, places.bound))
    return np.stack(
        [begin, begin + arms[0] * pieces.leaving, end - arms[1] * pieces.arriving, end], axis=1
    )


def _at(
    curves: Complex128[np.ndarray, "N 4"], t: Float64[np.ndarray, " N"]
) -> Complex128[np.ndarray, " N"]:
    """A place on each curve."""
    rest = 1 - t
    a, b, c, d = curves.T
    found: Complex128[np.ndarray, " N"] = rest * rest * (rest * a + 3 * t * b)
    found += t * t * (3 * rest * c + t * d)
    return found


def _nearest(
    curves: Complex128[np.ndarray, "N 4"],
    points: Complex128[np.ndarray, " N"],
    t: Float64[np.ndarray, " N"],
) -> Float64[np.ndarray, " N"]:
    """Move places on curves nearer to points, by a step of Newton's method."""
    away = _at(curves, t) - points
    rest = 1 - t
    a, b, c = np.diff(curves, axis=1).T
    speed = 3 * (rest * (rest * a + 2 * t * b) + t * t * c)
    bend = 6 * (rest * (b - a) + t * (c - b))
    slope = _dot(speed, speed) + _dot(away, bend)
    moved = np.clip(t - _dot(away, speed) / np.where(slope > 0, slope, np.inf), 0, 1)
    nearer = np.abs(_at(curves, moved) - points) < np.abs(away)
    found: Float64[np.ndarray, " N"] = np.where(nearer, moved, t)
    return found


def _farthest(
    curves: Complex128[np.ndarray, "I 4"],
    points: Complex128[np.ndarray, " N"],
    t: Float64[np.ndarray, " N"],
    owner: Int64[np.ndarray, " N"],
) -> tuple[Float64[np.ndarray, " I"], Int64[np.ndarray, " I"]]:
    """How far curves and lines are apart at most, and at which place within.

    Between two places a curve is off a straight way by an eighth of its second derivative times
    the square of the step at most.
    """
    off = np.abs(_at(curves[owner], t) - points)
    starts = np.searchsorted(owner, np.arange(len(curves)))
    ends = np.append(starts[1:], len(owner)) - 1
    turn = 6 * np.abs(np.diff(curves, 2, axis=1)).max(axis=1)
    step = np.diff(t, append=1.0)
    step[ends] = 0
    between = np.maximum(off, np.append(off[1:], 0.0)) + step**2 / 8 * turn[owner]
    largest = np.maximum.reduceat(between, starts)
    largest[ends - starts == 1] = 0  # by its short arms
    off[starts] = off[ends] = -1
    most = np.flatnonzero(off == np.maximum.reduceat(off, starts)[owner])
    return largest, most[np.searchsorted(most, starts)]


def _cut(places: _Places, pieces: _Pieces, at: Int64[np.ndarray, " I"]) -> _Pieces:
    """Cut pieces in two; both parts have one direction there."""
    low, high = places.limits(at)
    way = places.along[at]
    reach = np.minimum(np.minimum(way - low, high - way), _REACH * places.bound)
    middle = _unit(places.at(way + reach) - places.at(way - reach))
    return _Pieces(
        np.concatenate([pieces.first, at]),
        np.concatenate([at, pieces.last]),
        np.concatenate([pieces.leaving, middle]),
        np.concatenate([middle, pieces.arriving]),
    )
