"""Stroke-3 and stroke-5: the only code that knows what a pen column means.

A drawing is absolute points to people and files, and steps to a model. This module turns
one into the other without loss. It knows arrays alone: no `Sketch`, no scaling, no files.

*Convention*: `stroke3` is (T, 3) rows of dx, dy, lift. The first row is the first point from
the origin (0, 0); every point of every stroke is one row; lift = 1 on the last row of
each stroke: the pen leaves the paper after this step. The empty drawing is (0, 3), a stroke
of one point is one row with lift = 1. `stroke5` is rows of dx, dy, down, up, end: the same
rows with one-hot pen states, then at least one end row (0, 0, 0, 0, 1).

Offsets of whole-numbered drawings are exact. Others are exact to float32 rounding.

*Source*: Ha & Eck, A Neural Representation of Sketch Drawings (arXiv 1704.03477), section
3.1; the start row is magenta's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Shaped

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.sketch.geometry import Stroke

OFFSET = slice(0, 2)
"""Columns dx, dy of stroke-3 and of stroke-5."""
LIFT = 2
"""Column of stroke-3 that is 1 when the pen leaves the paper after the step."""
PEN = slice(2, 5)
"""Columns of the pen state of stroke-5, exactly one of them 1."""
PEN_DOWN, PEN_UP, PEN_END = 0, 1, 2
"""Indices within `PEN`: goes on drawing, leaves the paper, the drawing is over."""
NUM_PEN_STATES = 3

STROKE5_DIM = 5
"""Columns of stroke-5."""

START_STEP: Float32[np.ndarray, " 5"] = np.array([0, 0, 1, 0, 0], np.float32)
"""The row that a decoder is given before the first real one."""
END_STEP: Float32[np.ndarray, " 5"] = np.array([0, 0, 0, 0, 1], np.float32)
"""The row after the last real one, and all padding."""
START_STEP.setflags(write=False)
END_STEP.setflags(write=False)

_LARGEST = 1e30  # of an offset: the sum of a hundred million is a float32 still


def strokes_to_stroke3(strokes: Sequence[np.ndarray]) -> Float32[np.ndarray, "T 3"]:
    """Turn (P, 2) arrays of absolute points into offsets with lifts.

    Example:
        >>> strokes_to_stroke3([np.array([[3, 4], [5, 4]]), np.array([[0, 0]])]).tolist()
        [[3.0, 4.0, 0.0], [2.0, 0.0, 1.0], [-5.0, -4.0, 1.0]]
    """
    if len(strokes) == 0:
        return np.zeros((0, 3), np.float32)
    points = np.concatenate(strokes).astype(np.float64)
    stroke3 = np.zeros((len(points), 3), np.float32)
    stroke3[:, OFFSET] = np.diff(points, axis=0, prepend=0.0)
    stroke3[np.cumsum([len(stroke) for stroke in strokes]) - 1, LIFT] = 1
    return stroke3


def stroke3_to_strokes(stroke3: Shaped[np.ndarray, " ..."]) -> list[Stroke]:
    """Turn offsets with lifts, of any number type, into absolute points; an open end is closed.

    Example:
        >>> [s.tolist() for s in stroke3_to_strokes(np.array([[3, 4, 0], [2, 0, 1]]))]
        [[[3.0, 4.0], [5.0, 4.0]]]
    """
    rows = _checked_rows("stroke3", stroke3, 3)
    if len(rows) == 0:
        return []
    wrong = np.flatnonzero((rows[:, LIFT] != 0) & (rows[:, LIFT] != 1))
    if len(wrong):
        raise DrawingError(
            f"`stroke3` row {wrong[0]} must have a lift of 0 or 1", got=rows[wrong[0], LIFT]
        )
    points = np.cumsum(rows[:, OFFSET], axis=0).astype(np.float32)
    ends = np.flatnonzero(rows[:-1, LIFT] == 1) + 1
    return np.split(points, ends)


def stroke3_to_stroke5(
    stroke3: Shaped[np.ndarray, " ..."], max_steps: int | None = None
) -> Float32[np.ndarray, "S 5"]:
    """Turn stroke-3 into stroke-5, closed by an end row; no start row.

    With `max_steps` there are `max_steps + 1` rows, padded with end rows.

    Example:
        >>> stroke3_to_stroke5(np.array([[3, 4, 1]]), max_steps=2).tolist()
        [[3.0, 4.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0, 1.0]]
    """
    rows = _checked_rows("stroke3", stroke3, 3)
    num_steps = len(rows)
    if max_steps is not None and num_steps > max_steps:
        raise DrawingError(
            f"a drawing must have at most `max_steps` = {max_steps} points",
            got=num_steps,
            do="Shorten it with `Sketch.truncated` or `Sketch.simplified`.",
        )
    total = (num_steps if max_steps is None else max_steps) + 1
    stroke5 = np.tile(END_STEP, (total, 1))
    stroke5[:num_steps] = 0
    stroke5[:num_steps, OFFSET] = rows[:, OFFSET]
    stroke5[:num_steps, PEN.start + PEN_DOWN] = 1 - rows[:, LIFT]
    stroke5[:num_steps, PEN.start + PEN_UP] = rows[:, LIFT]
    return stroke5


def stroke5_to_stroke3(
    stroke5: Shaped[np.ndarray, " ..."], *, start_row: bool = False
) -> Float32[np.ndarray, "T 3"]:
    """Turn stroke-5 into stroke-3, up to its first end row; an open end is closed.

    A start row looks like the first step of a drawing that begins at the origin: `start_row` says
    that there is one.

    Example:
        >>> stroke5_to_stroke3(np.stack([START_STEP, END_STEP]), start_row=True).shape
        (0, 3)
    """
    rows = _checked_rows("stroke5", stroke5, 5)
    if start_row:
        if len(rows) == 0 or not np.array_equal(rows[0], START_STEP):
            raise DrawingError(
                "`stroke5` row 0 must be `START_STEP`",
                got=rows[:1].tolist(),
                do="Leave `start_row` out.",
            )
        rows = rows[1:]
    pen = rows[:, PEN]
    wrong = np.flatnonzero(((pen != 0) & (pen != 1)).any(axis=1) | (pen.sum(axis=1) != 1))
    if len(wrong):
        row = int(wrong[0]) + start_row
        raise DrawingError(
            f"`stroke5` row {row} must have exactly one pen state",
            got=tuple(pen[wrong[0]].tolist()),
            do="Convert with `Sketch.to_stroke5`.",
        )
    ends = np.flatnonzero(pen[:, PEN_END] == 1)
    num_steps = int(ends[0]) if len(ends) else len(rows)
    stroke3 = np.zeros((num_steps, 3), np.float32)
    stroke3[:, OFFSET] = rows[:num_steps, OFFSET]
    stroke3[:, LIFT] = pen[:num_steps, PEN_UP]
    stroke3[-1:, LIFT] = 1
    return stroke3


def _checked_rows(
    name: str, rows: Shaped[np.ndarray, " ..."], num_columns: int
) -> Shaped[np.ndarray, "T C"]:
    """Return the rows in double precision, or say what is wrong with them."""
    rows = np.asarray(rows)
    if rows.ndim != 2 or rows.shape[1] != num_columns:
        raise DrawingError(f"`{name}` must be of shape (T, {num_columns})", got=rows.shape)
    if rows.dtype.kind not in "iufb":
        raise DrawingError(f"`{name}` must hold numbers", got=rows.dtype)
    exact = rows.astype(np.float64)
    if not np.isfinite(exact).all():
        raise DrawingError(f"`{name}` must be finite", got="NaN or infinity")
    if np.abs(exact).max(initial=0) > _LARGEST:
        raise DrawingError(f"`{name}` must be between -{_LARGEST:g} and {_LARGEST:g}")
    return exact
