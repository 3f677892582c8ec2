from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.sketch.simplify import (
    rdp_mask,
    simplify,
)


def distance_to_line(points: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Distance of each point to the nearest segment of a polyline."""
    if len(line) == 1:
        to_dot: np.ndarray = np.hypot(*(points - line[0]).T)
        return to_dot
    start, chord = line[:-1], np.diff(line, axis=0)
    length2 = np.maximum((chord**2).sum(axis=1), 1e-30)
    away = points[:, None] - start
    along = np.clip((away * chord).sum(axis=2) / length2, 0, 1)
    distances = np.hypot(*np.moveaxis(away - along[..., None] * chord, 2, 0))
    nearest: np.ndarray = distances.min(axis=1)
    return nearest


def recursive_rdp(points: np.ndarray, epsilon: float) -> np.ndarray:
    """The algorithm as the textbooks have it, one interval at a time."""
    if len(points) < 3:
        return points
    distances = distance_to_line(points[1:-1], points[[0, -1]])
    worst = int(distances.argmax())
    if distances[worst] <= epsilon:
        return points[[0, -1]]
    left = recursive_rdp(points[: worst + 2], epsilon)
    return np.concatenate([left[:-1], recursive_rdp(points[worst + 1 :], epsilon)])


def rdp(points: np.ndarray, epsilon: float) -> np.ndarray:
    (simple,) = simplify([points], epsilon)
    return simple


def walk(rng: np.random.Generator, num: int) -> np.ndarray:
    return np.cumsum(rng.normal(size=(num, 2)), axis=0)


def test_rdp_is_the_textbook_algorithm(rng: np.random.Generator) -> None:
    for num in (1, 2, 3, 10, 200):
        for epsilon in (0.0, 0.3, 2.0, 50.0):
            points = walk(rng, num)
            np.testing.assert_array_equal(rdp(points, epsilon), recursive_rdp(points, epsilon))


def test_rdp_stays_within_its_tolerance_and_keeps_the_ends(rng: np.random.Generator) -> None:
    points = walk(rng, 500)
    simple = rdp(points, 1.5)
    assert len(simple) < 300
    assert distance_to_line(points, simple).max() <= 1.5
    np.testing.assert_array_equal(simple[[0, -1]], points[[0, -1]])


def test_a_loop_that_ends_where_it_began_keeps_its_shape() -> None:
    turn = np.linspace(0, 2 * np.pi, 101)
    circle = 10 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    circle[-1] = circle[0]
    simple = rdp(circle, 0.5)
    assert 8 <= len(simple) <= 20
    assert distance_to_line(circle, simple).max() <= 0.5


def test_lines_drawn_back_and_forth_keep_their_length_unless_chords_are_endless() -> None:
    there_and_back = np.array([[0.0, 0.0], [9.0, 0.0], [5.0, 0.0]])
    lengths = np.array([3])
    assert rdp_mask(there_and_back, lengths, 1.0).tolist() == [True, True, True]
    assert rdp_mask(there_and_back, lengths, 1.0, endless=True).tolist() == [True, False, True]


def test_many_strokes_at_once_are_each_done_alone(rng: np.random.Generator) -> None:
    strokes = [walk(rng, int(num)) for num in rng.integers(1, 40, size=60)]
    lengths = np.array([len(stroke) for stroke in strokes])
    mask = rdp_mask(np.concatenate(strokes), lengths, 1.0)
    for stroke, part in zip(strokes, np.split(mask, np.cumsum(lengths)[:-1]), strict=True):
        np.testing.assert_array_equal(stroke[part], rdp(stroke, 1.0))


def test_a_stroke_made_to_split_one_point_at_a_time_ends() -> None:
    # Each point is farthest from the chord of all that follow it.
    num = 20_000
    points = np.stack([np.arange(num), 10.0 * (num - np.arange(num)) * (-1) ** np.arange(num)], 1)
    simple = rdp(points, 1e-9)
    assert distance_to_line(points[::997], simple).max() <= 1e-9


@pytest.mark.parametrize("epsilon", [-1.0, float("nan")])
def test_a_wrong_tolerance_is_refused(epsilon: float) -> None:
    with pytest.raises(DrawingError, match="`epsilon` must be 0 or more"):
        rdp(np.zeros((3, 2)), epsilon)


def test_simplify_keeps_dtype_and_number_of_strokes() -> None:
    strokes = [np.array([[0, 0], [5, 0], [9, 0]], np.int16), np.array([[1, 1]], np.int16)]
    simple = simplify(strokes, 1.0)
    assert [stroke.tolist() for stroke in simple] == [[[0, 0], [9, 0]], [[1, 1]]]
    assert simple[0].dtype == np.int16
    assert simplify([], 1.0) == []
