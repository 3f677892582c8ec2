"""Which pixels of a picture the pen has covered so far: what is drawn and what remains.

A drawing that is redrawn covers the picture's ink step by step. A pixel counts as covered from
the first step whose line passes its centre within `RADIUS` pixels. Training needs the step
of every pixel at once (`covering_steps`), drawing the pixels of one step after another
(`touched`).

*Convention*: pixels of the picture, y down, (0, 0) its upper left corner; pixel (row, column)
has its centre at (column + 0.5, row + 0.5).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float32, Int16, Int64

from sketch_pix2seq.sketch.geometry import part_indices

RADIUS = 1.5
"""Pixels from a line within which ink counts as drawn."""
NEVER = np.iinfo(np.int16).max
"""Covering step of a pixel that is never covered."""
_SPACING = 0.75  # pixels between two samples of a line, at most
_AROUND = np.array((-1, 0, 1), np.float32)


def covering_steps(
    positions: Float32[np.ndarray, "N 2"],
    lifts: Bool[np.ndarray, " N"],
    lengths: Int64[np.ndarray, " B"],
    size: int,
) -> Int16[np.ndarray, "B H W"]:
    """Return for each pixel after how many steps of its drawing it is covered.

    Args:
        positions: Where the pen is after each step, of B drawings one after another.
        lifts: Whether the pen leaves the paper after each step.
        lengths: Steps of each drawing, N together.
        size: Side of the square pictures.

    Returns:
        1 for pixels that the first step covers, and so on; `NEVER` for the others. Steps from
        32,766 on count as that one.

    Example:
        >>> line = np.array([[1, 1], [5, 1]], np.float32)
        >>> steps = covering_steps(line, np.array([False, True]), np.array([2]), 7)
        >>> steps[0, 1].tolist()
        [1, 1, 2, 2, 2, 2, 32767]
    """
    starts = np.cumsum(lengths) - lengths
    goes_on = np.zeros(len(positions), bool)  # whether a line leads to the position
    goes_on[1:] = ~lifts[:-1]
    goes_on[starts[lengths > 0]] = False
    before = positions.copy()
    before[1:][goes_on[1:]] = positions[:-1][goes_on[1:]]
    owner, index = part_indices(lengths)
    number = np.minimum(index + 1, NEVER - 1)  # of steps that int16 does not count: the last
    pixel, segment = touched(before, positions, size)
    covered = np.full(len(lengths) * size * size, NEVER, np.int16)
    # of equal indices the last assignment counts, so the earliest step comes last
    backwards = np.argsort(-number[segment], kind="stable")
    covered[(owner[segment] * (size * size) + pixel)[backwards]] = number[segment][backwards]
    return covered.reshape(-1, size, size)


def touched(
    before: Float32[np.ndarray, "N 2"], after: Float32[np.ndarray, "N 2"], size: int
) -> tuple[Int64[np.ndarray, " K"], Int64[np.ndarray, " K"]]:
    """Return the pixels that lines cover.

    Args:
        before: Where each line begins.
        after: Where it ends.
        size: Side of the square pictures; at most 2,000, so that float32 counts their pixels.

    Returns:
        Pixels, row * size + column, some of them several times; the number of the line of each.
    """
    limit = 2.0 * size  # pens far outside, or at NaN, count as just outside
    before, after = np.fmin(np.fmax((before, after), -limit), limit)
    step = after - before
    longest = np.abs(step).max(axis=1)
    parts = np.ceil(longest * np.float32(1 / _SPACING)).astype(np.int64)
    counts = parts + 1
    line = np.arange(len(counts)).repeat(counts)
    number = np.arange(len(line))
    number -= (counts.cumsum() - counts).take(line)
    share = (number / np.maximum(parts, 1).take(line)).astype(np.float32)
    samples = before.take(line, axis=0) + share[:, None] * step.take(line, axis=0)  # (S, 2)
    pixel = np.floor(samples)[:, :, None] + _AROUND  # (S, 2, 3)
    offset = pixel + np.float32(0.5)
    offset -= samples[:, :, None]
    offset *= offset
    offset[(pixel < 0) | (pixel >= size)] = np.inf
    near = offset[:, 1, :, None] + offset[:, 0, None] <= np.float32(RADIUS * RADIUS)  # (S, 3, 3)
    index = pixel[:, 1, :, None] * np.float32(size) + pixel[:, 0, None]
    covered = near.ravel().nonzero()[0]
    return index.take(covered).astype(np.int64), line.take(covered // near[0].size)
