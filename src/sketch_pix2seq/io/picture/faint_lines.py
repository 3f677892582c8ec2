"""Finding lines that are fainter than sure ink but stand out from the paper's own noise.

Light yellow or grey beside black differs from white paper by little. At a level of contrast where
what is that faint is long and thin, and little else is there, it is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, UInt8

from sketch_pix2seq.io.picture.morphology import edge_distance, ink_width, spread
from sketch_pix2seq.io.picture.regions import Regions

_WEAK = 3.0  # times as strong as sure ink at least is: what is stronger is no faint line
_RINGING = 0.3  # of the contrast close by: what a JPEG leaves round a line
_PALE = 3  # steps of 255 by which pixels beside lines differ from the paper in a JPEG
_UNCLEAN = 0.04  # of the pixels beside strong lines that do so in a JPEG
_JPEG_REACH = 12  # pixels farther off to which blocks of colour reach
_MAX_SHARE = 0.05  # of the picture: more is no lines
_LONG = 0.03  # of the longest side: the least length of a faint line
_BORDER = 0.03  # of the longest side: faint lines along the picture's border are edges and shadows
_SHORT = 6.0  # pixels, and two widths: shorter things are specks
_WIDE = 2.0  # times as wide as other lines: an area
_THIN = 3.0  # pixels: what is narrower is no area
_OTHERS = 0.5  # of the lines' area: where there is more of other things, lines are not clear
_NOISE = 1.0  # of the lines' area: where there is more of other things, there are no lines


class FaintLines(NamedTuple):
    """Faint lines of a picture.

    Args:
        mask: (H, W), ink of them, and of what they touch; None: none can be read.
        are_lost: Whether there are some, but not clear.
    """

    mask: Bool[np.ndarray, "H W"] | None
    are_lost: bool


def find_faint_lines(
    contrast: UInt8[np.ndarray, "H W"],
    nearby: tuple[UInt8[np.ndarray, "H W"], UInt8[np.ndarray, "H W"]],
    edge: UInt8[np.ndarray, "H W"],
    *,
    levels: Sequence[float],
    sure: float,
    width: float,
    is_photo: bool,
) -> FaintLines:
    """Find lines that are fainter than sure ink.

    Args:
        contrast: (H, W).
        nearby: (H, W), the largest contrast close by, and a little farther off.
        edge: (H, W), the least contrast of ink close to stronger ink.
        levels: Contrasts from which lines may be ink, tried one after the other.
        sure: The contrast of sure ink.
        width: Of the lines of sure ink; 0 if there are none.
        is_photo: Whether the paper is not of one colour.
    """
    none = FaintLines(None, are_lost=False)
    close, around = nearby
    sides = np.array(contrast.shape[::-1])
    least_length, border = _LONG * sides.max(), _BORDER * sides.max()
    if not levels:
        return none
    faint = np.flatnonzero((contrast > levels[0]) & (contrast <= sure))
    if np.count_nonzero(around.ravel()[faint] <= _WEAK * sure) < least_length:
        return none
    is_weak = around <= _WEAK * sure
    beside = ~is_weak & (close <= _WEAK * sure)
    pale = beside & (contrast > 0) & (contrast <= _PALE)
    is_jpeg = np.count_nonzero(pale) > _UNCLEAN * np.count_nonzero(beside)
    if is_jpeg and not is_photo:
        around = spread(around, _JPEG_REACH)
        is_weak = around <= _WEAK * sure
    clear = contrast > _RINGING * around
    widest = max(_WIDE * width, _THIN) if width else least_length
    are_lost = False
    for level in levels:
        mask = is_weak & clear & (contrast > level)
        if not is_photo:  # where lines may cross areas; photos have stains
            mask = _without_areas(mask, widest)
        if not 0 < np.count_nonzero(mask) < _MAX_SHARE * mask.size:
            continue
        regions = Regions.of(mask)
        low, high = regions.boxes()
        extent = (high - low).max(axis=1)
        is_long = extent >= least_length
        is_inner = ((high > border) & (low < sides - border)).all(axis=1)
        depth = regions.largest(edge_distance(mask))
        is_line = is_long & is_inner & (ink_width(depth) <= widest)
        is_other = ~is_long & (extent >= max(2 * width, _SHORT))
        lines, others = (float(regions.areas[which].sum()) for which in (is_line, is_other))
        if lines and others <= _OTHERS * lines:
            strong = (contrast > level) & (contrast > edge)
            drawn = Regions.of(strong & clear if is_jpeg else strong)
            touching = drawn.only(drawn.having(regions.only(is_line)))
            return FaintLines(_without_areas(touching, widest), are_lost=False)
        are_lost |= bool(lines) and others <= _NOISE * lines
    return none._replace(are_lost=are_lost)


def _without_areas(mask: Bool[np.ndarray, "H W"], widest: float) -> Bool[np.ndarray, "H W"]:
    """Leave out parts of a mask that are wider than lines."""
    cores = ink_width(edge_distance(mask)) > widest
    if not cores.any():
        return mask
    return np.asarray(mask & (spread(cores.view(np.uint8), int(widest / 2) + 2) == 0))
