"""Making strokes of lines one pixel wide.

The pixels are a graph. Where exactly two neighbours meet, a line goes on; everywhere else is
a node: an end or a junction. Chains of pixels between nodes are the edges. Short edges that
thinning left at crossings are folded into one node, short hairs are cut, and at each node
the two edges that go straight on are joined.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64, Integer

from sketch_pix2seq.errors import DrawingError

_MAX_EDGES = 40_000
_HAIR = 0.5  # of the width of a line: shorter ends at a junction are left by thinning
_GAP = 1.5  # of the width: wider gaps are the drawer's
_FACING = -0.8  # cosine between two lines' ways at a gap
_BRIDGE = 1.5  # of the width: shorter ways between two junctions belong to one crossing
_STRAIGHT_ON = -0.35  # cosine between two edges' ways out of a node: at most 70 degrees of turn


@dataclass(eq=False)
class _Edge:
    """A chain of pixels between two nodes, and the width that its line had."""

    points: Float[np.ndarray, "P 2"]
    nodes: list[int]  # at its first and its last point
    length: float
    width: float
    next_edge: list[tuple[_Edge, int] | None] = field(default_factory=lambda: [None, None])
    is_used: bool = False


def trace(widths: Integer[np.ndarray, "H W"]) -> list[Float[np.ndarray, "P 2"]]:
    """Walk along lines one pixel wide, straight on through junctions.

    Args:
        widths: (H, W), 0 off the lines; on them the width in pixels that they had before thinning,
            which separates crossings and hairs from real parts of the drawing.

    Returns:
        (P, 2) float64 points (x, y) at the middles of pixels, one array a line, long ones
        first; a lone pixel is a line of one point.

    Raises:
        DrawingError: If there are more pieces of lines than drawings have.

    Example:
        >>> [len(line) for line in trace(np.eye(5, dtype=int))]
        [5]
    """
    graph = _graph(widths)
    edges, dots = _edges(graph)
    edges = _tidied(edges)
    _join(edges)
    _bridge_gaps(edges)
    lines = [*_walk_all(edges), *dots]
    return sorted(lines, key=lambda line: -len(line))


class _Graph(NamedTuple):
    """The pixels of lines: places, widths, neighbours of all one after the other, and where."""

    points: Float[np.ndarray, "N 2"]
    widths: Float[np.ndarray, " N"]
    neighbours: Int64[np.ndarray, " E"]
    starts: Int64[np.ndarray, " M"]  # M = N + 1


def _graph(widths: Integer[np.ndarray, "H W"]) -> _Graph:
    """Link pixels that touch: diagonal ones where no pixel beside links both."""
    height, width = widths.shape
    number = np.full((height + 2) * (width + 2), -1)
    rows, columns = np.nonzero(widths)
    places = (rows + 1) * (width + 2) + columns + 1
    number[places] = np.arange(len(rows))
    pairs = []
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        there = number[places + dy * (width + 2) + dx]
        linked = there >= 0
        if dx and dy:
            linked &= (number[places + dx] < 0) & (number[places + width + 2] < 0)
        pairs.append(np.stack([np.flatnonzero(linked), there[linked]]))
    one, other = np.concatenate(pairs, axis=1)
    ends = np.concatenate([one, other])
    order = np.argsort(ends, kind="stable")
    starts = np.searchsorted(ends[order], np.arange(len(rows) + 1))
    points = np.stack([columns + 0.5, rows + 0.5], axis=1)
    return _Graph(points, widths[rows, columns] * 1.0, np.concatenate([other, one])[order], starts)


def _edges(graph: _Graph) -> tuple[list[_Edge], list[Float[np.ndarray, "1 2"]]]:
    """Cut the graph into chains between nodes; loops without a node are opened anywhere."""
    degree = np.diff(graph.starts)
    if (degree[degree != 2]).sum() > 2 * _MAX_EDGES:
        raise DrawingError("a picture must show clean lines", got=f"over {_MAX_EDGES} pieces")
    # of pixels with two neighbours, these; the sum less the one that a walk comes from is the next
    sums = np.zeros(len(degree), np.int64)
    is_inner = degree == 2
    first = graph.starts[:-1][is_inner]
    sums[is_inner] = graph.neighbours[first] + graph.neighbours[first + 1]
    total, inner = sums.tolist(), is_inner.tolist()
    seen = bytearray(len(degree))
    chains: list[list[int]] = []

    def follow(start: int, at: int) -> None:
        chain, before = [start, at], start
        while inner[at] and at != start:
            seen[at] = 1
            before, at = at, total[at] - before
            chain.append(at)
        chains.append(chain)

    for node in np.flatnonzero(~is_inner).tolist():
        for beside in graph.neighbours[graph.starts[node] : graph.starts[node + 1]].tolist():
            # each edge is walked from one of its ends only
            if not seen[beside] and (inner[beside] or node < beside):
                follow(node, beside)
    for node in np.flatnonzero(is_inner & (np.frombuffer(bytes(seen), np.uint8) == 0)).tolist():
        if not seen[node]:
            seen[node] = 1
            follow(node, int(graph.neighbours[graph.starts[node]]))
    return _as_edges(graph, chains), [graph.points[[dot]] for dot in np.flatnonzero(degree == 0)]


def _as_edges(graph: _Graph, chains: list[list[int]]) -> list[_Edge]:
    """Measure chains of pixels, all of them at once."""
    if not chains:
        return []
    sizes = np.array([len(chain) for chain in chains])
    every = np.concatenate([np.array(chain) for chain in chains])
    starts = np.cumsum(sizes) - sizes
    points = graph.points[every]
    steps = np.hypot(*np.diff(points, axis=0, append=points[-1:]).T)
    steps[starts + sizes - 1] = 0
    lengths = np.add.reduceat(steps, starts).tolist()
    widths = (np.add.reduceat(graph.widths[every], starts) / sizes).tolist()
    parts = np.split(points, starts[1:])
    return [
        _Edge(part, [chain[0], chain[-1]], length, width)
        for part, chain, length, width in zip(parts, chains, lengths, widths, strict=True)
    ]


def _tidied(edges: list[_Edge]) -> list[_Edge]:
    """Cut hairs at junctions, then fold short edges between junctions into one node."""
    degree, width = _degrees(edges), _node_widths(edges)
    kept = []
    for edge in edges:
        inner = [node for node in edge.nodes if degree[node] > 2]
        if len(inner) == 1 and edge.length < _HAIR * width[inner[0]]:
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
        if is_bridge and edge.length < _BRIDGE * max(width[node] for node in edge.nodes):
            if a != b:
                places[a] = b
            continue
        folded.append(edge)
    for edge in folded:
        edge.nodes = [home(node) for node in edge.nodes]
    return folded


def _node_widths(edges: list[_Edge]) -> dict[int, float]:
    """Width of the longest line that ends at each node."""
    width: dict[int, float] = {}
    for edge in sorted(edges, key=lambda edge: edge.length):
        width.update(dict.fromkeys(edge.nodes, edge.width))
    return width


def _degrees(edges: list[_Edge]) -> dict[int, int]:
    """Count the edges' ends at each node."""
    degree: dict[int, int] = {}
    for edge in edges:
        for node in edge.nodes:
            degree[node] = degree.get(node, 0) + 1
    return degree


