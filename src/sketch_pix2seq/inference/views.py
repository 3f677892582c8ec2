"""The encoder's input: the picture of a drawing, or its strokes as in the training data.

Both are made of `Sketch`es in one place, as the bundle's card says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.bundle.architectures import PICTURE
from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.sketch.normalise import QUICKDRAW_SIDE
from sketch_pix2seq.sketch.pen import END_STEP, OFFSET
from sketch_pix2seq.sketch.raster import rasterise_batch
from sketch_pix2seq.sketch.sketch import Sketch


def views_of(sketches: Sequence[Sketch], card: BundleCard) -> Float32[np.ndarray, "N ..."]:
    """Make the encoder's input.

    Args:
        sketches: N drawings.
        card: The bundle's.

    Returns:
        Pictures (N, 1, H, W), or stroke-5 rows (N, T, 5) in units of `offset_scale`,
        padded with end rows. The rows are those of the drawing normalised as the training
        data were: Quick, Draw!'s own simplification, the origin in the middle, cut off after
        `card.max_steps`.
    """
    if card.encoder_input == PICTURE:
        return rasterise_batch(sketches, card.raster)
    steps = np.tile(END_STEP, (len(sketches), card.max_steps + 1, 1))  # (N, T, 5)
    for rows, sketch in zip(steps, sketches, strict=True):
        own = _normalise_for_model(sketch, card).truncated(card.max_steps).to_stroke5()
        rows[: len(own)] = own
    steps[:, :, OFFSET] /= np.float32(card.offset_scale)
    return steps


class Prefix(NamedTuple):
    """A started drawing as the first steps of a decoder.

    Args:
        steps: (P, 5) stroke-5 rows in units of `offset_scale`, without an end.
        scale: Pixels of the sketch to one of the decoder's.
        middle: Where the decoder's origin lies in the sketch, (x, y).
    """

    steps: Float32[np.ndarray, "P 5"]
    scale: float
    middle: tuple[float, float]


def prefix_of(sketch: Sketch, card: BundleCard) -> Prefix:
    """Make the steps that a decoder would have drawn a started drawing with.

    The drawing is taken to be as large already as it will be in the end.

    Args:
        sketch: With a stroke.
        card: The bundle's.

    Returns:
        The steps, and where they lie.

    Raises:
        DrawingError: If it has so many points that the decoder could not go on.
    """
    steps = _normalise_for_model(sketch, card).to_stroke5()[:-1]
    if len(steps) >= card.max_steps:
        raise DrawingError(
            f"a started drawing must have fewer than {card.max_steps} points for this model",
            got=f"{len(steps)} after simplifying",
        )
    steps[:, OFFSET] /= np.float32(card.offset_scale)
    assert sketch.bounds is not None
    left, top, right, bottom = sketch.bounds
    longest = max(right - left, bottom - top)
    return Prefix(steps, longest / QUICKDRAW_SIDE or 1.0, ((left + right) / 2, (top + bottom) / 2))


def _normalise_for_model(sketch: Sketch, card: BundleCard) -> Sketch:
    normalised = sketch.normalised()
    epsilon = (card.data.get("options") or {}).get("epsilon")
    if epsilon is not None:
        normalised = normalised.simplified(epsilon)
    if normalised.bounds is None:
        return normalised
    left, top, right, bottom = normalised.bounds
    middle = np.array(((left + right) // 2, (top + bottom) // 2), np.float32)
    return Sketch(tuple(stroke - middle for stroke in normalised.strokes))
