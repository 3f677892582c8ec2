"""Reading a drawing from SVG: what would be seen as lines becomes strokes.

Lines keep their points, curves become as few points as a five-hundredth of the drawing's
size allows; an area without a line gives its outline. What is invisible, or of the colour of the
paper, is left out, and so are texts and embedded pictures. Nothing outside the file is ever
opened: references other than `#id` are ignored, and of a document type only entities that are
plain text are known.
"""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET  # for its types; parsing is defusedxml's
from collections.abc import Iterator
from dataclasses import dataclass, replace
from xml.parsers import expat

import numpy as np
from defusedxml.ElementTree import fromstring
from jaxtyping import Float

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.svg_path import Line, Piece
from sketch_pix2seq.io.svg_shapes import SHAPES, count_tokens, length, shape_lines, transform
from sketch_pix2seq.io.svg_style import Rules, SvgStyle, is_same_colour, read_rules, styled
from sketch_pix2seq.sketch.geometry import MAX_COORDINATE, MAX_POINTS
from sketch_pix2seq.sketch.simplify import rdp_mask
from sketch_pix2seq.sketch.sketch import Sketch

MAX_SVG_BYTES = 4_000_000
"""The largest SVG file that is read."""

_MAX_ELEMENTS = 10_000  # that draw
_MAX_PARSED_ELEMENTS = 100_000
_MAX_ENTITIES = 100
_LONGEST_ENTITY = 200
_DECLARATIONS = ("<!ATTLIST", "<!ELEMENT", "<!NOTATION", "<!ENTITY", "%")
_MAX_DEPTH = 64
_MAX_NUMBERS = 100_000  # and letters of path data
_MAX_VISITED_BYTES = 2 * MAX_SVG_BYTES  # `use` may visit the same bytes again and again
_MAX_SAMPLES = 2_000_000
_CURVE_TOLERANCE = 2e-3  # of the drawing's longest side
_CONTAINERS = frozenset({"svg", "g", "a", "switch"})
_NS_HREF = "{http://www.w3.org/1999/xlink}href"


def read_svg(data: bytes) -> Sketch:
    """Read an SVG document: the sketch is in the document's own units.

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
    root = _parse(data)
    lines = [line for line in _Walk(root).lines() if line]
    strokes = _thinned(lines)
    if not strokes:
        raise DrawingError(
            "an SVG must show a line", got="nothing visible", do="Texts and pictures are not read."
        )
    return Sketch(tuple(strokes))


def _parse(data: bytes) -> ET.Element:
    """Parse the XML safely and check that it is an SVG."""
    try:
        _check_declarations(data)
        root: ET.Element = fromstring(data, forbid_dtd=False, forbid_entities=False)
    except (ET.ParseError, expat.ExpatError) as error:
        raise DrawingError("an SVG must be well-formed XML", got=error) from None
    except (ValueError, LookupError) as error:
        raise DrawingError("an SVG must be text in a known encoding", got=error) from None
    if _tag(root) != "svg":
        raise DrawingError("an SVG must begin with `<svg>`", got=f"<{_tag(root)[:40]}>")
    return root


def _check_declarations(data: bytes) -> None:
    """Go through a document once, keeping nothing: what would multiply in a tree is refused."""
    parser = expat.ParserCreate()
    entities: list[str] = []
    num_elements = 0

    def refuse(token: str) -> None:
        if token.startswith(_DECLARATIONS):
            raise DrawingError("an SVG must declare nothing but plain entities", got=token[:40])

    def take_entity(name: str, is_parameter: int, value: str | None, *_: object) -> None:
        if is_parameter or value is None or "&" in value or "<" in value:
            refuse(f"<!ENTITY {name}")
        entities.append(value or "")
        if len(entities) > _MAX_ENTITIES or len(entities[-1]) > _LONGEST_ENTITY:
            rule = f"at most {_MAX_ENTITIES} entities of at most {_LONGEST_ENTITY} letters"
            raise DrawingError(f"an SVG must declare {rule}", got="more")
        if data.count(b"&") * max(map(len, entities)) > MAX_SVG_BYTES:
            raise DrawingError("an SVG must repeat less by its entities", got=f"&{name};")

    def end_doctype() -> None:
        parser.DefaultHandler = None

    def count(name: str, attributes: list[str]) -> None:
        nonlocal num_elements
        num_elements += 1
        if num_elements > _MAX_PARSED_ELEMENTS:
            raise DrawingError(f"an SVG must have at most {_MAX_PARSED_ELEMENTS} elements")

    parser.ordered_attributes = True
    parser.DefaultHandler = refuse
    parser.EntityDeclHandler = take_entity
    parser.EndDoctypeDeclHandler = end_doctype
    parser.StartElementHandler = count
    parser.Parse(data, True)


def _tag(element: ET.Element) -> str:
    """Return the element's name without namespace; comments have none."""
    name: object = element.tag
    return name.rpartition("}")[2] if isinstance(name, str) else ""


