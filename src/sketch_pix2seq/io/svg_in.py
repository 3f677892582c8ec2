"""Reading a drawing from SVG: what would be seen as lines becomes strokes.

The way: XML -> shapes with their styles, clipped -> what of their lines is seen -> centre lines of
pens -> lines drawn twice and lines in pieces made one. Lines keep their points, curves become as
few points as a five-hundredth of the drawing's size allows; an area without a line gives its
outline, or, where it is the line of a pen, its centre line. Texts and embedded pictures are left
out.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.svg_areas import Shape, pen_lines, seen_parts
from sketch_pix2seq.io.svg_lines import Stroke, drawn_once, joined, thinned
from sketch_pix2seq.io.svg_style import RGB
from sketch_pix2seq.io.svg_walk import SvgWalk
from sketch_pix2seq.io.svg_xml import parse_svg
from sketch_pix2seq.sketch.sketch import Sketch

MAX_SVG_BYTES = 24_000_000
"""The largest SVG file that is read."""

_MAX_PEN_AREAS = 3_000


def read_svg(data: bytes, *, as_written: bool = False, hidden: bool = False) -> Sketch:
    """Read an SVG document: the sketch is in the document's own units.

    Args:
        data: The document.
        as_written: Keep every line as it is written: the outlines of lines that are written as
            areas, lines drawn twice, lines in pieces.
        hidden: Keep lines that areas cover.

    Raises:
        DrawingError: If it is no SVG, too large, unsafe, or shows no line.

    Example:
        >>> read_svg(b'<svg><path d="M0 0L3 4" stroke="black"/></svg>').bounds
        (0.0, 0.0, 3.0, 4.0)
    """
    if len(data) > MAX_SVG_BYTES:
        raise DrawingError(
            f"an SVG must have at most {MAX_SVG_BYTES} bytes",
            got=f"{len(data)} bytes",
            do="Leave out embedded pictures and details.",
        )
    walk = SvgWalk(parse_svg(data))
    shapes = list(walk.shapes())
    strokes = _strokes(walk, shapes, walk.paper or (255, 255, 255), as_written, hidden)
    if not strokes and walk.paper is None:
        strokes = _strokes(walk, shapes, (0, 0, 0), as_written, hidden)  # white lines alone
    left_out = walk.left_out()
    if not strokes:
        do = "Texts and pictures are not read." if left_out is None else f"Left out: {left_out}."
        raise DrawingError("an SVG must show a line", got="nothing visible", do=do)
    return Sketch(tuple(strokes), left_out=left_out)


def _strokes(
    walk: SvgWalk, shapes: list[Shape], paper: RGB, as_written: bool, hidden: bool
) -> list[np.ndarray]:
    """Make strokes of what is seen of the shapes."""
    as_written |= walk.is_whole
    shapes = [replace(shape) for shape in shapes]
    if not as_written:
        _find_pen_lines(walk, shapes)
    grounds = [shape for shape in shapes if walk.is_ground(shape)]
    parts = seen_parts(shapes, paper, grounds=grounds, hidden=hidden)
    lines = [line for part in parts for line in part]
    points = [_without_repeats(line) for line in thinned(lines)]
    if as_written or not points:
        return [line.astype(np.float32) for line in points]
    owner = [number for number, part in enumerate(parts) for _ in part]
    strokes = [
        Stroke(line, shapes[number].line_rgb, shapes[number].width, number)
        for line, number in zip(points, owner, strict=True)
    ]
    return [stroke.points.astype(np.float32) for stroke in joined(drawn_once(strokes))]


def _find_pen_lines(walk: SvgWalk, shapes: list[Shape]) -> None:
    """Replace the outlines of areas that are lines of a pen by their centre lines."""
    areas_left = _MAX_PEN_AREAS
    for shape in shapes:
        if shape.stroke is None and shape.fill is not None and not walk.is_ground(shape):
            found = pen_lines(shape) if areas_left else None
            if found is not None:
                shape.edges = shape.lines
                shape.lines, shape.width = found
                areas_left -= 1


def _without_repeats(stroke: Float[np.ndarray, "P 2"]) -> Float[np.ndarray, "Q 2"]:
    """Leave out points that repeat the one before; a dot stays one point."""
    is_new = np.ones(len(stroke), bool)
    is_new[1:] = (stroke[1:].astype(np.float32) != stroke[:-1].astype(np.float32)).any(axis=1)
    kept: Float[np.ndarray, "Q 2"] = stroke[is_new]
    return kept
