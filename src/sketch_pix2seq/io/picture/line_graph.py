"""Lines one pixel wide as a graph: chains of pixels between ends and junctions.

Where exactly two neighbours meet, a line goes on; everywhere else is a node: an end or a
junction. Thinning leaves hairs at the edges of wide lines, and two junctions where lines cross
at one point: hairs are cut, and such junctions become one node.

A *junction* is a pixel, given by its number, where a chain ends. A *node* is what edges have in
common at their ends: one junction, or several in the same ink; it has the number of one of them.
`parents` has for each node that became part of another one this other node, and is followed to
the last one (a union-find forest).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int64

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.picture.morphology import ink_width
from sketch_pix2seq.sketch.geometry import part_indices

_MAX_EDGES = 40_000
_HAIR = 0.5  # of the width of the line at a junction: what is shorter beyond its edge is no line
_PINHOLE = 2.5  # of the width: the length of a loop round a hole that no pen leaves
_CROSSING = 5.0  # of the width: the longest piece that lines share which cross at a small angle
_ON_COURSE = 0.85  # cosine of the largest turn of such lines
_SPIKE = 2.0  # of the width: how long a point is to which a line goes, and back
_SPIKE_SIDES = 0.3  # cosine between both sides of a spike, the least
_NEAR = 0.3  # of the distance to the edge: a line this close to its junction is bent
_TANGENT = 2.0  # of the width: the length over which a line's direction is measured
_MIN_TANGENT = 6  # pixels: the same


@dataclass(eq=False)
class Edge:
    """A chain of pixels between two nodes.

    Args:
        points: (P, 2) middles of pixels (x, y).
        radii: (P,) distance to the edge of the ink.
        nodes: Numbers of the nodes at the first and at the last point.
        length: Along the points.
        width: Usual width of the ink along it.
        next_edge: At each side, the edge and its side where the line goes on.
    """

    points: Float[np.ndarray, "P 2"]
    radii: Float[np.ndarray, " P"]
    nodes: list[int]
    length: float
    width: float
    next_edge: list[End | None] = field(default_factory=lambda: [None, None])
    is_used: bool = False


End = tuple[Edge, int]
"""An edge and one of its sides, 0 or 1."""


class Heading(NamedTuple):
    """The direction in which an edge leaves its node.

    Args:
        start: The first of its points that are not bent towards the junction.
        point: Its coordinates.
        direction: From there, of length 1.
    """

    start: int
    point: Float[np.ndarray, " 2"]
    direction: Float[np.ndarray, " 2"]


class LineGraph:
    """Edges, tidied, and the junctions that each node is made of."""

    def __init__(self, distance: Float32[np.ndarray, "H W"]) -> None:
        pixels = _pixels(distance)
        self.centres, self.radii = pixels.points, pixels.radii
        self.width = _usual_width(pixels.radii) if len(pixels.radii) else 1.0
        self.edges = _edges(pixels)
        self.dots = [pixels.points[[dot]] for dot in np.flatnonzero(np.diff(pixels.starts) == 0)]
        self.junctions: dict[int, list[int]] = {}  # of each node
        for _ in range(2):  # a hair may stand on a hair
            self._cut_hairs()
        self._fold_bridges()
        self._headings = self._all_headings()
        for _ in range(2):
            if self._fold_crossings():
                self._headings = self._all_headings()
        self._fold_spikes()

    def ends(self) -> dict[int, list[End]]:
        """Ends of edges at each node."""
        ends: dict[int, list[End]] = {}
        for edge in self.edges:
            for side in (0, 1):
                ends.setdefault(edge.nodes[side], []).append((edge, side))
        return ends

    def radius(self, node: int) -> float:
        """Largest distance to the edge of the ink at the junctions of a node."""
        return float(self.radii[self.junctions[node]].max())

    def heading(self, end: End) -> Heading:
        """The direction in which an edge leaves its node."""
        return self._headings[end]

    def _all_headings(self) -> dict[End, Heading]:
        """The headings of all ends, measured at once."""
        if not self.edges:
            return {}
        points = np.concatenate([edge.points for edge in self.edges])
        sizes = np.array([len(edge.points) for edge in self.edges])
        begins = np.cumsum(sizes) - sizes
        # of each end: its first point, the step to the next ones, and how many there are
        step = np.tile([1, -1], len(sizes))
        first = np.stack([begins, begins + sizes - 1], axis=1).ravel()
        size = np.repeat(sizes, 2)
        junctions = [self.junctions[node] for edge in self.edges for node in edge.nodes]
        counts = np.array([len(some) for some in junctions])
        every = np.array([junction for some in junctions for junction in some])
        starts = np.cumsum(counts) - counts
        largest = np.maximum.reduceat(self.radii[every], starts)
        near = np.minimum(size, (4 * largest).astype(int) + 20)
        # which of the points near each end are bent towards one of its junctions
        offsets = np.cumsum(near) - near
        owner = np.repeat(np.arange(len(counts)), counts)
        pair, number = part_indices(near[owner])
        end = owner[pair]
        apart = points[first[end] + step[end] * number] - self.centres[every[pair]]
        is_bent = np.hypot(apart[:, 0], apart[:, 1]) <= _NEAR * self.radii[every[pair]]
        clear = np.ones(near.sum(), bool)
        clear[(offsets[end] + number)[is_bent]] = False
        candidates = np.append(np.flatnonzero(clear), len(clear))
        found = candidates[np.searchsorted(candidates, offsets)] - offsets
        start = np.where(found < near, found, near - 1)
        widths = np.array([edge.width for edge in self.edges])
        reach = np.maximum(_TANGENT * widths, _MIN_TANGENT).astype(int)
        last = np.minimum(start + np.repeat(reach, 2), size - 1)
        at, ahead = points[first + step * start], points[first + step * last]
        # an edge that ends close to its node has no other direction
        middle = np.add.reduceat(self.centres[every], starts) / counts[:, None]
        direction = ahead - np.where((last - start >= 3)[:, None], at, middle)
        is_closed = ~direction.any(axis=1)
        direction[is_closed] = (points[first + step * (size - 1)] - points[first])[is_closed]
        lengths = np.hypot(direction[:, 0], direction[:, 1])
        direction /= np.where(lengths > 0, lengths, 1)[:, None]
        ends = ((edge, side) for edge in self.edges for side in (0, 1))
        return dict(zip(ends, map(Heading, start.tolist(), at, direction), strict=True))

    def _cut_hairs(self) -> None:
        degree = {node: len(ends) for node, ends in self.ends().items()}
        edges = []
        for edge in self.edges:
            inner = [side for side in (0, 1) if degree[edge.nodes[side]] > 2]
            if len(inner) == 1:
                base, tip = self.radii[edge.nodes[inner[0]]], edge.radii[-1 if inner[0] == 0 else 0]
                if edge.length + tip < base + 2 * _HAIR * base:
                    continue
            edges.append(edge)
        bare = {node for edge in self.edges for node in edge.nodes if degree[node] > 2}
        bare -= {node for edge in edges for node in edge.nodes}
        self.dots += [self.centres[[node]] for node in sorted(bare)]  # had hairs alone
        self.edges = _merged(edges)

    def _fold_bridges(self) -> None:
        """Make junctions one node that lie in the same ink."""
        ends = self.ends()
        parents: dict[int, int] = {}
        edges = []
        for edge in sorted(self.edges, key=lambda edge: edge.length):
            first, second = edge.nodes
            is_bridge = len(ends[first]) > 2 and len(ends[second]) > 2
            reach = max(self.radii[first] + self.radii[second], self.width / 2)
            first, second = _node_of(parents, first), _node_of(parents, second)
            if first == second:
                reach = _PINHOLE * self.width
            if is_bridge and edge.length < reach:
                if first != second:
                    parents[first] = second
                continue
            edges.append(edge)
        for node in ends:
            self.junctions.setdefault(_node_of(parents, node), []).append(node)
        self.edges = edges
        self._rename(parents)

    def _fold_crossings(self) -> bool:
        """Make two junctions one node where two lines cross at a small angle; whether any do."""
        ends = self.ends()
        parents: dict[int, int] = {}
        targets: set[int] = set()
        for edge in sorted(self.edges, key=lambda edge: edge.length):
            if edge.length > _CROSSING * edge.width + 2:
                break
            first, second = edge.nodes
            if first == second or first in parents or second in parents or first in targets:
                continue
            before = [end for end in ends[first] if end[0] is not edge]
            after = [end for end in ends[second] if end[0] is not edge]
            if len(before) == len(after) == 2 and self._is_crossing(before, after):
                parents[second] = first
                targets.add(first)
                self.junctions[first] = self.junctions[first] + self.junctions.pop(second)
                edge.is_used = True
        self.edges = [edge for edge in self.edges if not edge.is_used]
        self._rename(parents)
        return bool(parents)

    def _is_crossing(self, before: list[End], after: list[End]) -> bool:
        """Whether two lines go on without a turn from two edges to two others."""
        incoming = [self.heading(end) for end in before]
        outgoing = [self.heading(end) for end in after]

        def course(first: Heading, second: Heading) -> float:
            across = second.point - first.point
            across = across / max(np.hypot(*across), 1e-9)
            return float(min(-(first.direction @ across), second.direction @ across))

        straight = max(
            min(course(incoming[0], outgoing[k]), course(incoming[1], outgoing[1 - k]))
            for k in (0, 1)
        )
        return straight > _ON_COURSE

    def _fold_spikes(self) -> None:
        """Where a line goes to a point and back, make one line of both directions."""
        ends = self.ends()
        spikes = []
        for node, meeting in ends.items():
            if len(meeting) != 3:
                continue
            for number, (stub, side) in enumerate(meeting):
                others = meeting[:number] + meeting[number + 1 :]
                longest = _SPIKE * stub.width + self.radius(node)
                if len(ends[stub.nodes[1 - side]]) > 1 or stub.length > longest:
                    continue
                if others[0][0] is not others[1][0] and self._is_spike((stub, side), *others):
                    order = slice(None) if side == 0 else slice(None, None, -1)
                    points, radii = stub.points[order], stub.radii[order]
                    both = Edge(
                        np.concatenate([points, points[-2::-1]]),
                        np.concatenate([radii, radii[-2::-1]]),
                        [node, node],
                        2 * stub.length,
                        stub.width,
                    )
                    link(others[0], (both, 0))
                    link((both, 1), others[1])
                    stub.is_used = True
                    spikes.append(both)
                    break
        self.edges = [edge for edge in self.edges if not edge.is_used] + spikes

    def _is_spike(self, stub: End, first: End, second: End) -> bool:
        ahead, left, right = (self.heading(end).direction for end in (stub, first, second))
        return bool(left @ right > _SPIKE_SIDES and max(left @ ahead, right @ ahead) < -0.3)

    def _rename(self, parents: dict[int, int]) -> None:
        for edge in self.edges:
            edge.nodes = [_node_of(parents, node) for node in edge.nodes]


def link(first: End, second: End) -> None:
    """Let a line go on from one end to the other."""
    first[0].next_edge[first[1]], second[0].next_edge[second[1]] = second, first


def _node_of(parents: dict[int, int], node: int) -> int:
    """The node that a node has become part of, or itself."""
    while node in parents:
        node = parents[node]
    return node


class _Pixels(NamedTuple):
    """Pixels of lines: positions, distances, and neighbours in compressed rows."""

    points: Float[np.ndarray, "N 2"]
    radii: Float[np.ndarray, " N"]
    neighbours: Int64[np.ndarray, " E"]
    starts: Int64[np.ndarray, " M"]  # M = N + 1


def _pixels(distance: Float32[np.ndarray, "H W"]) -> _Pixels:
    """Link pixels that touch: diagonal ones where no pixel beside links both."""
    height, width = distance.shape
    number = np.full((height + 2) * (width + 2), -1, np.int32)
    rows, columns = np.divmod(np.flatnonzero(distance > 0), width)
    index = (rows + 1) * (width + 2) + columns + 1
    number[index] = np.arange(len(rows))
    pairs = []
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        neighbour = number[index + dy * (width + 2) + dx]
        linked = neighbour >= 0
        if dx and dy:
            linked &= (number[index + dx] < 0) & (number[index + width + 2] < 0)
        pairs.append(np.stack([np.flatnonzero(linked), neighbour[linked]]))
    first, second = np.concatenate(pairs, axis=1)
    ends = np.concatenate([first, second])
    order = np.argsort(ends, kind="stable")
    starts = np.searchsorted(ends[order], np.arange(len(rows) + 1))
    points = np.stack([columns + 0.5, rows + 0.5], axis=1)
    neighbours = np.concatenate([second, first])[order]
    return _Pixels(points, distance[rows, columns].astype(np.float64), neighbours, starts)


def _edges(pixels: _Pixels) -> list[Edge]:
    """Cut the graph into chains between nodes; loops without a node are opened anywhere."""
    degree = np.diff(pixels.starts)
    if (degree[degree != 2]).sum() > 2 * _MAX_EDGES:
        raise DrawingError("a picture must show clean lines", got=f"over {_MAX_EDGES} pieces")
    # of pixels with two neighbours, these; the sum less the one that a walk comes from is the next
    sums = np.zeros(len(degree), np.int64)
    is_inner = degree == 2
    first = pixels.starts[:-1][is_inner]
    sums[is_inner] = pixels.neighbours[first] + pixels.neighbours[first + 1]
    total, inner = sums.tolist(), is_inner.tolist()
    visited = bytearray(len(degree))
    chains: list[list[int]] = []

    def follow(start: int, at: int) -> None:
        chain, before = [start, at], start
        while inner[at] and at != start:
            visited[at] = 1
            before, at = at, total[at] - before
            chain.append(at)
        chains.append(chain)

    for node in np.flatnonzero(~is_inner).tolist():
        for beside in pixels.neighbours[pixels.starts[node] : pixels.starts[node + 1]].tolist():
            # each edge is walked from one of its ends only
            if not visited[beside] and (inner[beside] or node < beside):
                follow(node, beside)
    for node in np.flatnonzero(is_inner & (np.frombuffer(bytes(visited), np.uint8) == 0)).tolist():
        if not visited[node]:
            visited[node] = 1
            follow(node, int(pixels.neighbours[pixels.starts[node]]))
    return _as_edges(pixels, chains)


def _as_edges(pixels: _Pixels, chains: list[list[int]]) -> list[Edge]:
    """Measure chains of pixels, all of them at once."""
    if not chains:
        return []
    sizes = np.array([len(chain) for chain in chains])
    every = np.concatenate([np.array(chain) for chain in chains])
    starts = np.cumsum(sizes) - sizes
    points, radii = pixels.points[every], pixels.radii[every]
    steps = np.hypot(*np.diff(points, axis=0, append=points[-1:]).T)
    steps[starts + sizes - 1] = 0
    lengths = np.add.reduceat(steps, starts).tolist()
    by_radius = radii[np.lexsort((radii, np.repeat(np.arange(len(sizes)), sizes)))]
    medians = (by_radius[starts + (sizes - 1) // 2] + by_radius[starts + sizes // 2]) / 2
    widths = np.maximum(ink_width(medians), 1.0).tolist()
    ends = np.cumsum(sizes).tolist()
    return [
        Edge(points[first:end], radii[first:end], [chain[0], chain[-1]], length, width)
        for first, end, chain, length, width in zip(
            starts.tolist(), ends, chains, lengths, widths, strict=True
        )
    ]


def _usual_width(radii: Float[np.ndarray, " P"]) -> float:
    return max(ink_width(float(np.median(radii))), 1.0)


def _merged(edges: list[Edge]) -> list[Edge]:
    """Make one edge of two that meet where nothing else does."""
    ends: dict[int, dict[Edge, int]] = {}
    count: dict[int, int] = {}
    for edge in edges:
        for side in (0, 1):
            ends.setdefault(edge.nodes[side], {})[edge] = side
            count[edge.nodes[side]] = count.get(edge.nodes[side], 0) + 1
    alive = dict.fromkeys(edges)
    for node in [node for node, number in count.items() if number == 2]:
        if len(ends[node]) != 2:  # a loop
            continue
        (first, side), (second, far_side) = ends[node].items()
        before = slice(None, None, -1 if side == 0 else 1)
        after = slice(None, None, 1 if far_side == 0 else -1)
        radii = np.concatenate([first.radii[before], second.radii[after][1:]])
        both = Edge(
            np.concatenate([first.points[before], second.points[after][1:]]),
            radii,
            [first.nodes[1 - side], second.nodes[1 - far_side]],
            first.length + second.length,
            _usual_width(radii),
        )
        for edge in (first, second):
            del alive[edge]
            for at in edge.nodes:
                ends[at].pop(edge, None)
        alive[both] = None
        for at in (0, 1):
            ends[both.nodes[at]][both] = at
    return list(alive)
