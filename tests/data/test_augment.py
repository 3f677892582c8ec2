from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sketch_pix2seq.data.augment import (
    Augmentation,
    augment,
    augment_ragged,
    in_frame,
    jittered_past,
    jittered_picture,
)
from sketch_pix2seq.data.ragged import RaggedRows
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.sketch.pen import LIFT, OFFSET

NOTHING = Augmentation(scale=0, drop=0)


def drawing(rng: np.random.Generator, *stroke_lengths: int) -> np.ndarray:
    rows = rng.integers(-20, 21, size=(sum(stroke_lengths), 3)).astype(np.int16)
    rows[:, LIFT] = 0
    rows[np.cumsum(stroke_lengths) - 1, LIFT] = 1
    return rows


def points(rows: np.ndarray) -> np.ndarray:
    return np.cumsum(rows[:, OFFSET].astype(np.float64), axis=0)


def longest_side(rows: np.ndarray) -> float:
    return float(np.ptp(points(rows), axis=0).max())


def test_no_change_asked_no_change_made(rng: np.random.Generator) -> None:
    rows = drawing(rng, 7, 1, 12)
    changed = augment(rows, rng, NOTHING)
    np.testing.assert_array_equal(changed, rows)
    assert changed.dtype == np.float32


def test_the_input_is_left_as_it_was(rng: np.random.Generator) -> None:
    rows = drawing(rng, 9, 9).astype(np.float32)
    before = rows.copy()
    augment(rows, rng, Augmentation(rotate=20, drop=0.5, refit=True))
    np.testing.assert_array_equal(rows, before)


def test_scale_is_one_factor_for_x_and_one_for_y(rng: np.random.Generator) -> None:
    rows = drawing(rng, 30)
    rows[:, OFFSET] += 100  # nothing is zero
    factors = augment(rows, rng, Augmentation(scale=0.15, drop=0))[:, OFFSET] / rows[:, OFFSET]
    np.testing.assert_allclose(factors, np.broadcast_to(factors[0], factors.shape), rtol=1e-5)
    assert factors[0, 0] != factors[0, 1]


def test_scale_factors_fill_their_range_evenly(rng: np.random.Generator) -> None:
    one = np.array([[1, 1, 1]], np.float32)
    ragged = RaggedRows.of([one] * 20_000)
    factors = augment_ragged(ragged, rng, Augmentation(scale=0.15, drop=0)).rows[:, OFFSET]
    assert 0.85 <= factors.min() < 0.851
    assert 1.149 < factors.max() <= 1.15
    assert abs(factors.mean() - 1) < 0.002
    assert abs(np.corrcoef(factors.T)[0, 1]) < 0.03


def test_drop_one_leaves_the_first_three_points_and_the_last(rng: np.random.Generator) -> None:
    rows = drawing(rng, 10, 3, 1, 4)
    changed = augment(rows, rng, Augmentation(scale=0, drop=1))
    kept = [0, 1, 2, 9, 10, 11, 12, 13, 14, 15, 16, 17]
    np.testing.assert_array_equal(changed[:, LIFT], rows[kept, LIFT])
    stroke = points(changed)[:4]
    np.testing.assert_array_equal(stroke[:2], points(rows)[:2])
    # the third kept point took the offsets of all that were dropped after it
    np.testing.assert_array_equal(stroke[2], points(rows)[8])
    np.testing.assert_array_equal(stroke[3], points(rows)[9])


def test_dropping_keeps_every_strokes_beginning_and_end(rng: np.random.Generator) -> None:
    rows = drawing(rng, 40, 5, 1, 25)
    changed = augment(rows, rng, Augmentation(scale=0, drop=0.5))
    assert len(changed) < len(rows)
    ends, changed_ends = np.flatnonzero(rows[:, LIFT]), np.flatnonzero(changed[:, LIFT])
    np.testing.assert_allclose(points(changed)[changed_ends], points(rows)[ends], atol=1e-4)
    begins, changed_begins = ends[:-1] + 1, changed_ends[:-1] + 1
    np.testing.assert_allclose(points(changed)[changed_begins], points(rows)[begins], atol=1e-4)


