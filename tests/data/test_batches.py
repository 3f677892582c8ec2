from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sketch_pix2seq.data.augment import Augmentation
from sketch_pix2seq.data.batches import Batch, BatchSource, batch_of, prefetch, validation_batches
from sketch_pix2seq.data.dataset import Dataset, Split
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.sketch.coverage import NEVER, RADIUS
from sketch_pix2seq.sketch.pen import END_STEP, START_STEP, stroke3_to_stroke5
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise


def source(dataset: Dataset, **settings: Any) -> BatchSource:
    defaults: dict[str, Any] = {"offset_scale": 2.0, "batch_size": 8, "seed": 3, "pool_batches": 5}
    return BatchSource(dataset.split("train"), **{**defaults, **settings})


def assert_same(one: Batch, other: Batch) -> None:
    for name in ("steps", "lengths", "pictures", "category_ids"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def matches(batch: Batch, row: int, split: Split, index: int) -> bool:
    stroke5 = stroke3_to_stroke5(split.stroke3(index))
    stroke5[:, :2] /= 2.0
    found = batch.steps[row, 1 : len(stroke5) + 1]
    return batch.lengths[row] == len(stroke5) - 1 and np.array_equal(found, stroke5)


def test_a_batch_holds_the_drawings_it_names(dataset: Dataset) -> None:
    batches = source(dataset)
    batch, split = batches.batch(7), dataset.split("train")
    indices = batches.indices(7).tolist()
    assert len(indices) == 8
    for row, index in enumerate(indices):  # unchanged drawings keep the pool's order
        assert matches(batch, row, split, index)
        assert batch.category_ids[row] == split.category_id(index)
        np.testing.assert_array_equal(batch.pictures[row, 0], rasterise(split.sketch(index)))


def test_rows_are_start_drawing_end(dataset: Dataset) -> None:
    batch = source(dataset, augmentation=Augmentation()).batch(0)
    assert batch.steps.shape == (8, batch.lengths[0] + 2, 5)
    assert batch.pictures.shape == (8, 1, 48, 48)
    assert (np.diff(batch.lengths) <= 0).all()
    for steps, length in zip(batch.steps, batch.lengths.tolist(), strict=True):
        np.testing.assert_array_equal(steps[0], START_STEP)
        np.testing.assert_array_equal(
            steps[length + 1 :], np.broadcast_to(END_STEP, steps[length + 1 :].shape)
        )
        assert (steps[1 : length + 1, 4] == 0).all()
        assert steps[length, 3] == 1
        assert (steps[:, 2:].sum(axis=1) == 1).all()


def test_the_picture_shows_the_augmented_strokes(dataset: Dataset) -> None:
    batch = source(dataset, augmentation=Augmentation(rotate=40, drop=0.5)).batch(2)
    for steps, length, picture in zip(batch.steps, batch.lengths, batch.pictures, strict=True):
        points = np.cumsum(steps[1 : length + 1, :2].astype(np.float64), axis=0)
        strokes = np.split(points, np.flatnonzero(steps[1:length, 3]) + 1)
        np.testing.assert_allclose(picture[0], rasterise(strokes), atol=0.02)


def test_a_batch_is_a_function_of_seed_and_step_alone(dataset: Dataset) -> None:
    settings: dict[str, Any] = {"augmentation": Augmentation(rotate=5, refit=True), "balance": 0.5}
    in_order, out_of_order = source(dataset, **settings), source(dataset, **settings)
    forward = [in_order.batch(step) for step in range(12)]
    for step in (11, 0, 5, 4, 11):
        assert_same(forward[step], out_of_order.batch(step))
    other = source(dataset, seed=4, **settings).batch(0)
    assert not np.array_equal(other.pictures, forward[0].pictures)


def test_augmentation_differs_from_step_to_step(dataset: Dataset) -> None:
    augmented = source(dataset, augmentation=Augmentation(drop=0))
    scales = []
    for step in range(5):
        batch, plain = augmented.batch(step), source(dataset).batch(step)
        scales.append(batch.steps[0, 1, 0] / plain.steps[0, 1, 0])
    assert len(set(scales)) == 5


def test_a_pool_is_cut_into_batches_of_similar_length(dataset: Dataset) -> None:
    batches = source(dataset, batch_size=10, pool_batches=8)
    lengths = [batches.batch(step).lengths for step in range(8)]
    spread = np.mean([np.ptp(one) for one in lengths])
    assert spread < 0.3 * np.ptp(np.concatenate(lengths))
    longest = [int(one[0]) for one in lengths]
    assert longest != sorted(longest, reverse=True)  # shuffled


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_balance_shifts_the_odds_of_categories(balance: float) -> None:
    class Counts:
        """A split of two very unequal categories, as far as drawing indices asks for it."""

        categories = ("many", "few")

        def category_range(self, number: int) -> tuple[int, int]:
            return [(0, 900), (900, 1000)][number]

        def lengths(self, indices: np.ndarray) -> np.ndarray:
            return np.ones(len(indices), np.int64)

    batches = BatchSource.__new__(BatchSource)
    initialise: Any = BatchSource.__init__
    unchecked = getattr(initialise, "__wrapped__", initialise)
    unchecked(batches, Counts(), offset_scale=1.0, batch_size=100, seed=0, balance=balance)
    indices = np.concatenate([batches.indices(step) for step in range(100)])
    odds = np.array([900.0, 100.0]) ** (1 - balance)
    assert (indices >= 900).mean() == pytest.approx(odds[1] / odds.sum(), abs=0.02)
    assert (indices.min(), indices.max()) == (0, 999)
    assert len(set(indices[indices >= 900].tolist())) > 95


def test_pad_to_fixes_the_width(dataset: Dataset) -> None:
    batches = source(dataset, pad_to=dataset.card.longest)
    assert {batches.batch(step).steps.shape[1] for step in range(5)} == {dataset.card.longest + 2}
    with pytest.raises(UsageError, match="`pad_to` must be at least .* got 1"):
        source(dataset, pad_to=1).batch(0)


def test_all_wrong_numbers_are_reported_at_once(dataset: Dataset) -> None:
    with pytest.raises(UsageError) as caught:
        source(dataset, offset_scale=0, batch_size=0, balance=2, pool_batches=0)
    for name in ("offset_scale", "batch_size", "balance", "pool_batches"):
        assert f"`{name}` must be" in str(caught.value)


def test_validation_shows_every_drawing_once(dataset: Dataset) -> None:
    split = dataset.split("valid")
    batches = list(validation_batches(split, offset_scale=2.0, batch_size=7))
    lengths = np.concatenate([batch.lengths for batch in batches])
    assert lengths.tolist() == sorted(split.lengths(np.arange(len(split))).tolist(), reverse=True)
    assert [len(batch.lengths) for batch in batches[:-1]] == [7] * (len(batches) - 1)
    for index in range(len(split)):
        found = [
            (batch, row)
            for batch in batches
            for row in range(len(batch.lengths))
            if matches(batch, row, split, index)
        ]
        assert len(found) == 1
        assert found[0][0].category_ids[found[0][1]] == split.category_id(index)


def test_a_limited_validation_has_its_share_of_each_category(dataset: Dataset) -> None:
    split = dataset.split("train")
    batches = validation_batches(split, offset_scale=2.0, batch_size=8, limit=30)
    ids = np.concatenate([batch.category_ids for batch in batches])
    shares = [split.category_range(number) for number in range(3)]
    for number, (start, stop) in enumerate(shares):
        assert abs((ids == number).sum() - 30 * (stop - start) / len(split)) <= 1
    assert len(ids) == 30


def test_validation_takes_raster_and_padding(dataset: Dataset) -> None:
    raster = RasterSettings(size=24)
    split = dataset.split("valid")
    batches = list(
        validation_batches(split, offset_scale=1.0, batch_size=4, raster=raster, pad_to=200)
    )
    assert {batch.pictures.shape[1:] for batch in batches} == {(1, 24, 24)}
    assert {batch.steps.shape[1] for batch in batches} == {202}
    with pytest.raises(UsageError, match="`limit` must be at least 1"):
        list(validation_batches(split, offset_scale=1.0, batch_size=4, limit=0))


def test_a_jittered_picture_shows_the_same_strokes_in_every_part(dataset: Dataset) -> None:
    jitter = Augmentation(jitter=3.0, line_width=0.3)
    steady = Augmentation()
    whole = source(dataset, augmentation=jitter).batch(4)
    still = source(dataset, augmentation=steady).batch(4)
    np.testing.assert_array_equal(whole.steps, still.steps)
    assert np.abs(whole.pictures - still.pictures).mean() > 0.01
    parts = [source(dataset, augmentation=jitter, shard=(n, 2)).batch(4) for n in (0, 1)]
    for place, part in enumerate(parts):
        np.testing.assert_array_equal(part.pictures, whole.pictures[place::2])


FRAMED: dict[str, Any] = {"framed": True, "raster": RasterSettings(size=32)}


def places(steps: np.ndarray, raster: RasterSettings) -> np.ndarray:
    """Where the pen is in the picture after each step of the drawing in the middle of it."""
    scale = 2.0 * (raster.size - 2 * raster.margin) / 255
    return np.cumsum(steps[:, :2].astype(np.float64), axis=0) * scale + raster.size / 2


def covering_step(spot: np.ndarray, at: np.ndarray, steps: np.ndarray) -> tuple[int, float]:
    """The first step whose line passes a spot, and by how much that is a matter of rounding."""
    for number in range(1, len(steps)):
        here = at[number]
        draws = number > 1 and steps[number - 1, 2] == 1
        before = at[number - 1] if draws else here
        along = here - before
        share = np.clip((spot - before) @ along / max(float(along @ along), 1e-9), 0, 1)
        away = float(np.linalg.norm(spot - before - share * along))
        if away <= RADIUS + 0.05:
            return number, RADIUS - away
    return NEVER, np.inf


def check_covered(batch: Batch, raster: RasterSettings) -> None:
    assert batch.covered is not None
    assert batch.covered.shape == (len(batch.lengths), raster.size, raster.size)
    num_checked = 0
    for steps, length, covered in zip(batch.steps, batch.lengths, batch.covered, strict=True):
        own = steps[: length + 1]
        at = places(own, raster)
        for row in range(0, raster.size, 3):
            for column in range(0, raster.size, 3):
                spot = np.array([column + 0.5, row + 0.5])
                expected, inside = covering_step(spot, at, own)
                if inside > 0.1:  # else it depends on where the line is sampled
                    assert covered[row, column] == expected
                    num_checked += expected != NEVER
    assert num_checked > 100


def test_framed_drawings_fill_the_picture_and_say_what_they_cover(dataset: Dataset) -> None:
    raster = FRAMED["raster"]
    split = dataset.split("valid")
    plain = source(dataset, **FRAMED).batch(1)
    augmented = source(dataset, **FRAMED, augmentation=Augmentation(rotate=20)).batch(1)
    (valid, *_) = validation_batches(split, offset_scale=2.0, batch_size=8, **FRAMED)
    chosen = batch_of(split, np.arange(8), offset_scale=2.0, **FRAMED)
    for batch in (plain, augmented, valid, chosen):
        assert batch.targets is None
        check_covered(batch, raster)
        for steps, length, picture in zip(batch.steps, batch.lengths, batch.pictures, strict=True):
            points = 2.0 * np.cumsum(steps[1 : length + 1, :2].astype(np.float64), axis=0)
            assert np.ptp(points, axis=0).max() == pytest.approx(255, rel=1e-4)
            np.testing.assert_allclose(points.min(axis=0) + points.max(axis=0), 0, atol=1e-2)
            strokes = np.split(points, np.flatnonzero(steps[1:length, 3]) + 1)
            np.testing.assert_allclose(picture[0], rasterise(strokes, raster), atol=0.02)


def test_an_unsteady_past_is_covered_and_led_back_from(dataset: Dataset) -> None:
    unsteady = Augmentation(rotate=20, past_jitter=6.0)
    batch = source(dataset, **FRAMED, augmentation=unsteady).batch(2)
    steady = source(dataset, **FRAMED, augmentation=replace(unsteady, past_jitter=0.0)).batch(2)
    check_covered(batch, FRAMED["raster"])
    np.testing.assert_array_equal(batch.pictures, steady.pictures)
    np.testing.assert_array_equal(batch.lengths, steady.lengths)
    np.testing.assert_array_equal(batch.steps[..., 2:], steady.steps[..., 2:])
    assert batch.targets is not None
    np.testing.assert_array_equal(batch.targets[..., 2:], batch.steps[:, 1:, 2:])
    away = []
    for row, length in enumerate(batch.lengths.tolist()):
        drawn = np.cumsum(batch.steps[row, :length, :2].astype(np.float64), axis=0)
        right = np.cumsum(steady.steps[row, 1 : length + 1, :2].astype(np.float64), axis=0)
        led_to = drawn + batch.targets[row, :length, :2]
        np.testing.assert_allclose(led_to, right, atol=1e-2)
        away.append(np.abs(drawn[1:] - right[:-1]).max(initial=0.0))
        assert (batch.targets[row, length:] == END_STEP).all()
    assert min(away) < 1e-3 < max(away)


def test_parts_are_parts_of_the_whole_batch_whatever_is_drawn_by_chance(dataset: Dataset) -> None:
    unsteady = Augmentation(rotate=20, past_jitter=6.0, jitter=2.0, line_width=0.3)
    whole = source(dataset, **FRAMED, augmentation=unsteady).batch(4)
    for number in range(3):
        part = source(dataset, **FRAMED, augmentation=unsteady, shard=(number, 3)).batch(4)
        num_steps = part.steps.shape[1]
        for name in ("lengths", "pictures", "category_ids", "covered"):
            np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[number::3])
        np.testing.assert_allclose(part.steps, whole.steps[number::3, :num_steps], atol=1e-4)
        assert part.targets is not None and whole.targets is not None
        expected = whole.targets[number::3, : num_steps - 1]
        np.testing.assert_allclose(part.targets, expected, atol=1e-3)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.9])
