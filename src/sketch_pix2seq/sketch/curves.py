"""Few curves for a line of many points: cubic Bézier curves within a bound of it.

All strokes are fitted at once: the loops are over depth, not over strokes.

*Convention*: inside this module points are complex numbers, x + iy. Samples lie on the lines, some
between points; `arc` is a sample's arc length along all lines. A piece is the part of a line that
one curve is fitted to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex128, Float, Float64, Int64

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.sketch.geometry import Drawing, part_indices, strokes_of
from sketch_pix2seq.sketch.smooth import CORNER, curves_through

OF_WIDTH = 0.3
"""Curves of a drawing read from a picture keep to its lines within this share of their width."""

_SAME = 1e-3  # bounds: points nearer than this count as one
_SPACING = 4.0  # bounds between the samples of a line
_MAX_SAMPLES = 16  # of a segment
_REACH = 4.0  # bounds along the line within which its direction is measured
_BETWEEN = 0.1  # weight of a sample within a segment, where the line may be rounder; of a point 1
_ROUNDS = 5  # of fitting, and finding the nearest point of the curve again
_HOPELESS = 6.0  # bounds: a curve so far off is not fitted again
_MAX_STEPS = 10_000  # of a curve
_LONGEST_ARM = 3.0  # chords from an end of a curve to its control point
_SHARP = np.cos(np.radians(CORNER))


class _Samples(NamedTuple):
    """Samples along all strokes, one after the other.

    Args:
        points: Where they are.
        along: Arc length from the first sample to each; 1 between strokes.
        weights: How much each counts.
        breaks: Sorted indices of samples where lines may be sharp: ends of strokes, corners.
        bound: Largest distance of curves.
    """

    points: Complex128[np.ndarray, " N"]
    along: Float64[np.ndarray, " N"]
    weights: Float64[np.ndarray, " N"]
    breaks: Int64[np.ndarray, " K"]
    bound: float

    def at(self, arcs: Float64[np.ndarray, " K"]) -> Complex128[np.ndarray, " K"]:
        """Points of the line at these arc lengths."""
        return np.asarray(np.interp(arcs, self.along, self.points))

    def limits(
        self, some: Int64[np.ndarray, " K"]
    ) -> tuple[Float64[np.ndarray, " K"], Float64[np.ndarray, " K"]]:
        """Arc lengths of the breaks before and after samples that are no breaks."""
        after = np.searchsorted(self.breaks, some)
        return self.along[self.breaks[after - 1]], self.along[self.breaks[after]]


class _Pieces(NamedTuple):
    """Parts of lines: their first and last samples, and the line's directions at them."""

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


def flattened(curves: Float64[np.ndarray, "C 4 2"], step: float) -> Float64[np.ndarray, "P 2"]:
    """Make a line of straight pieces of curves, C >= 1, each piece at most `step` long.

    Example:
        >>> line = np.array([[[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]])
        >>> flattened(line, 1)[:, 0].tolist()
        [0.0, 1.0, 2.0, 3.0]
    """
    # three times the longest arm of a curve's control points is its largest speed
    speed = 3 * np.hypot(*np.moveaxis(np.diff(curves, axis=1), -1, 0)).max(axis=1)
    counts = np.clip(np.ceil(speed / step), 1, _MAX_STEPS).astype(np.int64)
    owner, index = part_indices(counts)
    points = _at((curves[..., 0] + 1j * curves[..., 1])[owner], index / counts[owner])
    return np.concatenate([np.stack([points.real, points.imag], axis=1), curves[-1, 3:]])


