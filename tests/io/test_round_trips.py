"""Properties: what goes out comes in again, for every drawing that hypothesis can think of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sketch_pix2seq.io.ndjson import SimplifiedDrawing, format_record, parse_line, parse_sketch
from sketch_pix2seq.io.svg.svg_in import read_svg
from sketch_pix2seq.sketch.normalise import quickdraw_normalise
from sketch_pix2seq.sketch.pen import (
    LIFT,
    START_STEP,
    stroke3_to_stroke5,
    stroke5_to_stroke3,
)
from sketch_pix2seq.sketch.simplify import simplify
from sketch_pix2seq.sketch.sketch import Sketch

LONGEST = 2_000  # points: four times the longest of the real drawings

Points = list[list[tuple[float, float]]]

whole = st.integers(-32_000, 32_000)
real = st.floats(-1e5, 1e5, width=32)


def drawings(coordinate: st.SearchStrategy[Any], *, empty: bool = True) -> Any:
    """Points of drawings from nothing, over dots, to some strokes of some points."""
    stroke = st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=12)
    return st.lists(stroke, min_size=0 if empty else 1, max_size=6)


longest = pytest.mark.parametrize("num_strokes", [1, 3, LONGEST])
relaxed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def long_sketch(rng: np.random.Generator, num_strokes: int) -> Sketch:
    points = rng.integers(-32_000, 32_000, size=(LONGEST, 2))
    return Sketch.from_points(np.array_split(points, num_strokes))


def assert_pens_come_back(sketch: Sketch) -> None:
    stroke3 = sketch.to_stroke3()
    assert stroke3.shape == (sketch.num_points, 3)
    assert stroke3[:, LIFT].sum() == len(sketch.strokes)
    assert Sketch.from_stroke3(stroke3) == sketch
    for max_steps in (None, sketch.num_points, sketch.num_points + 5):
        stroke5 = sketch.to_stroke5(max_steps)
        assert Sketch.from_stroke5(stroke5) == sketch
        started = np.concatenate([START_STEP[None], stroke5])
        assert Sketch.from_stroke5(started, start_row=True) == sketch
        np.testing.assert_array_equal(stroke5_to_stroke3(stroke5), stroke3)
        np.testing.assert_array_equal(stroke3_to_stroke5(stroke3, max_steps), stroke5)


@relaxed
@given(drawings(whole))
def test_stroke3_and_stroke5_lose_nothing_of_whole_numbers(points: Points) -> None:
    sketch = Sketch.from_points(points)
    assert_pens_come_back(sketch)


@longest
def test_nor_of_the_longest_drawings(rng: np.random.Generator, num_strokes: int) -> None:
    assert_pens_come_back(long_sketch(rng, num_strokes))


@relaxed
@given(drawings(real))
def test_real_numbers_come_back_to_float32_rounding(points: Points) -> None:
    sketch = Sketch.from_points(points)
    again = Sketch.from_stroke3(sketch.to_stroke3())
    assert len(again.strokes) == len(sketch.strokes)
    for mine, theirs in zip(again.strokes, sketch.strokes, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=0.1)


@relaxed
@given(drawings(real, empty=False), st.text(min_size=1, max_size=20))
def test_ndjson_loses_nothing(points: Points, word: str) -> None:
    sketch = Sketch.from_points(points)
    again = parse_sketch(format_record(sketch, word=word))
    assert again == sketch
    assert again.category == word


@relaxed
@given(drawings(whole, empty=False), st.integers(0, 2**64 - 1), st.booleans())
def test_simplified_lines_lose_nothing(points: Points, key_id: int, recognized: bool) -> None:
    sketch = Sketch.from_points(points)
    line = format_record(sketch, key_id=str(key_id), recognized=recognized)
    drawing = parse_line(line)
    assert isinstance(drawing, SimplifiedDrawing)
    assert (drawing.key_id, drawing.recognized) == (key_id, recognized)
    strokes = np.split(drawing.points, np.flatnonzero(drawing.lifts)[:-1] + 1)
    assert Sketch.from_points(strokes) == sketch


@relaxed
@given(drawings(st.integers(0, 255), empty=False))
def test_svg_keeps_strokes_to_a_hundredth_of_a_pixel(points: Points) -> None:
    sketch = Sketch.from_points(points)
    again = read_svg(sketch.to_svg(size=300, margin=10, line_width=2).encode())
    x0, y0, x1, y1 = sketch.bounds or (0, 0, 0, 0)
    scale = 280 / max(x1 - x0, y1 - y0) if max(x1 - x0, y1 - y0) > 0 else 1
    middle = np.array([x0 + x1, y0 + y1]) / 2
    assert len(again.strokes) == len(sketch.strokes)
    for found, drawn in zip(again.strokes, sketch.strokes, strict=True):
        is_new = np.ones(len(drawn), bool)
        is_new[1:] = (drawn[1:] != drawn[:-1]).any(axis=1)
        expected = (drawn[is_new] - middle) * scale + 150
        np.testing.assert_allclose(found, expected, atol=0.006)


@relaxed
@given(drawings(real))
def test_simplifying_keeps_ends_and_a_second_time_changes_little(points: Points) -> None:
    sketch = Sketch.from_points(points)
    once = sketch.simplified(5.0)
    assert once.simplified(0.0).num_points <= once.num_points
    for before, after in zip(sketch.strokes, once.strokes, strict=True):
        np.testing.assert_array_equal(before[0], after[0])
        np.testing.assert_array_equal(before[-1], after[-1])
        assert len(simplify([after], 5.0)[0]) <= len(after) <= len(before)


@relaxed
@given(drawings(real))
def test_normalising_twice_keeps_the_box(points: Points) -> None:
    sketch = Sketch.from_points(points)
    strokes = quickdraw_normalise(sketch.strokes)
    again = quickdraw_normalise(strokes)
    assert len(again) == len(strokes) == len(sketch.strokes)
    for stroke in strokes:
        assert (stroke == np.rint(stroke)).all()
        assert stroke.min() >= 0
        assert stroke.max() <= 255


@relaxed
@given(drawings(whole), st.integers(0, 80))
def test_truncating_keeps_the_first_rows(points: Points, max_steps: int) -> None:
    sketch = Sketch.from_points(points)
    short = sketch.truncated(max_steps)
    assert short.num_points == min(max_steps, sketch.num_points)
    np.testing.assert_array_equal(
        short.to_stroke3()[:, :2], sketch.to_stroke3()[: short.num_points, :2]
    )
