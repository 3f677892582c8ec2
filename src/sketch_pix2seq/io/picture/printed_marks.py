"""Finding printed dots and dashes, punched holes and bindings, which are no part of a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int64

from sketch_pix2seq.io.picture.morphology import spread

Sides: TypeAlias = Sequence[int]
"""Width and height."""

_MIN_DOTS = 60
_MIN_DASHES = 200
_MAX_DASHES = 8_000  # that are compared
_BESIDE = 0.1  # of the distance between printed lines: how far it varies
_NEAR = 3  # times that distance: how far away a dash of the same printed line is searched
_THIN = 0.9  # of printed dashes are no wider than one without a neighbour may be
_MOSTLY = 0.6  # of all dashes have another one beside them, where paper is printed
_ALL_OVER = 0.6  # of the picture's sides, where dashes lie
_LOOKED_AT = 500  # dots whose distances to all others are measured
_EVEN = 0.15  # of the distance between dots: how far they are off the grid at most
_ROUND = 1.3  # times as long as wide is a punched hole at most
_FULL = 0.65  # of its box, what a hole covers at least; of a circle 0.79
_MAX_FROM_BORDER = 0.09  # of the sheet's side: the middle of a hole
_SAME = 0.25  # of its size, by which holes differ in size and distance from the border
_MIN_RINGS = 16  # blades of grass along the border are fewer, or less alike
_RINGS_REACH = 0.6  # of the sheet's side, along which a binding lies
_REGULAR = 0.5  # of the small things are in a row with two others, where paper is dotted


def printed_dots(
    areas: Int64[np.ndarray, " R"], middles: Float[np.ndarray, "R 2"], max_area: float
) -> Bool[np.ndarray, " R"]:
    """Which regions are printed dots: small ones, most of them evenly between two.

    Args:
        areas: Pixels of each region.
        middles: (x, y) of each region.
        max_area: Of a dot, in pixels.

    Example:
        >>> y, x = np.mgrid[:10, :10] * 20.0
        >>> middles = np.stack([x.ravel(), y.ravel()], axis=1)
        >>> int(printed_dots(np.full(100, 5), middles, max_area=9).sum())
        100
    """
    is_dot = np.zeros(len(areas), bool)
    small = np.flatnonzero(areas < max_area)
    if len(small) < _MIN_DOTS:
        return is_dot
    centres = middles[small]
    spacing = _usual_spacing(centres)
    between, beside = np.zeros(len(small), bool), np.zeros(len(small), bool)
    for step in ((1, 0), (0, 1)):
        both = np.ones(len(small), bool)
        for sign in (-1, 1):
            shift = sign * spacing * np.array(step, float)
            has_neighbour = _has_neighbour_at(centres, shift, _EVEN * spacing + 1)
            both &= has_neighbour
            beside |= has_neighbour
        between |= both
    if between.mean() >= _REGULAR:
        is_dot[small[beside]] = True
    return is_dot


def printed_dashes(
    low: Int64[np.ndarray, "R 2"], high: Int64[np.ndarray, "R 2"], max_width: float, size: Sides
) -> Bool[np.ndarray, " R"]:
    """Which regions are pieces of upright or level printed lines: narrow ones, evenly apart.

    Args:
        low: (x, y) of each region's upper left pixel.
        high: (x, y) of each region's lower right pixel.
        max_width: Of a dash, in pixels.
        size: Width and height of the picture.

    Example:
        >>> y, x = np.mgrid[:20, :20] * 20
        >>> low = np.stack([x.ravel(), y.ravel()], axis=1)
        >>> int(printed_dashes(low, low + (2, 9), max_width=4, size=(400, 400)).sum())
        400
    """
    is_dash = np.zeros(len(low), bool)
    extent = high - low + 1
    for across in (0, 1):
        narrow = np.flatnonzero(extent[:, across] <= max_width)
        if not _MIN_DASHES <= len(narrow) <= _MAX_DASHES:
            continue
        ends = low[narrow, 1 - across], high[narrow, 1 - across]
        positions = (low[narrow, across] + high[narrow, across]) / 2
        reached = np.ptp(low[narrow], axis=0) / np.array(size)
        beside, usual = _evenly_beside(positions, *ends, max_width)
        if beside.mean() >= _MOSTLY and reached.min() >= _ALL_OVER:
            thin = extent[narrow, across] <= np.quantile(extent[narrow[beside], across], _THIN)
            in_line = _in_line_with(beside, positions, low[narrow, 1 - across], usual)
            is_dash[narrow[beside | (thin & in_line)]] = True
    return is_dash


def punched_holes(
    areas: Int64[np.ndarray, " R"],
    low: Int64[np.ndarray, "R 2"],
    high: Int64[np.ndarray, "R 2"],
    min_width: float,
    size: Sides,
) -> Bool[np.ndarray, " R"]:
    """Which regions are punched holes: two discs or more of one size along a border of the sheet.

    Args:
        areas: Pixels of each region.
        low: (x, y) of each region's upper left pixel.
        high: (x, y) of each region's lower right pixel.
        min_width: Of a hole, in pixels.
        size: Width and height of the sheet.

    Example:
        >>> low = np.array([(9, 100), (9, 300)])
        >>> punched_holes(np.array([79, 79]), low, low + 9, min_width=6, size=(400, 500)).tolist()
        [True, True]
    """
    extent = high - low + 1
    narrow, wide = extent.min(axis=1), extent.max(axis=1)
    is_disc = (narrow > min_width) & (wide < _ROUND * narrow) & (areas > _FULL * narrow * wide)
    is_hole = np.zeros(len(areas), bool)
    for across in (0, 1):
        middles = (low + high + 1)[:, across] / 2
        for away in (middles, size[across] - middles):
            along = np.flatnonzero(is_disc & (away < _MAX_FROM_BORDER * size[across]))
            for hole in along:
                slack = _SAME * wide[hole]
                alike = along[
                    (np.abs(away[along] - away[hole]) < slack)
                    & (np.abs(wide[along] - wide[hole]) < slack)
                ]
                is_hole[alike] |= len(alike) > 1
    return is_hole


def binding_marks(
    low: Int64[np.ndarray, "R 2"], high: Int64[np.ndarray, "R 2"], size: Sides
) -> Bool[np.ndarray, " R"]:
    """Which regions are rings or holes of a spiral: many alike, evenly along a border of the sheet.

    Args:
        low: (x, y) of each region's upper left pixel.
        high: (x, y) of each region's lower right pixel.
        size: Width and height of the sheet.

    Example:
        >>> low = np.stack([np.full(20, 5), 20 * np.arange(20)], axis=1)
        >>> int(binding_marks(low, low + 9, size=(300, 400)).sum())
        20
    """
    is_ring = np.zeros(len(low), bool)
    extent, middles = high - low + 1, (low + high + 1) / 2
    for across in (0, 1):
        for away in (high[:, across], size[across] - 1 - low[:, across]):
            near = np.flatnonzero(away < _MAX_FROM_BORDER * size[across])
            if len(near) < _MIN_RINGS:
                continue
            usual = np.median(extent[near], axis=0)
            unlike = np.abs(extent[near] - usual).max(axis=1)
            alike = near[unlike <= _SAME * usual.max() + 1]
            if len(alike) < _MIN_RINGS:
                continue
            along = np.sort(middles[alike, 1 - across])
            apart = np.diff(along)
            step = np.median(apart)
            is_even = (np.abs(apart - step) <= _EVEN * step + 1).mean() > _MOSTLY
            if is_even and along[-1] - along[0] > _RINGS_REACH * size[1 - across]:
                is_ring[alike] = True
    return is_ring


def _evenly_beside(
    positions: Float[np.ndarray, " D"],
    first: Int64[np.ndarray, " D"],
    last: Int64[np.ndarray, " D"],
    max_width: float,
) -> tuple[Bool[np.ndarray, " D"], float]:
    """Which dashes have another one beside them at the usual distance, and that distance."""
    shifts = []
    nearest = np.full(len(positions), np.inf)
    for number, position in enumerate(positions.tolist()):
        is_level = (first <= last[number] + max_width) & (last >= first[number] - max_width)
        away = np.abs(positions[is_level] - position)
        shifts.append(away[away > 2 * max_width])
        if len(shifts[-1]):
            nearest[number] = shifts[-1].min()
    usual = float(np.median(nearest))
    if not np.isfinite(usual):
        return np.zeros(len(positions), bool), usual
    is_even = [bool((np.abs(away - usual) <= _BESIDE * usual).any()) for away in shifts]
    return np.array(is_even), usual


def _in_line_with(
    printed: Bool[np.ndarray, " D"],
    positions: Float[np.ndarray, " D"],
    along: Int64[np.ndarray, " D"],
    spacing: float,
) -> Bool[np.ndarray, " D"]:
    """Which dashes lie on one printed line with two printed ones or more near them."""
    in_line = np.zeros(len(positions), bool)
    places = positions[printed], along[printed]
    for dash in np.flatnonzero(~printed).tolist():
        is_near = np.abs(places[1] - along[dash]) <= _NEAR * spacing
        is_near &= np.abs(places[0] - positions[dash]) <= _BESIDE * spacing
        in_line[dash] = is_near.sum() >= 2
    return in_line


def _usual_spacing(points: Float[np.ndarray, "D 2"]) -> float:
    """The usual distance of points to their nearest neighbour, from a sample."""
    nearest = []
    for index in np.linspace(0, len(points) - 1, min(len(points), _LOOKED_AT)).astype(int).tolist():
        x, y = points.T - points[index][:, None]
        squares = x * x + y * y
        squares[index] = np.inf
        closest = squares.argmin()
        nearest.append(np.hypot(x[closest], y[closest]))
    return float(np.median(nearest))


def _has_neighbour_at(
    points: Float[np.ndarray, "D 2"], shift: Float[np.ndarray, " 2"], slack: float
) -> Bool[np.ndarray, " D"]:
    """Whether each point has a neighbour at this offset, within a tolerance."""
    low = points.min(axis=0) - np.abs(shift) - slack
    cells = ((points - low) / slack).astype(int)
    targets = ((points + shift - low) / slack).astype(int)
    grid = np.zeros(np.maximum(cells, targets).max(axis=0) + 2, np.uint8)
    grid[tuple(cells.T)] = 1
    return np.asarray(spread(grid, 1)[tuple(targets.T)] > 0)
