"""Making strokes of lines one pixel wide.

The pixels are a graph. Where exactly two neighbours meet, a line goes on; everywhere else is
a node: an end or a junction. Chains of pixels between nodes are the edges. Short edges that
thinning left at crossings are folded into one node, short hairs are cut, and at each node
the two edges that go straight on are joined.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float

from sketch_pix2seq.errors import DrawingError

_MAX_EDGES = 5_000
_STRAIGHT_ON = -0.35  # cosine between two edges' ways out of a node: at most 70 degrees of turn


@dataclass(eq=False)
class _Edge:
    """A chain of pixels between two nodes."""

    points: Float[np.ndarray, "P 2"]
    nodes: list[int]  # at its first and its last point
    next_edge: list[tuple[_Edge, int] | None] = field(default_factory=lambda: [None, None])
    is_used: bool = False

    @property
    def length(self) -> float:
        """Length of the line through the points."""
        return float(np.hypot(*np.diff(self.points, axis=0).T).sum())


def trace(skeleton: Bool[np.ndarray, "H W"], line_width: float) -> list[Float[np.ndarray, "P 2"]]:
    """Walk along lines one pixel wide, straight on through junctions.

    Args:
        skeleton: (H, W), True on the lines.
        line_width: Width in pixels of the lines before thinning; separates crossings and hairs
            from real parts of the drawing.

    Returns:
        (P, 2) float64 points (x, y) at the middles of pixels, one array a line, long ones
        first; a lone pixel is a line of one point.

    Example:
        >>> [len(line) for line in trace(np.eye(5, dtype=bool), line_width=1)]
        [5]
    """
    points, neighbours = _graph(skeleton)
    edges, dots = _edges(points, neighbours)
    edges = _tidied(edges, line_width)
    _join(edges, reach=max(2 * line_width, 6.0))
    lines = [*_walk_all(edges), *dots]
    return sorted(lines, key=lambda line: -len(line))


def _graph(
    skeleton: Bool[np.ndarray, "H W"],
) -> tuple[Float[np.ndarray, "N 2"], list[list[int]]]:
    """Places of all pixels, and neighbours: diagonal ones where no pixel beside links both."""
    height, width = skeleton.shape
    number = np.full((height + 2, width + 2), -1)
    rows, columns = np.nonzero(skeleton)
    number[rows + 1, columns + 1] = np.arange(len(rows))
    neighbours: list[list[int]] = [[] for _ in range(len(rows))]
    center = number[1:-1, 1:-1]
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        there = number[1 + dy : height + 1 + dy, 1 + dx : width + 1 + dx]
        linked = (center >= 0) & (there >= 0)
        if dx and dy:
            beside = number[1:-1, 1 + dx : width + 1 + dx]
            below = number[1 + dy : height + 1 + dy, 1:-1]
            linked &= (beside < 0) & (below < 0)
        for a, b in zip(center[linked].tolist(), there[linked].tolist(), strict=True):
            neighbours[a].append(b)
            neighbours[b].append(a)
    return np.stack([columns + 0.5, rows + 0.5], axis=1), neighbours


def _edges(
    points: Float[np.ndarray, "N 2"], neighbours: list[list[int]]
) -> tuple[list[_Edge], list[Float[np.ndarray, "1 2"]]]:
    """Cut the graph into chains between nodes; loops without a node are opened anywhere."""
    edges: list[_Edge] = []
    dots = []
    is_inner = [len(around) == 2 for around in neighbours]
    seen = [False] * len(neighbours)

    def follow(start: int, at: int) -> None:
        chain, before = [start, at], start
        while is_inner[at] and at != start:
            seen[at] = True
            one, other = neighbours[at]
            before, at = at, (other if one == before else one)
            chain.append(at)
        edges.append(_Edge(points[chain], [start, at]))
        if len(edges) > _MAX_EDGES:
            raise DrawingError("a picture must show clean lines", got=f"over {_MAX_EDGES} pieces")

    for node, around in enumerate(neighbours):
        if not around:
            dots.append(points[[node]])
        if is_inner[node]:
            continue
        for first in around:
            # each edge is walked from one of its ends only
            if not seen[first] and (is_inner[first] or node < first):
                follow(node, first)
    for node, around in enumerate(neighbours):
        if is_inner[node] and not seen[node]:
            seen[node] = True
            follow(node, around[0])
    return edges, dots


def _tidied(edges: list[_Edge], line_width: float) -> list[_Edge]:
    """Cut hairs at junctions, then fold short edges between junctions into one node."""
    degree = _degrees(edges)
    kept = []
    for edge in edges:
        is_hair = sorted((degree[edge.nodes[0]] > 2, degree[edge.nodes[1]] > 2)) == [False, True]
        if is_hair and edge.length < 0.75 * line_width:
            continue
        kept.append(edge)
    degree = _degrees(kept)
    places: dict[int, int] = {}

    def home(node: int) -> int:
        while node in places:
            node = places[node]
        return node

    folded = []
    for edge in sorted(kept, key=lambda edge: edge.length):
        a, b = home(edge.nodes[0]), home(edge.nodes[1])
        is_bridge = degree[edge.nodes[0]] > 2 and degree[edge.nodes[1]] > 2
        if is_bridge and edge.length < 1.25 * line_width:
            if a != b:
                places[a] = b
            continue
        folded.append(edge)
    for edge in folded:
        edge.nodes = [home(node) for node in edge.nodes]
    return folded


def _degrees(edges: list[_Edge]) -> dict[int, int]:
    """Count the edges' ends at each node."""
    degree: dict[int, int] = {}
    for edge in edges:
        for node in edge.nodes:
            degree[node] = degree.get(node, 0) + 1
    return degree


