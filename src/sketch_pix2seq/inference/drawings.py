"""Conversions between drawings and networks: encoder inputs, and sketches from steps.

Whole drawings, prefixes and their completions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.bundle.architectures import PICTURE
from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.sketch.normalise import QUICKDRAW_EPSILON, QUICKDRAW_SIDE
from sketch_pix2seq.sketch.pen import END_STEP, OFFSET
from sketch_pix2seq.sketch.raster import rasterise_batch
from sketch_pix2seq.sketch.sketch import Sketch


def views_of(sketches: Sequence[Sketch], card: BundleCard) -> Float32[np.ndarray, "N ..."]:
    """Make what the encoder reads.

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
        normalised = _normalise_for_model(sketch, card).truncated(card.max_steps).to_stroke5()
        rows[: len(normalised)] = normalised
    steps[:, :, OFFSET] /= np.float32(card.offset_scale)
    return steps


def steps_to_sketch(steps: Float32[np.ndarray, "T 5"], offset_scale: float) -> Sketch:
    """Make a drawing, its upper left corner at (0, 0), of steps in units of `offset_scale`."""
    sketch = _scaled(steps, offset_scale)
    if sketch.bounds is None:
        return sketch
    corner = np.array(sketch.bounds[:2], np.float32)
    return Sketch(tuple(stroke - corner for stroke in sketch.strokes))


class Placement(NamedTuple):
    """Size and position of a started drawing in the whole one.

    Args:
        share: Its longest side, as a share of the whole drawing's; above 0, at most 1.
        middle: Its middle, in pixels of Quick, Draw! from the middle of the whole, (x, y).
    """

    share: float = 1.0
    middle: tuple[float, float] = (0.0, 0.0)


WHOLE = Placement()
"""Of a started drawing that is as large as the whole."""


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


SHARES = (1.0, 0.8, 0.62, 0.48, 0.36)
"""Shares of a whole drawing that a started one is tried as."""


def placements_of(sketch: Sketch) -> list[Placement]:
    """The placements a started drawing is tried in: of each share at corners, at edges, inside."""
    width, height = _sides(sketch)
    longest = max(width, height) or 1.0
    placements = []
    for share in SHARES:
        free = [(1 - share * side / longest) * QUICKDRAW_SIDE / 2 for side in (width, height)]
        across, down = ((-room, 0.0, room) if room > 0 else (0.0,) for room in free)
        placements += [Placement(share, (x, y)) for x in across for y in down]
    return placements


def prefix_of(sketch: Sketch, card: BundleCard, placement: Placement = WHOLE) -> Prefix:
    """Make the steps that a decoder would have drawn a started drawing with.

    Args:
        sketch: With a stroke.
        card: The bundle's.
        placement: Its assumed position in the whole drawing.

    Raises:
        DrawingError: If it has too many points for the decoder to continue.
    """
    steps = _first_steps(sketch, card, placement, placement.share)
    if len(steps) >= card.max_steps:
        raise DrawingError(
            f"a started drawing must have fewer than {card.max_steps} points for this model",
            got=f"{len(steps)} after simplifying",
        )
    assert sketch.bounds is not None
    left, top, right, bottom = sketch.bounds
    scale = max(_sides(sketch)) / (QUICKDRAW_SIDE * placement.share) or 1.0
    x, y = (left + right) / 2, (top + bottom) / 2
    return Prefix(steps, scale, (x - placement.middle[0] * scale, y - placement.middle[1] * scale))


def _first_steps(
    sketch: Sketch, card: BundleCard, placement: Placement, detail: float
) -> Float32[np.ndarray, "P 5"]:
    """Stroke-5 rows of a placed drawing, simplified as if `detail` were its share of the whole."""
    normalised = _normalise_for_model(sketch, card, detail)
    middle = np.array(placement.middle, np.float32)
    strokes = tuple(stroke * np.float32(placement.share) + middle for stroke in normalised.strokes)
    steps = Sketch(strokes).to_stroke5()[:-1]
    steps[:, OFFSET] /= np.float32(card.offset_scale)
    return steps


def _sides(sketch: Sketch) -> tuple[float, float]:
    assert sketch.bounds is not None
    left, top, right, bottom = sketch.bounds
    return right - left, bottom - top


_COMPARED = 40  # first steps by which placements are compared


def likeliest_prefix(
    sketch: Sketch,
    card: BundleCard,
    log_probs: Callable[[Sequence[Float32[np.ndarray, "_ 5"]]], Float32[np.ndarray, " F"]],
) -> Prefix:
    """Choose the placement of a started drawing under which the decoder finds it likeliest.

    Args:
        sketch: With a stroke.
        card: The bundle's.
        log_probs: Of first steps (see `Networks.log_probs`).

    Raises:
        DrawingError: If it has too many points for the decoder in all placements.
    """
    placements = placements_of(sketch)
    detail = SHARES[len(SHARES) // 2]  # the same points in all placements, or they do not compare
    steps = _first_steps(sketch, card, WHOLE, detail)[: min(_COMPARED, card.max_steps)]
    prefixes = []
    for placement in placements:
        prefixes.append(steps.copy())
        prefixes[-1][:, OFFSET] *= np.float32(placement.share)
        prefixes[-1][0, OFFSET] += np.array(placement.middle, np.float32) / np.float32(
            card.offset_scale
        )
    # densities of offsets in pixels of the sketch, whatever the placement
    scales = 2 * len(steps) * np.log([placement.share for placement in placements])
    *likeliest, last = np.argsort(-(log_probs(prefixes) + scales), kind="stable").tolist()
    for number in likeliest:
        with suppress(DrawingError):  # a smaller share has fewer points
            return prefix_of(sketch, card, placements[number])
    return prefix_of(sketch, card, placements[last])


def append_completion(
    sketch: Sketch, prefix: Prefix, steps: Float32[np.ndarray, "T 5"], offset_scale: float
) -> Sketch:
    """Append the drawn strokes to a started drawing, whose own strokes stay as they are.

    They are drawn with the pen of its last stroke.
    """
    drawn = _scaled(steps, offset_scale).strokes[len(sketch.strokes) :]
    middle, scale = np.array(prefix.middle, np.float32), np.float32(prefix.scale)
    strokes = (*sketch.strokes, *(stroke * scale + middle for stroke in drawn))
    colours = sketch.colours and (*sketch.colours, *sketch.colours[-1:] * len(drawn))
    completed = replace(sketch, strokes=strokes, colours=colours)
    (left, top, right, bottom), frame = completed.bounds or (0, 0, 0, 0), sketch.frame
    if frame is None or (min(left, top) >= 0 and right <= frame.width and bottom <= frame.height):
        return completed
    return replace(completed, frame=None)  # it grew out of its picture


def _scaled(steps: Float32[np.ndarray, "T 5"], scale: float) -> Sketch:
    steps = steps.copy()
    steps[:, OFFSET] *= scale
    return Sketch.from_stroke5(steps)


def _normalise_for_model(sketch: Sketch, card: BundleCard, share: float = 1.0) -> Sketch:
    """Simplify as the training data were; `share` is how much of a whole drawing it is."""
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
