"""Which strokes are straight lines from border to border."""

from __future__ import annotations

import time

import numpy as np
import pytest

from sketch_pix2seq.io.picture.printed_lines import lines_across


def pieces(*rows: float) -> list[np.ndarray]:
    """Level lines across 900 pixels, each in three pieces."""
    ends = [(0.0, 300.0), (310.0, 600.0), (610.0, 900.0)]
    return [np.array([(x, row), (to, row + 0.4)]) for row in rows for x, to in ends]


@pytest.mark.parametrize("turned", [False, True])
def test_lines_in_pieces_with_others_beside_them(turned: bool) -> None:
    beside = [np.array([(x, 407.0), (x + 20, 412.0)]) for x in range(0, 200, 20)]
    shapes = [np.array([(100, 600), (500, 900.0)]), np.array([(5.0, 5.0)])]
    strokes = [*pieces(200, 400, 700), *beside, *shapes]
    expected = [True] * 3 + [False] * 3 + [True] * 3 + [False] * 12
    if turned:
        strokes = [stroke[:, ::-1] for stroke in strokes]
    assert lines_across(strokes, (900, 900), 3.0).tolist() == expected
    order = np.random.default_rng(0).permutation(len(strokes))
    mixed = lines_across([strokes[k] for k in order], (900, 900), 3.0)
    assert mixed.tolist() == [expected[k] for k in order]


def test_very_many_short_strokes_take_bounded_time(rng: np.random.Generator) -> None:
    places = rng.uniform(0, 2000, (10_000, 1, 2))
    strokes = list(places + rng.normal(0, 2, (10_000, 4, 2)))
    started = time.process_time()
    assert not lines_across(strokes, (2000, 2000), 6.0).any()
    assert time.process_time() - started < 15
