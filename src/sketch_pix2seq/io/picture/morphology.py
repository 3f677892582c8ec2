"""Measures of masks: largest values round a pixel, filling up, widths, distances to the edge."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float32, UInt8

_Distance = TypeVar("_Distance", float, np.ndarray)


def spread(values: UInt8[np.ndarray, "H W"], reach: int) -> UInt8[np.ndarray, "H W"]:
    """The largest value within a square of 2 reach + 1 pixels round each pixel.

    The same as Pillow's `MaxFilter`, which takes 25 (reach 1) to 500 times (reach 8) as long.
    """
    for axis in (0, 1):
        padded = np.pad(values, [(reach, reach) if at == axis else (0, 0) for at in (0, 1)])
        padded = np.moveaxis(padded, axis, 0)
        covered, side = 1, 2 * reach + 1
        while covered < side:
            shift = min(covered, side - covered)
            padded = np.maximum(padded[:-shift], padded[shift:])
            covered += shift
        values = np.moveaxis(padded, 0, axis)
    return values


def closed(values: UInt8[np.ndarray, "H W"], reach: int) -> UInt8[np.ndarray, "H W"]:
    """Fill up dark things narrower than 2 reach + 1 pixels; edges of wider ones stay.

    Values at the border continue beyond it.
    """
    padded = np.pad(values, reach, mode="edge")
    filled: UInt8[np.ndarray, "H W"] = ~spread(~spread(padded, reach), reach)
    return filled[reach:-reach, reach:-reach]


def rough_width(ink: Bool[np.ndarray, "H W"]) -> float:
    """The usual width of lines, from their area and the length of their edges."""
    edges = np.count_nonzero(ink[1:] != ink[:-1]) + np.count_nonzero(ink[:, 1:] != ink[:, :-1])
    edges += sum(np.count_nonzero(side) for side in (ink[0], ink[-1], ink[:, 0], ink[:, -1]))
    # an edge of any direction is met 4 / pi times its length along rows and columns together
    return float(2 * np.count_nonzero(ink) / max(edges * np.pi / 4, 1))


def ink_width(distance: _Distance) -> _Distance:
    """The width of a line, in pixels, whose middle is so far from the nearest pixel of paper.

    That distance (`edge_distance`) is half the width and half a pixel.

    Example:
        >>> ink_width(float(edge_distance(np.ones((5, 9), bool))[2, 4]))
        5.0
    """
    return 2 * distance - 1


def edge_distance(ink: Bool[np.ndarray, "H W"], most: int = 64) -> Float32[np.ndarray, "H W"]:
    """How far each pixel of ink is from the nearest pixel of paper, at most so many pixels.

    Exact: the least over rows of the squared distance within a row and to that row. Only pixels
    that a farther row could still bring nearer to paper are updated.

    Example:
        >>> edge_distance(np.ones((3, 9), bool))[1].tolist()
        [1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0]
    """
    height, width = ink.shape
    rows = width + 2
    flat = np.pad(ink, 1).ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    first, stop = edges[::2], edges[1::2]
    lengths = stop - first
    pixels = np.flatnonzero(flat)
    beside = np.minimum(pixels - np.repeat(first, lengths) + 1, np.repeat(stop, lengths) - pixels)
    squares = np.minimum(beside, most).astype(np.int32) ** 2
    margin = most * rows
    within_row = np.zeros(len(flat) + 2 * margin, np.int32)
    within_row[pixels + margin] = squares
    remaining = np.arange(len(pixels))
    for dy in range(1, most):
        remaining = remaining[squares[remaining] > dy * dy]
        if len(remaining) == 0:
            break
        index = pixels[remaining] + margin
        nearer = np.minimum(within_row[index - dy * rows], within_row[index + dy * rows]) + dy * dy
        squares[remaining] = np.minimum(squares[remaining], nearer)
    distance = np.zeros(len(flat), np.float32)
    distance[pixels] = np.sqrt(squares)
    return distance.reshape(height + 2, rows)[1:-1, 1:-1]
