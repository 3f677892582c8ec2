"""Making strokes of lines one pixel wide: straight on through junctions, over small gaps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32

from sketch_pix2seq.io.picture.centre_lines import meeting_point
from sketch_pix2seq.io.picture.line_graph import Edge, End, Heading, LineGraph, link

_GAP = 1.5  # of the width: wider gaps are the drawer's
_FACING = -0.8  # cosine between two lines' headings at a gap
_STRAIGHT_ON = -0.35  # cosine between two edges' headings at a node: at most 70 degrees of turn
_LEFT_OVER = 0.5  # of the width: pieces between junctions that reach no farther beyond them
_CORNER = 2.2  # times the distance to the edge: how far off the corner of two lines may be
_TURN = -0.94  # cosine between headings at a node beyond which two lines are one without a corner


class Line(NamedTuple):
    """A stroke in pixels.

    Args:
        points: (P, 2) float64 (x, y) at the middles of pixels, but for corners.
        radii: (P,) distance from there to the edge of the ink.
    """

    points: Float[np.ndarray, "P 2"]
    radii: Float[np.ndarray, " P"]


def walk_lines(distance: Float32[np.ndarray, "H W"]) -> list[Line]:
    """Follow lines one pixel wide, straight on through junctions.

    Args:
        distance: (H, W), 0 off the lines; on them the distance to the edge of the ink, which
            separates crossings and hairs from real parts of the drawing.

    Returns:
        Long lines first; a lone pixel is a line of one point.

    Raises:
        DrawingError: If there are more pieces of lines than drawings have.

    Example:
        >>> [len(line.points) for line in walk_lines(np.eye(5, dtype=np.float32))]
        [5]
    """
    graph = LineGraph(distance)
    ends = graph.ends()
    node_headings: dict[End, Heading] = {}  # of ends that meet others at a node
    for meeting in ends.values():
        _join(graph, meeting, node_headings)
    _bridge_gaps(graph)
    lines = _follow_edges(graph, ends, node_headings)
    lines += [Line(dot, np.ones(1)) for dot in graph.dots]
    return sorted(lines, key=lambda line: -len(line.points))


def _join(graph: LineGraph, meeting: list[End], node_headings: dict[End, Heading]) -> None:
    """At a node join the two ends that go on most straightly, then the next two."""
    meeting = [end for end in meeting if end[0].next_edge[end[1]] is None]
    if len(meeting) < 2:
        return
    for end in meeting:
        node_headings[end] = graph.heading(end)
    out = np.array([node_headings[end].direction for end in meeting])
    cosine = out @ out.T
    is_corner = len(meeting) == 2
    free = set(range(len(meeting)))
    pairs = sorted((float(cosine[a, b]), a, b) for a in range(len(meeting)) for b in range(a))
    for turn, a, b in pairs:
        if {a, b} <= free and (turn < _STRAIGHT_ON or is_corner):
            free -= {a, b}
            link(meeting[a], meeting[b])


def _bridge_gaps(graph: LineGraph) -> None:
    """Join loose ends that face each other across a gap narrower than their mean width."""
    loose = [(edge, side) for edge in graph.edges for side in (0, 1) if not edge.next_edge[side]]
    if not loose:
        return
    loose.sort(key=lambda end: end[0].points[-end[1], 0])
    points = np.array([edge.points[-side] for edge, side in loose])
    reach = np.array([_GAP * edge.width + 1 for edge, _ in loose])
    stops = np.searchsorted(points[:, 0], points[:, 0] + reach.max(), side="right").tolist()
    pairs = []
    for a, stop in enumerate(stops):
        apart = np.hypot(*(points[a + 1 : stop] - points[a]).T)
        near = np.flatnonzero(2 * apart <= reach[a] + reach[a + 1 : stop]).tolist()
        pairs += [(float(apart[k]), a, a + 1 + k) for k in near]
    for apart, a, b in sorted(pairs):
        first, second = loose[a], loose[b]
        if first[0].next_edge[first[1]] or second[0].next_edge[second[1]] or first[0] is second[0]:
            continue
        out, back = graph.heading(first).direction, graph.heading(second).direction
        across = (points[b] - points[a]) / max(apart, 1e-9)
        if out @ back < _FACING and -(out @ across) > 0.5 and back @ across > 0.5:
            link(first, second)


def _follow_edges(
    graph: LineGraph, ends: dict[int, list[End]], node_headings: dict[End, Heading]
) -> list[Line]:
    """Follow joined edges from each loose end, then those that remain: loops."""
    lines = []
    edges = graph.edges
    starts = [(edge, side) for edge in edges for side in (0, 1) if edge.next_edge[side] is None]
    for start in [*starts, *((edge, 0) for edge in edges)]:
        if not start[0].is_used:
            path = _path(start)
            line = _line(path, graph, node_headings)
            if len(path) > 1:
                is_spurious = bool(np.ptp(line.points, axis=0).max() < np.median(line.radii))
            else:
                is_spurious = _is_spurious(path[0][0], graph, ends)
            if not is_spurious:
                lines.append(line)
    return lines


def _path(end: End) -> list[End]:
    path: list[End] = []
    following: End | None = end
    while following is not None and not following[0].is_used:
        path.append(following)
        following[0].is_used = True
        following = following[0].next_edge[1 - following[1]]
    return path


def _is_spurious(edge: Edge, graph: LineGraph, ends: dict[int, list[End]]) -> bool:
    """Whether a lone piece lies within the ink of the lines that it touches, or nearly so."""
    if edge.next_edge[0]:
        return False
    is_inner = [len(ends[node]) > 2 for node in edge.nodes]
    if not any(is_inner):
        return False
    covered = sum(
        graph.radius(node) for node, inner in zip(edge.nodes, is_inner, strict=True) if inner
    )
    beyond = 0.0 if all(is_inner) else float(edge.radii[-1 if is_inner[0] else 0])
    return edge.length + beyond < covered + _LEFT_OVER * 2 * float(np.median(edge.radii))


def _line(path: list[End], graph: LineGraph, node_headings: dict[End, Heading]) -> Line:
    """The points of joined edges, without the bent ones where they meet, with the corners there."""
    points: list[np.ndarray] = []
    radii: list[np.ndarray] = []
    for edge, side in path:
        order = slice(None) if side == 0 else slice(None, None, -1)
        before, after = edge.next_edge[side], edge.next_edge[1 - side]
        first = node_headings[edge, side].start if before and (edge, side) in node_headings else 0
        last = (
            node_headings[edge, 1 - side].start
            if after and (edge, 1 - side) in node_headings
            else 0
        )
        size = len(edge.points)
        if first + last >= size:
            first = min(first, size // 2)
            last = max(0, size - first - 1)
        points.append(edge.points[order][first : size - last])
        radii.append(edge.radii[order][first : size - last])
        if after and (edge, 1 - side) in node_headings and after in node_headings:
            radius = graph.radius(edge.nodes[1 - side])
            corner = _corner(node_headings[edge, 1 - side], node_headings[after], radius)
            if corner is not None:
                points.append(corner[None])
                radii.append(radii[-1][-1:])
    last_edge, side = path[-1]
    if last_edge.next_edge[1 - side] is not None:  # closed
        points.append(points[0][:1])
        radii.append(radii[0][:1])
    return Line(np.concatenate(points), np.concatenate(radii))


def _corner(first: Heading, second: Heading, radius: float) -> Float[np.ndarray, " 2"] | None:
    """Where two lines meet if they go on straight; None where they have no corner close by."""
    if first.direction @ second.direction < _TURN or not (
        first.direction.any() and second.direction.any()
    ):
        return None
    return meeting_point(
        first.point, -first.direction, second.point, -second.direction, _CORNER * radius + 2
    )
