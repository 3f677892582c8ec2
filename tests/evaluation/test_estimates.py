from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from sketch_pix2seq.evaluation.estimates import (
    difference,
    difference_of_shares,
    estimate,
    estimate_share,
    ratio,
    student,
    wilson,
)


def test_the_interval_is_that_of_the_normal_distribution(rng: np.random.Generator) -> None:
    values = rng.normal(3, 2, 400)
    found = estimate(values)
    spread = 1.96 * values.std() / np.sqrt(len(values))
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - spread, abs=0.04)
    assert found.high == pytest.approx(values.mean() + spread, abs=0.04)


def test_it_covers_the_truth_as_often_as_it_says(rng: np.random.Generator) -> None:
    covered = 0
    for _ in range(200):
        found = estimate(rng.random(80) < 0.6)
        covered += found.low <= 0.6 <= found.high
    assert 0.9 <= covered / 200 <= 0.99


def test_trainings_that_agree_change_nothing(rng: np.random.Generator) -> None:
    once = rng.random(100)
    seven, one = estimate(np.stack([once] * 7)), estimate(once)
    assert (seven.low, seven.high) == pytest.approx((one.low, one.high))


def test_trainings_that_differ_widen_the_interval(rng: np.random.Generator) -> None:
    """Against the variance of a mean of both: of trainings and of drawings."""
    trainings = rng.normal(0, 1, (40, 1))
    found = estimate(trainings + rng.normal(0, 1, (1, 90)))
    spread = 1.96 * np.sqrt(trainings.var() / 40 + 1 / 90)
    assert found.high - found.low == pytest.approx(2 * spread, rel=0.15)
    found = difference(trainings + np.zeros(90), np.zeros((3, 90)))
    spread = scipy.stats.t(39).ppf(0.975) * trainings.std(ddof=1) / 40**0.5
    assert found.high - found.low == pytest.approx(2 * spread)


