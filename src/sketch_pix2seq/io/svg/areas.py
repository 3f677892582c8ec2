"""Shapes of an SVG, their areas, and lines cut to areas, all in the document's units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.svg.colours import RGB, Paint
from sketch_pix2seq.io.svg.lines import Polyline, cut

MAX_CROSSINGS = 20_000_000
"""Of edges with rows of pixels, and of lines with edges of a clip."""
_AREA_COST = 50  # edges: a part of a clip takes as long as so many more of them
_CUT_COST = 8_000  # edges: the same of a part that is cut itself
_BLOCK = 1_000_000  # pairs that are compared at once


@dataclass(frozen=True, eq=False)
class Area:
    """The inside of closed lines.

    Args:
        rings: (P, 2) points of each; the last is joined to the first.
        even_odd: Which inside is meant: else all round which lines go (`nonzero`).
        shows: For a part of a clip: whether what lies in it is visible, or hidden.
        clips: For a part of a clip: what cuts it.
    """

    rings: list[Float[np.ndarray, "P 2"]]
    even_odd: bool = False
    shows: bool = True
    clips: tuple[Clip, ...] = ()

    def edges(self) -> tuple[Float[np.ndarray, "E 2"], Float[np.ndarray, "E 2"]]:
        """Beginnings and ends of all edges."""
        if not self.rings:
            return np.empty((0, 2)), np.empty((0, 2))
        ends = [np.roll(ring, -1, axis=0) for ring in self.rings]
        return np.concatenate(self.rings), np.concatenate(ends)


Clip: TypeAlias = list[Area]
"""Areas in the order in which they are painted one over another: where several lie, the last one
says whether anything is visible (`shows`). Outside of all nothing is."""


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
        return (0, 0, 0) if paint is None else over(paint, (255, 255, 255))


def over(paint: Paint, ground: RGB) -> RGB:
    """The colour that paint has on a ground."""
    red, green, blue = (
        round(paint.alpha * a + (1 - paint.alpha) * b)
        for a, b in zip(paint.rgb, ground, strict=True)
    )
    return red, green, blue


# ---- clips


def clip_cost(clip: Clip) -> int:
    """What cutting a point costs, in edges of a clip that it is compared with.

    Each part of a clip takes as long as some edges more.
    """
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


def clip_edges(area: Area, clips: Sequence[Clip]) -> list[Polyline]:
    """The parts of the edges of clips inside an area, which become its outline."""
    edges: list[Polyline] = []
    for number, clip in enumerate(clips):
        rings = [ring for part in clip for ring in part.rings if len(ring) > 2]
        closed = [np.concatenate([ring, ring[:1]]) for ring in rings]
        lines = [Polyline(ring, np.ones(len(ring), bool)) for ring in closed]
        others = [other for index, other in enumerate(clips) if index != number]
        edges += clipped(lines, [[area], *others])
    return edges


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
    if len(points) * len(starts) > MAX_CROSSINGS:
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
            inside[first : first + size][hit] = area.shows
    return inside
