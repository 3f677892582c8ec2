from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sketch_pix2seq.data.ragged import RaggedRows
from sketch_pix2seq.sketch.pen import stroke3_to_strokes


@st.composite
def drawings(draw: st.DrawFn) -> list[np.ndarray]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    lengths = draw(st.lists(st.integers(1, 12), min_size=1, max_size=6))
    made = []
    for length in lengths:
        rows = rng.integers(-255, 256, size=(length, 3)).astype(np.int16)
        rows[:, 2] = rng.random(length) < 0.3
        rows[-1, 2] = 1
        made.append(rows)
    return made


@given(drawings())
def test_strokes_are_those_of_each_drawing_alone(made: list[np.ndarray]) -> None:
    ragged = RaggedRows.of(made)
    for strokes, rows in zip(ragged.strokes(), made, strict=True):
        alone = stroke3_to_strokes(rows)
        assert len(strokes) == len(alone)
        for ours, theirs in zip(strokes, alone, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@given(drawings())
def test_longest_sides_are_those_of_the_bounding_boxes(made: list[np.ndarray]) -> None:
    ragged = RaggedRows.of(made)
    for side, strokes in zip(ragged.longest_sides(), ragged.strokes(), strict=True):
        assert side == np.ptp(np.concatenate(strokes), axis=0).max()


def test_a_drawing_that_forgets_to_lift_ends_before_the_next() -> None:
    open_ended = np.array([[1, 0, 0], [1, 0, 0]])
    strokes = RaggedRows.of([open_ended, open_ended]).strokes()
    assert [[len(stroke) for stroke in drawing] for drawing in strokes] == [[2], [2]]


def test_nothing_packs_to_nothing() -> None:
    ragged = RaggedRows.of([])
    assert ragged.rows.shape == (0, 3)
    assert ragged.lengths.shape == (0,)
