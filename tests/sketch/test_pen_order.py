from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from sketch_pix2seq import Sketch
from sketch_pix2seq.sketch.pen_order import pen_order


def lifted(lines: list[np.ndarray]) -> float:
    """The way of the lifted pen."""
    return sum(float(np.hypot(*(b[0] - a[-1]))) for a, b in itertools.pairwise(lines))


def some_lines(num: int, seed: int) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    first = generator.uniform(0, 100, (num, 1, 2))
    return list(first + np.cumsum(generator.normal(0, 5, (num, 4, 2)), axis=1))


def shortest(lines: list[np.ndarray]) -> float:
    """Try every order and direction."""
    return min(
        lifted([line[::-1] if turned else line for line, turned in zip(some, turns, strict=True)])
        for some in itertools.permutations(lines)
        for turns in itertools.product([False, True], repeat=len(lines))
    )


@pytest.mark.parametrize("seed", range(6))
def test_no_order_of_few_lines_is_shorter(seed: int) -> None:
    lines = some_lines(5, seed)
    assert lifted(pen_order(lines, [False] * 5)) == pytest.approx(shortest(lines))


def nearest_end_first(lines: list[np.ndarray]) -> list[np.ndarray]:
    left, drawn = list(lines[1:]), [lines[0]]
    while left:
        ways = [(k, turned) for k in range(len(left)) for turned in (False, True)]
        gaps = [
            float(np.hypot(*(left[k][-1 if turned else 0] - drawn[-1][-1]))) for k, turned in ways
        ]
        k, turned = ways[int(np.argmin(gaps))]
        line = left.pop(k)
        drawn.append(line[::-1] if turned else line)
    return drawn


def test_the_way_of_many_lines_is_a_fifth_shorter_than_the_greedy_one() -> None:
    lines = some_lines(60, seed=1)
    ordered = pen_order(lines, [False] * len(lines))
    assert lifted(ordered) < 0.8 * lifted(nearest_end_first(lines))


def test_every_line_is_drawn_once() -> None:
    lines = some_lines(20, seed=2)
    ordered = pen_order(lines, [False] * len(lines))
    assert {min(line.tobytes(), line[::-1].tobytes()) for line in ordered} == {
        min(line.tobytes(), line[::-1].tobytes()) for line in lines
    }
    assert len(ordered) == 20


def test_closed_lines_begin_where_the_pen_is() -> None:
    square = np.array([[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]], float)
    lines = [square, np.array([[11, 10], [20, 10.0]])]
    first, second = pen_order(lines, [True, False])
    assert first[0].tolist() == first[-1].tolist() == [10, 10]
    assert {tuple(point) for point in first.tolist()} == {tuple(p) for p in square.tolist()}
    assert second.tolist() == [[11, 10], [20, 10]]
    assert lifted(pen_order(lines, [False, False])) > 5


@pytest.mark.parametrize("num", [0, 1, 2, 3])
def test_few_lines(num: int) -> None:
    assert len(pen_order(some_lines(num, seed=3), [False] * num)) == num


def test_dots_and_lines_on_one_spot() -> None:
    spot = np.zeros((1, 2))
    assert len(pen_order([spot] * 20, [False] * 20)) == 20
    assert len(pen_order([np.zeros((5, 2))] * 9, [True] * 9)) == 9


def test_it_is_the_same_every_time() -> None:
    lines = some_lines(12, seed=4)
    first, second = pen_order(lines, [False] * 12), pen_order(lines, [False] * 12)
    assert all(map(np.array_equal, first, second))


def test_each_pen_is_put_in_order_by_itself() -> None:
    lines = [[(9 * number, 0), (9 * number + 1, 0)] for number in (3, 0, 2, 5, 1, 4)]
    red, blue = "#ff0000", "#0000ff"
    sketch = replace(Sketch.from_points(lines), colours=(red, blue) * 3)
    found = sketch.ordered("pen")
    assert found.colours == (red,) * 3 + (blue,) * 3
    starts = [sorted(stroke[:, 0])[0] for stroke in found.strokes]
    assert sorted(starts[:3]) in (starts[:3], starts[2::-1])
    assert sorted(starts) == [0, 9, 18, 27, 36, 45]
    assert sketch.ordered("none") == sketch