def test_a_tenth_of_the_droppable_points_goes(rng: np.random.Generator) -> None:
    ragged = RaggedRows.of([drawing(rng, 104)] * 300)
    changed = augment_ragged(ragged, rng, Augmentation(scale=0, drop=0.1))
    dropped = (ragged.lengths - changed.lengths).sum() / (300 * 100)
    assert 0.09 < dropped < 0.11


def test_rotation_keeps_lengths_and_stays_in_its_range(rng: np.random.Generator) -> None:
    one = np.array([[3, 0, 1]], np.float32)
    ragged = RaggedRows.of([one] * 5000)
    turned = augment_ragged(ragged, rng, Augmentation(scale=0, drop=0, rotate=30)).rows
    np.testing.assert_allclose(np.hypot(turned[:, 0], turned[:, 1]), 3, rtol=1e-5)
    angles = np.rad2deg(np.arctan2(turned[:, 1], turned[:, 0]))
    assert -30.001 < angles.min() < -29.5
    assert 29.5 < angles.max() < 30.001


def test_refit_keeps_the_longest_side(rng: np.random.Generator) -> None:
    rows = drawing(rng, 20, 20)
    augmentation = Augmentation(scale=0.5, drop=0.3, rotate=45, refit=True)
    for _ in range(20):
        assert longest_side(augment(rows, rng, augmentation)) == pytest.approx(
            longest_side(rows), rel=1e-5
        )


def test_refit_changes_nothing_of_drawings_that_fill_a_frame(rng: np.random.Generator) -> None:
    ragged = RaggedRows.of([drawing(rng, 20, 20), drawing(rng, 5)])
    without, refitted = (
        in_frame(augment_ragged(ragged, np.random.default_rng(3), Augmentation(refit=refit))).rows
        for refit in (False, True)
    )
    np.testing.assert_allclose(without, refitted, atol=1e-3)


def test_refit_leaves_a_dot_alone(rng: np.random.Generator) -> None:
    dot = np.array([[2, 3, 1]], np.float32)
    np.testing.assert_allclose(augment(dot, rng, Augmentation(scale=0, refit=True)), dot)


def test_the_empty_drawing_stays_empty(rng: np.random.Generator) -> None:
    assert augment(np.zeros((0, 3), np.float32), rng, Augmentation()).shape == (0, 3)
    assert len(augment_ragged(RaggedRows.of([]), rng, Augmentation()).lengths) == 0


def test_together_is_like_alone_but_for_chance(rng: np.random.Generator) -> None:
    made = [drawing(rng, 5), drawing(rng, 1), drawing(rng, 8, 2)]
    changed = augment_ragged(RaggedRows.of(made), rng, Augmentation(drop=1, scale=0))
    alone = [augment(rows, rng, Augmentation(drop=1, scale=0)) for rows in made]
    np.testing.assert_array_equal(changed.rows, np.concatenate(alone))
    assert changed.lengths.tolist() == [len(rows) for rows in alone]


