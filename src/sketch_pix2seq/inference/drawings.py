"""From a decoder's steps to drawings: a whole one, or the completion of a started one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.inference.views import Prefix
from sketch_pix2seq.sketch.pen import OFFSET
from sketch_pix2seq.sketch.sketch import Sketch


def steps_to_sketch(steps: Float32[np.ndarray, "T 5"], offset_scale: float) -> Sketch:
    """Make a drawing of steps, with its upper left corner at (0, 0).

    Args:
        steps: Stroke-5 rows in units of `offset_scale`.
        offset_scale: The bundle's.

    Returns:
        The drawing; one of no stroke if nothing was drawn.
    """
    sketch = _scaled(steps, offset_scale)
    if sketch.bounds is None:
        return sketch
    corner = np.array(sketch.bounds[:2], np.float32)
    return Sketch(tuple(stroke - corner for stroke in sketch.strokes))


def append_completion(
    sketch: Sketch, prefix: Prefix, steps: Float32[np.ndarray, "T 5"], offset_scale: float
) -> Sketch:
    """Add to a started drawing what was drawn after it.

    Args:
        sketch: As it was given.
        prefix: Its own steps, the first ones of the decoder.
        steps: Stroke-5 rows of the whole drawing, in units of `offset_scale`.
        offset_scale: The bundle's.

    Returns:
        The drawing, its given strokes unchanged and where they were.
    """
    strokes = _scaled(steps, offset_scale * prefix.scale).strokes[len(sketch.strokes) :]
    middle = np.array(prefix.middle, np.float32)
    return replace(sketch, strokes=(*sketch.strokes, *(stroke + middle for stroke in strokes)))


def _scaled(steps: Float32[np.ndarray, "T 5"], scale: float) -> Sketch:
    steps = steps.copy()
    steps[:, OFFSET] *= scale
    return Sketch.from_stroke5(steps)
