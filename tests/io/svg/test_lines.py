"""Lines of an SVG: one of those drawn twice, without more memory than the lines take."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from sketch_pix2seq.io.svg.lines import Stroke, drawn_once


def wave(num: int, aside: float) -> Stroke:
    x = np.linspace(0, 1000, num)
    return Stroke(np.stack([x, 300 * np.sin(x / 50) + aside], axis=1), (0, 0, 0), 2.0, 0)


def test_long_lines_drawn_twice_are_compared_in_little_memory() -> None:
    strokes = [wave(40_000, 0), wave(40_000, 1)]
    tracemalloc.start()
    try:
        assert len(drawn_once(strokes)) == 1
        assert tracemalloc.get_traced_memory()[1] < 8 * strokes[0].points.nbytes
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("num", [9, 2048, 2049, 2050, 9000])
def test_a_line_that_leaves_another_halfway_is_a_line_of_its_own(num: int) -> None:
    line, other = wave(num, 0), wave(num, 1)
    assert len(drawn_once([line, other])) == 1
    points = other.points.copy()
    points[:, 1] += 40 * np.exp(-(((points[:, 0] - 600) / 100) ** 2))
    assert len(drawn_once([line, other._replace(points=points)])) == 2
