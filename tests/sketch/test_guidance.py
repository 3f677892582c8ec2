"""Which steps keep to the ink."""

from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.sketch import guidance
from sketch_pix2seq.sketch.coverage import touched
from sketch_pix2seq.sketch.pen import PEN_DOWN, PEN_END, PEN_UP

SIZE = 32


def picture(*lines: tuple[float, float, float, float]) -> np.ndarray:
    """Lines 1 pixel wide, (1, S, S)."""
    ink = np.zeros((1, SIZE, SIZE), np.float32)
    for x, y, to_x, to_y in lines:
        for share in np.linspace(0, 1, 200):
            ink[0, int(y + share * (to_y - y)), int(x + share * (to_x - x))] = 1
    return ink


def covered(*lines: tuple[float, float, float, float]) -> np.ndarray:
    """Where something is drawn after some lines, (1, S, S)."""
    drawn = np.zeros((1, SIZE, SIZE), bool)
    for x, y, to_x, to_y in lines:
        ends = (np.array([[x, y]], np.float32), np.array([[to_x, to_y]], np.float32))
        drawn.reshape(-1)[touched(*ends, SIZE)[0]] = True
    return drawn


def scores(
    position: tuple[float, float],
    ends: list[tuple[float, float]],
    ink: np.ndarray,
    *,
    draws: bool = True,
    drawn: np.ndarray | None = None,
    visible: np.ndarray | None = None,
) -> np.ndarray:
    drawn = np.zeros(ink.shape, bool) if drawn is None else drawn
    shown = np.ones_like(ink) if visible is None else visible
    found: np.ndarray = guidance.step_scores(
        np.array([position], np.float32),
        np.array([ends], np.float32).swapaxes(1, 2),
        np.array([draws]),
        np.zeros((1, len(ends)), np.float32),
        guidance.ink_maps(ink * shown, shown, drawn),
    )
    row: np.ndarray = found[0]
    return row


def test_a_line_on_the_ink_beats_one_beside_it() -> None:
    ink = picture((4, 16, 28, 16))
    on, beside, away = scores((4.5, 16.5), [(14.5, 16.5), (14.5, 20.5), (4.5, 26.5)], ink)
    assert on > beside > away
    assert on == pytest.approx(guidance.NEW_INK * guidance.MAX_NEW_INK)
    assert away == pytest.approx(-guidance.OFF_INK * 10, rel=0.25)


def test_a_line_gains_nothing_for_ink_that_is_drawn_already() -> None:
    ink = picture((4, 16, 28, 16))
    (again,) = scores((4.5, 16.5), [(14.5, 16.5)], ink, drawn=covered((4, 16.5, 28, 16.5)))
    assert again == 0


def test_a_move_arrives_at_ink_that_is_left() -> None:
    ink = picture((4, 8, 28, 8), (4, 24, 28, 24))
    drawn = covered((4, 8.5, 28, 8.5))
    ends = [(16.5, 24.5), (16.5, 8.5), (16.5, 16.5)]
    left, done, nowhere = scores((28.5, 8.5), ends, ink, draws=False, drawn=drawn)
    assert left == guidance.ARRIVAL and done == nowhere == 0


def test_a_line_out_of_the_picture_leaves_the_ink() -> None:
    ink = np.ones((1, SIZE, SIZE), np.float32)
    inside, outside = scores((28.5, 16.5), [(18.5, 16.5), (60.5, 16.5)], ink)
    assert inside > 0 > outside


@pytest.mark.parametrize(
    ("end", "at"), [((16.5, 26.5), (16.5, 26.5)), ((22.5, 14.5), (22.5, 26.5))]
)
def test_the_pen_moves_to_the_ink_that_is_left_though_no_proposal_reaches_it(
    end: tuple[float, float], at: tuple[float, float]
) -> None:
    ink = picture((4, 4, 14, 4), (4, 26, 28, 26))
    drawn = covered((4, 4.5, 14, 4.5))
    position = np.array([[14.5, 4.5]], np.float32)
    way, pen = guidance.choose(
        position,
        (np.array([end], np.float32) - position)[:, :, None],
        np.array([False]),
        np.zeros((1, 1), np.float32),
        np.array([[0, 0, 9]], np.float32),
        guidance.ink_maps(ink, np.ones_like(ink), drawn),
        np.array([True]),
    )
    assert pen[0] == PEN_DOWN
    assert np.abs(position[0] + way[0] - at).max() <= 2