@dataclass(frozen=True)
class _Place:
    """Where the walk is: everything an element gets from those around it."""

    matrix: Float[np.ndarray, "3 3"]
    style: SvgStyle
    viewport: tuple[float, float]
    depth: int


class _Walk:
    """One pass over the elements of a document, in the order they are painted."""

    def __init__(self, root: ET.Element) -> None:
        self._root = root
        self._by_id = {e.attrib["id"]: e for e in root.iter() if "id" in e.attrib}
        sheets = (e.text or "" for e in root.iter() if _tag(e) == "style")
        self._rules: Rules = read_rules(sheets)
        self._paper = (255, 255, 255)
        self._elements_left = _MAX_ELEMENTS
        self._bytes_left = _MAX_VISITED_BYTES
        self._numbers_left = _MAX_NUMBERS

    def lines(self) -> Iterator[Line]:
        """Yield all visible lines, in the document's units."""
        viewport = _viewport(self._root, (300.0, 150.0))
        return self._visit(self._root, _Place(np.eye(3), SvgStyle(), viewport, 0))

    def _visit(self, element: ET.Element, place: _Place) -> Iterator[Line]:
        """Yield the lines of an element and of what is in it."""
        tag = _tag(element)
        if tag not in _CONTAINERS and tag not in SHAPES and tag != "use":
            return
        self._elements_left -= 1
        self._bytes_left -= sum(map(len, element.attrib.values()))
        if self._elements_left < 0 or self._bytes_left < 0:
            raise DrawingError(f"an SVG must draw at most {_MAX_ELEMENTS} elements", got="more")
        if place.depth > _MAX_DEPTH:
            raise DrawingError(f"an SVG must be nested at most {_MAX_DEPTH} deep", got="more")
        style = styled(place.style, tag, element.attrib, self._rules)
        if not style.displayed:
            return
        matrix = place.matrix @ transform(element.get("transform", ""))
        inner = _Place(matrix, style, place.viewport, place.depth + 1)
        if tag in SHAPES:
            yield from self._shape(tag, element, inner)
        elif tag == "use":
            yield from self._use(element, inner)
        else:
            yield from self._children(element, inner)

    def _children(self, element: ET.Element, place: _Place) -> Iterator[Line]:
        """Yield the lines of all children; an inner `svg` has its own coordinates."""
        if _tag(element) == "svg" and element is not self._root:
            place = _inner_viewport(element, place)
        for child in element:
            yield from self._visit(child, place)

    def _use(self, element: ET.Element, place: _Place) -> Iterator[Line]:
        """Yield the lines of what a `use` element points at, inside this document only."""
        reference = element.get("href") or element.get(_NS_HREF) or ""
        target = self._by_id.get(reference[1:]) if reference.startswith("#") else None
        if target is None:
            return
        shift = np.eye(3)
        shift[:2, 2] = _pair(element, ("x", "y"), "0", place.viewport)
        moved = replace(place, matrix=place.matrix @ shift)
        if _tag(target) == "symbol":
            style = styled(place.style, "symbol", target.attrib, self._rules)
            inner = replace(moved, style=style, depth=place.depth + 1)
            yield from self._children(target, _inner_viewport(target, inner))
        else:
            yield from self._visit(target, moved)

    def _shape(self, tag: str, element: ET.Element, place: _Place) -> Iterator[Line]:
        """Yield the lines of a shape, if it can be seen."""
        line_colour, area_colour = place.style.stroke_rgb, place.style.fill_rgb
        if line_colour is None and area_colour is not None and tag != "line":
            if tag == "rect" and self._is_paper(element, place):
                self._paper = area_colour
                return
            line_colour = area_colour
        if line_colour is None or is_same_colour(line_colour, self._paper):
            return
        self._numbers_left -= count_tokens(element.get("d", "") + element.get("points", ""))
        if self._numbers_left < 0:
            raise DrawingError(
                f"an SVG must have at most {_MAX_NUMBERS} numbers of path data", got="more"
            )
        for line in shape_lines(tag, element.attrib, place.viewport):
            yield [Piece(_moved(place.matrix, piece.points), piece.is_curve) for piece in line]

    def _is_paper(self, element: ET.Element, place: _Place) -> bool:
        """Whether a rectangle covers the whole document."""
        lines = shape_lines("rect", element.attrib, place.viewport)
        if not lines:
            return False
        points = _moved(place.matrix, np.concatenate([piece.points for piece in lines[0]]))
        x, y, width, height = _view_box(self._root) or (0.0, 0.0, *place.viewport)
        low, high = points.min(axis=0), points.max(axis=0)
        slack = 0.01 * max(width, height)
        return bool(
            (low <= np.array([x, y]) + slack).all()
            and (high >= np.array([x + width, y + height]) - slack).all()
        )


