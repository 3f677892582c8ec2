"""Reading a drawing from SVG: visible lines become strokes.

Stages: XML -> shapes with their styles, clipped -> visible parts of their lines -> centre lines of
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
from sketch_pix2seq.io.paper import MAX_PAPER, hex_colours
from sketch_pix2seq.io.svg.areas import Area, Shape, clipped
from sketch_pix2seq.io.svg.colours import RGB
from sketch_pix2seq.io.svg.lines import Stroke, drawn_once, join_ends, thinned
from sketch_pix2seq.io.svg.painting import fills_page, visible_parts
from sketch_pix2seq.io.svg.path import LARGEST
from sketch_pix2seq.io.svg.pen_lines import find_pen_lines
from sketch_pix2seq.io.svg.walk import BORDER, SvgWalk
from sketch_pix2seq.io.svg.xml import parse_svg
from sketch_pix2seq.sketch.geometry import bounds
from sketch_pix2seq.sketch.sketch import Frame, Sketch

MAX_SVG_BYTES = 24_000_000
"""The largest SVG file that is read."""

_FARTHEST = 10_000.0  # sizes of the page: shapes farther off are left out
_SLACK = 0.02  # of a page: lines that lie farther outside are not on it
_MIN_PAGE = 1e-9  # the shorter side of a page
_EDGE_WIDTH = 4e-3  # of the drawing's longest side, at most: an area's edge has no pen
_THINNEST = 5e-4  # of a page's longest side
_MAX_PENS = 24
_GREY = 24  # steps of 255 by which the colours of a grey pen differ
_LIGHT = 190  # steps of 255: such pens draw on dark paper


def read_svg(data: bytes, *, as_written: bool = False, hidden: bool = False) -> Sketch:
    """Read an SVG document: the sketch is in the document's own units, from its page's corner.

    If all of it lies on a page, this is its frame. Lines of several colours, or of one that is not
    grey, have these.

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
    with np.errstate(over="ignore", invalid="ignore"):  # points too far away are refused
        shapes = _within_reach(walk, list(walk.shapes()))
    strokes = _strokes(walk, shapes, walk.paper or (255, 255, 255), as_written, hidden)
    if not strokes and walk.paper is None:
        strokes = _strokes(walk, shapes, (0, 0, 0), as_written, hidden)  # white lines alone
    left_out = walk.left_out()
    if not strokes:
        do = "Texts and pictures are not read." if left_out is None else f"Left out: {left_out}."
        raise DrawingError("an SVG must show a line", got="nothing visible", do=do)
    points, frame = _on_page(strokes, walk.page(), walk.size_mm())
    if _num_pens(strokes) > _MAX_PENS:
        pens = f"the colours of {_num_pens(strokes)} pens: {_MAX_PENS} at most"
        left_out = pens if left_out is None else f"{left_out}; {pens}"
    return Sketch(points, left_out=left_out, frame=frame, colours=_colours(strokes))


def _within_reach(walk: SvgWalk, shapes: list[Shape]) -> list[Shape]:
    """Leave out shapes that lie absurdly far from the others, beside which nothing is visible."""
    page = walk.page()
    farthest = np.array([0.0 if walk.is_ground(shape) else _farthest(shape) for shape in shapes])
    reach = _FARTHEST * max(np.abs(page).max(), 1e-300) if page else LARGEST
    if not (farthest < reach).any():  # the page is wrong
        reach = LARGEST
    near = farthest < min(reach, LARGEST)
    if not near.all():
        walk.leave_out("shape too far from the page", int((~near).sum()))
    return [shape for shape, is_near in zip(shapes, near, strict=True) if is_near]


def _farthest(shape: Shape) -> float:
    """The largest coordinate of a shape."""
    parts = [*(line.points for line in shape.lines), *shape.area.rings]
    return max((float(np.abs(points).max()) for points in parts), default=0.0)


