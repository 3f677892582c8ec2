from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.evaluation.estimates import difference, estimate


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


def test_seeds_of_one_drawing_are_not_taken_for_several_drawings(rng: np.random.Generator) -> None:
    once = rng.random(100)
    seven, one = estimate(np.stack([once] * 7)), estimate(once)
    assert (seven.low, seven.high) == pytest.approx((one.low, one.high))


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