def _join(edges: list[_Edge], reach: float) -> None:
    """At each node join the two ends that go on most straightly, then the next two."""
    ends: dict[int, list[tuple[_Edge, int]]] = {}
    for edge in edges:
        for side in (0, 1):
            ends.setdefault(edge.nodes[side], []).append((edge, side))
    for meeting in ends.values():
        ways = np.array([_way_out(edge, side, reach) for edge, side in meeting])
        cosine = ways @ ways.T
        free = set(range(len(meeting)))
        pairs = sorted((float(cosine[a, b]), a, b) for a in range(len(meeting)) for b in range(a))
        for turn, a, b in pairs:
            if {a, b} <= free and (turn < _STRAIGHT_ON or len(meeting) == 2):
                free -= {a, b}
                meeting[a][0].next_edge[meeting[a][1]] = meeting[b]
                meeting[b][0].next_edge[meeting[b][1]] = meeting[a]


def _way_out(edge: _Edge, side: int, reach: float) -> Float[np.ndarray, " 2"]:
    """Return the direction in which an edge leaves its node, seen over some pixels."""
    points = edge.points if side == 0 else edge.points[::-1]
    # the first pixels of a line are bent towards the junction: begin a little off it
    far = points[min(int(reach), len(points) - 1)]
    near = points[min(int(reach / 3), len(points) - 1)]
    way = far - near if (far != near).any() else points[-1] - points[0]
    size = np.hypot(*way)
    result: Float[np.ndarray, " 2"] = way / size if size else way
    return result


def _walk_all(edges: list[_Edge]) -> list[Float[np.ndarray, "P 2"]]:
    """Follow joined edges from each loose end, then round what is left: loops."""
    lines = []
    starts = [(edge, side) for edge in edges for side in (0, 1) if edge.next_edge[side] is None]
    for edge, side in [*starts, *((edge, 0) for edge in edges)]:
        if not edge.is_used:
            lines.append(_walk(edge, side))
    return lines


def _walk(edge: _Edge, side: int) -> Float[np.ndarray, "P 2"]:
    """Follow joined edges, entering the first one at one of its sides."""
    parts = []
    goes_on = True
    while goes_on:
        edge.is_used = True
        points = edge.points if side == 0 else edge.points[::-1]
        parts.append(points)
        following = edge.next_edge[1 - side]
        goes_on = following is not None and not following[0].is_used
        if following is not None:
            edge, side = following
    return np.concatenate(parts)
