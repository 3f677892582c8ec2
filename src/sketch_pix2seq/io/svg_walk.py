"""The walk through an SVG: from its elements, in the order they are painted, to shapes.

Follows groups, references, nested viewports, clips, masks and markers; what is wrong or not read is
left out and counted.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from cssselect2 import ElementWrapper
from jaxtyping import Float

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.svg_areas import Area, Clip, Shape, clipped
from sketch_pix2seq.io.svg_lines import Polyline, polyline
from sketch_pix2seq.io.svg_out import WHOLE_STROKES
from sketch_pix2seq.io.svg_path import LARGEST
from sketch_pix2seq.io.svg_shapes import (
    SHAPES,
    count_tokens,
    length,
    pair,
    shape_lines,
    transform,
    view_box,
    viewport_of,
)
from sketch_pix2seq.io.svg_style import Paint, StyleSheets, SvgStyle, colour, styled
from sketch_pix2seq.io.svg_xml import tag_of

_MAX_ELEMENTS = 100_000  # that draw
_MAX_DEPTH = 64
_MAX_NUMBERS = 3_000_000  # and letters of path data
_MAX_SAMPLES = 6_000_000
_MAX_VISITED_BYTES = 48_000_000  # twice the largest file: `use` may visit the same bytes again
_MAX_MARKERS = 10_000
_CONTAINERS = frozenset({"svg", "g", "a", "switch"})
_NOT_READ = {"text": "text", "image": "picture", "foreignObject": "foreign object"}
_NAMESPACE = "http://www.w3.org/2000/svg"
_NS_HREF = "{http://www.w3.org/1999/xlink}href"
_BORDER = 0.01  # of the page: areas whose edges are nowhere farther inside are grounds
_FRAME_CONTRAST = 96  # of 255 between a ground and its line, from which the line is a frame
_REM = re.compile(r"(\d+\.?\d*|\.\d+)rem\b")
_LONGEST_REM = 4_000  # letters of a text with lengths
_LIGHT = 0.2  # brightness from which the parts of a mask show what is below


@dataclass(frozen=True)
class _State:
    """The state of the walk: everything an element gets from those around it.

    Args:
        matrix: From its coordinates to those of the document.
        style: Of the element around it.
        viewport: Width and height to which percentages refer.
        depth: How deep it is nested.
        clips: What cuts it.
        context: Paints of the shape that a marker stands on.
        within: `id`s of what is being drawn by reference.
        all_areas: Whether areas are wanted whatever their paint: in a clip path.
    """

    matrix: Float[np.ndarray, "3 3"]
    style: SvgStyle
    viewport: tuple[float, float]
    depth: int = 0
    clips: tuple[Clip, ...] = ()
    context: Mapping[str, Paint | None] | None = None
    within: frozenset[str] = frozenset()
    all_areas: bool = False


class SvgWalk:
    """One pass over the elements of a document, in the order they are painted."""

    def __init__(self, root: ET.Element) -> None:
        self._root = ElementWrapper.from_xml_root(root)
        self._namespaces = {_NAMESPACE, root.tag.rpartition("}")[0].lstrip("{")}
        self.is_whole = WHOLE_STROKES in root.attrib
        sheets = (e.text or "" for e in root.iter() if tag_of(e) == "style")
        self._sheets = StyleSheets(sheets)
        self._by_id: dict[str, ElementWrapper] | None = None
        self._elements_left = _MAX_ELEMENTS
        self._bytes_left = _MAX_VISITED_BYTES
        self._numbers_left = _MAX_NUMBERS
        self._samples_left = _MAX_SAMPLES
        self._markers_left = _MAX_MARKERS
        self._left_out: Counter[str] = Counter()
        declared = self._sheets.declared(self._root, 1)
        self._root_values, self._root_size = declared, styled(SvgStyle(), declared).font_size
        ground = declared.get("background-color", declared.get("background", ""))
        words = [colour(word) for word in ground.split() if word[:4] != "url("]
        self.paper = words[0].rgb if words and words[0] is not None else None
        self._viewport = viewport_of(declared, (300.0, 150.0), self._root_size)

    def shapes(self) -> Iterator[Shape]:
        """Yield all shapes, in the document's units."""
        return self._visit(self._root, _State(np.eye(3), SvgStyle(), self._viewport))

    def leave_out(self, what: str, count: int) -> None:
        """Count what is left out after the walk."""
        self._left_out[what] += count

    def left_out(self) -> str | None:
        """What was left out, in one line."""
        parts = [
            f"{count} x {what}" if count > 1 else what
            for what, count in self._left_out.most_common(4)
        ]
        return "; ".join(parts)[:200] or None

    def page(self) -> tuple[float, float, float, float] | None:
        """Left, top, width and height of the page, if the document has one."""
        values = self._root_values
        is_sized = all("%" not in values.get(side, "%") for side in ("width", "height"))
        return view_box(values) or ((0.0, 0.0, *self._viewport) if is_sized else None)

    def size_mm(self) -> float | None:
        """Real length of the page's longest side, if it is given in a real unit."""
        page = self.page()
        if page is None:
            return None
        text = self._root_values.get("width" if page[2] >= page[3] else "height", "")
        is_real = text.strip().lower().endswith(("mm", "cm", "in", "pt", "pc", "q"))
        return length(text, 0.0) * 25.4 / 96 if is_real else None

    def is_ground(self, shape: Shape) -> bool:
        """Whether a shape covers the page and shows no edge on it."""
        if shape.fill is None or shape.clips or not shape.area.rings:
            return False
        x, y, width, height = view_box(self._root.etree_element.attrib) or (0, 0, *self._viewport)
        low, high = np.array([x, y]), np.array([x + width, y + height])
        slack = _BORDER * max(width, height)
        points = np.concatenate(shape.area.rings)
        inner = ((points > low + slack) & (points < high - slack)).all(axis=1)
        covers = (points.min(axis=0) <= low + slack) & (points.max(axis=0) >= high - slack)
        if inner.any() or not covers.all():
            return False
        line = shape.stroke and np.abs(np.subtract(shape.stroke.rgb, shape.fill.rgb)).max()
        return line is None or bool(line < _FRAME_CONTRAST)

    def _visit(self, element: ElementWrapper, state: _State) -> Iterator[Shape]:
        """Yield the shapes of an element and of what is in it; leave out what is wrong."""
        tag = element.local_name
        if element.namespace_url not in self._namespaces:
            return
        if tag in _NOT_READ:
            self._left_out[_NOT_READ[tag]] += 1
        if tag not in _CONTAINERS and tag not in SHAPES and tag != "use":
            return
        self._elements_left -= 1
        self._bytes_left -= sum(map(len, element.etree_element.attrib.values()))
        if self._elements_left < 0 or self._bytes_left < 0:
            raise _LimitError(f"an SVG must draw at most {_MAX_ELEMENTS} elements", got="more")
        if state.depth > _MAX_DEPTH:
            self._left_out[f"what is nested more than {_MAX_DEPTH} deep"] += 1
            return
        try:
            inner, declared = self._inside(element, state)
            if not inner.style.displayed or not _applies(element):
                return
            if tag in SHAPES:
                shapes = self._shape(tag, declared, inner)
            elif tag == "use":
                shapes = self._use(declared, inner, element)
            else:
                shapes = self._children(element, declared, inner)
            yield from shapes
        except _LimitError:
            raise
        except DrawingError as error:
            self._left_out[f"`{tag}`, as {error}"] += 1

    def _inside(self, element: ElementWrapper, state: _State) -> tuple[_State, dict[str, str]]:
        """Return the state inside of an element, and its properties."""
        declared = self._sheets.declared(element, state.depth + 1)
        declared = {name: self._without_rem(text) for name, text in declared.items()}
        style = styled(state.style, declared, math.hypot(*state.viewport) / math.sqrt(2))
        origin = declared.get("transform-origin", "")
        parts = [
            f"{name}({','.join(declared[name].split())})"
            for name in ("translate", "rotate", "scale")
            if declared.get(name, "none").strip() != "none"
        ]
        text = " ".join([*parts, declared.get("transform", "").strip()])
        try:
            matrix = transform(text, origin, state.viewport, style.font_size)
        except DrawingError as error:  # the element stays where it is, as in browsers
            self._left_out[str(error)] += 1
            matrix = np.eye(3)
        inner = replace(state, matrix=state.matrix @ matrix, style=style, depth=state.depth + 1)
        for kind in ("clip-path", "mask"):
            target = self._target(declared.get(kind, ""), state)
            if target is not None and target.local_name == kind.replace("-p", "P"):
                clip = self._clip(target, replace(inner, viewport=state.viewport))
                inner = replace(inner, clips=(*inner.clips, *clip))
        return inner, declared

    def _without_rem(self, text: str) -> str:
        """Replace lengths in `rem` by pixels."""
        if "rem" not in text or len(text) > _LONGEST_REM:
            return text
        return _REM.sub(lambda match: f"{float(match[1]) * self._root_size}px", text)

    def _children(
        self, element: ElementWrapper, declared: Mapping[str, str], state: _State
    ) -> Iterator[Shape]:
        """Yield the shapes of all children, of a `switch` of the first that applies."""
        if element.local_name == "svg" and element != self._root:
            state = _inner_viewport(declared, state)
        children = element.iter_children()
        if element.local_name == "switch":
            readable = (*_CONTAINERS, *SHAPES, "use")
            meant = (e for e in children if e.local_name in readable and _applies(e))
            children = iter([e for e in [next(meant, None)] if e is not None])
        for child in children:
            yield from self._visit(child, state)

    def _use(
        self, declared: Mapping[str, str], state: _State, element: ElementWrapper
    ) -> Iterator[Shape]:
        """Yield the shapes of what a `use` element points at, inside this document only."""
        reference = declared.get("href") or element.etree_element.get(_NS_HREF) or ""
        target = self._element(reference.strip()[1:]) if reference.strip()[:1] == "#" else None
        if target is None:
            return
        if target.id in state.within:
            raise DrawingError("it must not draw itself", got=reference)
        shift = np.eye(3)
        shift[:2, 2] = pair(declared, ("x", "y"), "0", state.viewport, state.style.font_size)
        inside = state.within | {target.id}
        moved = replace(state, matrix=state.matrix @ shift, within=inside)
        if target.local_name not in ("symbol", "svg"):
            yield from self._visit(target, moved)
            return
        inner, target_declared = self._inside(target, moved)
        sizes = {name: declared[name] for name in ("width", "height") if name in declared}
        if inner.style.displayed:
            inner = _inner_viewport(target_declared | sizes, inner)
            for child in target.iter_children():
                yield from self._visit(child, inner)

    def _shape(self, tag: str, declared: Mapping[str, str], state: _State) -> Iterator[Shape]:
        """Yield a shape with its markers, if anything is painted."""
        style = state.style
        paints = {name: self._paint(name, state) for name in ("fill", "stroke")}
        if state.all_areas:
            paints = {"fill": Paint((255, 255, 255), 1.0), "stroke": None}
        fill, stroke = paints["fill"] if tag != "line" else None, paints["stroke"]
        if fill is None and stroke is None:
            return
        self._numbers_left -= count_tokens(declared.get("d", "") + declared.get("points", ""))
        if self._numbers_left < 0:
            raise _LimitError(
                f"an SVG must have at most {_MAX_NUMBERS} numbers of path data", got="more"
            )
        outlines = shape_lines(tag, declared, state.viewport, style.font_size)
        lines = [_checked(polyline(line, state.matrix)) for line in outlines if line]
        self._samples_left -= sum(len(line.points) for line in lines)
        if self._samples_left < 0:
            raise _LimitError("an SVG must have fewer curves", got=f"over {_MAX_SAMPLES} samples")
        rule = style.values["clip-rule" if state.all_areas else "fill-rule"]
        is_area = fill is not None
        rings = [line.points for line in lines if is_area and len(line.points) > 2]
        area = Area(rings, rule.strip() == "evenodd")
        width = style.stroke_width * math.sqrt(abs(np.linalg.det(state.matrix[:2, :2])))
        visible = clipped(lines, state.clips)
        if rings and stroke is None and not state.all_areas:
            visible += _clip_edges(area, state.clips)
        yield Shape(visible, area, stroke, width, fill, state.clips)
        if tag in ("path", "line", "polyline", "polygon") and lines:
            yield from self._markers(lines, replace(state, context=paints))

    def _paint(self, name: str, state: _State) -> Paint | None:
        """The colour of `fill` or `stroke`; of a gradient its middle one."""
        value = state.style.paint(name)
        if value is None:
            return None
        if value.startswith("context-"):
            return (state.context or {}).get(value[8:])
        if not value.startswith("url("):
            return state.style.colour(name)
        target = self._target(value, state)
        if target is None:
            return colour(value.partition(")")[2])
        for _ in range(8):  # gradients may take their stops from others
            stops = [e for e in target.iter_children() if e.local_name == "stop"]
            reference = target.etree_element.attrib.get("href", "")
            reference = target.etree_element.attrib.get(_NS_HREF, reference)
            following = None if stops else self._element(reference[1:])
            if following is None:
                break
            target = following
        texts = [self._sheets.declared(stop, 2).get("stop-color", "black") for stop in stops[:64]]
        colours = [paint.rgb for paint in map(colour, texts) if paint is not None]
        if not colours:
            return Paint((0, 0, 0), 1.0)
        red, green, blue = np.mean(colours, axis=0).round().astype(int).tolist()
        return Paint((red, green, blue), 1.0)

    def _clip(self, element: ElementWrapper, state: _State) -> list[Clip]:
        """The areas of a clip path or mask; a mask without areas cuts nothing."""
        if element.id in state.within or state.depth > _MAX_DEPTH:
            raise DrawingError("it must not clip itself", got=f"#{element.id}")
        is_mask = element.local_name == "mask"
        inner = replace(state, style=SvgStyle(), clips=(), within=state.within | {element.id})
        inner, declared = self._inside(element, replace(inner, all_areas=not is_mask))
        if "objectBoundingBox" in (declared.get("clipPathUnits"), declared.get("maskContentUnits")):
            self._left_out[f"`{element.local_name}` in units of a box"] += 1
            return []
        clip: Clip = []
        for child in element.iter_children():
            for shape in self._visit(child, inner):
                if shape.fill is not None:
                    bright = np.dot(shape.fill.rgb, (0.2126, 0.7152, 0.0722)) / 255
                    is_in = not is_mask or bool(bright * shape.fill.alpha >= _LIGHT)
                    clip.append(replace(shape.area, is_in=is_in))
        if is_mask and not any(area.is_in for area in clip):
            return list(inner.clips)
        return [*inner.clips, clip]

    def _markers(self, lines: list[Polyline], state: _State) -> Iterator[Shape]:
        """Yield the markers of a shape, at its beginning, its corners and its end."""
        values = state.style.values
        markers = {
            kind: self._target(values[f"marker-{kind}"], state) for kind in ("start", "mid", "end")
        }
        if not any(markers.values()):
            return
        last = len(lines) - 1
        for number, line in enumerate(lines):
            corners = np.flatnonzero(line.is_corner).tolist()
            for index in corners:
                is_first = number == 0 and index == 0
                is_last = number == last and index == corners[-1]
                kinds = ["start"] * is_first + ["end"] * is_last or ["mid"]
                for kind in kinds:
                    marker = markers[kind]
                    if marker is not None and marker.local_name == "marker":
                        yield from self._marker(marker, line, index, kind, state)

    def _marker(
        self, marker: ElementWrapper, line: Polyline, index: int, kind: str, state: _State
    ) -> Iterator[Shape]:
        self._markers_left -= 1
        if self._markers_left < 0 or marker.id in state.within:
            return
        # corners are in the document's units: the marker is turned there, and sized by the shape
        inner = replace(state, style=SvgStyle(), within=state.within | {marker.id})
        inner, declared = self._inside(marker, inner)
        size = math.sqrt(abs(np.linalg.det(state.matrix[:2, :2])))
        if declared.get("markerUnits") != "userSpaceOnUse":
            size *= state.style.stroke_width
        orient = declared.get("orient", "0")
        if orient.startswith("auto"):
            angle = _direction(line, index)
            angle += math.pi if kind == "start" and "reverse" in orient else 0.0
        else:
            angle = math.radians(length(orient.replace("deg", ""), 0))
        c, s = size * math.cos(angle), size * math.sin(angle)
        x, y = line.points[index]
        matrix = np.array([[c, -s, x], [s, c, y], [0, 0, 1]])
        sizes = {
            "width": declared.get("markerWidth", "3"),
            "height": declared.get("markerHeight", "3"),
        }
        box = {name: text for name, text in declared.items() if name not in ("x", "y")}
        inner = _inner_viewport(box | sizes, replace(inner, matrix=matrix, clips=state.clips))
        # the reference point is in the coordinates of the content
        at = pair(declared, ("refX", "refY"), "0", inner.viewport, 16.0)
        moved = inner.matrix @ [*at, 1.0]
        shift = np.eye(3)
        shift[:2, 2] = [x, y] - moved[:2]
        clips = tuple(
            [replace(area, rings=[ring + shift[:2, 2] for ring in area.rings]) for area in clip]
            for clip in inner.clips[len(state.clips) :]
        )
        inner = replace(inner, matrix=shift @ inner.matrix, clips=(*state.clips, *clips))
        for child in marker.iter_children():
            yield from self._visit(child, inner)

    def _target(self, value: str, state: _State) -> ElementWrapper | None:
        """The element that `url(#id)` points at, if it is in this document."""
        name = value.partition("url(")[2].partition(")")[0].strip("\"' ")
        return self._element(name[1:]) if name.startswith("#") else None

    def _element(self, name: str) -> ElementWrapper | None:
        """The first element of an `id`, unless it is nested too deep."""
        if self._by_id is None:
            self._by_id = {}
            waiting = [(self._root, 0)]
            while waiting:
                element, depth = waiting.pop()
                if element.id is not None:
                    self._by_id[element.id] = element  # the last one visited comes first
                if depth < _MAX_DEPTH:
                    waiting += [(child, depth + 1) for child in element.iter_children()]
        return self._by_id.get(name)


