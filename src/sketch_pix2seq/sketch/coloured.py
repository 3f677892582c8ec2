"""Pictures of drawings in the colours of their pens, on white paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, UInt8

from sketch_pix2seq.sketch.geometry import Drawing, strokes_of
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise_batch


def pens_of(drawing: Drawing) -> list[tuple[str, list[int]]]:
    """Group strokes by the colour of their pen.

    Returns:
        Of each pen, in the order in which they come, its colour and which strokes are drawn with
        it; none for a drawing without colours.

    Example:
        >>> from sketch_pix2seq.sketch.sketch import Sketch
        >>> lines = tuple(np.eye(2, dtype=np.float32) for _ in range(3))
        >>> pens_of(Sketch(lines, colours=("#d00000", "#101010", "#d00000")))
        [('#d00000', [0, 2]), ('#101010', [1])]
    """
    colours: Sequence[str] = getattr(drawing, "colours", None) or ()
    pens: dict[str, list[int]] = {}
    for number, colour in enumerate(colours):
        pens.setdefault(colour, []).append(number)
    return list(pens.items())


def coloured_picture(
    drawing: Drawing, settings: RasterSettings, usual: str = "#000000"
) -> UInt8[np.ndarray, "H W 3"]:
    """Draw a drawing in colours; pens that come later lie over the earlier ones.

    Args:
        drawing: A `Sketch` or its strokes.
        settings: Size, margin and line width.
        usual: Colour #rrggbb of drawings that have none.

    Returns:
        (H, W, 3) sRGB.

    Example:
        >>> dot = [np.zeros((1, 2))]
        >>> coloured_picture(dot, RasterSettings(size=3, margin=0, line_width=3), "#d00000")[1, 1]
        array([208,   0,   0], dtype=uint8)
    """
    strokes = strokes_of(drawing)
    pens = pens_of(drawing) or [(usual, list(range(len(strokes))))]
    parts = [[strokes[number] for number in numbers] for _, numbers in pens]
    inks = rasterise_batch(parts, settings, within=strokes)[:, 0]
    return painted(inks, [pen for pen, _ in pens])


def painted(inks: Float32[np.ndarray, "N H W"], pens: Sequence[str]) -> UInt8[np.ndarray, "H W 3"]:
    """Lay inks over each other on white paper.

    Args:
        inks: (N, H, W), 1 = ink.
        pens: Colour #rrggbb of each.
    """
    picture = np.full((*inks.shape[1:], 3), 255, np.float32)
    for ink, pen in zip(inks, pens, strict=True):
        picture += ink[..., None] * (rgb_of(pen) - picture)
    return np.rint(picture).astype(np.uint8)


def rgb_of(colour: str) -> UInt8[np.ndarray, " 3"]:
    """Red, green and blue of a colour #rrggbb.

    Example:
        >>> rgb_of("#d01000").tolist()
        [208, 16, 0]
    """
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.uint8)
