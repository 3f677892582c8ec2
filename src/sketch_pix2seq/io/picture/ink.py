"""Separating ink from paper, in clean pictures and in photos.

Ink is what differs from the paper close by in any of the three colours, so that yellow beside
black counts as well as black. A clean picture has paper of one colour; ink may be darker or
lighter. A photo has light that falls unevenly, shadows with edges and paper with a grain: there
the paper is what remains when narrow dark areas are filled.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, UInt8
from PIL import Image, ImageChops, ImageFilter

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.picture.faint_lines import find_faint_lines
from sketch_pix2seq.io.picture.morphology import closed, rough_width, spread
from sketch_pix2seq.io.picture.paper_grain import even_grain
from sketch_pix2seq.io.picture.printed_lines import printed_level
from sketch_pix2seq.io.picture.regions import Regions

_PHOTO_SIDE = 2048  # photos are shrunk to this: they are not sharper
_TILES = 24  # along each side, whose middle colours say if the paper is of one colour
_PER_TILE = 12  # pixels along each side of a tile that are sampled
_EVEN = 5  # steps of 255 by which the paper of a clean picture may vary
_NEAR = 64  # steps of 255 within which a tile shows paper
_MIN_CONTRAST = 20  # steps of 255 of ink in a clean picture
_MIN_IN_PHOTO = 10  # the same in a photo, of 255 for black on white
_MIN_PRINTED = 6  # the same of printed lines
_NOISES = 5.0  # times the noise of the paper
_MAX_INK = 0.5
_WIDEST_LINE = 0.08  # of the longest side of a photo: darker things that are wider are shadows
_VALLEY = 16  # pixels of a photo along a square, of which most are paper
_DEEPEST = 40  # steps of 255 by which such paper may be darker
_SURE = 0.22  # of the ink's usual contrast in a photo: where a line is sure
_FAINT_LEVELS = (3, 5, 8, 12, 16)  # steps of 255 from which faint lines may be ink
_FAINT = 0.5  # of that: how faint it may be in between
_EDGE = 0.45  # of the contrast close by: where a line ends
_RINGING = 0.18  # of the contrast a little farther off: what a JPEG leaves round a line
_SURELY_DRAWN = 1.15  # times as strong as printed lines is some part of what is drawn
_MAX_NOTCHES = 0.015  # of the edge of ink that is no grain
_FEW_NOTCHES = 0.007  # the same where a blur does not harm
_LITTLE_BLUR = 0.2  # of the lines' width: it does not harm
_MAX_BLUR = 0.6  # of the lines' width, or of what it seems to be where grain is coarse
_FIRST_BLUR = 0.8  # of a grain
_NEXT_BLUR = 1.5  # times as much as before, until there is no grain
_LAST_BLUR = 2.8  # grains
_COARSE = 0.6  # of what the width of lines of coarse grain seems to be: the size of a grain
_MAX_HOLES = 0.14  # of the area of ink that is no coarse grain
_DO = "Give a picture of lines on paper."


class Ink(NamedTuple):
    """Where ink is; its contrast to the paper, 255 for the most; if it is a photo.

    Args:
        mask: (H, W), True for ink.
        contrast: (H, W).
        picture: (H, W), L or RGB: what the ink was found in.
        is_photo: Whether the paper is not of one colour.
        scale: Pixels of the picture to one of the mask.
        has_printed_lines: Whether the paper has printed lines, which are no ink.
        has_lost_lines: Whether there are lines too faint to be read.
    """

    mask: Bool[np.ndarray, "H W"]
    contrast: UInt8[np.ndarray, "H W"]
    picture: Image.Image
    is_photo: bool
    scale: float
    has_printed_lines: bool
    has_lost_lines: bool


def find_ink(
    picture: Image.Image, *, softness: int = 1, outside: Bool[np.ndarray, "H W"] | None = None
) -> Ink:
    """Find the ink of a drawing.

    Args:
        picture: L or RGB.
        softness: Width in pixels of the edges of lines.
        outside: (H, W) of the picture; True where nothing is ink.

    Raises:
        DrawingError: If the picture shows one even colour, or more ink than lines have.
    """
    paper = _paper_colour(picture if outside is None else _with_paper(picture, outside))
    scale, grain, small = 1.0, 0.0, picture
    if paper is not None:
        contrast = _differing(picture, paper)
        least = _MIN_CONTRAST
    else:
        factor = -(-max(picture.size) // _PHOTO_SIDE)
        small = picture.reduce(factor) if factor > 1 else picture
        scale = float(factor)
        contrast, grain = _darker_than_paper(small)
        least = _MIN_IN_PHOTO
    if outside is not None:
        contrast[_sized(outside, contrast.shape)] = 0
    found = _mask(contrast, least, grain, 1 + softness, is_photo=paper is None)
    # the ink of pencil or chalk on rough paper is full of gaps: blur until its edges are smooth. A
    # blur closes the gaps of a grain as large; once small gaps are closed, a larger grain may show
    grain_width, blur = 1, 0.0  # both in pixels
    while True:
        width = rough_width(found.mask)
        is_harmless = max(_FIRST_BLUR * grain_width, _NEXT_BLUR * blur) < _LITTLE_BLUR * width
        max_notches = _FEW_NOTCHES if is_harmless else _MAX_NOTCHES
        left_width = _grain_size(found.mask, width, max_notches)
        grain_width = max(grain_width, left_width)
        blur = max(_FIRST_BLUR * grain_width, _NEXT_BLUR * blur)
        max_blur = min(_MAX_BLUR * max(width, grain_width / _COARSE), _LAST_BLUR * grain_width)
        if not left_width or blur > max_blur:
            break
        soft = np.asarray(Image.fromarray(contrast).filter(ImageFilter.GaussianBlur(blur)))
        try:
            left, reach = grain / math.hypot(1, blur), 1 + softness + round(blur)
            found = _mask(soft, least, left, reach, is_photo=paper is None)
        except DrawingError:  # lines closely side by side, not grain: the blur has closed all gaps
            break
    facts = (paper is None, scale, found.is_printed, found.are_lost)
    return Ink(found.mask, contrast, small, *facts)


def _with_paper(picture: Image.Image, outside: Bool[np.ndarray, "H W"]) -> Image.Image:
    """A picture with what is outside in the usual colour of the inside."""
    usual = np.median(np.asarray(picture)[~outside], axis=0).astype(int)
    filled = picture.copy()
    filled.paste(tuple(np.atleast_1d(usual).tolist()), mask=Image.fromarray(outside))
    return filled


def _paper_colour(picture: Image.Image) -> tuple[int, ...] | None:
    """The colour of paper that is of one colour; None if it is not."""
    side = _TILES * _PER_TILE
    some = picture.resize((side, side), Image.Resampling.NEAREST)
    tiles = np.asarray(some).reshape(_TILES, _PER_TILE, _TILES, _PER_TILE, -1)
    middle = np.median(tiles, axis=(1, 3)).reshape(_TILES**2, -1)
    bins = (middle // 8).astype(np.int64) @ (32 ** np.arange(middle.shape[1]))
    values, counts = np.unique(bins, return_counts=True)
    paper = np.median(middle[bins == values[counts.argmax()]], axis=0)
    apart = np.abs(middle - paper).max(axis=1)
    near = apart < _NEAR
    if near.mean() < 0.3 or np.percentile(apart[near], 90) > _EVEN:
        return None
    return tuple(int(value) for value in paper)


def _differing(picture: Image.Image, paper: tuple[int, ...]) -> UInt8[np.ndarray, "H W"]:
    """How much each pixel differs from the paper, in the colour in which it does so most."""
    ground = Image.new(picture.mode, picture.size, paper if len(paper) > 1 else paper[0])
    return _most(ImageChops.difference(picture, ground))


def _most(picture: Image.Image) -> UInt8[np.ndarray, "H W"]:
    """The largest of the colours of each pixel."""
    first, *others = picture.split()
    for other in others:
        first = ImageChops.lighter(first, other)
    return np.array(first)


def _darker_than_paper(picture: Image.Image) -> tuple[UInt8[np.ndarray, "H W"], float]:
    """How much darker each pixel is than the paper close by, and how much so its grain makes it.

    As a share of the paper's brightness. If lines are lighter than the paper, how much lighter.
    Fine grain counts as none.
    The paper is what remains when dark areas narrower than a window are filled (a closing),
    which leaves the edges of shadows where they are.
    """
    if _is_light_on_dark(picture.convert("L")):
        picture = ImageChops.invert(picture)
    soft = picture.filter(ImageFilter.GaussianBlur(1))
    reach = max(3, round(_WIDEST_LINE * max(picture.size) / 2))
    most: UInt8[np.ndarray, "H W"] | None = None
    for channel in soft.split():
        values = np.asarray(channel)
        paper = closed(values, reach)
        inverse = np.float32(255) / np.maximum(np.arange(256, dtype=np.float32), 24)
        darker = ((paper - values) * inverse[paper]).astype(np.uint8)
        most = darker if most is None else np.maximum(most, darker)
    assert most is not None
    contrast = _above_valleys(most)
    even, grain = even_grain(contrast, most)
    is_fine = grain <= _MIN_IN_PHOTO and even is contrast
    # printed lines closely side by side are no grain
    if is_fine or printed_level(contrast, _MIN_PRINTED) is not None:
        return contrast, 0.0
    return even, grain


def _above_valleys(contrast: UInt8[np.ndarray, "H W"]) -> UInt8[np.ndarray, "H W"]:
    """Subtract the contrast of wide faint areas: stains and blocks of a JPEG."""
    height, width = (side // _VALLEY * _VALLEY for side in contrast.shape)
    if min(height, width) == 0:
        return contrast
    some = contrast[:height:2, :width:2]
    half = _VALLEY // 2
    blocks = some.reshape(len(some) // half, half, -1, half).swapaxes(1, 2)
    depth = np.median(blocks.reshape(*blocks.shape[:2], -1), axis=-1)
    valleys = Image.fromarray(np.minimum(depth, _DEEPEST).astype(np.uint8))
    size = (contrast.shape[1], contrast.shape[0])
    box = (0, 0, size[0] / _VALLEY, size[1] / _VALLEY)
    valley = np.asarray(
        valleys.resize(
            size, Image.Resampling.BILINEAR, box=tuple(map(min, box, (0, 0, *valleys.size)))
        )
    )
    return np.asarray(np.maximum(contrast, valley) - valley)


def _is_light_on_dark(grey: Image.Image) -> bool:
    """Whether lines are lighter than their surroundings."""
    small = grey.reduce(-(-max(grey.size) // 1024))
    longest = max(small.size)
    near = np.asarray(small.filter(ImageFilter.GaussianBlur(longest / 900)), np.float32)
    surroundings = small.filter(ImageFilter.GaussianBlur(_WIDEST_LINE * longest / 2))
    apart = near - np.asarray(surroundings, np.float32)
    return bool((apart**3).mean() > 0)


def _noise(counts: np.ndarray) -> float:
    """Contrast that the grain of the paper reaches, from the histogram of contrasts."""
    middle = _percentile(counts, 50)
    below = np.arange(256) <= middle
    # the lower half alone: the upper one holds the ink
    mirrored = np.bincount(np.abs(np.arange(256) - middle), weights=counts * below, minlength=256)
    return middle + _NOISES * 1.4826 * _percentile(mirrored, 50)


def _percentile(counts: np.ndarray, share: float) -> int:
    return int(np.searchsorted(np.cumsum(counts), counts.sum() * share / 100))


class _Mask(NamedTuple):
    """Pixels that are ink; whether there are printed lines, and lines too faint to be read."""

    mask: Bool[np.ndarray, "H W"]
    is_printed: bool
    are_lost: bool


def _mask(
    contrast: UInt8[np.ndarray, "H W"], least: int, grain: float, reach: int, *, is_photo: bool
) -> _Mask:
    """Pixels that are ink: half as strong as the strongest close by, and clearly no paper."""
    counts = np.array(Image.fromarray(contrast).histogram())
    noise = max(grain, _noise(counts))
    floor = min(max(least, noise), 255)
    counts[: int(floor) + 1] = 0
    close = spread(contrast, reach)
    around = spread(close, 5)
    edge = _scaled(close, _EDGE)
    relative = np.maximum(edge, _scaled(around, _RINGING))
    printed = printed_level(contrast, max(_MIN_PRINTED, noise))
    if printed is None:
        sure = max(floor, _SURE * _percentile(counts, 75)) if is_photo else floor
        faint = max(min(floor, sure), _FAINT * sure)
        is_sure = contrast > sure if sure > faint else None
        mask = contrast > np.maximum(relative, np.uint8(faint))
    else:
        is_sure = contrast > np.maximum(_scaled(printed, _SURELY_DRAWN), np.uint8(floor))
        mask = contrast > np.maximum(np.maximum(relative, printed), np.uint8(floor))
    if is_sure is not None:
        regions = Regions.of(mask)
        mask = regions.only(regions.having(mask & is_sure))
    are_lost = False
    if printed is None:
        candidates = (floor, (floor + sure) / 2) if is_photo else _FAINT_LEVELS
        faint_lines = find_faint_lines(
            contrast,
            (close, around),
            edge,
            levels=[level for level in candidates if noise <= level < sure],
            sure=sure,
            width=rough_width(mask),
            is_photo=is_photo,
        )
        are_lost = faint_lines.are_lost
        if faint_lines.mask is not None:
            mask |= faint_lines.mask
    share = np.count_nonzero(mask) / mask.size
    if share == 0:
        got = "nothing but paper" if is_photo else "one even colour"
        raise DrawingError("a picture must show lines", got=got, do=_DO)
    if share > _MAX_INK:
        raise DrawingError(
            "a picture must show lines, not areas", got=f"{share:.0%} covered", do=_DO
        )
    return _Mask(mask, printed is not None, are_lost)


def _grain_size(ink: Bool[np.ndarray, "H W"], width: float, max_notches: float) -> int:
    """How many pixels the grain of pencil, crayon or chalk is large; 0 if edges are smooth.

    A pixel of paper with ink on three sides or four is a notch; smooth lines have hardly any. Where
    a grain is larger than a pixel, ink is as far on these sides as a grain is large.

    Args:
        ink: (H, W).
        width: Of lines, in pixels.
        max_notches: Of the pixels at the edge of ink, the share up to which edges are smooth.
    """
    size = math.ceil(_COARSE * width)
    if 1 < size < min(ink.shape) / 2:
        holes = np.count_nonzero((_inked_sides(ink, size) >= 3) & ~ink[size:-size, size:-size])
        if holes > _MAX_HOLES * np.count_nonzero(ink):
            return size
    beside = _inked_sides(ink, 1)
    inner = ink[1:-1, 1:-1]
    notches = np.count_nonzero((beside >= 3) & ~inner)
    return int(notches > max_notches * np.count_nonzero((beside < 4) & (beside > 0) & inner))


def _inked_sides(ink: Bool[np.ndarray, "H W"], reach: int) -> UInt8[np.ndarray, "h w"]:
    """On how many of four sides of each pixel there is ink, so many pixels away."""
    height, width = (side - 2 * reach for side in ink.shape)
    values, far = ink.view(np.uint8), 2 * reach
    beside = values[:height, reach:-reach] + values[far:, reach:-reach]
    beside += values[reach:-reach, :width]
    beside += values[reach:-reach, far:]
    return beside


def _scaled(values: UInt8[np.ndarray, "H W"], share: float) -> UInt8[np.ndarray, "H W"]:
    table = [int(share * value) for value in range(256)]
    return np.asarray(Image.fromarray(values).point(table), np.uint8)


def _sized(mask: Bool[np.ndarray, "H W"], shape: tuple[int, ...]) -> Bool[np.ndarray, "h w"]:
    small = Image.fromarray(mask).resize((shape[1], shape[0]), Image.Resampling.NEAREST)
    return np.asarray(small)