def test_the_pen_moves_to_faint_ink_as_well() -> None:
    ink = 0.2 * picture((4, 24, 28, 24), (4, 25, 28, 25), (4, 26, 28, 26))
    position = np.array([[14.5, 4.5]], np.float32)
    way, pen = guidance.choose(
        position,
        np.array([[[1], [1]]], np.float32),
        np.array([False]),
        np.zeros((1, 1), np.float32),
        np.array([[0, 0, 9]], np.float32),
        guidance.ink_maps(ink, np.ones_like(ink), np.zeros(ink.shape, bool)),
        np.array([True]),
    )
    assert pen[0] == PEN_DOWN
    assert position[0, 1] + way[0, 1] > 23


def test_a_strip_beside_a_line_is_not_left() -> None:
    ink = picture((4, 8, 28, 8), (4, 10, 28, 10))
    drawn = covered((4, 8.5, 28, 8.5))
    maps = guidance.ink_maps(ink, np.ones_like(ink), drawn)
    assert maps.remaining.sum() > 20
    assert not guidance.has_remaining_ink(maps.remaining, maps.drawn).any()


def test_what_is_hidden_scores_nothing() -> None:
    ink = picture((4, 16, 28, 16))
    visible = np.zeros_like(ink)
    ends = [(14.5, 16.5), (14.5, 28.5)]
    for draws in (True, False):
        assert (scores((4.5, 16.5), ends, ink, draws=draws, visible=visible) == 0).all()


def test_outside_of_the_picture_and_nowhere_are_no_errors() -> None:
    ends = [(-1e9, 4), (1e9, 1e9), (float("nan"), 5)]
    found = scores((4.5, 16.5), ends, picture((4, 16, 28, 16)))
    assert len(found) == 3


def chosen(
    ink: np.ndarray, drawn: np.ndarray, end: tuple[float, float], likes: int, by: float = 0.5
) -> int:
    """The pen state after a line from (4.5, 16.5), of a decoder that rather likes one state."""
    logits = np.zeros((1, 3), np.float32)
    logits[0, likes] = by
    _, pen = guidance.choose(
        np.array([[4.5, 16.5]], np.float32),
        (np.array([end], np.float32) - np.array([4.5, 16.5], np.float32))[:, :, None],
        np.array([True]),
        np.zeros((1, 1), np.float32),
        logits,
        guidance.ink_maps(ink, np.ones_like(ink), drawn),
        np.array([True]),
    )
    return int(pen[0])


def test_the_pen_stays_down_where_ink_goes_on_and_leaves_where_it_stops() -> None:
    ink, nothing = picture((4, 16, 28, 16)), np.zeros((1, SIZE, SIZE), bool)
    assert chosen(ink, nothing, (14.5, 16.5), likes=PEN_UP) == PEN_DOWN
    assert chosen(ink, nothing, (28.5, 16.5), likes=PEN_DOWN) == PEN_UP


def test_a_drawing_ends_when_no_ink_is_left() -> None:
    ink = picture((4, 16, 14, 16), (4, 26, 28, 26))
    first = covered((4, 16.5, 14, 16.5))
    both = np.maximum(first, covered((4, 26.5, 28, 26.5)))
    assert chosen(ink, first, (14.5, 16.5), likes=PEN_END, by=9) != PEN_END
    assert chosen(ink, both, (14.5, 16.5), likes=PEN_END, by=9) == PEN_END


def test_a_drawing_is_guided_the_same_in_any_company(rng: np.random.Generator) -> None:
    count, proposals = 7, 30
    ink = (rng.random((count, SIZE, SIZE)) < 0.1).astype(np.float32)
    drawn = rng.random((count, SIZE, SIZE)) < 0.1
    position = rng.uniform(0, SIZE, (count, 2)).astype(np.float32)
    ends = rng.uniform(-3, SIZE + 3, (count, 2, proposals)).astype(np.float32)
    maps = guidance.ink_maps(ink, np.ones_like(ink), drawn)
    draws, all_visible = rng.random((2, count)) < 0.5
    logits = rng.normal(size=(count, proposals)).astype(np.float32)
    pen_logits = rng.normal(size=(count, 3)).astype(np.float32)

    def chosen_in(rows: slice) -> np.ndarray:
        found = guidance.choose(
            position[rows],
            ends[rows] - position[rows, :, None],
            draws[rows],
            logits[rows],
            pen_logits[rows],
            guidance.InkMaps(*(values[rows] for values in maps)),
            all_visible[rows],
        )
        return np.concatenate((found[0], found[1][:, None]), axis=1)

    together = chosen_in(slice(None))
    for row in range(count):
        assert together[row].tolist() == chosen_in(slice(row, row + 1))[0].tolist()
