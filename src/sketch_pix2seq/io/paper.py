"""The paper of output files: the drawing's position on it, line width, layers."""

from __future__ import annotations

import math
import string
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64, Real

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.sketch.coloured import pens_of, rgb_of
from sketch_pix2seq.sketch.geometry import Drawing, bounds, fit, strokes_of

MM_PER_PIXEL = 25.4 / 96
"""Of CSS pixels, if no real size is asked for."""

MAX_PAPER = 100_000
"""The longest side of paper, in pixels or millimetres."""

SMALLEST_PAPER = 10.0
"""Pixels of the longest side."""

_HUES = (0, 29, 58, 105, 143, 195, 255, 275, 312, 360)  # angles in Oklab, in degrees
_NAMES = (
    *("pink", "red", "orange", "yellow", "green"),
    *("turquoise", "blue", "blue", "purple", "pink"),
)
_GREYS = {0.0: "black", 0.4: "grey", 0.85: "white"}  # by lightness from there


class Paper(NamedTuple):
    """The paper of a file, in pixels, and where a drawing lies on it.

    Args:
        width: Of the paper.
        height: Of the paper.
        line_width: Of lines.
        scale: Pixels to one of the drawing.
        shift: Where the drawing's (0, 0) lies.
        size_mm: Real length of the longest side, if there is one.
    """

    width: float
    height: float
    line_width: float
    scale: float
    shift: Float64[np.ndarray, " 2"]
    size_mm: float | None = None

    def transform(self, points: Real[np.ndarray, "*N 2"]) -> Float64[np.ndarray, "*N 2"]:
        """Points of the drawing in pixels of the paper."""
        return np.asarray(points * np.float64(self.scale) + self.shift)

    @property
    def mm_per_pixel(self) -> float:
        """Millimetres to a pixel; those of CSS if there is no real size."""
        if self.size_mm is None:
            return MM_PER_PIXEL
        return self.size_mm / max(self.width, self.height)


def paper_for(
    drawing: Drawing,
    size: float | None = None,
    margin: float | None = None,
    line_width: float | None = None,
    size_mm: float | None = None,
) -> Paper:
    """Lay a drawing on paper: where it lies in its frame, or fitted into a square.

    A frame that is smaller than `SMALLEST_PAPER` is enlarged by a power of ten, as files hold
    hundredths of a pixel.

    Args:
        drawing: A `Sketch`, which may have a frame, or its strokes.
        size: Width and height in pixels; None: those of the frame, or 256.
        margin: Pixels kept between the points and each edge; None: none in a frame, or a 24th of
            `size`.
        line_width: In pixels; None: that of the frame, or a 96th of `size`.
        size_mm: Real length of the longest side; None: that of the frame, if it has one.

    Raises:
        UsageError: If a number is out of its range.

    Example:
        >>> paper_for([np.array([[0, 0], [10, 5]])], 48, 4).transform(np.array([5.0, 2.5])).tolist()
        [24.0, 24.0]
    """
    frame = getattr(drawing, "frame", None) if size is None and margin is None else None
    if frame is not None:
        size, margin = max(frame.width, frame.height), 0.0
        line_width = frame.line_width if line_width is None else line_width
    size = 256.0 if size is None else size
    margin = size / 24 if margin is None else margin
    line_width = size / 96 if line_width is None else line_width
    if not 0 < size <= MAX_PAPER or not 0 <= 2 * margin < size or not 0 < line_width <= size:
        raise UsageError(
            f"`size` must be up to {MAX_PAPER}, `margin` below its half, `line_width` up to it",
            got=f"{size}, {margin}, {line_width}",
        )
    if size_mm is None and frame is not None:
        size_mm = frame.size_mm
    if size_mm is not None and not 0 < size_mm <= MAX_PAPER:
        raise UsageError(f"`size_mm` must be above 0 and up to {MAX_PAPER}", got=size_mm)
    if frame is not None:
        times = 10.0 ** max(0, math.ceil(math.log10(SMALLEST_PAPER / size)))
        sides = frame.width * times, frame.height * times
        return Paper(*sides, line_width * times, times, np.zeros(2), size_mm)
    box = bounds(strokes_of(drawing)) or (0.0, 0.0, 0.0, 0.0)
    scale, middle = fit(np.array(box[:2]), np.array(box[2:]), size, margin)
    return Paper(size, size, line_width, float(scale), size / 2 - middle * scale, size_mm)