class _LimitError(DrawingError):
    """A whole document is too large."""


def _applies(element: ElementWrapper) -> bool:
    """Whether the conditions of an element hold for a reader of English."""
    attributes = element.etree_element.attrib
    language = attributes.get("systemLanguage")
    languages = [word.strip().lower() for word in (language or "en").split(",")]
    needs = attributes.get("requiredExtensions", "") + attributes.get("requiredFeatures", "")
    is_supported = "Extensibility" not in needs and not attributes.get("requiredExtensions")
    return is_supported and any(word == "en" or word.startswith("en-") for word in languages)


def _direction(line: Polyline, index: int) -> float:
    """The angle of a line at one of its points: the mean of both sides."""
    points = line.points
    is_closed = len(points) > 2 and (points[0] == points[-1]).all()
    before, after = points[: index + 1], points[index:]
    if is_closed and index in (0, len(points) - 1):
        before, after = points, points
    directions = []
    for steps in (before[-1] - before[:-1][::-1], after[1:] - after[0]):
        sizes = np.hypot(*steps.T)
        if (sizes > 0).any():
            first = int(np.argmax(sizes > 0))
            directions.append(steps[first] / sizes[first])
    x, y = np.sum(directions, axis=0) if directions else (1.0, 0.0)
    return math.atan2(y, x)


