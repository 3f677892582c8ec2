"""SVG shapes as polylines, and the lengths, view boxes and transforms that place them.

Rectangles, circles, lines, polygons; paths by `path`.

Curves are sampled finely here; `svg_in` leaves out what is not needed once it knows how
large the drawing is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.svg.path import LARGEST, TURN_SAMPLES, Line, Piece, path_lines

SHAPES = frozenset({"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"})
"""Names of the elements that draw."""
GEOMETRY = frozenset({"x", "y", "cx", "cy", "r", "rx", "ry", "width", "height", "d"})
"""Properties of shapes that style sheets may set."""

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_POINTS = re.compile(r"[\s,]*+(?:" + _NUMBER.pattern + r"[\s,]*+)*+")
_TOKEN = re.compile(r"[A-Za-z]|" + _NUMBER.pattern)
_LONGEST_TRANSFORM = 4_000  # letters; real ones have below 100
_UNITS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54,
          "in": 96.0, "q": 96 / 101.6, "rem": 16.0}  # fmt: skip
_FONT_UNITS = {"em": 1.0, "ex": 0.5, "ch": 0.5}  # of the font's size
_SHARES = frozenset({"%", "vw", "vh", "vmin", "vmax"})  # of 100; the page is taken for the window
CALCULATED = ("calc(", "min(", "max(", "clamp(")
"""How lengths begin that are calculated."""
_OPERAND = re.compile(r"\s*+(?:(" + _NUMBER.pattern + r")([a-z%]*)|(calc|min|max|clamp|)\()")
_LONGEST_SUM = 200  # letters
_ANGLES = {"": 1.0, "deg": 1.0, "grad": 0.9, "rad": 180 / math.pi, "turn": 360.0}  # degrees
_FUNCTION = re.compile(
    r"[\s,]*+([A-Za-z]+(?:3d)?)\s*\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)[\s,]*+"
)
_ARGUMENT = re.compile(
    r"[\s,]*+(?:(" + _NUMBER.pattern + r")([a-zA-Z%]*)"
    r"|((?:calc|min|max|clamp)\((?:[^()]|\([^()]*\))*\)))[\s,]*+"
)
_WORD = re.compile(r"(?:[^\s()]|\((?:[^()]|\([^()]*+\))*+\))++")
_PLACES = {"left": "0%", "top": "0%", "center": "50%", "right": "100%", "bottom": "100%"}


def shape_lines(
    tag: str, values: Mapping[str, str], viewport: tuple[float, float], font_size: float = 16.0
) -> list[Line]:
    """Turn one of `SHAPES` into lines, in its own coordinates; none where SVG says it is not drawn.

    Args:
        tag: Name of the shape's element.
        values: The element's attributes, or what CSS puts instead.
        viewport: Width and height to which percentages refer.
        font_size: In pixels, to which `em` refers.

    Example:
        >>> shape_lines("line", {"x2": "3", "y2": "4"}, (1, 1))[0][0].points.tolist()
        [[0.0, 0.0], [3.0, 4.0]]
    """
    if tag == "path":
        data = values.get("d", "")
        return path_lines(data[5:].strip("\"' )") if data.startswith("path(") else data)
    if tag in ("polyline", "polygon"):
        return _poly(values.get("points", ""), closed=tag == "polygon")

    def get(name: str, default: float = 0.0) -> float:
        text = values.get(name, "auto")
        axis = {"x": 0, "w": 0, "y": 1, "h": 1}.get(name.lstrip("cr")[:1])
        extent = math.hypot(*viewport) / math.sqrt(2) if axis is None else viewport[axis]
        return default if text.strip() == "auto" else length(text, extent, font_size)

    if tag == "line":
        return [[Piece(np.array([[get("x1"), get("y1")], [get("x2"), get("y2")]]), False)]]
    radii = [radius if (radius := get(name, -1.0)) >= 0 else None for name in ("rx", "ry")]
    rx, ry = (next((r for r in order if r is not None), 0.0) for order in (radii, radii[::-1]))
    if tag == "rect":
        return _rect((get("x"), get("y")), (get("width"), get("height")), (rx, ry))
    return _ellipse((get("cx"), get("cy")), (get("r"), get("r")) if tag == "circle" else (rx, ry))


def count_tokens(data: str) -> int:
    """Count the numbers and letters of path data or points: what reading it will cost.

    Example:
        >>> count_tokens("M0 0l-1.5.5z")
        7
    """
    return sum(1 for _ in _TOKEN.finditer(data))


def length(text: str, extent: float, font_size: float = 16.0) -> float:
    """Read an SVG length in pixels, at 96 to the inch; 0 where the text is not a length.

    Args:
        text: A number with or without unit or per cent sign, or a `calc()` of such.
        extent: Length of 100 %.
        font_size: In pixels.

    Example:
        >>> length("1in", 0), length("50%", 8), length("calc(50% - 1px)", 8)
        (96.0, 4.0, 3.0)
    """
    text = text.strip().lower()
    if text.startswith(CALCULATED):
        try:
            value, end = _operand(text[:_LONGEST_SUM], 0, extent, font_size)
        except (ValueError, ZeroDivisionError):
            return 0.0
        is_length = end == len(text) and math.isfinite(value)
        return min(max(value, -LARGEST), LARGEST) if is_length else 0.0
    match = _NUMBER.match(text)
    if match is None:
        return 0.0
    return _in_pixels(match.group(), text[match.end() :].strip(), extent, font_size)


def _in_pixels(number: str, unit: str, extent: float, font_size: float) -> float:
    value = min(max(float(number), -LARGEST), LARGEST)
    if unit in _FONT_UNITS:
        return value * _FONT_UNITS[unit] * font_size
    return value * extent / 100 if unit in _SHARES else value * _UNITS.get(unit, 1.0)


def _operand(text: str, at: int, extent: float, font_size: float) -> tuple[float, int]:
    """Read a number, or what is calculated from some; also return where it ends.

    Raises:
        ValueError: If it is neither.
    """
    match = _OPERAND.match(text, at)
    if match is None:
        raise ValueError(text)
    if match[1] is not None:
        return _in_pixels(match[1], match[2], extent, font_size), match.end()
    values: list[float] = []
    at = match.end()
    while text[at - 1] != ")" or not values:
        value, at = _sum(text, at, extent, font_size)
        values.append(value)
    if match[3] == "clamp":
        low, value, high = values
        return max(low, min(value, high)), at
    if match[3] in ("min", "max"):
        return (min if match[3] == "min" else max)(values), at
    (value,) = values
    return value, at


def _sum(text: str, at: int, extent: float, font_size: float) -> tuple[float, int]:
    """Read a sum of products up to its comma or bracket; also return where that ends.

    Raises:
        ValueError: If it is none.
    """
    total, product, sign = 0.0, 1.0, "*"
    while True:
        value, at = _operand(text, at, extent, font_size)
        if sign in "+-":
            total, product = total + product, value if sign == "+" else -value
        else:
            product = product * value if sign == "*" else product / value
        at += len(text[at:]) - len(text[at:].lstrip())
        sign = text[at : at + 1]
        at += 1
        if sign in (")", ","):
            return total + product, at
        if sign not in ("+", "-", "*", "/"):
            raise ValueError(text)


@lru_cache(maxsize=1024)
def transform(
    text: str, origin: str = "", viewport: tuple[float, float] = (0.0, 0.0), font_size: float = 16.0
) -> Float[np.ndarray, "3 3"]:
    """Read a `transform` of SVG or CSS as a (3, 3) matrix on columns (x, y, 1).

    Args:
        text: The transform.
        origin: The `transform-origin`.
        viewport: Width and height to which percentages refer.
        font_size: In pixels.

    Raises:
        DrawingError: If it is too long, not readable or not finite.

    Example:
        >>> transform("translate(3 4)")[:2, 2].tolist()
        [3.0, 4.0]
    """
    if not text.strip() or text.strip() == "none":
        return np.eye(3)
    if len(text) > _LONGEST_TRANSFORM:
        raise DrawingError(
            f"a `transform` must have at most {_LONGEST_TRANSFORM} letters", got=len(text)
        )
    matrix, position = np.eye(3), 0
    with np.errstate(over="ignore", invalid="ignore"):
        while match := _FUNCTION.match(text, position):
            position = match.end()
            sides = (1.0, 1.0) if match[1].lower().startswith("scale") else viewport
            try:
                arguments = _arguments(match[2], sides, font_size)
                matrix = matrix @ _function(match[1].lower(), arguments)
            except (TypeError, OverflowError, ValueError):
                raise DrawingError("a `transform` must be readable", got=text[:60]) from None
    if position != len(text) or not np.isfinite(matrix).all():
        raise DrawingError("a `transform` must be readable and finite", got=text[:60])
    middle = np.eye(3)
    places = [*words(origin), "center"][:2] if origin.strip() else []
    if len(places) == 2 and (places[0] in ("top", "bottom") or places[1] in ("left", "right")):
        places.reverse()
    for axis, word in enumerate(places):
        middle[axis, 2] = length(_PLACES.get(word, word), viewport[axis], font_size)
    return middle @ matrix @ np.linalg.inv(middle)


def _arguments(text: str, sides: tuple[float, float], font_size: float) -> list[float]:
    """Read the arguments of a transform: numbers, lengths, or angles in degrees.

    Raises:
        ValueError: If there is anything else.
    """
    arguments: list[float] = []
    position = 0
    while match := _ARGUMENT.match(text, position):
        position = match.end()
        number, unit = match[1], (match[2] or "").lower()
        if number is not None and unit in _ANGLES:
            arguments.append(float(number) * _ANGLES[unit])
        else:
            extent = sides[len(arguments) % 2]
            arguments.append(length(match[3] or number + unit, extent, font_size))
    if position != len(text):
        raise ValueError(text)
    return arguments


def words(text: str) -> list[str]:
    """Split a value at its blanks, but for those in brackets.

    Example:
        >>> words("calc(1px + 2px)  3px")
        ['calc(1px + 2px)', '3px']
    """
    return _WORD.findall(text)


def angle(text: str) -> float:
    """Read an angle in degrees; 0 where it is none.

    Example:
        >>> angle("0.25turn"), angle("30")
        (90.0, 30.0)
    """
    match = _ARGUMENT.fullmatch(text)
    if match is None or match[1] is None:
        return 0.0
    return float(match[1]) * _ANGLES.get(match[2].lower(), 1.0)


def _function(name: str, arguments: list[float]) -> Float[np.ndarray, "3 3"]:
    """The matrix of one function; a wrong count of arguments is a TypeError."""

    def matrix(a: float, b: float, c: float, d: float, e: float, f: float) -> np.ndarray:
        return np.array([[a, c, e], [b, d, f], [0, 0, 1]], np.float64)

    def turned(angle: float, x: float = 0.0, y: float = 0.0) -> np.ndarray:
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        return matrix(c, s, -s, c, x - c * x + s * y, y - s * x - c * y)

    functions: dict[str, Callable[..., np.ndarray]] = {
        "matrix": matrix,
        "translate": lambda x, y=0.0: matrix(1, 0, 0, 1, x, y),
        "translate3d": lambda x, y, z: matrix(1, 0, 0, 1, x, y),
        "translatex": lambda x: matrix(1, 0, 0, 1, x, 0),
        "translatey": lambda y: matrix(1, 0, 0, 1, 0, y),
        "scale": lambda x, y=None: matrix(x, 0, 0, x if y is None else y, 0, 0),
        "scale3d": lambda x, y, z: matrix(x, 0, 0, y, 0, 0),
        "matrix3d": lambda *m: matrix(m[0], m[1], m[4], m[5], m[12], m[13]),
        "translatez": lambda z: np.eye(3),
        "scalez": lambda z: np.eye(3),
        "perspective": lambda z: np.eye(3),
        "rotate3d": _turned_in_space,
        "rotatex": lambda angle: _turned_in_space(1, 0, 0, angle),
        "rotatey": lambda angle: _turned_in_space(0, 1, 0, angle),
        "scalex": lambda x: matrix(x, 0, 0, 1, 0, 0),
        "scaley": lambda y: matrix(1, 0, 0, y, 0, 0),
        "rotate": turned,
        "rotatez": turned,
        "skew": lambda x, y=0.0: matrix(1, _tan(y), _tan(x), 1, 0, 0),
        "skewx": lambda x: matrix(1, 0, _tan(x), 1, 0, 0),
        "skewy": lambda y: matrix(1, _tan(y), 0, 1, 0, 0),
    }
    if name not in functions:
        raise ValueError(name)
    return functions[name](*arguments)


def _turned_in_space(x: float, y: float, z: float, degrees: float) -> Float[np.ndarray, "3 3"]:
    """What a turn about an axis in space does to the plane, seen from far away.

    Source: CSS Transforms 2, section 11 (after Rodrigues).
    """
    axis = np.array([x, y, z]) / max(math.hypot(x, y, z), 1e-300)
    cross = np.cross(np.eye(3), -axis)
    angle = math.radians(degrees)
    turn = np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross
    matrix = np.eye(3)
    matrix[:2, :2] = turn[:2, :2]
    return matrix


def _tan(degrees: float) -> float:
    return math.tan(math.radians(degrees))


def _poly(text: str, *, closed: bool) -> list[Line]:
    """Read the points of a polyline or polygon up to an error; a last odd number is dropped."""
    readable = _POINTS.match(text)
    found = _NUMBER.findall(readable[0] if readable else "")
    numbers = np.clip(list(map(float, found)), -LARGEST, LARGEST)
    points = numbers[: len(numbers) // 2 * 2].reshape(-1, 2)
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
    quarter = np.linspace(0, math.pi / 2, TURN_SAMPLES // 4 + 1)
    centres = [
        (x + width - rx, y + ry, -math.pi / 2),
        (x + width - rx, y + height - ry, 0.0),
        (x + rx, y + height - ry, math.pi / 2),
        (x + rx, y + ry, math.pi),
    ]
    line: Line = []
    at = np.array([x + rx, y])
    for cx, cy, start_angle in centres:
        arc = _round(cx, cy, rx, ry, quarter + start_angle)
        line += [Piece(np.stack([at, arc[0]]), False), Piece(arc, True)]
        at = arc[-1]
    return [line]


def _ellipse(centre: tuple[float, float], radii: tuple[float, float]) -> list[Line]:
    """Outline an ellipse, clockwise from its top."""
    if radii[0] <= 0 or radii[1] <= 0:
        return []
    turn = np.linspace(0, math.tau, TURN_SAMPLES + 1) - math.pi / 2
    points = _round(*centre, *radii, turn)
    points[-1] = points[0]
    return [[Piece(points, True)]]


def _round(
    cx: float, cy: float, rx: float, ry: float, angles: Float[np.ndarray, " P"]
) -> Float[np.ndarray, "P 2"]:
    return np.stack([cx + rx * np.cos(angles), cy + ry * np.sin(angles)], axis=1)


def view_box(values: Mapping[str, str]) -> tuple[float, float, float, float] | None:
    """Return x, y, width, height of the `viewBox`, if there is a usable one."""
    try:
        x, y, width, height = map(float, values.get("viewBox", "").replace(",", " ").split())
    except ValueError:
        return None
    is_usable = 0 < width < LARGEST and 0 < height < LARGEST and abs(x) + abs(y) < LARGEST
    return (x, y, width, height) if is_usable else None


def viewport_of(
    values: Mapping[str, str], outer: tuple[float, float], font_size: float
) -> tuple[float, float]:
    """Return the size that percentages inside an `svg` element refer to."""
    box = view_box(values)
    return box[2:] if box else pair(values, ("width", "height"), "100%", outer, font_size)


def pair(
    values: Mapping[str, str],
    names: tuple[str, str],
    default: str,
    viewport: tuple[float, float],
    font_size: float,
) -> tuple[float, float]:
    """Return two lengths, across and down."""
    texts = [values.get(name, default) for name in names]
    x, y = (
        length(default if text.strip() == "auto" else text, side, font_size)
        for text, side in zip(texts, viewport, strict=True)
    )
    return x, y
