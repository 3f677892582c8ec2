"""How far the lines of two drawings are apart, measured on their pictures.

Shape letters: N pairs, H, W sides of the pictures.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.sketch.geometry import Drawing, strokes_of
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise

FARTHEST = 12
"""Pixels: ink that is farther from any of the other picture counts as being so far away."""
_INKY = 0.15  # from here on a pixel holds a line; of a dot each of four pixels holds 0.2


def line_distances(
    first: Float32[np.ndarray, "N H W"], second: Float32[np.ndarray, "N H W"]
) -> Float32[np.ndarray, " N"]:
    """Mean distance, in pixels, between the ink of two pictures, averaged over both directions.

    *Convention*: 1 = ink. A picture without ink is `FARTHEST` from every other one.

    Source: the chamfer distance of Barrow et al. (1977), made symmetric.

    Example:
        >>> pictures = np.zeros((2, 9, 9), np.float32)
        >>> pictures[0, 2], pictures[1, 5] = 1, 1
        >>> line_distances(pictures[:1], pictures[1:]).tolist()
        [3.0]
    """
    forward = _mean(first, _to_ink(second))
    return np.asarray((forward + _mean(second, _to_ink(first))) / 2)


def percent_apart(first: Drawing, second: Drawing) -> float:
    """How far the lines of two drawings are apart, in % of the side; see `Sketch.distance_to`."""
    side = 10 * FARTHEST  # pixels
    settings = RasterSettings(size=side + 4)
    pictures = np.zeros((2, 1, side + 4, side + 4), np.float32)
    for picture, drawing in zip(pictures, (first, second), strict=True):
        if len(strokes := strokes_of(drawing)):
            picture[0] = rasterise(strokes, settings)
    return float(100 / side * line_distances(*pictures)[0])


def _mean(
    ink: Float32[np.ndarray, "N H W"], distance: Float32[np.ndarray, "N H W"]
) -> Float32[np.ndarray, " N"]:
    ink = np.where(ink > _INKY, ink, 0)
    total = ink.sum(axis=(1, 2))
    mean = (ink * distance).sum(axis=(1, 2)) / np.maximum(total, 1e-6)
    return np.where(total > 0, mean, np.float32(FARTHEST))


def _to_ink(pictures: Float32[np.ndarray, "N H W"]) -> Float32[np.ndarray, "N H W"]:
    """Distance of each pixel to the nearest ink, exact up to `FARTHEST`.

    Source: Felzenszwalb and Huttenlocher (2012): the squared distance transform is separable.
    """
    limit = np.float32(FARTHEST * FARTHEST)
    squared = np.where(pictures > _INKY, np.float32(0), limit)
    for axis in (1, 2):
        padding = [(0, 0)] * 3
        padding[axis] = (FARTHEST, FARTHEST)
        padded = np.pad(squared, padding, constant_values=limit)
        for shift in range(2 * FARTHEST + 1):
            at = [slice(None)] * 3
            at[axis] = slice(shift, shift + pictures.shape[axis])
            away = np.float32((shift - FARTHEST) ** 2)
            np.minimum(squared, padded[tuple(at)] + away, out=squared)
    return np.sqrt(squared)