def fitted_curves(
    strokes: Sequence[Float[np.ndarray, "_ 2"]], bound: float
) -> list[Float64[np.ndarray, "C 4 2"]]:
    """Find few smooth curves that stay within a bound of the lines through points.

    No point of a curve is farther than `bound` from its stroke, and no point of the stroke farther
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

    *Source*: least squares with the directions at both ends given, nearest points on the curve
    found by Newton's method, cut in two where that is too far off: Schneider, "An algorithm for
    automatically fitting digitized curves", Graphics Gems (1990). Here all pieces of a depth are
    fitted together, corners are found first, and between samples the distance is bounded by the
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
    samples, ends = _samples([exact[number] for number in lines], bound)
    pieces = _round_parts(samples, *ends)
    done = []
    while len(pieces.first):
        fits, far, worst = _fit(samples, pieces)
        near = far <= bound
        done.append((pieces.first[near], fits[near]))
        pieces = _cut(samples, _Pieces(*(part[~near] for part in pieces)), worst[~near])
    starts = np.concatenate([first for first, _ in done])
    order = np.argsort(starts)
    whole = np.concatenate([fits for _, fits in done])[order]
    cuts = np.searchsorted(starts[order], ends[0][1:])
    for number, part in zip(lines, np.split(whole, cuts), strict=True):
        curves[number] = np.stack([part.real, part.imag], axis=-1)
    return curves


def _distinct(points: Float[np.ndarray, "P 2"], grid: float) -> Complex128[np.ndarray, " Q"]:
    """Leave out points in the same cell of a fine grid as the point before."""
    line = points[:, 0] + 1j * points[:, 1].astype(np.float64)
    is_new = np.append(True, np.diff(np.rint(line / grid)) != 0)
    is_new[-1] |= len(line) > 1 and is_new.sum() > 1  # a line ends where it ends
    return np.asarray(line[is_new])


def _samples(
    strokes: list[Complex128[np.ndarray, " _"]], bound: float
) -> tuple[_Samples, tuple[Int64[np.ndarray, " S"], Int64[np.ndarray, " S"]]]:
    """Sample strokes; also return the first and the last sample of each."""
    points = np.concatenate(strokes)
    starts = np.cumsum([0, *map(len, strokes[:-1])])
    steps = np.diff(points)
    lengths = np.abs(steps)
    counts = np.clip(np.ceil(lengths / (_SPACING * bound)), 1, _MAX_SAMPLES).astype(np.int64)
    lengths[starts[1:] - 1] = counts[starts[1:] - 1] = 1
    vertices = np.cumsum(np.append(0, counts))  # the samples that are points
    owner, index = part_indices(counts)
    part = index / counts[owner]
    first = vertices[starts]
    last = np.append(first[1:] - 1, len(owner))
    samples = _Samples(
        np.append(points[owner] + part * steps[owner], points[-1]),
        np.append(0.0, np.cumsum(lengths[owner] / counts[owner])),
        np.append(np.where(part == 0, 1.0, _BETWEEN), 1.0),
        np.union1d(first, last),
        bound,
    )
    corners = _corners(samples, np.setdiff1d(vertices, samples.breaks))
    return samples._replace(breaks=np.union1d(samples.breaks, corners)), (first, last)


def _corners(samples: _Samples, inner: Int64[np.ndarray, " P"]) -> Int64[np.ndarray, " K"]:
    """Find the points at which lines turn most, and by more than `CORNER` degrees."""
    low, high = samples.limits(inner)
    arcs, reach = samples.along[inner], _REACH * samples.bound
    before = samples.points[inner] - samples.at(np.maximum(arcs - reach, low))
    after = samples.at(np.minimum(arcs + reach, high)) - samples.points[inner]
    cosine = _dot(_unit(before), _unit(after))
    corners: list[tuple[int, float, float]] = []
    sharp = cosine < _SHARP
    for sample, arc, turn in zip(inner[sharp], arcs[sharp], cosine[sharp], strict=True):
        if corners and arc - corners[-1][1] < reach:  # of one corner, the sharpest point
            if turn < corners[-1][2]:
                corners[-1] = (sample, arc, turn)
        else:
            corners.append((sample, arc, turn))
    return np.array([sample for sample, _, _ in corners], np.int64)


def _round_parts(
    samples: _Samples, starts: Int64[np.ndarray, " S"], ends: Int64[np.ndarray, " S"]
) -> _Pieces:
    """The parts of lines between breaks; a line that ends where it began may be round there."""
    first, last = samples.breaks[:-1], samples.breaks[1:]
    is_line = ~np.isin(last, starts)  # else it leads from a stroke to the next
    first, last = first[is_line], last[is_line]
    reach = np.minimum(_REACH * samples.bound, samples.along[last] - samples.along[first])
    leaving, arriving = (
        _direction_from(samples, first, reach),
        -_direction_from(samples, last, -reach),
    )
    head, tail = np.searchsorted(first, starts), np.searchsorted(last, ends)
    is_loop = np.abs(samples.points[starts] - samples.points[ends]) < samples.bound
    is_loop &= _dot(leaving[head], arriving[tail]) > _SHARP
    head, tail = head[is_loop], tail[is_loop]
    leaving[head] = arriving[tail] = _unit(leaving[head] + arriving[tail])
    return _Pieces(first, last, leaving, arriving)


def _direction_from(
    samples: _Samples, some: Int64[np.ndarray, " I"], reach: Float64[np.ndarray, " I"]
) -> Complex128[np.ndarray, " I"]:
    """Direction of the line at its ends, by the parabola through three samples."""
    start, arcs = samples.points[some], samples.along[some]
    middle, far = samples.at(arcs + reach / 2), samples.at(arcs + reach)
    return _unit(4 * (middle - start) - (far - start))


def _unit(vectors: Complex128[np.ndarray, " I"]) -> Complex128[np.ndarray, " I"]:
    return np.asarray(vectors / np.maximum(np.abs(vectors), 1e-300))


def _dot(
    first: Complex128[np.ndarray, " I"], second: Complex128[np.ndarray, " I"]
) -> Float64[np.ndarray, " I"]:
    return np.asarray(first.real * second.real + first.imag * second.imag)


def _fit(
    samples: _Samples, pieces: _Pieces
) -> tuple[Complex128[np.ndarray, "I 4"], Float64[np.ndarray, " I"], Int64[np.ndarray, " I"]]:
    """Fit a curve to each piece.

    Returns:
        The curves, their largest distance from the line, and the inner sample where it is largest.
    """
    counts = pieces.last - pieces.first + 1
    starts = np.cumsum(counts) - counts
    owner, index = part_indices(counts)
    index += pieces.first[owner]
    t = samples.along[index] - samples.along[pieces.first][owner]
    t /= np.maximum(t[starts + counts - 1], 1e-300)[owner]
    curves = np.empty((len(counts), 4), complex)
    largest, worst = np.full(len(counts), np.inf), pieces.first.copy()
    some = np.arange(len(counts))
    for _ in range(_ROUNDS):
        fits = _least_squares(samples, _Pieces(*(part[some] for part in pieces)), index, t, owner)
        t = _nearest(fits[owner], samples.points[index], t)
        far, sample = _farthest(fits, samples.points[index], t, owner)
        better = far < largest[some]
        curves[some[better]], largest[some[better]] = fits[better], far[better]
        worst[some[better]] = index[sample[better]]
        again = (largest[some] > samples.bound) & (far < _HOPELESS * samples.bound)
        some, unfinished = some[again], again[owner]
        index, t, owner = (
            index[unfinished],
            t[unfinished],
            (np.cumsum(again) - 1)[owner[unfinished]],
        )
        if not len(some):
            break
    return curves, largest, worst


def _least_squares(
    samples: _Samples,
    pieces: _Pieces,
    index: Int64[np.ndarray, " N"],
    t: Float64[np.ndarray, " N"],
    owner: Int64[np.ndarray, " N"],
) -> Complex128[np.ndarray, "I 4"]:
    """Find how far the control points lie from the ends, in the directions there.

    A piece between two neighbouring samples gets short arms, so that it cannot leave the bound.
    """
    start, end = samples.points[pieces.first], samples.points[pieces.last]
    u = 1 - t
    near_end = t * t * (3 - 2 * t)
    aim = samples.points[index] - start[owner] * (1 - near_end) - end[owner] * near_end
    basis1, basis2 = 3 * t * u * u, 3 * t * t * u
    weights = samples.weights[index]

    def total(values: Float64[np.ndarray, " N"]) -> Float64[np.ndarray, " I"]:
        return np.bincount(owner, values * weights)

    cosine = -_dot(pieces.leaving, pieces.arriving)
    aa, bb = total(basis1 * basis1), total(basis2 * basis2)
    ab = total(basis1 * basis2) * cosine
    ax = total(_dot(pieces.leaving[owner], aim) * basis1)
    bx = -total(_dot(pieces.arriving[owner], aim) * basis2)
    scale = np.maximum(aa * bb - ab * ab, 1e-9 * aa * bb + 1e-300)
    arms = np.stack([bb * ax - ab * bx, aa * bx - ab * ax]) / scale
    chord = np.abs(end - start)
    is_fit = (arms > 1e-3 * chord) & (arms < _LONGEST_ARM * chord) & (np.bincount(owner) > 2)
    arms = np.where(is_fit, arms, np.minimum(chord / 3, samples.bound))
    return np.stack(
        [start, start + arms[0] * pieces.leaving, end - arms[1] * pieces.arriving, end], axis=1
    )


def _at(
    curves: Complex128[np.ndarray, "N 4"], t: Float64[np.ndarray, " N"]
) -> Complex128[np.ndarray, " N"]:
    u = 1 - t
    a, b, c, d = curves.T
    points: Complex128[np.ndarray, " N"] = u * u * (u * a + 3 * t * b)
    points += t * t * (3 * u * c + t * d)
    return points


def _nearest(
    curves: Complex128[np.ndarray, "N 4"],
    points: Complex128[np.ndarray, " N"],
    t: Float64[np.ndarray, " N"],
) -> Float64[np.ndarray, " N"]:
    """Move points on curves nearer to others, by a step of Newton's method."""
    away = _at(curves, t) - points
    u = 1 - t
    a, b, c = np.diff(curves, axis=1).T
    speed = 3 * (u * (u * a + 2 * t * b) + t * t * c)
    bend = 6 * (u * (b - a) + t * (c - b))
    slope = _dot(speed, speed) + _dot(away, bend)
    moved = np.clip(t - _dot(away, speed) / np.where(slope > 0, slope, np.inf), 0, 1)
    nearer = np.abs(_at(curves, moved) - points) < np.abs(away)
    return np.where(nearer, moved, t)


def _farthest(
    curves: Complex128[np.ndarray, "I 4"],
    points: Complex128[np.ndarray, " N"],
    t: Float64[np.ndarray, " N"],
    owner: Int64[np.ndarray, " N"],
) -> tuple[Float64[np.ndarray, " I"], Int64[np.ndarray, " I"]]:
    """Largest distance between curves and lines, and the inner sample where it is largest.

    Between two samples a curve is off the chord by at most an eighth of its second derivative
    times the square of the step.
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


def _cut(samples: _Samples, pieces: _Pieces, at: Int64[np.ndarray, " I"]) -> _Pieces:
    """Cut pieces in two; both parts have one direction there."""
    low, high = samples.limits(at)
    arcs = samples.along[at]
    reach = np.minimum(np.minimum(arcs - low, high - arcs), _REACH * samples.bound)
    middle = _unit(samples.at(arcs + reach) - samples.at(arcs - reach))
    return _Pieces(
        np.concatenate([pieces.first, at]),
        np.concatenate([at, pieces.last]),
        np.concatenate([pieces.leaving, middle]),
        np.concatenate([middle, pieces.arriving]),
    )