def layers_of(drawing: Drawing) -> list[tuple[str, str, list[int]]]:
    """Group strokes by the colour of their pen, for files that have layers.

    Returns:
        Of each layer, in the order in which pens come: a name, the colour, and which strokes. None
        for a drawing without colours.

    Example:
        >>> from sketch_pix2seq.sketch.sketch import Sketch
        >>> lines = tuple(np.eye(2, dtype=np.float32) for _ in range(3))
        >>> layers_of(Sketch(lines, colours=("#d00000", "#101010", "#d00000")))
        [('red', '#d00000', [0, 2]), ('black', '#101010', [1])]
    """
    pens = pens_of(drawing)
    names = [colour_name(pen) for pen, _ in pens]
    layers = []
    for index, (name, (pen, numbers)) in enumerate(zip(names, pens, strict=True)):
        if names.count(name) > 1:  # no digits: vpype would take them for the layer's number
            name += " " + _letters(names[:index].count(name))
        layers.append((name, pen, numbers))
    return layers


def _letters(number: int) -> str:
    """Letters for a number from 0, as spreadsheets name columns: a to z, aa, ab, ..."""
    tens, unit = divmod(number, len(string.ascii_lowercase))
    return (_letters(tens - 1) if tens else "") + string.ascii_lowercase[unit]


def colour_name(colour: str) -> str:
    """Name a colour #rrggbb in a plain word.

    Example:
        >>> [colour_name(colour) for colour in ("#1b4fc4", "#777777", "#e8c000", "#7a1fa0")]
        ['blue', 'grey', 'yellow', 'purple']
    """
    lightness, a, b = oklab(rgb_of(colour) / 255).tolist()
    if np.hypot(a, b) < 0.04:
        return next(name for least, name in reversed(_GREYS.items()) if lightness >= least)
    hue = np.degrees(np.arctan2(b, a)) % 360
    return _NAMES[int(np.abs(np.array(_HUES) - hue).argmin())]


def hex_colours(
    rgb: Float[np.ndarray, "K 3"], is_light: bool | Bool[np.ndarray, " K"]
) -> list[str]:
    """Write pens' colours, from 0 to 1, as #rrggbb.

    Those that are lighter than the paper become as dark as they were light, in the same hue.

    Example:
        >>> hex_colours(np.array([[1.0, 1.0, 0.5], [0, 0, 1]]), np.array([True, False]))
        ['#808000', '#0000ff']
    """
    dark = rgb + 1 - rgb.max(axis=1, keepdims=True) - rgb.min(axis=1, keepdims=True)
    rgb = np.where(np.reshape(is_light, (-1, 1)), dark, rgb)
    return [
        "#{:02x}{:02x}{:02x}".format(*channels)
        for channels in np.rint(255 * rgb).astype(int).tolist()
    ]


def oklab(rgb: Float[np.ndarray, "*N 3"]) -> Float64[np.ndarray, "*N 3"]:
    """Return lightness, green to red and blue to yellow of sRGB colours from 0 to 1.

    *Source*: B. Ottosson, "A perceptual color space for image processing" (2020).

    Example:
        >>> oklab(np.ones(3)).round(3).tolist()
        [1.0, 0.0, 0.0]
    """
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    cones = linear @ np.array(_CONES).T
    return np.asarray(np.cbrt(cones) @ np.array(_OPPONENTS).T)


_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_OPPONENTS = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
