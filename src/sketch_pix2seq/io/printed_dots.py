"""Finding the printed dots of dotted paper, which are no part of a drawing."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int64

from sketch_pix2seq.io.morphology import spread

_LEAST_DOTS = 60
_LOOKED_AT = 500  # dots whose distances to all others are measured
_EVEN = 0.15  # of the distance between dots: how far they are off their places at most
_REGULAR = 0.5  # of the small things are in a row with two others, where paper is dotted


def printed_dots(
    areas: Int64[np.ndarray, " R"], middles: Float[np.ndarray, "R 2"], most: float
) -> Bool[np.ndarray, " R"]:
    """Which regions are printed dots: small ones, most of them evenly between two.

    Args:
        areas: Pixels of each region.
        middles: (x, y) of each region.
        most: The largest area of a dot.

    Example:
        >>> y, x = np.mgrid[:10, :10] * 20.0
        >>> middles = np.stack([x.ravel(), y.ravel()], axis=1)
        >>> int(printed_dots(np.full(100, 5), middles, most=9).sum())
        100
    """
    is_dot = np.zeros(len(areas), bool)
    small = np.flatnonzero(areas < most)
    if len(small) < _LEAST_DOTS:
        return is_dot
    places = middles[small]
    spacing = _usual_spacing(places)
    between, beside = np.zeros(len(small), bool), np.zeros(len(small), bool)
    for step in ((1, 0), (0, 1)):
        both = np.ones(len(small), bool)
        for sign in (-1, 1):
            shift = sign * spacing * np.array(step, float)
            has_one = _has_one_at(places, shift, _EVEN * spacing + 1)
            both &= has_one
            beside |= has_one
        between |= both
    if between.mean() >= _REGULAR:
        is_dot[small[beside]] = True
    return is_dot


def _usual_spacing(places: Float[np.ndarray, "D 2"]) -> float:
    """The usual distance of places from the nearest other one; some are looked at."""
    nearest = []
    for place in np.linspace(0, len(places) - 1, min(len(places), _LOOKED_AT)).astype(int).tolist():
        apart = np.hypot(*(places - places[place]).T)
        apart[place] = np.inf
        nearest.append(apart.min())
    return float(np.median(nearest))


def _has_one_at(
    places: Float[np.ndarray, "D 2"], shift: Float[np.ndarray, " 2"], slack: float
) -> Bool[np.ndarray, " D"]:
    """Whether there is another place so far off each place, or nearly there."""
    low = places.min(axis=0) - np.abs(shift) - slack
    cells = ((places - low) / slack).astype(int)
    wanted = ((places + shift - low) / slack).astype(int)
    grid = np.zeros(np.maximum(cells, wanted).max(axis=0) + 2, np.uint8)
    grid[tuple(cells.T)] = 1
    has_one: Bool[np.ndarray, " D"] = spread(grid, 1)[tuple(wanted.T)] > 0
    return has_one
