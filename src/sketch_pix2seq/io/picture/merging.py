"""Making one line of several that are drawn over each other or closely side by side.

The strokes become ink again, gaps between them that are narrower than a few lines are filled up,
and the middle of that is traced: as in a rough sketch where a person went over a line often.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from sketch_pix2seq.io.picture.centre_lines import centre_on_ink
from sketch_pix2seq.io.picture.morphology import edge_distance
from sketch_pix2seq.io.picture.regions import Regions
from sketch_pix2seq.io.picture.thinning import thin
from sketch_pix2seq.io.picture.tracing import walk_lines
from sketch_pix2seq.sketch.geometry import fit
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise
from sketch_pix2seq.sketch.simplify import simplify
from sketch_pix2seq.sketch.sketch import Sketch

_PIXELS = 4.0  # to the width of a line
_MAX_PIXELS = 3000  # of the longest side
_MIN_PIXELS = 1.5  # to the width of a line: a thinner one may cover no pixel by half
_LINE_WIDTH = 1 / 96  # of the longest side: of drawings without a frame
_REACH = 0.75  # widths: paper between two lines that is narrower than twice this is filled
_HOLE = 8.0  # of a width squared: smaller holes in what is filled are as well
_SMOOTH = 0.6  # of a width: deviation of the weights in smoothing lines
_TOLERANCE = 0.1  # of a width, for leaving out points


def merged(sketch: Sketch) -> Sketch:
    """Make one line of those that lie over each other or closely side by side, of each pen.

    Two lines are one where the paper between them is narrower than 1.5 lines. Strokes are found
    anew: they begin and end where traced lines do.
    """
    if sketch.bounds is None:
        return sketch
    left, top, right, bottom = sketch.bounds
    longest = max(right - left, bottom - top)
    width = sketch.frame.line_width if sketch.frame else longest * _LINE_WIDTH
    if longest < width:
        return sketch
    pens: tuple[str | None, ...] = sketch.colours or (None,) * len(sketch.strokes)
    strokes: list[np.ndarray] = []
    colours: list[str] = []
    for pen in dict.fromkeys(pens):
        pairs = zip(sketch.strokes, pens, strict=True)
        traced = _merged([stroke for stroke, colour in pairs if colour == pen], width)
        strokes += traced
        colours += [pen] * len(traced) if pen else []
    return replace(sketch, strokes=tuple(strokes), colours=tuple(colours) or None)


def _merged(strokes: list[np.ndarray], width: float) -> list[np.ndarray]:
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    longest = max(float((high - low).max()), width)
    scale = min(_PIXELS / width, _MAX_PIXELS / longest)
    line = max(width * scale, _MIN_PIXELS)
    margin = np.ceil((_REACH + 1) * line) + 2
    size = int(np.ceil(longest * scale + 2 * margin))
    margin = (size - longest * scale) / 2
    settings = RasterSettings(size=size, margin=margin, line_width=line)
    ink = _filled(rasterise(strokes, settings) > 0.5, line)
    lines = walk_lines(np.where(thin(ink), edge_distance(ink), np.float32(0)))
    traced = centre_on_ink(
        [traced_line.points for traced_line in lines],
        [traced_line.radii for traced_line in lines],
        ink.astype(np.float32),
        _SMOOTH * line,
    )
    fitted, middle = fit(low, high, size, margin)
    return [
        ((stroke - size / 2) / fitted + middle).astype(np.float32)
        for stroke in simplify(traced, max(_TOLERANCE * line, 0.5))
    ]


def _filled(ink: Bool[np.ndarray, "H W"], line: float) -> Bool[np.ndarray, "H W"]:
    """Fill up narrow gaps in ink, and small holes."""
    reach = _REACH * line
    farthest = int(reach) + 1  # farther off, distances do not matter, and take long
    near = edge_distance(~ink, farthest) <= reach
    filled = ink | (edge_distance(near, farthest) > reach)
    holes = Regions.of(~filled)
    filled |= holes.only(holes.areas < _HOLE * line**2)
    return filled
