"""Areas of an SVG, painted: what covers what, and which parts of lines are visible.

Painted small, without soft edges: enough to find out which colours lie beside a line and what lies
over it, to a thousandth of the drawing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int64

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.svg.areas import MAX_CROSSINGS, Area, Clip, Shape, over
from sketch_pix2seq.io.svg.colours import RGB, SAME_COLOUR, is_same_colour
from sketch_pix2seq.io.svg.lines import Polyline, cut
from sketch_pix2seq.sketch.geometry import part_indices

_SIDE = 1_000  # pixels of the longest side, at most, of what is painted
_MAX_PIXELS = 200_000_000
_OPAQUE = 0.9
_EDGE_SIDE = 100  # pixels of a page's longest side, of which those along its edge are compared
_FULL_EDGE = 0.97  # share of them that is covered where no paper is visible
_BRIDGED = 3  # pixels: shorter parts of a line are as visible as their neighbours


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
                    visible[inner][inside] = piece.shows
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
    if counts.sum() > MAX_CROSSINGS:
        raise DrawingError("an area must have fewer edges", got=len(starts))
    edge, row = part_indices(counts)
    row += top[edge]
    x = starts[edge, 0] + (row + 0.5 - starts[edge, 1]) * edges[edge, 0] / edges[edge, 1]
    column = np.clip(np.ceil(x - 0.5), 0, width).astype(int)
    sense = np.sign(edges[edge, 1])
    flat = np.bincount(row * (width + 1) + column, sense, height * (width + 1))
    return np.asarray(
        flat.reshape(height, width + 1)[:, :-1].cumsum(axis=1).round().astype(np.int64)
    )


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
            colour = over(ground, paper)
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
    side = min(_SIDE, math.sqrt(_MAX_PIXELS / covered), MAX_CROSSINGS / crossings)
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