def _view_box(element: ET.Element) -> tuple[float, float, float, float] | None:
    """Return x, y, width, height of the `viewBox`, if there is a usable one."""
    try:
        x, y, width, height = map(float, element.get("viewBox", "").replace(",", " ").split())
    except ValueError:
        return None
    return (x, y, width, height) if width > 0 and height > 0 else None


def _viewport(element: ET.Element, outer: tuple[float, float]) -> tuple[float, float]:
    """Return the size that percentages inside an `svg` element refer to."""
    box = _view_box(element)
    return box[2:] if box is not None else _pair(element, ("width", "height"), "100%", outer)


def _pair(
    element: ET.Element, names: tuple[str, str], default: str, viewport: tuple[float, float]
) -> tuple[float, float]:
    """Return two lengths, across and down."""
    x, y = (
        length(element.get(name, default), side) for name, side in zip(names, viewport, strict=True)
    )
    return x, y


def _inner_viewport(element: ET.Element, place: _Place) -> _Place:
    """Return the place inside a nested `svg` or `symbol`: its view box fits into its size."""
    box = _view_box(element)
    inner = np.eye(3)
    inner[:2, 2] = _pair(element, ("x", "y"), "0", place.viewport)
    if box is not None and (element.get("width") or element.get("height")):
        size = np.array(_pair(element, ("width", "height"), "100%", place.viewport))
        scale = min(size / box[2:])
        inner[:2, :2] *= scale
        inner[:2, 2] += (size - scale * np.array(box[2:])) / 2 - scale * np.array(box[:2])
    viewport = _viewport(element, place.viewport)
    return replace(place, matrix=place.matrix @ inner, viewport=viewport)


def _moved(
    matrix: Float[np.ndarray, "3 3"], points: Float[np.ndarray, "P 2"]
) -> Float[np.ndarray, "P 2"]:
    """Apply a transform and check that the result is a place on paper."""
    with np.errstate(over="ignore", invalid="ignore"):
        moved: Float[np.ndarray, "P 2"] = points @ matrix[:2, :2].T + matrix[:2, 2]
        within = (np.abs(moved) <= MAX_COORDINATE).all()
    if not within:
        raise DrawingError(
            f"coordinates in an SVG must be between -{MAX_COORDINATE:.0f} and {MAX_COORDINATE:.0f}",
            got="a larger one",
        )
    return moved


def _thinned(lines: list[Line]) -> list[np.ndarray]:
    """Join the pieces of each line and leave out needless points of curves."""
    pieces = list(itertools.chain.from_iterable(lines))
    if not pieces:
        return []
    lengths = np.array([len(piece.points) for piece in pieces])
    if lengths.sum() > _MAX_SAMPLES:
        raise DrawingError("an SVG must have fewer curves", got=f"{len(pieces)} pieces")
    points = np.concatenate([piece.points for piece in pieces])
    extent = float((points.max(axis=0) - points.min(axis=0)).max())
    keep = np.repeat([not piece.is_curve for piece in pieces], lengths)
    keep |= rdp_mask(points, lengths, _CURVE_TOLERANCE * extent)
    if keep.sum() > MAX_POINTS:
        raise DrawingError(f"an SVG must have at most {MAX_POINTS} points", got=int(keep.sum()))
    ends = np.cumsum(lengths)
    strokes, number = [], 0
    for line in lines:
        parts: list[np.ndarray] = []
        for _ in line:
            inside = slice(ends[number] - lengths[number], ends[number])
            parts.append(points[inside][keep[inside]][1 if parts else 0 :])
            number += 1
        strokes.append(_without_repeats(np.concatenate(parts).astype(np.float32)))
    return strokes


def _without_repeats(stroke: Float[np.ndarray, "P 2"]) -> Float[np.ndarray, "Q 2"]:
    """Leave out points that repeat the one before; a dot stays one point."""
    is_new = np.ones(len(stroke), bool)
    is_new[1:] = (stroke[1:] != stroke[:-1]).any(axis=1)
    kept: Float[np.ndarray, "Q 2"] = stroke[is_new]
    return kept
