"""The walk through an SVG: from its elements, in the order they are painted, to shapes.

Follows groups, references, nested viewports, clips, masks and markers; what is wrong or not read is
left out and counted.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from cssselect2 import ElementWrapper
from jaxtyping import Float

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.paper import MM_PER_PIXEL
from sketch_pix2seq.io.svg.areas import Area, Clip, Shape, clip_cost, clip_edges, clipped
from sketch_pix2seq.io.svg.colours import Paint, colour, ground_colour
from sketch_pix2seq.io.svg.document import SvgDocument
from sketch_pix2seq.io.svg.limits import MAX_DEPTH, LimitError, WalkLimits
from sketch_pix2seq.io.svg.lines import Polyline, closed, polyline
from sketch_pix2seq.io.svg.markers import MarkerPlace, marker_places
from sketch_pix2seq.io.svg.paint_servers import server_paint, stops_owner
from sketch_pix2seq.io.svg.path import LARGEST
from sketch_pix2seq.io.svg.shapes import (
    SHAPES,
    count_tokens,
    pair,
    shape_lines,
    transform,
    view_box,
    viewport_of,
)
from sketch_pix2seq.io.svg.style import SvgStyle, styled
from sketch_pix2seq.io.svg.svg_out import WHOLE_STROKES
from sketch_pix2seq.io.svg.viewport import (
    SIDES,
    WalkState,
    as_function,
    corners_of,
    has_size,
    inner_viewport,
    moved_by,
    pixels_per_unit,
    scale_of,
    shifted,
    stretch_of_root,
)
from sketch_pix2seq.io.svg.xml import applies, reference_of

BORDER = 0.01
"""Share of a page's longest side within which edges of areas lie along its own edge."""
_RULES = "style rule with a selector that is too long"
_IMPORTS = "style sheet of another file"
_CONTAINERS = frozenset({"svg", "g", "a", "switch"})
_MAX_NAMED = 4  # kinds of what was left out
_NOT_READ = {"text": "text", "image": "picture", "foreignObject": "foreign object"}
_NAMESPACE = "http://www.w3.org/2000/svg"
_FRAME_CONTRAST = 96  # of 255 between a ground and its line, from which the line is a frame
_REAL_UNITS = ("mm", "cm", "in", "pt", "pc", "q")
_WHITE = Paint((255, 255, 255), 1.0)
_LIGHT = 0.2  # brightness from which the parts of a mask show what is below