def _join(edges: list[_Edge]) -> None:
    """At each node join the two ends that go on most straightly, then the next two."""
    ends: dict[int, list[tuple[_Edge, int]]] = {}
    for edge in edges:
        for side in (0, 1):
            ends.setdefault(edge.nodes[side], []).append((edge, side))
    for meeting in ends.values():
        if len(meeting) == 1:
            continue
        ways = np.array([_way_out(edge, side) for edge, side in meeting])
        cosine = ways @ ways.T
        free = set(range(len(meeting)))
        pairs = sorted((float(cosine[a, b]), a, b) for a in range(len(meeting)) for b in range(a))
        for turn, a, b in pairs:
            if {a, b} <= free and (turn < _STRAIGHT_ON or len(meeting) == 2):
                free -= {a, b}
                meeting[a][0].next_edge[meeting[a][1]] = meeting[b]
                meeting[b][0].next_edge[meeting[b][1]] = meeting[a]


def _bridge_gaps(edges: list[_Edge]) -> None:
    """Join loose ends that face each other across a gap narrower than the line is wide."""
    loose = [(edge, side) for edge in edges for side in (0, 1) if edge.next_edge[side] is None]
    if not loose:
        return
    loose.sort(key=lambda end: end[0].points[-end[1], 0])
    places = np.array([edge.points[-side] for edge, side in loose])
    reach = np.array([_GAP * edge.width + 1 for edge, _ in loose])
    stops = np.searchsorted(places[:, 0], places[:, 0] + reach, side="right").tolist()
    pairs = []
    for a, stop in enumerate(stops):
        ways = places[a + 1 : stop] - places[a]
        apart = np.hypot(*ways.T)
        pairs += [
            (float(apart[k]), a, a + 1 + k) for k in np.flatnonzero(apart <= reach[a]).tolist()
        ]
    for apart, a, b in sorted(pairs):
        (one, side), (other, far_side) = loose[a], loose[b]
        if one.next_edge[side] or other.next_edge[far_side] or one is other:
            continue
        out, back = _way_out(one, side), _way_out(other, far_side)
        across = (places[b] - places[a]) / max(apart, 1e-9)
        if out @ back < _FACING and -(out @ across) > 0.5 and back @ across > 0.5:
            one.next_edge[side], other.next_edge[far_side] = (other, far_side), (one, side)


def _way_out(edge: _Edge, side: int) -> Float[np.ndarray, " 2"]:
    """Return the direction in which an edge leaves its node, seen over some pixels."""
    points = edge.points if side == 0 else edge.points[::-1]
    reach = max(2 * edge.width, 6.0)
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
