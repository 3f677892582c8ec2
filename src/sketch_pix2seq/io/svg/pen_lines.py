"""Lines of a pen that an SVG holds as areas: digital ink, expanded strokes, what tracers write."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from jaxtyping import Bool

from sketch_pix2seq.io.picture.picture_in import lines_of_ink
from sketch_pix2seq.io.picture.regions import Regions
from sketch_pix2seq.io.picture.thinning import thin
from sketch_pix2seq.io.svg.areas import Shape
from sketch_pix2seq.io.svg.lines import Polyline
from sketch_pix2seq.io.svg.painting import PixelGrid

_PIXELS = 7  # that the line of a pen is wide, in the picture it is found in
_SIDE = 2_500
_ROUGH = 300  # pixels of the longest side in which the width is first estimated
_LENGTH = 16.0  # times its width: a shorter area is a shape
_SLIM = 10.0  # times as large as its width is an area that holds such a line
_BLOB = 0.7  # widths: where a disc of this radius fits in, it is no line
_MIN_EXTENT = 1e-9  # of an area in which lines of a pen are searched
_BLOBS = 0.03  # share of an area that may be such
_MAX_PIXELS = 200_000_000  # of all pictures that lines are found in; half a minute


def find_pen_lines(shapes: Iterable[Shape]) -> None:
    """Replace the outlines of areas that are lines of a pen by their centre lines.

    The first ones, until the pictures that they are found in have so many pixels together.
    """
    remaining = _MAX_PIXELS
    for shape in shapes:
        if remaining <= 0:
            break
        found, num_pixels = _pen_lines(shape)
        remaining -= num_pixels
        if found is not None:
            shape.edges = shape.lines
            shape.lines, shape.width = found


def _pen_lines(shape: Shape) -> tuple[tuple[list[Polyline], float] | None, int]:
    """Find the centre lines of an area that is a line drawn by a pen, and its width.

    It is one if it is sixteen times as long as wide, and nowhere much wider than usual: digital
    ink, expanded strokes, rings, what tracing programs write. Parts of an area are measured one
    by one; what is wider than a line keeps its outline.

    Returns:
        These, None if no part of the area is a line; and the pixels of the picture that it took.
    """
    starts, ends = shape.area.edges()
    if len(starts) < 3:
        return None, 0
    around = float(np.hypot(*(ends - starts).T).sum())
    extent = float((starts.max(axis=0) - starts.min(axis=0)).max())
    if extent < _MIN_EXTENT:
        return None, 0
    rough, scale = _ink(shape, _ROUGH / extent)
    width = 2 * rough.sum() / scale**2 / max(around, 1e-300)
    if width <= 0 or around < 2 * _LENGTH * width or extent > _SIDE / 3 * width:
        return None, 0
    ink, scale = _ink(shape, min(_PIXELS / width, _SIDE / extent))
    corner = starts.min(axis=0) - 2 / scale
    regions = Regions.of(ink)
    skeleton = thin(ink)
    lengths = np.bincount(regions.labels[skeleton], minlength=len(regions.areas)).clip(1)
    usual = float(ink.sum() / lengths.sum())
    blobs = np.bincount(regions.labels[_eroded(ink, _BLOB * usual)], minlength=len(regions.areas))
    # ends of lines were thinned away, half a width each
    is_line = (blobs <= _BLOBS * regions.areas) & (lengths**2 >= (_LENGTH - 1) * regions.areas)
    if not is_line.any() or max(ink.shape) < _SLIM * usual:
        return None, ink.size
    strokes = lines_of_ink(regions.only(is_line), is_clean=True).strokes
    middles = [stroke / scale + corner for stroke in strokes]
    lines = [Polyline(middle, np.ones(len(middle), bool)) for middle in middles]
    others = regions.only(~is_line)
    for line in shape.lines if others.any() else ():
        column, row = ((line.points[0] - corner) * scale).astype(int)
        if others[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].any():
            lines.append(line)
    return (lines, usual / scale), ink.size


def _ink(shape: Shape, scale: float) -> tuple[Bool[np.ndarray, "H W"], float]:
    """Fill the area of a shape, with two pixels around it; also return the scale."""
    points, _ = shape.area.edges()
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = (np.ceil((high - low) * scale) + 4).astype(int).tolist()
    window, inside = PixelGrid(low - 2 / scale, scale, (height, width)).clipped_mask(shape)
    ink = np.zeros((height, width), bool)
    ink[window] = inside
    return ink, scale


def _eroded(ink: Bool[np.ndarray, "H W"], radius: float) -> Bool[np.ndarray, "H W"]:
    """Erode ink, in steps that make an octagon."""
    eroded = np.pad(ink, 1)
    for number in range(max(round(radius), 1)):
        inner = eroded.copy()
        inner[1:] &= eroded[:-1]
        inner[:-1] &= eroded[1:]
        if number % 2:
            eroded, inner = inner, inner.copy()
        inner[:, 1:] &= eroded[:, :-1]
        inner[:, :-1] &= eroded[:, 1:]
        eroded = inner
    return eroded[1:-1, 1:-1]
