"""Writing a drawing as SVG: one clean path per stroke. Formats SVG text only."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

import numpy as np
from jaxtyping import Float

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.io.animation import animated_style
from sketch_pix2seq.sketch.curves import curves_of
from sketch_pix2seq.sketch.geometry import Drawing, bounds, fit, strokes_of
from sketch_pix2seq.sketch.sketch import Frame

WHOLE_STROKES = "data-strokes"
"""Attribute of an `svg` each path of which is one stroke, not to be joined with another."""

_MAX_SIZE = 100_000


def to_svg(
    drawing: Drawing,
    *,
    size: float | None = None,
    margin: float | None = None,
    line_width: float | None = None,
    colour: str = "#111111",
    frame: Frame | None = None,
    title: str | None = None,
    curves: bool = False,
    animate: bool = False,
    size_mm: float | None = None,
) -> str:
    """Write a drawing as an SVG picture, a path for each stroke, in the order drawn.

    The picture is a square into which the drawing is fitted, or the frame in which it lies. Args
    as of `Sketch.to_svg`; `title` says what the picture shows. A one-point stroke is a dot.

    Raises:
        UsageError: If a number is out of its range.

    Example:
        >>> svg = to_svg([np.array([[0, 0], [10, 5]])], size=48, margin=4)
        >>> '<path d="M4 14L44 34"/>' in svg
        True
    """
    if frame is not None:
        size, margin = max(frame.width, frame.height), 0.0
        line_width = frame.line_width if line_width is None else line_width
    size = 256.0 if size is None else size
    margin = size / 24 if margin is None else margin
    line_width = size / 96 if line_width is None else line_width
    if not 0 < size <= _MAX_SIZE or not 0 <= 2 * margin < size or not 0 < line_width <= size:
        raise UsageError(
            f"`size` must be up to {_MAX_SIZE}, `margin` below its half, `line_width` up to it",
            got=f"{size}, {margin}, {line_width}",
        )
    if size_mm is not None and not 0 < size_mm <= _MAX_SIZE:
        raise UsageError(f"`size_mm` must be above 0 and up to {_MAX_SIZE}", got=size_mm)
    sides = (size, size) if frame is None else (frame.width, frame.height)
    width, height = map(number, sides)
    shown = [
        number(side) if size_mm is None else f"{number(side * size_mm / size)}mm" for side in sides
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{shown[0]}" height="{shown[1]}"'
        f' viewBox="0 0 {width} {height}" {WHOLE_STROKES}="whole">'
        + ("" if title is None else f"<title>{escape(title)}</title>")
        + drawing_group(
            drawing,
            size,
            margin,
            line_width,
            colour,
            curves=curves,
            animate=animate,
            is_placed=frame is not None,
        )
        + "</svg>\n"
    )


def drawing_group(
    drawing: Drawing,
    size: float,
    margin: float,
    line_width: float,
    colour: str,
    origin: tuple[float, float] = (0.0, 0.0),
    *,
    curves: bool = False,
    animate: bool = False,
    is_placed: bool = False,
) -> str:
    """Write a drawing, fitted into a square, as an SVG group; empty text for an empty drawing.

    Args:
        drawing: A `Sketch` or its strokes.
        size: Side of the square.
        margin: Pixels kept between the points and each edge of the square.
        line_width: Width in pixels.
        colour: Any CSS colour.
        origin: Upper left corner of the square.
        curves: Draw curves instead of straight lines, as `curves_of` finds them.
        animate: Let the strokes appear one after the other.
        is_placed: Leave it where it lies instead.

    Example:
        >>> drawing_group([np.zeros((1, 2))], 10, 1, 1, "black")[-22:]
        '<path d="M5 5h0"/></g>'
    """
    strokes = strokes_of(drawing)
    box = bounds(strokes)
    if box is None:
        return ""
    scale, middle = fit(np.array(box[:2]), np.array(box[2:]), size, margin)
    shift = np.asarray(origin) + size / 2
    if is_placed:
        scale, shift = np.ones(1), middle
    lines = [np.asarray(stroke, np.float64) for stroke in strokes]
    paths = [path_data((line - middle) * scale + shift) for line in lines]
    if curves:
        paths = [
            curve_data((some - middle) * scale + shift) if len(some) else path
            for some, path in zip(curves_of(drawing), paths, strict=True)
        ]
    elements = (
        animated_style(strokes, paths)
        if animate
        else "".join(f'<path d="{path}"/>' for path in paths)
    )
    return (
        f'<g fill="none" stroke={quoteattr(colour)} stroke-width="{number(line_width)}"'
        ' stroke-linecap="round" stroke-linejoin="round">' + elements + "</g>"
    )


def path_data(points: Float[np.ndarray, "P 2"]) -> str:
    """Write one stroke as SVG path data, rounded to hundredths of a pixel.

    A dot is a line of no length, which round caps make visible.

    Example:
        >>> path_data(np.array([[1.0, 2.5], [3.0, 4.126]]))
        'M1 2.5L3 4.13'
    """
    pairs = [f"{number(x)} {number(y)}" for x, y in points.tolist()]
    return f"M{pairs[0]}h0" if len(pairs) == 1 else "M" + "L".join(pairs)


def curve_data(curves: Float[np.ndarray, "C 4 2"]) -> str:
    """Write the curves of one stroke, C >= 1, as SVG path data, rounded to hundredths of a pixel.

    Example:
        >>> curve_data(np.array([[[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]]))
        'M0 0C1 0 2 0 3 0'
    """
    steps = ("C" + " ".join(map(number, curve)) for curve in curves[:, 1:].reshape(-1, 6).tolist())
    return path_data(curves[0, :1]).removesuffix("h0") + "".join(steps)


def number(value: float) -> str:
    """Write a number with at most two decimals and no idle zeros.

    Example:
        >>> number(48.0), number(0.125), number(-0.001)
        ('48', '0.12', '0')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
