"""The largest values round each pixel, and filling up what is dark and narrow."""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8


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
