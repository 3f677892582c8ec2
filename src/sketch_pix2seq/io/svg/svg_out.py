"""Writing a drawing as SVG: one clean path per stroke. Formats SVG text only."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

import numpy as np
from jaxtyping import Float

from sketch_pix2seq.io.animation import animated
from sketch_pix2seq.io.paper import Paper, layers_of, paper_for
from sketch_pix2seq.sketch.coloured import pens_of
from sketch_pix2seq.sketch.curves import curves_of
from sketch_pix2seq.sketch.geometry import Drawing, strokes_of

WHOLE_STROKES = "data-strokes"
"""Attribute of an `svg` each path of which is one stroke, not to be joined with another."""

_INKSCAPE = "http://www.inkscape.org/namespaces/inkscape"


def to_svg(
    drawing: Drawing,
    *,
    size: float | None = None,
    margin: float | None = None,
    line_width: float | None = None,
    colour: str = "#111111",
    title: str | None = None,
    curves: bool = False,
    animate: bool = False,
    size_mm: float | None = None,
) -> str:
    """Write a drawing as an SVG picture, a path for each stroke, in the order drawn.

    The picture is a square into which the drawing is fitted, or the frame in which it lies. A
    drawing of several pens is written pen by pen, a layer for each. Args as of `Sketch.to_svg`;
    `title` says what the picture shows. A one-point stroke is a dot.

    Raises:
        UsageError: If a number is out of its range.

    Example:
        >>> svg = to_svg([np.array([[0, 0], [10, 5]])], size=48, margin=4)
        >>> '<path d="M4 14L44 34"/>' in svg
        True
    """
    paper = paper_for(drawing, size, margin, line_width, size_mm)
    sides = (paper.width, paper.height)
    mm = paper.mm_per_pixel
    lengths = [
        number(side) if paper.size_mm is None else f"{number(side * mm)}mm" for side in sides
    ]
    width, height = map(number, sides)
    has_layers = bool(layers_of(drawing))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{lengths[0]}" height="{lengths[1]}"'
        f' viewBox="0 0 {width} {height}" {WHOLE_STROKES}="whole"'
        + (f' xmlns:inkscape="{_INKSCAPE}">' if has_layers else ">")
        + ("" if title is None else f"<title>{escaped(title)}</title>")
        + _group(drawing, paper, colour, curves=curves, animate=animate)
        + "</svg>\n"
    )


def escaped(text: str) -> str:
    r"""A text as XML, without control characters, which it cannot hold.

    Example:
        >>> escaped("a < b\x07")
        'a &lt; b '
    """
    return escape("".join(letter if letter.isprintable() else " " for letter in text))


def drawing_group(
    drawing: Drawing,
    size: float,
    margin: float,
    line_width: float,
    colour: str,
    origin: tuple[float, float] = (0.0, 0.0),
) -> str:
    """Write a drawing, fitted into a square, as SVG groups; empty text for an empty drawing.

    Args:
        drawing: A `Sketch` or its strokes.
        size: Side of the square.
        margin: Pixels kept between the points and each edge of the square.
        line_width: Width in pixels.
        colour: Any CSS colour; those of pens, if they are known, go before it.
        origin: Upper left corner of the square.

    Example:
        >>> drawing_group([np.zeros((1, 2))], 10, 1, 1, "black")[-22:]
        '<path d="M5 5h0"/></g>'
    """
    strokes = strokes_of(drawing)
    paper = paper_for(strokes, size, margin, line_width)
    paper = paper._replace(shift=paper.shift + np.asarray(origin))
    pens = pens_of(drawing) or [(colour, list(range(len(strokes))))]
    return "".join(_group([strokes[k] for k in numbers], paper, pen) for pen, numbers in pens)


def _group(
    drawing: Drawing, paper: Paper, colour: str, *, curves: bool = False, animate: bool = False
) -> str:
    strokes = strokes_of(drawing)
    if not len(strokes):
        return ""
    paths = [path_data(paper.transform(stroke)) for stroke in strokes]
    if curves:
        paths = [
            curve_data(paper.transform(some)) if len(some) else path
            for some, path in zip(curves_of(drawing), paths, strict=True)
        ]
    style = ""
    elements = [f'<path d="{path}"/>' for path in paths]
    if animate:
        style, elements = animated(strokes, paths)
    look = (
        f' stroke-width="{number(paper.line_width)}" stroke-linecap="round"'
        ' stroke-linejoin="round">'
    )
    if not (layers := layers_of(drawing)):
        return f'<g fill="none" stroke={quoteattr(colour)}{look}{style}{"".join(elements)}</g>'
    return style + "".join(
        f'<g inkscape:groupmode="layer" inkscape:label="{name}" fill="none" stroke="{pen}"{look}'
        + "".join(elements[index] for index in some)
        + "</g>"
        for name, pen, some in layers
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