def test_oversampled_categories_have_their_share(dataset: Dataset, share: float) -> None:
    some = dataset.card.categories[:2]
    batches = source(dataset, batch_size=200, oversample=some, oversample_share=share)
    ids = np.concatenate([batches.batch(step).category_ids for step in range(20)])
    assert np.isin(ids, [0, 1]).mean() == pytest.approx(share, abs=0.03)


def test_oversampling_all_categories_changes_nothing(dataset: Dataset) -> None:
    with pytest.warns(UserWarning, match="`oversample_share` changes nothing"):
        every = source(dataset, oversample=dataset.card.categories, oversample_share=0.1)
    assert_same(every.batch(2), source(dataset).batch(2))


def test_oversampled_categories_must_exist(dataset: Dataset) -> None:
    with pytest.raises(
        UsageError, match="`oversample` must name categories of the data set; got yeti"
    ):
        source(dataset, oversample=["yeti"], oversample_share=0.5)
    with pytest.raises(UsageError, match="`oversample_share` must be from 0 to 1"):
        source(dataset, oversample=dataset.card.categories[:1], oversample_share=2)


class Steps:
    """Makes its step numbers, and remembers for which it was asked."""

    def __init__(self, wrong: int | None = None) -> None:
        self.asked: list[int] = []
        self.wrong = wrong

    def batch(self, step: int) -> int:
        self.asked.append(step)
        if step == self.wrong:
            raise ZeroDivisionError("wrong step")
        return step


def threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("prefetch")]


def test_batches_come_in_order_and_the_thread_ends() -> None:
    assert list(prefetch(Steps(), 5, 25)) == list(range(5, 25))
    assert threads() == []


def test_nothing_to_make_is_nothing_made() -> None:
    assert list(prefetch(Steps(), 5, 5)) == []


def test_a_few_wait_and_no_more() -> None:
    steps = Steps()
    batches = prefetch(steps, 0, ahead=3)
    assert next(batches) == 0
    deadline = time.monotonic() + 60
    while len(steps.asked) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert steps.asked == [0, 1, 2, 3]  # given, three waiting
    batches.close()
    assert threads() == []


def test_an_error_comes_out_where_its_batch_would_have() -> None:
    batches = prefetch(Steps(wrong=3), 0)
    assert [next(batches) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError, match="wrong step"):
        next(batches)
    assert threads() == []


def test_leaving_in_the_middle_ends_the_thread() -> None:
    batches = prefetch(Steps(), 0)
    for step in batches:
        if step == 4:
            break
    batches.close()
    assert threads() == []


def test_no_queue_is_refused() -> None:
    with pytest.raises(UsageError, match="`ahead` must be at least 1"):
        next(prefetch(Steps(), 0, ahead=0))