def _clip_edges(area: Area, clips: tuple[Clip, ...]) -> list[Polyline]:
    """The parts of the edges of clips inside an area, which become its outline."""
    edges: list[Polyline] = []
    for number, clip in enumerate(clips):
        rings = [ring for part in clip for ring in part.rings if len(ring) > 2]
        closed = [np.concatenate([ring, ring[:1]]) for ring in rings]
        lines = [Polyline(ring, np.ones(len(ring), bool)) for ring in closed]
        others = [other for index, other in enumerate(clips) if index != number]
        edges += clipped(lines, [[area], *others])
    return edges


def _inner_viewport(values: Mapping[str, str], state: _State) -> _State:
    """Return the state inside a nested `svg`, `symbol` or `marker`: its view box fits its size."""
    font_size = state.style.font_size
    box = view_box(values)
    corner = np.array(pair(values, ("x", "y"), "0", state.viewport, font_size))
    size = np.array(pair(values, ("width", "height"), "100%", state.viewport, font_size))
    outer, inner = np.eye(3), np.eye(3)
    outer[:2, 2] = corner
    if box is not None:
        scale = size / box[2:]
        align, _, fit = (values.get("preserveAspectRatio", "") or "xMidYMid").partition(" ")
        if align.strip() != "none":
            scale[:] = max(scale) if fit.strip() == "slice" else min(scale)
        shares = [{"Min": 0.0, "Max": 1.0}.get(align[at : at + 3], 0.5) for at in (1, 5)]
        gap = size - scale * box[2:]
        inner[:2, :2] = np.diag(scale)
        inner[:2, 2] = (gap * shares if align.strip() != "none" else 0) - scale * box[:2]
    clips = state.clips
    if values.get("overflow", "hidden").strip() not in ("visible", "auto") and (size > 0).all():
        corners = corner + size * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
        moved = corners @ state.matrix[:2, :2].T + state.matrix[:2, 2]
        clips = (*clips, [Area([moved])])
    viewport = box[2:] if box is not None else (float(size[0]), float(size[1]))
    return replace(state, matrix=state.matrix @ outer @ inner, viewport=viewport, clips=clips)


def _checked(line: Polyline) -> Polyline:
    """Check that a line lies where numbers have some meaning."""
    if not (np.abs(line.points) <= LARGEST).all():
        raise DrawingError("coordinates must be finite and below 1e12", got="a larger one")
    return line
