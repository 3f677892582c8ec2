"""Chains of pixels between ends and junctions, drawn as text."""

from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.picture import line_graph
from sketch_pix2seq.io.picture.line_graph import LineGraph, link


def graph_of(picture: str, radius: float = 1.0) -> LineGraph:
    rows = [row.strip() for row in picture.split()]
    return LineGraph(np.array([[c == "#" for c in row] for row in rows]) * np.float32(radius))


def long_cross(arm: int, radius: float) -> np.ndarray:
    distance = np.zeros((2 * arm + 1, 2 * arm + 1), np.float32)
    distance[arm] = distance[:, arm] = radius
    return distance


def test_a_line_is_one_edge_with_its_length() -> None:
    graph = graph_of("#....  .#...  ..##.  ....#")
    (edge,) = graph.edges
    assert sorted(map(tuple, edge.points[[0, -1]].tolist())) == [(0.5, 0.5), (4.5, 3.5)]
    assert edge.length == pytest.approx(3 * 2**0.5 + 1)
    assert edge.width == 1
    assert sorted(len(ends) for ends in graph.ends().values()) == [1, 1]


def test_a_cross_has_four_edges_at_one_node() -> None:
    graph = LineGraph(long_cross(12, 1.5))
    assert [len(edge.points) for edge in graph.edges] == [13] * 4
    (meeting,) = [ends for ends in graph.ends().values() if len(ends) > 1]
    ways = np.array([graph.heading(end).direction for end in meeting])
    assert np.allclose(np.sort(ways @ ways.T, axis=1), [-1, 0, 0, 1], atol=1e-6)
    assert graph.radius(meeting[0][0].nodes[meeting[0][1]]) == 1.5


def test_a_ring_is_opened_and_a_pixel_is_a_dot() -> None:
    graph = graph_of(".##..... #..#.... #..#..#. .##.....")
    (ring,) = graph.edges
    assert ring.nodes[0] == ring.nodes[1]
    assert ring.points[0].tolist() == ring.points[-1].tolist()
    assert len(ring.points) == 9
    assert [dot.tolist() for dot in graph.dots] == [[[6.5, 2.5]]]


def test_short_hairs_of_a_wide_line_are_cut_and_long_ones_kept() -> None:
    for height, num in ((4, 1), (20, 3)):
        distance = np.zeros((40, 61), np.float32)
        distance[30, :] = 4
        distance[30 - height : 30, 30] = 1
        graph = LineGraph(distance)
        assert len(graph.edges) == num
        assert sum(edge.length for edge in graph.edges) == pytest.approx(60 + height * (num > 1))


def test_a_dot_of_hairs_alone_is_a_dot() -> None:
    graph = graph_of(
        """.....
                        ..#..
                        .###.
                        .....""",
        radius=3,
    )
    assert graph.edges == []
    assert [dot.tolist() for dot in graph.dots] == [[[2.5, 2.5]]]


def test_two_junctions_within_the_ink_are_one_node() -> None:
    # where wide lines cross, thinning leaves a piece of the length of their width between both
    distance = np.zeros((61, 61), np.float32)
    distance[30, 26:35] = 5
    for k in range(1, 25):
        for row, column in ((30 - k, 26 - k), (30 + k, 26 - k), (30 - k, 34 + k), (30 + k, 34 + k)):
            distance[row, column] = 5
    graph = LineGraph(distance)
    assert len(graph.edges) == 4
    (meeting,) = [ends for ends in graph.ends().values() if len(ends) > 1]
    assert len(meeting) == 4
    assert len(graph.junctions[meeting[0][0].nodes[meeting[0][1]]]) == 2


def test_links_go_both_ways() -> None:
    one, other = (graph_of("####").edges[0] for _ in range(2))
    link((one, 1), (other, 0))
    assert one.next_edge == [None, (other, 0)]
    assert other.next_edge == [(one, 1), None]


def test_nothing_and_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = LineGraph(np.zeros((5, 5), np.float32))
    assert (empty.edges, empty.dots, empty.ends()) == ([], [], {})
    monkeypatch.setattr(line_graph, "_MAX_EDGES", 3)
    with pytest.raises(DrawingError, match="must show clean lines; got over 3 pieces"):
        LineGraph(long_cross(5, 1.0))