def _strokes(
    walk: SvgWalk, shapes: list[Shape], paper: RGB, as_written: bool, hidden: bool
) -> list[Stroke]:
    """Make strokes of the visible parts of shapes."""
    as_written |= walk.is_whole
    shapes = [replace(shape) for shape in shapes]
    if not as_written:
        areas = (shape for shape in shapes if shape.stroke is None and shape.fill is not None)
        find_pen_lines(area for area in areas if not walk.is_ground(area))
    grounds = [shape for shape in shapes if walk.is_ground(shape)]
    page = walk.page()
    is_page = page is not None and min(page[2:]) > _MIN_PAGE and max(page[2:]) < LARGEST
    if page is not None and is_page and not grounds and fills_page(shapes, page, paper):
        _end_at_page(shapes, page)
    parts = visible_parts(shapes, paper, grounds=grounds, hidden=hidden)
    lines = [line for part in parts for line in part]
    owner = [number for number, part in enumerate(parts) for _ in part]
    x0, y0, x1, y1 = bounds([line.points for line in lines]) or (0.0, 0.0, 0.0, 0.0)
    edge_width = _EDGE_WIDTH * max(x1 - x0, y1 - y0)
    strokes = []
    for line, number in zip(thinned(lines), owner, strict=True):
        shape = shapes[number]
        is_of_pen = shape.stroke is not None or shape.edges
        width = shape.width if is_of_pen else min(shape.width, edge_width)
        strokes.append(Stroke(_without_repeats(line), shape.line_rgb, width, number))
    return strokes if as_written or not strokes else join_ends(drawn_once(strokes))


def _end_at_page(shapes: list[Shape], page: tuple[float, float, float, float]) -> None:
    """Leave out edges of areas where these go on beyond the page."""
    left, top, width, height = page
    slack = BORDER * max(width, height)
    low, high = (left + slack, top + slack), (left + width - slack, top + height - slack)
    corners = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
    for shape in shapes:
        if shape.fill is not None and shape.stroke is None:
            shape.lines = clipped(shape.lines, [[Area([corners])]])


def _on_page(
    strokes: list[Stroke], page: tuple[float, float, float, float] | None, size_mm: float | None
) -> tuple[tuple[np.ndarray, ...], Frame | None]:
    """Points from the page's corner, and the page, if all of them lie on it."""
    points = [stroke.points for stroke in strokes]
    if page is None:
        return tuple(line.astype(np.float32) for line in points), None
    left, top, width, height = page
    moved = [(line - (left, top)).astype(np.float32) for line in points]
    x0, y0, x1, y1 = bounds(moved) or (0.0, 0.0, 0.0, 0.0)
    slack = _SLACK * max(width, height)
    is_on_page = min(x0, y0) >= -slack and x1 <= width + slack and y1 <= height + slack
    pen = float(np.median([stroke.width for stroke in strokes]))
    longest = max(width, height)
    if not is_on_page or longest > MAX_PAPER or min(width, height) < _MIN_PAGE:
        return tuple(moved), None
    line_width = min(max(pen, _THINNEST * longest), longest)
    size_mm = size_mm if size_mm and 0 < size_mm <= MAX_PAPER else None
    return tuple(moved), Frame(width, height, line_width, size_mm)


def _colours(strokes: list[Stroke]) -> tuple[str, ...] | None:
    """The colours of pens, if there are few and not just greys."""
    pens = np.array([stroke.colour for stroke in strokes])
    if _num_pens(strokes) > _MAX_PENS or np.ptp(pens, axis=1).max() < _GREY:
        return None
    return tuple(hex_colours(pens / 255, is_light=bool(np.median(pens.mean(axis=1)) > _LIGHT)))


def _num_pens(strokes: list[Stroke]) -> int:
    return len({tuple(stroke.colour) for stroke in strokes})


def _without_repeats(stroke: Float[np.ndarray, "P 2"]) -> Float[np.ndarray, "Q 2"]:
    """Leave out points that repeat the one before; a dot stays one point."""
    is_new = np.ones(len(stroke), bool)
    is_new[1:] = (stroke[1:].astype(np.float32) != stroke[:-1].astype(np.float32)).any(axis=1)
    return stroke[is_new]
