"""Strokes in another order: that of a pen that travels little, or of a person."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import get_args

import numpy as np

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.sketch.geometry import bounds, is_closed
from sketch_pix2seq.sketch.hand_order import hand_order
from sketch_pix2seq.sketch.pen_order import pen_order
from sketch_pix2seq.sketch.sketch import Order

MAX_HAND_STROKES = 300
"""Drawings of more strokes are not put into the order of a hand: it would take seconds."""
_LINE_WIDTH = 1 / 96  # of the longest side: as drawings without a frame are drawn


def ordered_by_pen(
    strokes: Sequence[np.ndarray],
    colours: tuple[str, ...] | None,
    order: Order,
    line_width: float | None = None,
) -> tuple[tuple[np.ndarray, ...], tuple[str, ...] | None]:
    """Put the strokes of each pen into an order by themselves, pen by pen; see `ordered`.

    How wide a line is, and how many strokes a hand draws, are those of the whole drawing.

    Args:
        strokes: (P, 2) arrays of points.
        colours: Of the pen of each stroke; None: there is one pen.
        order: Which order.
        line_width: In pixels; None: a 96th of the longest side.

    Returns:
        The same strokes, some backwards, closed ones perhaps from another of their points on; and
        the colours of their pens.

    Raises:
        UsageError: If there is no such order.

    Example:
        >>> right, left = np.array([[5, 0], [8, 0]]), np.array([[5, 0], [0, 0]])
        >>> [stroke.tolist() for stroke in ordered_by_pen([right, left], None, "pen")[0]]
        [[[0, 0], [5, 0]], [[5, 0], [8, 0]]]
    """
    if order not in get_args(Order):
        raise UsageError("`order` must be pen, hand or none", got=order)
    box = bounds(strokes)
    if order == "none" or box is None:
        return tuple(strokes), colours
    if line_width is None:
        line_width = _LINE_WIDTH * max(box[2] - box[0], box[3] - box[1])
    put_into_order = hand_order if order == "hand" else pen_order
    if order == "hand" and len(strokes) > MAX_HAND_STROKES:
        warnings.warn(
            f"over {MAX_HAND_STROKES} strokes: in the order of a pen, not of a hand", stacklevel=3
        )
        put_into_order = pen_order
    by_pen: dict[str, list[np.ndarray]] = {}
    for stroke, colour in zip(strokes, colours or [""] * len(strokes), strict=True):
        by_pen.setdefault(colour, []).append(stroke)
    dtype, found = np.result_type(*strokes), []
    for colour, group in by_pen.items():
        # the squares of float32's largest numbers are numbers too
        exact = [stroke.astype(np.float64) for stroke in group]
        closed = [is_closed(stroke, line_width) for stroke in exact]
        found += [(stroke.astype(dtype), colour) for stroke in put_into_order(exact, closed)]
    new_colours = None if colours is None else tuple(colour for _, colour in found)
    return tuple(stroke for stroke, _ in found), new_colours