@pytest.mark.parametrize(("count", "spread"), [(2, 1), (3, 0), (3, 0.1), (3, 1)])
def test_of_few_trainings_it_covers_the_truth_too(
    count: int, spread: float, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drawings alone have a spread of 0.1."""
    monkeypatch.setattr("sketch_pix2seq.evaluation.estimates.RESAMPLES", 200)
    covered = np.zeros(2)
    for _ in range(100):
        drawings = rng.normal(0, 1, 100)
        one, other = (
            spread * rng.normal(0, 1, (count, 1)) + drawings + rng.normal(0, 1, (count, 100))
            for _ in range(2)
        )
        for place, found in enumerate((estimate(one), difference(one, other))):
            covered[place] += found.low <= 0 <= found.high
    assert (covered >= 85).all()


def test_differences_are_of_the_same_drawings() -> None:
    with pytest.raises(ValueError, match="got 9 and 5 drawings"):
        difference(np.zeros(9), np.zeros(5))
    with pytest.raises(ValueError, match="got 5 and 9 drawings"):
        difference(np.zeros(5), np.zeros(9))


@pytest.mark.parametrize(("hits", "count"), [(10, 10), (0, 10), (1, 1), (3, 7), (29, 30), (0, 30)])
def test_a_share_is_never_surer_than_wilson(hits: int, count: int) -> None:
    theirs = scipy.stats.binomtest(hits, count).proportion_ci(method="wilson")
    outcomes = np.arange(count) < hits
    found, least = estimate_share(outcomes), wilson(hits / count, count)
    assert (least.low, least.high) == pytest.approx((theirs.low, theirs.high), abs=1e-6)
    assert found.value == hits / count
    assert found.low <= theirs.low + 1e-6
    assert found.high >= theirs.high - 1e-6
    assert found.low >= 0
    assert found.high <= 1
    repeated = estimate_share(np.stack([outcomes] * 3))  # says no more than one repeat
    assert repeated.low <= least.low
    assert repeated.high >= least.high


def test_repeats_that_differ_make_a_share_no_surer_than_one_of_each_drawing() -> None:
    repeats = np.ones((3, 30))
    repeats[1, 4] = 0
    found, least = estimate_share(repeats), wilson(float(repeats.mean()), 30)
    assert found.low <= least.low
    assert estimate_share(repeats.mean(axis=0)).low <= least.low


def test_a_ratio_is_that_of_sums_not_the_mean_of_ratios() -> None:
    found = ratio(np.array([1, 0, 8]), np.array([1, 0, 16]))
    assert found is not None
    assert found.value == pytest.approx(9 / 17)
    assert found.low <= found.value <= found.high
    assert ratio(np.zeros(3), np.zeros(3)) is None


def test_a_ratio_leaves_out_resamples_without_anything_to_share() -> None:
    few = np.array([5] + [0] * 9)
    found, least = ratio(few, few), wilson(1.0, 1)  # one drawing says as little as one outcome
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((1, least.low, 1))


def test_four_pairs_that_differ_are_no_difference() -> None:
    """Four of four by chance: p = 0.125 by the sign test, and 0.03 for six of six."""
    before, after = np.zeros((2, 600))
    for count, is_sure in ((4, False), (6, True)):
        after[:count] = 1
        found = difference_of_shares(after, before)
        assert found.value == pytest.approx(count / 600)
        assert (found.low > 0) == is_sure
        assert found.high > wilson(count / 600, 600).high - 1e-9
        opposite = difference_of_shares(before, after)
        assert (opposite.low, opposite.high) == pytest.approx((-found.high, -found.low))
    none = difference_of_shares(before, before)
    assert (none.low, none.value, none.high) == pytest.approx(
        (-wilson(0, 600).high, 0, wilson(0, 600).high)
    )


def test_of_many_pairs_that_differ_it_is_the_difference_of_means(rng: np.random.Generator) -> None:
    one, other = rng.random((2, 600)) < [[0.6], [0.4]]
    found, plain = difference_of_shares(one, other), difference(one, other)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=0.004)
    thirds = rng.integers(0, 4, (2, 600)) / 3  # shares of three repeats: no outcomes of 0 or 1
    found, plain = difference_of_shares(*thirds), difference(*thirds)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=0.004)


@pytest.mark.parametrize(
    ("num", "better", "worse", "size"),
    [(600, 4, 0, 1), (600, 2, 2, 1), (600, 8, 2, 1 / 3), (100, 3, 1, 1), (100, 20, 10, 1)],
)
def test_differences_of_shares_cover_the_truth(
    num: int,
    better: int,
    worse: int,
    size: float,
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However few pairs differ; the bootstrap alone covers 90 of 100 of the first."""
    monkeypatch.setattr("sketch_pix2seq.evaluation.estimates.RESAMPLES", 100)
    chances = [better / num, worse / num, 1 - (better + worse) / num]
    truth, covered = size * (better - worse) / num, 0
    for _ in range(300):
        apart = rng.choice([size, -size, 0], num, p=chances)
        found = difference_of_shares(np.maximum(apart, 0), np.maximum(-apart, 0))
        covered += found.low <= truth <= found.high
    assert covered >= 0.92 * 300


@pytest.mark.parametrize("all_hit", [True, False])
def test_a_ratio_that_is_0_or_1_is_not_sure(all_hit: bool, rng: np.random.Generator) -> None:
    every = rng.integers(0, 5, 60)  # of which nothing is known: strokes may all go together
    found = ratio(every * all_hit, every)
    assert found is not None
    least = wilson(float(all_hit), int(every.sum()))  # if each stroke were one outcome
    assert found.value == float(all_hit)
    assert (found.low < least.low) if all_hit else (found.high > least.high)
    assert (found.high if all_hit else found.low) == float(all_hit)


def test_a_ratio_of_outcomes_is_a_share(rng: np.random.Generator) -> None:
    outcomes = np.arange(30) < 2
    found, least = ratio(outcomes, np.ones(30)), wilson(2 / 30, 30)
    assert found is not None
    assert found.low <= least.low + 1e-9
    assert found.high >= least.high - 1e-9


@pytest.mark.parametrize(("num", "share"), [(100, 0.99), (100, 0.005), (20, 0.95), (100, 0.5)])
def test_ratios_cover_the_truth(
    num: int, share: float, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strokes of one drawing go together; the bootstrap alone covers 60 of 100 of the second."""
    monkeypatch.setattr("sketch_pix2seq.evaluation.estimates.RESAMPLES", 200)
    covered = 0
    for _ in range(300):
        every = rng.poisson(2.5, num)
        kept = rng.binomial(every, rng.beta(2 * share, 2 * (1 - share), num))
        found = ratio(kept, every)
        assert found is not None
        covered += found.low <= share <= found.high
    assert covered >= 0.92 * 300


def test_of_few_people_a_mean_is_students(rng: np.random.Generator) -> None:
    values = rng.normal(0.5, 0.7, 6)
    theirs = scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95)
    found = student(values)
    assert (found.low, found.value, found.high) == pytest.approx(
        (theirs.low, values.mean(), theirs.high)
    )


def test_differences_are_taken_drawing_by_drawing(rng: np.random.Generator) -> None:
    hard = rng.normal(0, 10, 200)  # the same for both
    found = difference(hard + 0.1 + rng.normal(0, 0.1, 200), hard)
    assert 0 < found.low < 0.1 < found.high < 0.2
    opposite = difference(hard, hard + 0.1)
    assert opposite.value == pytest.approx(-0.1)


def test_the_same_seed_gives_the_same_interval(rng: np.random.Generator) -> None:
    values = rng.random(50)
    assert estimate(values, 3) == estimate(values, 3)
    assert estimate(values, 3) != estimate(values, 4)