class SvgWalk:
    """One pass over the elements of a document, in the order they are painted."""

    def __init__(self, root: ET.Element) -> None:
        self._document = SvgDocument(root)
        self._namespaces = {_NAMESPACE, root.tag.rpartition("}")[0].lstrip("{")}
        self.is_whole = WHOLE_STROKES in root.attrib
        # (x, y) of their lower and upper corners, in each element's own coordinates
        self._bounding_boxes: dict[ET.Element, tuple[np.ndarray, np.ndarray]] = {}
        self._limits = WalkLimits()
        self._left_out: Counter[str] = Counter()
        declared, font_size = self._document.root_values, self._document.root_font_size
        ground = declared.get("background-color", declared.get("background", ""))
        self.paper = ground_colour(ground)
        self._viewport = viewport_of(declared, (300.0, 150.0), font_size)
        self._stretch = stretch_of_root(declared, self._viewport, font_size)
        self._pixels_per_unit = pixels_per_unit(declared, self.page(), font_size)
        self._patterns: set[str] = set()

    def shapes(self) -> Iterator[Shape]:
        """Yield all shapes, in the document's units."""
        return self._visit(
            self._document.root, WalkState(self._stretch, SvgStyle(), self._viewport)
        )

    def leave_out(self, what: str, count: int) -> None:
        """Count what is left out after the walk."""
        self._left_out[what] += count

    def left_out(self) -> str | None:
        """What was left out, in one line."""
        sheets = {
            _IMPORTS: self._document.sheets.num_imports,
            _RULES: self._document.sheets.num_passed_over,
        }
        left_out = self._left_out + Counter(sheets)
        named = left_out.most_common(_MAX_NAMED)
        parts = [f"{count} x {what}" if count > 1 else what for what, count in named]
        if len(left_out) > len(named):
            parts.append(f"{left_out.total() - sum(dict(named).values())} of other kinds")
        return "; ".join(parts)[:200] or None

    def page(self) -> tuple[float, float, float, float] | None:
        """Left, top, width and height of the page, if the document has one."""
        values = self._document.root_values
        is_sized = all("%" not in values.get(side, "%") for side in ("width", "height"))
        if (box := view_box(values)) is not None:
            return (*box[:3], box[3] * float(self._stretch[1, 1]))
        return (0.0, 0.0, *self._viewport) if is_sized else None

    def size_mm(self) -> float | None:
        """Real length of the page's longest side, if one of its sides is given in a real unit."""
        page, scale = self.page(), self._pixels_per_unit
        sides = (self._document.root_values.get(name, "").strip().lower() for name in SIDES)
        if page is None or scale is None or not any(side.endswith(_REAL_UNITS) for side in sides):
            return None
        return round(scale * max(page[2:]) * MM_PER_PIXEL, 6)

    def is_ground(self, shape: Shape) -> bool:
        """Whether a shape covers the page and shows no edge on it."""
        if shape.fill is None or shape.clips or not shape.area.rings:
            return False
        x, y, width, height = self.page() or (0, 0, *self._viewport)
        low, high = np.array([x, y]), np.array([x + width, y + height])
        slack = BORDER * max(width, height)
        points = np.concatenate(shape.area.rings)
        inner = ((points > low + slack) & (points < high - slack)).all(axis=1)
        covers = (points.min(axis=0) <= low + slack) & (points.max(axis=0) >= high - slack)
        if inner.any() or not covers.all():
            return False
        line = shape.stroke and np.abs(np.subtract(shape.stroke.rgb, shape.fill.rgb)).max()
        return line is None or bool(line < _FRAME_CONTRAST)

    def _visit(self, element: ElementWrapper, state: WalkState) -> Iterator[Shape]:
        """Yield the shapes of an element and of what is in it; leave out what is wrong."""
        tag = element.local_name
        if element.namespace_url not in self._namespaces:
            return
        if tag in _NOT_READ and applies(element.etree_element):
            style = styled(
                state.style, self._document.declared(element, state.style, state.depth + 1)
            )
            self._left_out[_NOT_READ[tag]] += style.displayed
        if tag not in _CONTAINERS and tag not in SHAPES and tag != "use":
            return
        self._limits.visit(sum(map(len, element.etree_element.attrib.values())))
        if state.depth > MAX_DEPTH:
            self._left_out[f"what is nested more than {MAX_DEPTH} deep"] += 1
            return
        try:
            inner, declared = self._inside(element, state)
            if not inner.style.displayed or not applies(element.etree_element):
                return
            yield from self._drawn(element, declared, inner)
        except LimitError:
            raise
        except DrawingError as error:
            self._left_out[f"`{tag}`, as {error}"] += 1

    def _drawn(
        self, element: ElementWrapper, declared: Mapping[str, str], inner: WalkState
    ) -> Iterator[Shape]:
        """Yield the shapes of an element, given what it is inside."""
        if element.local_name in SHAPES:
            return self._shape(element.local_name, declared, inner)
        if element.local_name == "use":
            return self._use(declared, inner, element)
        return self._children(element, declared, inner)

    def _inside(
        self, element: ElementWrapper, state: WalkState
    ) -> tuple[WalkState, dict[str, str]]:
        """Return the state inside of an element, and its properties."""
        declared = self._document.declared(element, state.style, state.depth + 1)
        style = styled(state.style, declared, math.hypot(*state.viewport) / math.sqrt(2))
        inner = replace(state, style=style, depth=state.depth + 1)
        try:
            matrix = self._transform(element, declared, inner)
        except DrawingError as error:  # the element stays where it is, as in browsers
            self._left_out[str(error)] += 1
            matrix = np.eye(3)
        if element.local_name == "use":
            corner = pair(declared, ("x", "y"), "0", state.viewport, style.font_size)
            matrix = matrix @ shifted(*corner)
        inner = replace(inner, matrix=state.matrix @ matrix)
        for kind in () if state.is_measured else ("clip-path", "mask"):
            value = declared.get(kind, "none")
            target = self._document.target(value)
            if target is not None and target.local_name == kind.replace("-p", "P"):
                clip = self._clip(
                    target, replace(inner, viewport=state.viewport), element, declared
                )
                cost = inner.clip_cost + sum(map(clip_cost, clip))
                inner = replace(inner, clips=(*inner.clips, *clip), clip_cost=cost)
            elif value.rstrip().endswith(")") and "url(" not in value:
                self._left_out[f"`{kind}` that is no reference"] += 1
        return inner, declared

    def _transform(
        self, element: ElementWrapper, declared: Mapping[str, str], inner: WalkState
    ) -> Float[np.ndarray, "3 3"]:
        """The transform of an element, from its properties and its attribute."""
        parts = [
            as_function(name, declared[name])
            for name in ("translate", "rotate", "scale")
            if declared.get(name, "none").strip() not in ("none", "")
        ]
        text = " ".join([*parts, declared.get("transform", "").strip()]).strip()
        if text in ("", "none"):
            return np.eye(3)
        origin, viewport, corner = declared.get("transform-origin", ""), inner.viewport, (0.0, 0.0)
        if element == self._document.root:
            x, y, width, height = view_box(declared) or (0.0, 0.0, *viewport)
            origin, corner, viewport = origin or "center", (x, y), (width, height)
        elif declared.get("transform-box", "view-box").strip() != "view-box":
            low, high = self._bounding_box(element, declared, inner)
            wider = inner.style.stroke_width / 2 if "stroke" in declared["transform-box"] else 0.0
            width, height = high - low + 2 * wider
            corner, viewport = (low[0] - wider, low[1] - wider), (float(width), float(height))
        matrix = transform(text, origin, viewport, inner.style.font_size)
        back = shifted(-corner[0], -corner[1])
        return np.asarray(shifted(*corner) @ matrix @ back)

    def _bounding_box(
        self, element: ElementWrapper, declared: Mapping[str, str], inner: WalkState
    ) -> tuple[Float[np.ndarray, " 2"], Float[np.ndarray, " 2"]]:
        """The lowest and the highest (x, y) of what an element draws, in its own coordinates."""
        if (box := self._bounding_boxes.get(element.etree_element)) is not None:
            return box
        state = replace(inner, matrix=np.eye(3), clips=(), all_areas=True, is_measured=True)
        left_out = self._left_out.copy()
        shapes = list(self._drawn(element, declared, state))
        self._left_out = left_out
        points = [line.points for shape in shapes for line in shape.lines]
        together = np.concatenate([*points, np.zeros((0 if points else 1, 2))])
        box = together.min(axis=0), together.max(axis=0)
        self._bounding_boxes[element.etree_element] = box
        return box

    def _children(
        self, element: ElementWrapper, declared: Mapping[str, str], state: WalkState
    ) -> Iterator[Shape]:
        """Yield the shapes of all children, of a `switch` of the first that applies."""
        if element.local_name == "svg" and element != self._document.root:
            if not has_size(declared):
                return
            state = inner_viewport(declared, state)
        children = element.iter_children()
        if element.local_name == "switch":
            readable = (*_CONTAINERS, *SHAPES, "use")
            meant = (e for e in children if e.local_name in readable and applies(e.etree_element))
            children = iter([e for e in [next(meant, None)] if e is not None])
        for child in children:
            yield from self._visit(child, state)

    def _use(
        self, declared: Mapping[str, str], state: WalkState, element: ElementWrapper
    ) -> Iterator[Shape]:
        """Yield the shapes of what a `use` element points at, inside this document only."""
        reference = reference_of(element.etree_element)
        is_inside = reference.startswith("#")
        self._left_out["`use` of another file"] += bool(reference) and not is_inside
        target = self._document.element(reference[1:]) if is_inside else None
        if target is None:
            return
        if target.id in state.drawn_ids:
            raise DrawingError("it must not draw itself", got=reference)
        moved = replace(state, drawn_ids=state.drawn_ids | {target.id})
        if target.local_name not in ("symbol", "svg"):
            yield from self._visit(target, moved)
            return
        inner, target_declared = self._inside(target, moved)
        sizes = {name: declared[name] for name in ("width", "height") if name in declared}
        if inner.style.displayed and has_size(target_declared | sizes):
            inner = inner_viewport(target_declared | sizes, inner)
            for child in target.iter_children():
                yield from self._visit(child, inner)

    def _shape(self, tag: str, declared: Mapping[str, str], state: WalkState) -> Iterator[Shape]:
        """Yield a shape with its markers, if anything is painted."""
        style = state.style
        paints = {name: self._paint(name, state) for name in ("fill", "stroke")}
        if state.is_measured:
            paints = {"fill": None, "stroke": _WHITE}
        elif state.all_areas:
            is_hidden = style.values["visibility"] in ("hidden", "collapse")
            paints = {"fill": None if is_hidden else _WHITE, "stroke": None}
        fill, stroke = paints["fill"] if tag != "line" else None, paints["stroke"]
        if fill is None and stroke is None:
            return
        self._limits.read_numbers(count_tokens(declared.get("d", "") + declared.get("points", "")))
        outlines = shape_lines(tag, declared, state.viewport, style.font_size)
        lines = [_checked(polyline(line, state.matrix)) for line in outlines if line]
        self._limits.draw(sum(len(line.points) for line in lines), state.clip_cost)
        rule = style.values["clip-rule" if state.all_areas else "fill-rule"]
        is_area = fill is not None
        rings = [line.points for line in lines if is_area and len(line.points) > 2]
        area = Area(rings, rule == "evenodd")
        width = style.stroke_width * scale_of(state.matrix)
        if declared.get("vector-effect", "").strip() == "non-scaling-stroke":
            width = style.stroke_width / (self._pixels_per_unit or 1.0)
        edges = [closed(line) for line in lines] if rings and stroke is None else lines
        visible = clipped(edges, state.clips)
        if rings and stroke is None and not state.all_areas:
            visible += clip_edges(area, state.clips)
        self._limits.cut_off(len(visible) - len(edges))
        yield Shape(visible, area, stroke, width, fill, state.clips)
        if tag in ("path", "line", "polyline", "polygon") and lines and not state.is_measured:
            yield from self._markers(lines, width, replace(state, context=paints))

    def _paint(self, name: str, state: WalkState) -> Paint | None:
        """The colour of `fill` or `stroke`; of a gradient its middle one."""
        value = state.style.paint(name)
        if value is None:
            return None
        if value.startswith("context-"):
            return (state.context or {}).get(value[8:])
        if not value.startswith("url("):
            return state.style.colour(name)
        target = self._document.target(value)
        if target is None:
            return colour(value.partition(")")[2])
        target = stops_owner(self._document, target)
        if target.local_name == "pattern":
            self._patterns.add(target.id or "")
            self._left_out["pattern"] = len(self._patterns)
        return server_paint(self._document, target)

    def _clip(
        self,
        element: ElementWrapper,
        state: WalkState,
        owner: ElementWrapper,
        owner_declared: Mapping[str, str],
    ) -> list[Clip]:
        """The areas of a clip path or mask; one of which nothing is read cuts nothing."""
        if element.id in state.drawn_ids or state.depth > MAX_DEPTH:
            raise DrawingError("it must not clip itself", got=f"#{element.id}")
        is_mask = element.local_name == "mask"
        style = self._document.style_in(element.parent)
        inner = replace(state, style=style, clips=(), drawn_ids=state.drawn_ids | {element.id})
        inner, declared = self._inside(element, replace(inner, all_areas=not is_mask))
        inner = replace(inner, style=replace(inner.style, displayed=True))
        clips = list(inner.clips)
        corner, size = ("x", "y"), ("width", "height")
        if is_mask and declared.get("maskUnits") == "userSpaceOnUse":
            x, y = pair(declared, corner, "-10%", inner.viewport, inner.style.font_size)
            width, height = pair(declared, size, "120%", inner.viewport, inner.style.font_size)
            clips.append([Area([moved_by(corners_of(x, y, width, height), inner.matrix)])])
        if "objectBoundingBox" in (declared.get("clipPathUnits"), declared.get("maskContentUnits")):
            low, high = self._bounding_box(owner, owner_declared, state)
            fit = shifted(*low) @ np.diag([*(high - low), 1.0])
            inner = replace(inner, matrix=inner.matrix @ fit, viewport=(1.0, 1.0))
        num_left_out = self._left_out.total()
        is_alpha = "alpha" in declared.get("mask-type", "")
        clip: Clip = []
        for child in element.iter_children():
            if not is_mask and child.local_name in _CONTAINERS:
                continue  # not allowed there
            for shape in self._visit(child, replace(inner, clips=())):
                if shape.fill is not None:
                    bright = np.dot(shape.fill.rgb, (0.2126, 0.7152, 0.0722)) / 255
                    light = shape.fill.alpha * (1 if is_alpha else bright)
                    shows = not is_mask or bool(light >= _LIGHT)
                    clip.append(replace(shape.area, shows=shows, clips=shape.clips))
                if is_mask and shape.stroke is not None:
                    self._left_out["line of a mask"] += 1
        if self._left_out.total() > num_left_out and not any(area.shows for area in clip):
            return clips
        return [*clips, clip]

    def _markers(self, lines: list[Polyline], width: float, state: WalkState) -> Iterator[Shape]:
        """Yield the markers of a shape, at its beginning, its corners and its end."""
        values = state.style.values
        markers = {
            kind: self._document.target(values[f"marker-{kind}"])
            for kind in ("start", "mid", "end")
        }
        if not any(markers.values()):
            return
        for place in marker_places(lines):
            marker = markers[place.kind]
            if marker is not None and marker.local_name == "marker":
                yield from self._marker(marker, place, width, state)

    def _marker(
        self, marker: ElementWrapper, place: MarkerPlace, width: float, state: WalkState
    ) -> Iterator[Shape]:
        if marker.id in state.drawn_ids:
            return
        if not self._limits.takes_marker():
            self._left_out["marker"] += 1
            return
        # corners are in the document's units: the marker is turned there, and sized by the shape
        style = self._document.style_in(marker.parent)
        inner = replace(state, style=style, drawn_ids=state.drawn_ids | {marker.id})
        inner, declared = self._inside(marker, inner)
        inner = replace(inner, style=replace(inner.style, displayed=True))
        is_of_user = declared.get("markerUnits") == "userSpaceOnUse"
        size = scale_of(state.matrix) if is_of_user else width
        angle = place.angle(declared.get("orient", "0"))
        c, s = size * math.cos(angle), size * math.sin(angle)
        x, y = place.line.points[place.corner]
        matrix = np.array([[c, -s, x], [s, c, y], [0, 0, 1]])
        sizes = {
            "width": declared.get("markerWidth", "3"),
            "height": declared.get("markerHeight", "3"),
        }
        box = {name: text for name, text in declared.items() if name not in ("x", "y")}
        if not has_size(box | sizes):
            return
        inner = inner_viewport(box | sizes, replace(inner, matrix=matrix, clips=state.clips))
        # the reference point is in the coordinates of the content
        at = pair(declared, ("refX", "refY"), "0", inner.viewport, 16.0)
        moved = inner.matrix @ [*at, 1.0]
        shift = shifted(x - moved[0], y - moved[1])
        clips = tuple(
            [replace(area, rings=[ring + shift[:2, 2] for ring in area.rings]) for area in clip]
            for clip in inner.clips[len(state.clips) :]
        )
        inner = replace(inner, matrix=shift @ inner.matrix, clips=(*state.clips, *clips))
        for child in marker.iter_children():
            yield from self._visit(child, inner)


def _checked(line: Polyline) -> Polyline:
    """Check that a line lies where numbers have some meaning."""
    if not (np.abs(line.points) <= LARGEST).all():
        raise DrawingError("coordinates must be finite and below 1e12", got="a larger one")
    return line
