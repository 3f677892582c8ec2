"""The encoder's input: the picture of a drawing, or its strokes as in the training data.

Both are made of `Sketch`es in one place, as the bundle's card says.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.bundle.architectures import PICTURE
from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.sketch.normalise import QUICKDRAW_EPSILON
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
        own = normalise_for_model(sketch, card).truncated(card.max_steps).to_stroke5()
        rows[: len(own)] = own
    steps[:, :, OFFSET] /= np.float32(card.offset_scale)
    return steps


def normalise_for_model(sketch: Sketch, card: BundleCard, share: float = 1.0) -> Sketch:
    """Simplify as the training data were; `share` tells how much of a drawing it is."""
    normalised = sketch.normalised()
    epsilon = (card.data.get("options") or {}).get("epsilon")
    if share < 1:
        epsilon = max(epsilon or 0.0, QUICKDRAW_EPSILON) / share
    if epsilon is not None:
        normalised = normalised.simplified(epsilon)
    if normalised.bounds is None:
        return normalised
    left, top, right, bottom = normalised.bounds
    middle = np.array(((left + right) // 2, (top + bottom) // 2), np.float32)
    return Sketch(tuple(stroke - middle for stroke in normalised.strokes))
