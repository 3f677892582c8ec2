"""Areas of an SVG: clipping lines to them, painting them, visible parts of lines, pen lines.

All in the document's units. Areas are painted small, without soft edges: enough to find out which
colours lie beside a line and what lies over it, to a thousandth of the drawing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int64

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.picture_in import lines_of_ink
from sketch_pix2seq.io.regions import Regions
from sketch_pix2seq.io.svg_colours import RGB, SAME_COLOUR, Paint, is_same_colour
from sketch_pix2seq.io.svg_lines import Polyline, cut
from sketch_pix2seq.io.thinning import thin
from sketch_pix2seq.sketch.geometry import part_indices

_SIDE = 1_000  # pixels of the longest side, at most, of what is painted
_MAX_CROSSINGS = 20_000_000  # of edges with rows of pixels, and of lines with edges of a clip
_AREA_COST = 50  # edges that take as long as a part of a clip
_CUT_COST = 8_000  # and as one that is cut itself
_MAX_PIXELS = 200_000_000
_BLOCK = 1_000_000  # pairs that are compared at once
_OPAQUE = 0.9
_EDGE_SIDE = 100  # pixels of a page's longest side, of which those along its edge are looked at
_FULL_EDGE = 0.97  # share of them that is covered where nothing of the paper is seen
_BRIDGED = 3  # pixels: shorter parts of a line are as visible as their neighbours
_PEN_PIXELS = 7  # that the line of a pen is wide, in the picture it is found in
_PEN_SIDE = 2_500
_PEN_ROUGH = 300  # pixels of the longest side of a first look at the width
_PEN_LENGTH = 16.0  # times its width: a shorter area is a shape
_PEN_SLIM = 10.0  # times as large as its width is an area that holds such a line
_PEN_BLOB = 0.7  # widths: where a disc of this radius fits in, it is no line
_MIN_EXTENT = 1e-9  # of an area in which lines of a pen are searched
_PEN_BLOBS = 0.03  # share of an area that may be such


@dataclass(frozen=True, eq=False)
class Area:
    """The inside of closed lines.

    Args:
        rings: (P, 2) points of each; the last is joined to the first.
        even_odd: Which inside is meant: else all round which lines go (`nonzero`).
        is_in: For a part of a clip: whether it adds to it or takes away from it.
        clips: For a part of a clip: what cuts it.
    """

    rings: list[Float[np.ndarray, "P 2"]]
    even_odd: bool = False
    is_in: bool = True
    clips: tuple[Clip, ...] = ()

    def edges(self) -> tuple[Float[np.ndarray, "E 2"], Float[np.ndarray, "E 2"]]:
        """Beginnings and ends of all edges."""
        if not self.rings:
            return np.empty((0, 2)), np.empty((0, 2))
        ends = [np.roll(ring, -1, axis=0) for ring in self.rings]
        return np.concatenate(self.rings), np.concatenate(ends)


Clip: TypeAlias = list[Area]
"""Areas in the order in which they add to the visible part or take away from it."""


@dataclass(eq=False)
class Shape:
    """A shape as it is painted: its lines, cut to its clips, and its area.

    Where its lines are the centre lines of a pen, `edges` are what was painted.
    """

    lines: list[Polyline]
    area: Area
    stroke: Paint | None
    width: float
    fill: Paint | None
    clips: tuple[Clip, ...] = ()
    edges: list[Polyline] = field(default_factory=list)

    @property
    def line_rgb(self) -> RGB:
        """Colour of its lines, or of its area if it has none."""
        paint = self.stroke or self.fill
        return (0, 0, 0) if paint is None else _over(paint, (255, 255, 255))


def _over(paint: Paint, ground: RGB) -> RGB:
    red, green, blue = (
        round(paint.alpha * a + (1 - paint.alpha) * b)
        for a, b in zip(paint.rgb, ground, strict=True)
    )
    return red, green, blue


# ---- clips


def clip_cost(clip: Clip) -> int:
    """What a clip costs for each point: its edges, and more for each of its parts."""
    return sum(
        (_CUT_COST if area.clips else _AREA_COST) + sum(map(len, inner.rings))
        for area in clip
        for inner in _with_clips(area)
    )


def clipped(lines: Sequence[Polyline], clips: Sequence[Clip]) -> list[Polyline]:
    """Keep what of lines is inside of all clips.

    Raises:
        DrawingError: If that would take too long.
    """
    for clip in clips:
        lines = [part for line in lines for part in _clipped(line, clip)]
    return list(lines)


def _clipped(line: Polyline, clip: Clip) -> list[Polyline]:
    if not clip:
        return []
    areas = [inner for area in clip for inner in _with_clips(area)]
    starts, ends = (np.concatenate(both) for both in zip(*(a.edges() for a in areas), strict=True))
    if len(starts) == 0:
        return []
    low, high = starts.min(axis=0), starts.max(axis=0)
    points = line.points
    if (points.max(axis=0) < low).any() or (points.min(axis=0) > high).any():
        return []
    positions = [np.arange(len(points), dtype=np.float64), _crossings(points, starts, ends)]
    at = np.unique(np.concatenate(positions))
    middles = (at[1:] + at[:-1]) / 2 if len(at) > 1 else at
    index = np.minimum(middles.astype(int), max(len(points) - 2, 0))
    step = points[np.minimum(index + 1, len(points) - 1)] - points[index]
    inside = _inside(points[index] + (middles - index)[:, None] * step, clip)
    if len(at) == 1:
        return [line] if inside[0] else []
    return cut(line, at[:-1], at[1:], inside)


def _with_clips(area: Area) -> Iterator[Area]:
    """An area and all that cut it."""
    yield area
    for clip in area.clips:
        for inner in clip:
            yield from _with_clips(inner)


def _crossings(
    points: Float[np.ndarray, "P 2"],
    starts: Float[np.ndarray, "E 2"],
    ends: Float[np.ndarray, "E 2"],
) -> Float[np.ndarray, " C"]:
    """Where a line crosses edges, counted in its points: 2.5 is half way from point 2 to 3."""
    if len(points) * len(starts) > _MAX_CROSSINGS:
        raise DrawingError("a clip path must have fewer points", got=len(starts))
    crossings = [np.empty(0)]
    size = max(_BLOCK // max(len(starts), 1), 1)
    for first in range(0, len(points) - 1, size):
        a = points[first : first + size + 1]
        step, edge, gap = np.diff(a, axis=0)[:, None], (ends - starts)[None], starts - a[:-1, None]
        cross = step[..., 0] * edge[..., 1] - step[..., 1] * edge[..., 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (gap[..., 0] * edge[..., 1] - gap[..., 1] * edge[..., 0]) / cross
            u = (gap[..., 0] * step[..., 1] - gap[..., 1] * step[..., 0]) / cross
        row, column = np.nonzero((t > 0) & (t < 1) & (u >= 0) & (u <= 1))
        crossings.append(first + row + t[row, column])
    return np.concatenate(crossings)


def _inside(points: Float[np.ndarray, "P 2"], clip: Clip) -> Bool[np.ndarray, " P"]:
    inside = np.zeros(len(points), bool)
    for area in clip:
        starts, ends = area.edges()
        if len(starts) == 0:
            continue
        slack = 1e-6 * float((starts.max(axis=0) - starts.min(axis=0)).max())
        edges = ends - starts
        size = max(_BLOCK // len(starts), 1)
        for first in range(0, len(points), size):
            some = points[first : first + size, None]
            gap = some - starts
            side = edges[:, 0] * gap[..., 1] - edges[:, 1] * gap[..., 0]
            up = (starts[:, 1] <= some[..., 1]) & (ends[:, 1] > some[..., 1]) & (side > 0)
            down = (starts[:, 1] > some[..., 1]) & (ends[:, 1] <= some[..., 1]) & (side < 0)
            turns = up.sum(axis=1) - down.sum(axis=1)
            length = np.maximum((edges**2).sum(axis=1), 1e-300)
            share = np.clip((gap * edges).sum(axis=2) / length, 0, 1)[..., None]
            on_edge = (((gap - share * edges) ** 2).sum(axis=2) <= slack**2).any(axis=1)
            hit = (turns % 2 == 1 if area.even_odd else turns != 0) | on_edge
            for inner in area.clips:
                hit &= _inside(some[:, 0], inner)
            inside[first : first + size][hit] = area.is_in
    return inside


# ---- painting


@dataclass(frozen=True, eq=False)
class PixelGrid:
    """Where pixels lie: pixel (row, column) is at `corner + (column, row) / scale`."""

    corner: Float[np.ndarray, " 2"]
    scale: float
    shape: tuple[int, int]

    def mask(self, area: Area) -> tuple[tuple[slice, slice], Bool[np.ndarray, "h w"]]:
        """Fill an area: a part of the picture, and which of its pixels are inside."""
        starts, ends = ((p - self.corner) * self.scale for p in area.edges())
        height, width = self.shape
        if len(starts) == 0:
            return (slice(0, 0), slice(0, 0)), np.zeros((0, 0), bool)
        low = np.clip(np.floor(starts.min(axis=0)), 0, (width, height)).astype(int)
        high = np.clip(np.ceil(starts.max(axis=0)) + 1, 0, (width, height)).astype(int)
        wide, high_ = np.maximum(high - low, 0).tolist()
        turns = _winding(starts - low, ends - low, high_, wide)
        window = (slice(low[1], low[1] + high_), slice(low[0], low[0] + wide))
        return window, (turns % 2 == 1 if area.even_odd else turns != 0)

    def clipped_mask(self, shape: Shape) -> tuple[tuple[slice, slice], Bool[np.ndarray, "h w"]]:
        """Fill the area of a shape, inside its clips."""
        return self._clipped(shape.area, shape.clips)

    def _clipped(
        self, area: Area, clips: Sequence[Clip]
    ) -> tuple[tuple[slice, slice], Bool[np.ndarray, "h w"]]:
        window, mask = self.mask(area)
        if clips and mask.any():
            first = np.array([window[1].start, window[0].start])
            part = PixelGrid(self.corner + first / self.scale, self.scale, mask.shape)
            for clip in clips:
                visible = np.zeros(mask.shape, bool)
                for piece in clip:
                    inner, inside = part._clipped(piece, piece.clips)
                    visible[inner][inside] = piece.is_in
                mask &= visible
        return window, mask


def _winding(
    starts: Float[np.ndarray, "E 2"], ends: Float[np.ndarray, "E 2"], height: int, width: int
) -> Int64[np.ndarray, "h w"]:
    """How often edges go round the middle of each pixel, with their sense."""
    edges = ends - starts
    top = np.clip(np.ceil(np.minimum(starts[:, 1], ends[:, 1]) - 0.5), 0, height).astype(int)
    stop = np.clip(np.ceil(np.maximum(starts[:, 1], ends[:, 1]) - 0.5), 0, height).astype(int)
    counts = stop - top
    if counts.sum() > _MAX_CROSSINGS:
        raise DrawingError("an area must have fewer edges", got=len(starts))
    edge, row = part_indices(counts)
    row += top[edge]
    x = starts[edge, 0] + (row + 0.5 - starts[edge, 1]) * edges[edge, 0] / edges[edge, 1]
    column = np.clip(np.ceil(x - 0.5), 0, width).astype(int)
    sense = np.sign(edges[edge, 1])
    flat = np.bincount(row * (width + 1) + column, sense, height * (width + 1))
    turns: Int64[np.ndarray, "h w"] = (
        flat.reshape(height, width + 1)[:, :-1].cumsum(axis=1).round().astype(np.int64)
    )
    return turns


def visible_parts(
    shapes: Sequence[Shape], paper: RGB, *, grounds: Sequence[Shape], hidden: bool
) -> list[list[Polyline]]:
    """Keep the visible parts of each shape's lines: not covered, and of another colour than around.

    Args:
        shapes: In the order in which they are painted; those that are `grounds` among them.
        paper: Colour of the paper.
        grounds: Shapes that cover the page, whose own lines are none.
        hidden: Keep lines that are covered by areas.
    """
    is_ground = {id(shape) for shape in grounds}
    drawn = [shape for shape in shapes if id(shape) not in is_ground]
    lines = [line for shape in drawn for line in (*shape.lines, *shape.edges)]
    plain = all(shape.fill is None for shape in drawn) and shapes[len(grounds) :] == drawn
    if not lines or plain:
        colour, visible = paper, []
        if grounds and (ground := grounds[-1].fill) is not None:
            colour = _over(ground, paper)
        for shape in shapes:
            is_visible = id(shape) not in is_ground and not is_same_colour(shape.line_rgb, colour)
            visible.append(shape.lines if is_visible else [])
        return visible
    grid = _grid(shapes, lines)
    colours, numbers = _painted(shapes, grid, paper)
    parts = []
    for number, shape in enumerate(shapes):
        visible_lines: list[Polyline] = []
        if id(shape) not in is_ground:
            view = _View(grid, colours, numbers, number, hidden)
            for line in shape.lines if view.shows_edges(shape) else ():
                visible_lines += view.visible(line, shape)
        parts.append(visible_lines)
    return parts


def fills_page(
    shapes: Sequence[Shape], page: tuple[float, float, float, float], paper: RGB
) -> bool:
    """Whether areas cover the paper all along the edge of the page (left, top, width, height)."""
    left, top, width, height = page
    scale = _EDGE_SIDE / max(width, height)
    rows, columns = max(round(height * scale), 3), max(round(width * scale), 3)
    grid = PixelGrid(np.array([left, top]), scale, (rows, columns))
    low, high = (
        np.array([left, top]) + 1 / scale,
        np.array([left + width, top + height]) - 1 / scale,
    )
    at_edge = [
        shape
        for shape in shapes
        if shape.fill is not None
        and any(
            (ring.min(axis=0) < low).any() or (ring.max(axis=0) > high).any()
            for ring in shape.area.rings
        )
    ]
    colours, _ = _painted(at_edge, grid, paper)
    edge = np.concatenate([colours[0], colours[-1], colours[:, 0], colours[:, -1]]).astype(int)
    covered = np.abs(edge - np.array(paper)).max(axis=1) > SAME_COLOUR
    return bool(covered.mean() > _FULL_EDGE)


def _grid(shapes: Sequence[Shape], lines: Sequence[Polyline]) -> PixelGrid:
    """A grid round all lines, with as many pixels as the areas allow."""
    points = np.concatenate([line.points for line in lines])
    low, high = points.min(axis=0), points.max(axis=0)
    extent = max(float((high - low).max()), 1e-9)
    covered = crossings = 1e-9
    for shape in shapes:
        if shape.fill is not None and shape.area.rings:
            starts, ends = shape.area.edges()
            size = np.minimum(starts.max(axis=0), high) - np.maximum(starts.min(axis=0), low)
            covered += float(np.maximum(size, 0).prod()) / extent**2
            heights = np.minimum(np.abs(ends - starts)[:, 1] / extent, 1)
            crossings += float(heights.sum())
    side = min(_SIDE, math.sqrt(_MAX_PIXELS / covered), _MAX_CROSSINGS / crossings)
    scale = max(side, 32) / extent
    corner = low - 3 / scale
    width, height = (np.ceil((high - low) * scale) + 6).astype(int).tolist()
    return PixelGrid(corner, scale, (height, width))


def _painted(shapes: Sequence[Shape], grid: PixelGrid, paper: RGB) -> tuple[np.ndarray, np.ndarray]:
    """Colours (H, W, 3), and the number of the last shape that covers each pixel, -1 none."""
    colours = np.full((*grid.shape, 3), paper, np.uint8)
    numbers = np.full(grid.shape, -1)
    for number, shape in enumerate(shapes):
        if shape.fill is None:
            continue
        window, mask = grid.clipped_mask(shape)
        alpha = shape.fill.alpha
        below = colours[window][mask]
        colours[window][mask] = alpha * np.array(shape.fill.rgb) + (1 - alpha) * below
        if alpha >= _OPAQUE:
            numbers[window][mask] = number
    return colours, numbers


@dataclass(frozen=True, eq=False)
class _View:
    """The finished painting, in which parts of a shape's lines are visible.

    Args:
        grid: Where its pixels lie.
        colours: (H, W, 3).
        numbers: (H, W), of the last shape that covers each pixel.
        number: Of the shape.
        hidden: Whether lines that are covered are kept.
    """

    grid: PixelGrid
    colours: np.ndarray
    numbers: np.ndarray
    number: int
    hidden: bool

    def shows_edges(self, shape: Shape) -> bool:
        """Whether any painted edge is visible, of a shape reduced to its centre lines."""
        as_area = replace(shape, edges=[])
        return not shape.edges or any(self.visible(edge, as_area) for edge in shape.edges)

    def visible(self, line: Polyline, shape: Shape) -> list[Polyline]:
        """Keep the visible parts of a line, to about a pixel."""
        points = (line.points - self.grid.corner) * self.grid.scale
        index, step, count = _samples(points)
        after = np.minimum(index + 1, len(points) - 1)
        at = points[index] + step[:, None] * (points[after] - points[index])
        column, row = np.clip(at, 1, np.array(self.grid.shape[::-1]) - 2).astype(int).T
        around = [(row + dy, column + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
        beside = np.stack([self.colours[pixel] for pixel in around]).astype(np.int16)
        if shape.edges:
            visible = np.ones(len(index), bool)
        elif shape.stroke is not None:
            visible = np.abs(beside - np.array(shape.line_rgb)).max(axis=(0, 2)) > SAME_COLOUR
        else:
            visible = (beside.max(axis=0) - beside.min(axis=0)).max(axis=1) > SAME_COLOUR
        if not self.hidden:
            above = np.stack([self.numbers[pixel] for pixel in around]).min(axis=0)
            visible &= above <= self.number
        if visible.all() or not visible.any():
            return [line] if visible.all() else []
        runs = np.flatnonzero(np.diff(visible)) + 1
        for start, stop in zip(runs[:-1].tolist(), runs[1:].tolist(), strict=True):
            if stop - start < _BRIDGED:
                visible[start:stop] = visible[start - 1]
        half = 0.5 / count
        parts = cut(line, index + step - half, index + step + half, visible)
        least = _BRIDGED / self.grid.scale
        return [part for part in parts if part.length >= least or len(parts) == 1]


def _samples(
    points: Float[np.ndarray, "P 2"],
) -> tuple[Int64[np.ndarray, " N"], Float[np.ndarray, " N"], Int64[np.ndarray, " N"]]:
    """Samples a pixel apart: the point before, the share of its segment, samples on that."""
    lengths = np.hypot(*np.diff(points, axis=0).T) if len(points) > 1 else np.zeros(1)
    counts = np.ceil(np.clip(lengths, 1, 10 * _SIDE)).astype(int)
    index, number = part_indices(counts)
    count = counts[index]
    return index, (number + 0.5) / count, count


# ---- lines of a pen, written as areas


def pen_lines(shape: Shape) -> tuple[list[Polyline], float] | None:
    """Find the centre lines of an area that is a line drawn by a pen, and its width.

    It is one if it is sixteen times as long as wide, and nowhere much wider than usual: digital
    ink, expanded strokes, rings, what tracing programs write. Parts of an area are looked at one
    by one; what is wider than a line keeps its outline.

    Returns:
        None if no part of the area is a line.
    """
    starts, ends = shape.area.edges()
    if len(starts) < 3:
        return None
    around = float(np.hypot(*(ends - starts).T).sum())
    extent = float((starts.max(axis=0) - starts.min(axis=0)).max())
    if extent < _MIN_EXTENT:
        return None
    rough, scale = _ink(shape, _PEN_ROUGH / extent)
    width = 2 * rough.sum() / scale**2 / max(around, 1e-300)
    if width <= 0 or around < 2 * _PEN_LENGTH * width or extent > _PEN_SIDE / 3 * width:
        return None
    ink, scale = _ink(shape, min(_PEN_PIXELS / width, _PEN_SIDE / extent))
    corner = starts.min(axis=0) - 2 / scale
    regions = Regions.of(ink)
    skeleton = thin(ink)
    lengths = np.bincount(regions.labels[skeleton], minlength=len(regions.areas)).clip(1)
    usual = float(ink.sum() / lengths.sum())
    blobs = np.bincount(
        regions.labels[_eroded(ink, _PEN_BLOB * usual)], minlength=len(regions.areas)
    )
    # ends of lines were thinned away, half a width each
    is_line = (blobs <= _PEN_BLOBS * regions.areas) & (
        lengths**2 >= (_PEN_LENGTH - 1) * regions.areas
    )
    if not is_line.any() or max(ink.shape) < _PEN_SLIM * usual:
        return None
    strokes = lines_of_ink(regions.only(is_line)).strokes
    middles = [stroke / scale + corner for stroke in strokes]
    lines = [Polyline(middle, np.ones(len(middle), bool)) for middle in middles]
    others = regions.only(~is_line)
    for line in shape.lines if others.any() else ():
        column, row = ((line.points[0] - corner) * scale).astype(int)
        if others[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].any():
            lines.append(line)
    return lines, usual / scale


def _ink(shape: Shape, scale: float) -> tuple[Bool[np.ndarray, "H W"], float]:
    """Fill the area of a shape, with two pixels around it; also return the scale."""
    points, _ = shape.area.edges()
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = (np.ceil((high - low) * scale) + 4).astype(int).tolist()
    window, inside = PixelGrid(low - 2 / scale, scale, (height, width)).clipped_mask(shape)
    ink = np.zeros((height, width), bool)
    ink[window] = inside
    return ink, scale


def _eroded(ink: Bool[np.ndarray, "H W"], radius: float) -> Bool[np.ndarray, "H W"]:
    """Erode ink, in steps that make an octagon."""
    eroded = np.pad(ink, 1)
    for number in range(max(round(radius), 1)):
        inner = eroded.copy()
        inner[1:] &= eroded[:-1]
        inner[:-1] &= eroded[1:]
        if number % 2:
            eroded, inner = inner, inner.copy()
        inner[:, 1:] &= eroded[:, :-1]
        inner[:, :-1] &= eroded[:, 1:]
        eroded = inner
    return eroded[1:-1, 1:-1]
