from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.sketch.pen import (
    END_STEP,
    LIFT,
    OFFSET,
    PEN,
    PEN_DOWN,
    PEN_END,
    PEN_UP,
    START_STEP,
    stroke3_to_stroke5,
    stroke3_to_strokes,
    stroke5_to_stroke3,
    strokes_to_stroke3,
)

STROKES = [np.array([[3, 4], [5, 4], [5, 9]]), np.array([[0, 0]])]
STROKE3 = np.array([[3, 4, 0], [2, 0, 0], [0, 5, 1], [-5, -9, 1]], np.float32)


def test_strokes_become_offsets_with_lifts_and_back() -> None:
    stroke3 = strokes_to_stroke3(STROKES)
    assert stroke3.dtype == np.float32
    np.testing.assert_array_equal(stroke3, STROKE3)
    for found, expected in zip(stroke3_to_strokes(stroke3), STROKES, strict=True):
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, expected)


def test_the_empty_drawing_has_no_rows() -> None:
    assert strokes_to_stroke3([]).shape == (0, 3)
    assert stroke3_to_strokes(np.zeros((0, 3))) == []
    np.testing.assert_array_equal(stroke3_to_stroke5(np.zeros((0, 3))), [END_STEP])
    assert stroke5_to_stroke3(END_STEP[None]).shape == (0, 3)


def test_a_last_row_without_lift_is_closed() -> None:
    open_end = STROKE3.copy()
    open_end[-1, LIFT] = 0
    assert len(stroke3_to_strokes(open_end)) == 2
    stroke5 = stroke3_to_stroke5(open_end)[:-1]
    np.testing.assert_array_equal(stroke5_to_stroke3(stroke5), STROKE3)


def test_stroke5_rows_have_one_pen_state_and_end_once() -> None:
    stroke5 = stroke3_to_stroke5(STROKE3)
    assert stroke5.shape == (5, 5)
    np.testing.assert_array_equal(stroke5[:-1, OFFSET], STROKE3[:, OFFSET])
    pen = stroke5[:, PEN]
    np.testing.assert_array_equal(pen.sum(axis=1), 1)
    np.testing.assert_array_equal(pen[:, PEN_DOWN], [1, 1, 0, 0, 0])
    np.testing.assert_array_equal(pen[:, PEN_UP], [0, 0, 1, 1, 0])
    np.testing.assert_array_equal(pen[:, PEN_END], [0, 0, 0, 0, 1])
    np.testing.assert_array_equal(stroke5_to_stroke3(stroke5), STROKE3)


def test_padding_is_end_rows_and_disappears_again() -> None:
    stroke5 = stroke3_to_stroke5(STROKE3, max_steps=9)
    assert stroke5.shape == (10, 5)
    np.testing.assert_array_equal(stroke5[4:], np.tile(END_STEP, (6, 1)))
    np.testing.assert_array_equal(stroke5_to_stroke3(stroke5), STROKE3)
    assert stroke3_to_stroke5(STROKE3, max_steps=4).shape == (5, 5)


def test_a_drawing_that_is_too_long_is_refused() -> None:
    with pytest.raises(DrawingError, match=r"at most `max_steps` = 3 points; got 4\. Shorten"):
        stroke3_to_stroke5(STROKE3, max_steps=3)


def test_a_start_row_is_dropped_only_when_announced() -> None:
    stroke5 = stroke3_to_stroke5(STROKE3)
    with_start = np.concatenate([START_STEP[None], stroke5])
    np.testing.assert_array_equal(stroke5_to_stroke3(with_start, start_row=True), STROKE3)
    assert len(stroke5_to_stroke3(with_start)) == 5
    with pytest.raises(DrawingError, match="row 0 must be `START_STEP`"):
        stroke5_to_stroke3(stroke5, start_row=True)
    with pytest.raises(DrawingError, match="row 0 must be `START_STEP`"):
        stroke5_to_stroke3(stroke5[:0], start_row=True)


def test_a_drawing_that_begins_at_the_origin_keeps_its_first_point() -> None:
    stroke3 = strokes_to_stroke3([np.array([[0, 0], [3, 4]])])
    np.testing.assert_array_equal(stroke5_to_stroke3(stroke3_to_stroke5(stroke3)), stroke3)


@pytest.mark.parametrize(
    ("stroke3", "message"),
    [
        (np.zeros((2, 2)), r"`stroke3` must be of shape \(T, 3\); got \(2, 2\)"),
        (np.zeros(3), r"`stroke3` must be of shape"),
        (np.array([[0, 0, 0.5]]), "`stroke3` row 0 must have a lift of 0 or 1; got 0.5"),
        (np.array([[0, np.nan, 1]]), "`stroke3` must be finite"),
        (np.array([["a", "b", "c"]]), "`stroke3` must hold numbers"),
    ],
)
def test_wrong_stroke3_is_refused(stroke3: np.ndarray, message: str) -> None:
    with pytest.raises(DrawingError, match=message):
        stroke3_to_strokes(stroke3)


@pytest.mark.parametrize(
    ("pen", "message"),
    [
        ((0, 1, 1), r"row 1 must have exactly one pen state; got \(0.0, 1.0, 1.0\)"),
        ((0, 0, 0), "row 1 must have exactly one pen state"),
        ((0.5, 0.5, 0), "row 1 must have exactly one pen state"),
        ((2, 0, -1), "row 1 must have exactly one pen state"),
    ],
)
def test_wrong_pen_states_are_refused(pen: tuple[float, ...], message: str) -> None:
    stroke5 = np.array([[1, 1, 0, 1, 0], [1, 1, *pen]])
    with pytest.raises(DrawingError, match=message):
        stroke5_to_stroke3(stroke5)


def test_constants_cannot_be_written() -> None:
    for step in (START_STEP, END_STEP):
        with pytest.raises(ValueError, match="read-only"):
            step[0] = 1


@pytest.mark.parametrize("value", [1e308, -1e39, 1.1e30])
def test_offsets_whose_sum_is_no_number_are_refused(value: float) -> None:
    with pytest.raises(DrawingError, match="`stroke3` must be between -1e"):
        stroke3_to_strokes(np.array([[value, 0, 0], [value, 0, 1]]))
    with pytest.raises(DrawingError, match="`stroke5` must be between -1e"):
        stroke5_to_stroke3(np.array([[value, 0, 1, 0, 0], [value, 0, 0, 1, 0]]))