def test_same_seed_same_change() -> None:
    rows = np.tile(np.array([[3, 4, 0]], np.float32), (50, 1))
    first, second = (
        augment(rows, np.random.default_rng(5), Augmentation(rotate=10)) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


def test_all_wrong_numbers_are_reported_at_once() -> None:
    with pytest.raises(UsageError, match="`scale` .* not 2; `drop` .* not -1; `rotate` .* not 181"):
        Augmentation(scale=2, drop=-1, rotate=181)


def test_flip_mirrors_a_share_of_the_drawings_left_to_right(rng: np.random.Generator) -> None:
    ragged = RaggedRows.of([np.array([[3, 4, 1]], np.float32)] * 4000)
    flipped = augment_ragged(ragged, rng, Augmentation(scale=0, drop=0, flip=0.25)).rows
    assert set(flipped[:, 0].tolist()) == {3, -3}
    assert set(flipped[:, 1].tolist()) == {4}
    assert 0.22 < (flipped[:, 0] < 0).mean() < 0.28


def test_jitter_moves_each_point_independently(rng: np.random.Generator) -> None:
    rows = np.array([[0, 0, 0], [5, 0, 0], [5, 5, 1]] * 400, np.float32)
    ragged = RaggedRows(rows, np.array([600, 600]))
    assert jittered_picture(ragged, rng, Augmentation()) is ragged
    moved = jittered_picture(ragged, rng, Augmentation(jitter=2.0))
    apart = moved.positions() - ragged.positions()
    assert apart.std() == pytest.approx(2.0, rel=0.1)  # it does not add up along the drawing
    assert (moved.lifts == ragged.lifts).all()
    assert np.abs(np.corrcoef(apart[:-1, 0], apart[1:, 0])[0, 1]) < 0.1


def test_a_frame_is_filled_and_the_drawing_lies_in_its_middle(rng: np.random.Generator) -> None:
    made = [drawing(rng, 7, 1, 12), drawing(rng, 2), 9 * drawing(rng, 4, 4), drawing(rng, 1)]
    framed = in_frame(RaggedRows.of(made))
    assert framed.lengths.tolist() == [20, 2, 8, 1]
    for rows, before in zip(np.split(framed.rows, framed.starts[1:]), made, strict=True):
        at, was = points(rows), points(before)
        middle = (at.min(axis=0) + at.max(axis=0)) / 2
        np.testing.assert_allclose(middle, 0, atol=1e-3)
        np.testing.assert_array_equal(rows[:, LIFT], before[:, LIFT])
        if len(rows) > 1:  # a dot has no size
            assert longest_side(rows) == pytest.approx(255, rel=1e-5)
            zoom = 255 / longest_side(before)
            np.testing.assert_allclose(np.diff(at, axis=0), zoom * np.diff(was, axis=0), atol=1e-3)


def test_half_of_the_pasts_are_jittered_each_by_its_own_measure(rng: np.random.Generator) -> None:
    rows = np.tile(np.array([[3, 4, 0]], np.float32), (300 * 60, 1))
    ragged = RaggedRows(rows, np.full(300, 60))
    moved = jittered_past(ragged, rng, Augmentation(past_jitter=3.0))
    apart = (moved.positions() - ragged.positions()).reshape(300, 60 * 2)
    spread = np.sqrt((apart**2).mean(axis=1))
    jittered = spread > 1e-3
    assert 0.4 < jittered.mean() < 0.6
    assert 5 < spread.max() < 7.5  # up to twice the setting
    assert spread[jittered].mean() == pytest.approx(3.0, rel=0.15)
    assert (moved.lifts == ragged.lifts).all()
    still = jittered_past(ragged, rng, Augmentation())
    np.testing.assert_array_equal(still.rows, ragged.rows)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jitter", -1.0),
        ("jitter", np.inf),
        ("past_jitter", -1.0),
        ("past_jitter", np.inf),
        ("line_width", 1.0),
        ("line_width", -0.1),
    ],
)
def test_how_a_picture_may_differ_has_its_range(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"`{name}` must"):
        Augmentation(**{name: value})  # type: ignore[arg-type]


def test_beginnings_are_cut_off_at_all_points(rng: np.random.Generator) -> None:
    drawing = np.column_stack((rng.normal(size=(100, 2)), np.arange(100) % 10 == 9))
    plain = Augmentation(scale=0, drop=0)
    ragged = augment_ragged(RaggedRows.of([drawing] * 400), rng, replace(plain, prefix=0.5))
    cut = ragged.lengths[ragged.lengths < 100]
    assert 140 < len(cut) < 260
    assert 20 <= cut.min() < 25 and 65 < cut.max() <= 70
    start = 0
    for length in ragged.lengths.tolist():
        rows = ragged.rows[start : start + length]
        np.testing.assert_array_equal(rows[:, :2], drawing[:length, :2].astype(np.float32))
        assert rows[-1, 2] == 1
        start += length
    (single,) = augment_ragged(RaggedRows.of([drawing[:1]]), rng, replace(plain, prefix=1)).lengths
    assert single == 1
