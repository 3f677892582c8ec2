from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import pytest

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.sketch.hand_order import Candidates, hand_order
from sketch_pix2seq.sketch.order import MAX_HAND_STROKES, ordered_by_pen
from sketch_pix2seq.sketch.sketch import Order, Sketch


def ring(x: float, y: float, radius: float, turn: float = 0) -> np.ndarray:
    angle = turn + np.linspace(0, 2 * np.pi, 33)
    return np.array([x, y]) + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)


HEAD = ring(50, 50, 50)
EYES = [np.array([[30.0, 35], [31, 38], [30, 40]]), np.array([[70.0, 35], [71, 38], [70, 40]])]
MOUTH = np.array([[30.0, 70], [40, 78], [50, 80], [60, 78], [70, 70]])


def test_a_face_begins_with_the_head_and_goes_on_to_the_right() -> None:
    for mixed in ([MOUTH, EYES[1], HEAD, EYES[0]], [EYES[1][::-1], MOUTH[::-1], EYES[0], HEAD]):
        head, left, right, mouth = hand_order(mixed, [len(line) > 20 for line in mixed])
        assert len(head) == 33
        assert [left.tolist(), right.tolist()] == [eye.tolist() for eye in EYES]
        assert mouth.tolist() == MOUTH.tolist()


def test_lines_go_down_and_to_the_right() -> None:
    level, upright = np.array([[90.0, 0], [50, 1], [0, 0]]), np.array([[0.0, 90], [1, 50], [0, 0]])
    assert hand_order([level], [False])[0][0].tolist() == [0, 0]
    assert hand_order([upright], [False])[0][0].tolist() == [0, 0]


def test_closed_strokes_begin_at_the_top_wherever_they_were_cut() -> None:
    for turn in (0.0, 1.0, 3.0):
        for one in (ring(0, 0, 9, turn), ring(0, 0, 9, turn)[::-1]):
            (drawn,) = hand_order([one], [True])
            assert drawn[0].tolist() == drawn[-1].tolist()
            assert drawn[0, 1] < -8


def test_place_and_size_do_not_matter() -> None:
    lines = [HEAD[:-3], *EYES, MOUTH]
    usual = hand_order(lines, [False] * 4)
    other = hand_order([3 * line - 700 for line in lines], [False] * 4)
    for one, another in zip(usual, other, strict=True):
        assert np.allclose(3 * one - 700, another)


@pytest.mark.parametrize("order", ["pen", "hand"])
def test_the_largest_numbers_are_ordered_as_others(order: Order) -> None:
    face = Sketch.from_points([MOUTH - 50, *(eye - 50 for eye in EYES), HEAD.round(3) - 50])
    huge = Sketch(tuple(stroke * np.float32(2**121) for stroke in face.strokes))
    assert np.abs(huge.strokes[-1]).max() > 1e38
    for usual, large in zip(face.ordered(order).strokes, huge.ordered(order).strokes, strict=True):
        assert np.array_equal(usual * np.float32(2**121), large)
    assert huge.to_quickdraw_grid() == face.to_quickdraw_grid()
    assert huge.to_animation(size=32) == face.to_animation(size=32)


@pytest.mark.parametrize("order", ["pen", "hand", "none"])
def test_the_picture_stays(order: Order) -> None:
    sketch = Sketch.from_points([MOUTH, *EYES, HEAD, [(5, 5)]], category="face")
    new = sketch.ordered(order)
    assert new.category == "face"
    assert len(new.strokes) == 5
    apart = np.abs(np.asarray(new.to_image(96), int) - np.asarray(sketch.to_image(96), int))
    assert apart.max() <= 2


def test_an_open_ring_stays_open() -> None:
    gap = HEAD[:-4]
    (drawn,) = Sketch.from_points([gap]).ordered("hand").strokes
    assert {tuple(drawn[0]), tuple(drawn[-1])} == {
        tuple(point) for point in gap[[0, -1]].astype(np.float32)
    }


def test_drawings_of_very_many_strokes_get_the_order_of_a_pen() -> None:
    dots = [np.array([[k, k]], np.float32) for k in range(MAX_HAND_STROKES + 1)]
    with pytest.warns(UserWarning, match="in the order of a pen"):
        found = Sketch(tuple(dots)).ordered("hand")
    assert len(found.strokes) == len(dots)


def test_nothing_and_little() -> None:
    assert Sketch(()).ordered("hand").strokes == ()
    assert len(ordered_by_pen([np.zeros((1, 2))], None, "hand")[0]) == 1
    assert len(ordered_by_pen([np.zeros((6, 2)), np.zeros((1, 2))], None, "hand")[0]) == 2


def test_unknown_orders_are_refused(
    unchecked_shapes: Callable[[], AbstractContextManager[None]],
) -> None:
    with unchecked_shapes(), pytest.raises(UsageError, match="`order` must be pen, hand or none"):
        Sketch(()).ordered("foot")  # type: ignore[arg-type]


def test_many_strokes_are_many_whatever_their_pens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sketch_pix2seq.sketch.order.MAX_HAND_STROKES", 40)
    dots = [np.array([[k, 0], [k, 9]], np.float32) for k in range(41)]
    pens = tuple("#d00000" if k % 2 else "#0000d0" for k in range(len(dots)))
    drawing = Sketch(tuple(dots), colours=pens)
    with pytest.warns(UserWarning, match="in the order of a pen") as warned:
        found = drawing.ordered("hand")
    assert len(warned) == 1
    assert found == drawing.ordered("pen")


def test_a_loop_is_closed_by_the_width_of_the_whole_drawing() -> None:
    around = np.linspace(0.05, 2 * np.pi - 0.05, 40)
    loop = 50 * np.stack([np.cos(around), np.sin(around)], axis=1)
    far = np.array([[-480.0, 0], [480, 0]])
    lines = (loop.astype(np.float32), far.astype(np.float32))
    one, two = Sketch(lines), Sketch(lines, colours=("#d00000", "#0000d0"))
    found = [sorted(map(len, drawing.ordered("pen").strokes)) for drawing in (one, two)]
    assert found[0] == found[1] == [2, 41]  # closed, so its first point comes again


def test_distances_are_those_between_points() -> None:
    lines = [HEAD, *EYES, MOUTH, np.array([[5.0, 5]])]
    candidates = Candidates(lines, [True, False, False, False, False])
    points = candidates.points[candidates.first].astype(np.float64)
    for number, other in enumerate(points):
        steps = candidates.start.astype(np.float64)[:, None] - other
        nearest = np.hypot(*steps.transpose(2, 0, 1)).min(axis=1)
        assert np.allclose(candidates.start_apart[number], nearest, atol=1e-6)
        steps = points[:, :, None] - other
        nearest = np.hypot(*steps.transpose(3, 0, 1, 2)).min(axis=(1, 2))
        assert np.allclose(candidates.apart[number], nearest, atol=1e-6)


def test_many_candidates_attend_as_few_do(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [ring(30 * (k % 4), 30 * (k // 4), 9, k) for k in range(12)]
    usual = hand_order(lines, [True] * 12)
    monkeypatch.setattr("sketch_pix2seq.sketch.hand_order._QUERIES", 1000)
    for one, other in zip(usual, hand_order(lines, [True] * 12), strict=True):
        assert np.array_equal(one, other)
