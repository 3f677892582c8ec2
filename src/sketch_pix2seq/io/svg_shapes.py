"""SVG shapes as polylines: rectangles, circles, lines, polygons; paths by `svg_path`.

Curves are sampled finely here; `svg_in` leaves out what is not needed once it knows how
large the drawing is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from svgelements import Matrix

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.svg_path import LARGEST, Line, Piece, path_lines

SHAPES = frozenset({"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"})
"""Names of the elements that draw."""

_TURN_SAMPLES = 96
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_TOKEN = re.compile(r"[A-Za-z]|" + _NUMBER.pattern)
_LONGEST_TRANSFORM = 4_000  # letters; real ones have below 100
_UNITS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54,
          "in": 96.0, "q": 96 / 101.6, "em": 16.0, "rem": 16.0, "ex": 8.0}  # fmt: skip


def shape_lines(
    tag: str, attributes: Mapping[str, str], viewport: tuple[float, float]
) -> list[Line]:
    """Turn one of `SHAPES` into lines, in its own coordinates; none where SVG says it is not drawn.

    Args:
        tag: Name of the shape's element.
        attributes: The element's attributes.
        viewport: Width and height to which percentages refer.

    Example:
        >>> shape_lines("line", {"x2": "3", "y2": "4"}, (1, 1))[0][0].points.tolist()
        [[0.0, 0.0], [3.0, 4.0]]
    """
    if tag == "path":
        return path_lines(attributes.get("d", ""))
    if tag in ("polyline", "polygon"):
        return _poly(attributes.get("points", ""), closed=tag == "polygon")

    def get(name: str, default: str = "0") -> float:
        axis = {"x": 0, "w": 0, "y": 1, "h": 1}.get(name.lstrip("cr")[:1])
        extent = math.hypot(*viewport) / math.sqrt(2) if axis is None else viewport[axis]
        return length(attributes.get(name, default), extent)

    if tag == "line":
        return [[Piece(np.array([[get("x1"), get("y1")], [get("x2"), get("y2")]]), False)]]
    if tag == "rect":
        rx = attributes.get("rx", attributes.get("ry", "0"))
        ry = attributes.get("ry", rx)
        width, height = get("width"), get("height")
        radii = (length(rx, viewport[0]), length(ry, viewport[1]))
        return _rect((get("x"), get("y")), (width, height), radii)
    rx, ry = ("r", "r") if tag == "circle" else ("rx", "ry")
    return _ellipse((get("cx"), get("cy")), (get(rx), get(ry)))


def count_tokens(data: str) -> int:
    """Count the numbers and letters of path data or points: what reading it will cost.

    Example:
        >>> count_tokens("M0 0l-1.5.5z")
        7
    """
    return sum(1 for _ in _TOKEN.finditer(data))


def length(text: str, extent: float) -> float:
    """Read an SVG length in pixels, at 96 to the inch; 0 where the text is not a length.

    Args:
        text: A number with or without unit or per cent sign.
        extent: Length of 100 %.

    Example:
        >>> length("1in", 0), length("50%", 8)
        (96.0, 4.0)
    """
    match = _NUMBER.match(text.strip())
    if match is None:
        return 0.0
    unit = text.strip()[match.end() :].strip().lower()
    value = min(max(float(match.group()), -LARGEST), LARGEST)
    return value * extent / 100 if unit == "%" else value * _UNITS.get(unit, 1.0)


@lru_cache(maxsize=1024)
def transform(text: str) -> Float[np.ndarray, "3 3"]:
    """Read an SVG `transform` as a (3, 3) matrix on columns (x, y, 1).

    Example:
        >>> transform("translate(3 4)")[:2, 2].tolist()
        [3.0, 4.0]
    """
    if not text.strip():
        return np.eye(3)
    if len(text) > _LONGEST_TRANSFORM:
        raise DrawingError(
            f"a `transform` in the SVG must have at most {_LONGEST_TRANSFORM} letters",
            got=len(text),
        )
    try:
        m = Matrix(text)
        matrix = np.array([[m.a, m.c, m.e], [m.b, m.d, m.f], [0, 0, 1]], np.float64)
    except (ValueError, TypeError, AttributeError, IndexError, ArithmeticError):
        raise DrawingError("a `transform` in the SVG must be readable", got=text[:60]) from None
    if not np.isfinite(matrix).all():
        raise DrawingError("a `transform` in the SVG must be finite", got=text[:60])
    return matrix


def _poly(text: str, *, closed: bool) -> list[Line]:
    """Read the points of a polyline or polygon; a last odd number is dropped, as SVG demands."""
    numbers = [length(number, 0) for number in _NUMBER.findall(text)]
    points = np.array(numbers[: len(numbers) // 2 * 2]).reshape(-1, 2)
    if len(points) == 0:
        return []
    if closed:
        points = np.concatenate([points, points[:1]])
    return [[Piece(points, False)]]


def _rect(
    corner: tuple[float, float], size: tuple[float, float], radii: tuple[float, float]
) -> list[Line]:
    """Outline a rectangle, clockwise from its upper left; it may have round corners."""
    (x, y), (width, height) = corner, size
    if width <= 0 or height <= 0:
        return []
    rx, ry = min(max(radii[0], 0), width / 2), min(max(radii[1], 0), height / 2)
    if rx == 0 or ry == 0:
        right, bottom = x + width, y + height
        corners = [[x, y], [right, y], [right, bottom], [x, bottom], [x, y]]
        return [[Piece(np.array(corners), False)]]
    quarter = np.linspace(0, math.pi / 2, _TURN_SAMPLES // 4 + 1)
    centres = [
        (x + width - rx, y + ry, -math.pi / 2),
        (x + width - rx, y + height - ry, 0.0),
        (x + rx, y + height - ry, math.pi / 2),
        (x + rx, y + ry, math.pi),
    ]
    line: Line = []
    at = np.array([x + rx, y])
    for cx, cy, begin in centres:
        arc = _round(cx, cy, rx, ry, quarter + begin)
        line += [Piece(np.stack([at, arc[0]]), False), Piece(arc, True)]
        at = arc[-1]
    return [line]


def _ellipse(centre: tuple[float, float], radii: tuple[float, float]) -> list[Line]:
    """Outline an ellipse, clockwise from its top."""
    if radii[0] <= 0 or radii[1] <= 0:
        return []
    turn = np.linspace(0, math.tau, _TURN_SAMPLES + 1) - math.pi / 2
    points = _round(*centre, *radii, turn)
    points[-1] = points[0]
    return [[Piece(points, True)]]


def _round(
    cx: float, cy: float, rx: float, ry: float, angles: Float[np.ndarray, " P"]
) -> Float[np.ndarray, "P 2"]:
    """Return points of an ellipse."""
    return np.stack([cx + rx * np.cos(angles), cy + ry * np.sin(angles)], axis=1)
