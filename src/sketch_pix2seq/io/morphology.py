"""Measures of masks: the largest values round each pixel, filling up, the width of lines."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, UInt8


def spread(values: UInt8[np.ndarray, "H W"], reach: int) -> UInt8[np.ndarray, "H W"]:
    """The largest value within a square of 2 reach + 1 pixels round each place."""
    for axis in (0, 1):
        padded = np.pad(values, [(reach, reach) if at == axis else (0, 0) for at in (0, 1)])
        padded = np.moveaxis(padded, axis, 0)
        covered, wanted = 1, 2 * reach + 1
        while covered < wanted:
            shift = min(covered, wanted - covered)
            padded = np.maximum(padded[:-shift], padded[shift:])
            covered += shift
        values = np.moveaxis(padded, 0, axis)
    return values


def closed(values: UInt8[np.ndarray, "H W"], reach: int) -> UInt8[np.ndarray, "H W"]:
    """Fill up dark things narrower than 2 reach + 1 pixels; edges of wider ones stay.

    What is at the border goes on beyond it.
    """
    padded = np.pad(values, reach, mode="edge")
    filled: UInt8[np.ndarray, "H W"] = ~spread(~spread(padded, reach), reach)
    return filled[reach:-reach, reach:-reach]


def rough_width(ink: Bool[np.ndarray, "H W"]) -> float:
    """The usual width of lines, from their area and the length of their edges."""
    edges = (ink[1:] != ink[:-1]).sum() + (ink[:, 1:] != ink[:, :-1]).sum()
    edges += sum(side.sum() for side in (ink[0], ink[-1], ink[:, 0], ink[:, -1]))
    # an edge of any direction is met 4 / pi times its length along rows and columns together
    return float(2 * ink.sum() / max(edges * np.pi / 4, 1))
