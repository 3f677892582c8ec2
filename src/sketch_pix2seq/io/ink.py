"""Telling ink from paper, in clean pictures and in photos.

A clean picture has two greys and what lies between them: one threshold parts them. A photo has
light that falls unevenly, shadows with edges, paper with a grain and ink that is hardly darker
than a shadow: there only what is darker than the paper close by is ink.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, UInt8
from PIL import Image, ImageFilter

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.regions import Regions
from sketch_pix2seq.io.thinning import thin

LEAST_CONTRAST = 30
"""Steps of 255 between ink and paper in a clean picture."""

_LEAST_IN_PHOTO = 6  # the same, where something might still be seen
_MOST_INK = 0.5
_EVEN_PAPER = 0.2  # of the contrast: paper that varies by less is that of a clean picture
_WIDEST_LINE = 0.08  # of the longest side: darker things that are wider are shadows
_LEAST_DARKER = 0.04  # than the paper close by, in a photo
_NOISES = 5.0  # times the noise of the paper
_SURE = 0.5  # of the ink's usual darkness: where a line is seen for sure
_FAINT = 0.5  # of that: how faint it may be in between
_DOT = 0.4  # of a line width squared: smaller specks are dirt
_WIDE = 1.6  # times as wide as the lines, and at the border: a corner of a shadow
_SHORT = 0.15  # of the longest line: such a piece at the border is no part of the drawing
_OUTER = 0.07  # of the longest side: what lies there alone is no part of it either
_DO = "Give a picture of dark lines on light paper, or light lines on dark."


class Ink(NamedTuple):
    """Where ink is; how much darker than the paper each place is, 0 to 1; if it is a photo."""

    mask: Bool[np.ndarray, "H W"]
    contrast: Float32[np.ndarray, "H W"]
    is_photo: bool


def find_ink(grey: UInt8[np.ndarray, "H W"]) -> Ink:
    """Find the ink of a drawing in (H, W), 255 = white: dark lines on light paper, or the reverse.

    Raises:
        DrawingError: If the picture shows one even colour, or more ink than lines have.
    """
    threshold, contrast = _otsu(np.bincount(grey.ravel(), minlength=256))
    if contrast < _LEAST_IN_PHOTO:
        raise DrawingError("a picture must show lines", got="one even colour", do=_DO)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if (border <= threshold).mean() > 0.5 and _is_even(grey <= threshold, grey, contrast):
        grey, threshold = 255 - grey, 254 - threshold
    is_dark = grey <= threshold
    if contrast >= LEAST_CONTRAST and _is_even(~is_dark, grey, contrast):
        return Ink(_checked(is_dark), 1 - grey.astype(np.float32) / 255, is_photo=False)
    darker = _darker_than_paper(255 - grey if _is_light_on_dark(grey) else grey)
    return Ink(_without_dirt(_seen_for_sure(darker)), darker, is_photo=True)


def _is_even(paper: Bool[np.ndarray, "H W"], grey: np.ndarray, contrast: float) -> bool:
    """Whether the paper is of one grey, but for a few places."""
    low, high = np.percentile(grey[paper], (4, 96))
    return bool(high - low <= _EVEN_PAPER * contrast)


def _otsu(counts: np.ndarray) -> tuple[int, float]:
    """Split grey values where both sides are most even in themselves (Otsu, 1979).

    Returns the largest value of the dark side, and the distance between the sides' means.
    """
    values = np.arange(len(counts))
    below = np.cumsum(counts)[:-1].astype(np.float64)
    above = counts.sum() - below
    total = np.cumsum(counts * values)
    usable = (below > 0) & (above > 0)
    if not usable.any():
        return 0, 0.0
    dark = total[:-1] / np.maximum(below, 1)
    light = (total[-1] - total[:-1]) / np.maximum(above, 1)
    between = np.where(usable, below * above * (light - dark) ** 2, -1)
    # an empty valley gives a row of equals: its middle is the safest place
    best = np.flatnonzero(between >= between.max() * (1 - 1e-12))
    middle = int(best[len(best) // 2])
    return middle, float(light[middle] - dark[middle])


def _is_light_on_dark(grey: UInt8[np.ndarray, "H W"]) -> bool:
    """Whether lines are lighter than what is round them: they are few, so they stand out."""
    picture = Image.fromarray(grey)
    longest = max(grey.shape)
    near = np.asarray(picture.filter(ImageFilter.GaussianBlur(longest / 900)), np.float32)
    round_it = picture.filter(ImageFilter.GaussianBlur(_WIDEST_LINE * longest / 2))
    apart = near - np.asarray(round_it, np.float32)
    return bool((apart**3).mean() > 0)


def _darker_than_paper(grey: UInt8[np.ndarray, "H W"]) -> Float32[np.ndarray, "H W"]:
    """How much darker each place is than the paper close by, as a share of its brightness.

    The paper is what is left when dark things narrower than a window are filled up (a closing),
    which leaves the edges of shadows where they are.
    """
    longest = max(grey.shape)
    softened = Image.fromarray(grey).filter(ImageFilter.GaussianBlur(longest / 900))
    soft = np.asarray(softened, np.uint8)
    reach = max(3, round(_WIDEST_LINE * longest / 2))
    paper = ~_spread(~_spread(soft, reach), reach)
    bright = np.maximum(paper, 24).astype(np.float32)
    darker: Float32[np.ndarray, "H W"] = (paper.astype(np.float32) - soft) / bright
    return darker


def _spread(values: UInt8[np.ndarray, "H W"], reach: int) -> UInt8[np.ndarray, "H W"]:
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


def _seen_for_sure(darker: Float32[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    """Places clearly darker than paper, and fainter ones that are connected with them."""
    middle = float(np.median(darker))
    noise = 1.4826 * float(np.median(np.abs(darker - middle)))
    least = max(_LEAST_DARKER, middle + _NOISES * noise)
    seen = darker[darker > least]
    if len(seen) == 0:
        raise DrawingError("a picture must show lines", got="nothing but paper", do=_DO)
    usual = float(np.percentile(seen, 75))
    sure = max(least, _SURE * usual)
    faint = max(min(least, sure), _FAINT * sure)
    regions = Regions.of(darker > faint)
    return _checked(regions.only(regions.having(darker > sure)))


def _checked(mask: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    """Refuse what is no line drawing."""
    share = float(mask.mean())
    if share > _MOST_INK:
        raise DrawingError(
            "a picture must show lines, not areas", got=f"{share:.0%} covered", do=_DO
        )
    return mask


def _without_dirt(ink: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    """Remove what is much smaller than a dot of the pen, and corners of shadows at the border."""
    regions = Regions.of(ink)
    skeleton = regions.labels[thin(ink)]
    lengths = np.bincount(skeleton, minlength=len(regions.areas)).clip(1)
    widths = regions.areas / lengths
    is_large = regions.areas >= 0.2 * regions.areas.max()
    line_width = float(regions.areas[is_large].sum() / lengths[is_large].sum())
    is_odd = (widths > _WIDE * line_width) | (lengths < _SHORT * lengths.max())
    is_dirt = (regions.areas < _DOT * line_width**2) | (regions.having(_frame(ink, 3)) & is_odd)
    is_dirt |= ~regions.having(~_frame(ink, round(_OUTER * max(ink.shape))))
    if is_dirt.all():
        raise DrawingError("a picture must show lines", got="dirt at its edge", do=_DO)
    return regions.only(~is_dirt)


def _frame(ink: Bool[np.ndarray, "H W"], width: int) -> Bool[np.ndarray, "H W"]:
    """The outermost pixels of a picture."""
    frame = np.ones_like(ink)
    frame[width:-width, width:-width] = False
    return frame
