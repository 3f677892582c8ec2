"""The grain of the paper in a photo: coarse paper, and the noise of a picture of little light.

Where it is rough, some of it is as dark as a faint line. `paper_grain.js` has the same.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageChops, ImageFilter

_SAMPLES = 8  # along each side of a block, every fourth pixel
_BLOCK = 4 * _SAMPLES
_APART = 3  # pixels, so far that the grain of one says nothing of that of the other
_PAPER = 0.3  # of a block's pixels are paper at least, beside paper: between printed lines too
_LEAST_APART = 0.269  # mean of that share of differences, the smallest, if the deviation is 1
_REACH = 6.0  # standard deviations that the grain reaches
_HARMLESS = 28.0  # steps of 255 that it may reach anywhere
_PER_STEP = 8


def even_grain(
    contrast: UInt8[np.ndarray, "H W"], darker: UInt8[np.ndarray, "H W"]
) -> tuple[UInt8[np.ndarray, "H W"], float]:
    """Lessen contrast where the grain is rougher than elsewhere, as in the dark part of a photo.

    Args:
        contrast: To the paper; 255 for the most.
        darker: How much darker than the paper each pixel is, of which the grain is measured.

    Returns:
        The contrast, and how much of it the grain reaches.
    """
    height, width = contrast.shape
    if min(height, width) < _BLOCK:
        return contrast, 0.0
    grain = Image.fromarray(_grain(darker)).filter(ImageFilter.MedianFilter(5))
    reached = np.asarray(grain, np.float32) * (_REACH / _PER_STEP)
    usual = float(np.percentile(reached, 25, method="lower"))
    harmless = max(usual, _HARMLESS)
    if reached.max() <= harmless:
        return contrast, usual
    shares = Image.fromarray((255 * harmless / np.maximum(reached, harmless)).astype(np.uint8))
    box = (0, 0, min(width / _BLOCK, shares.width), min(height / _BLOCK, shares.height))
    shares = shares.resize((width, height), Image.Resampling.BILINEAR, box=box)
    return np.array(ImageChops.multiply(Image.fromarray(contrast), shares)), usual


def _grain(darker: UInt8[np.ndarray, "H W"]) -> UInt8[np.ndarray, "h w"]:
    """Standard deviation of each block's grain, in eighths of a step."""
    height, width = (side // _BLOCK * _BLOCK for side in darker.shape)
    values = darker[:height, :width].astype(np.int16)
    here, least = values[::4, ::4], []
    for there in (values[::4, _APART::4], values[_APART::4, ::4]):
        apart = np.abs(here - there).reshape(height // _BLOCK, _SAMPLES, width // _BLOCK, _SAMPLES)
        each = apart.swapaxes(1, 2).reshape(height // _BLOCK, width // _BLOCK, _SAMPLES**2)
        count = int(_PAPER * _SAMPLES**2)
        least.append(np.partition(each, count, axis=-1)[..., :count].mean(axis=-1))
    deviation = np.minimum(*least) * (_PER_STEP / _LEAST_APART)
    return np.asarray(np.minimum(deviation, 255), np.uint8)
