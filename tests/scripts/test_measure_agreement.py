"""What people agree on: all of it if they draw alike, half of it if they throw coins."""

from __future__ import annotations

import numpy as np
import pytest
from measure_agreement import Looks, agreement, looks_of, rows_of


def drawings(rng: np.random.Generator, *, alike: bool) -> list[list[np.ndarray]]:
    """Two lines and a square, the way round and the order as everybody does, or as it comes."""
    made = []
    for _ in range(300):
        strokes = [
            np.array([[0.0, 0], [200, 0]]),
            np.array([[50.0, 100], [50, 190]]),
            np.array([[100.0, 50], [200, 50], [200, 150], [100, 150], [100, 50]]),
        ]
        strokes = [stroke + rng.normal(0, 1, 2) for stroke in strokes]
        if not alike:
            strokes = [stroke[:: rng.choice((-1, 1))] for stroke in strokes]
            rng.shuffle(strokes)
        made.append(strokes)
    return made


def share(looks: Looks) -> float:
    return float(agreement(looks)[1].mean())


@pytest.mark.parametrize(("alike", "low", "high"), [(True, 1, 1), (False, 0.4, 0.6)])
def test_agreement_is_what_the_drawings_have(
    rng: np.random.Generator, alike: bool, low: float, high: float
) -> None:
    found = looks_of(drawings(rng, alike=alike))
    assert [len(looks.choices) for looks in found.values()] == [600, 300, 900]
    assert all(low <= share(looks) <= high for looks in found.values())


def test_strokes_of_equal_length_have_an_order_too(rng: np.random.Generator) -> None:
    dots = [np.array([[0.0, 0]]), np.array([[200.0, 0]])]
    tossed = [[dots[n] for n in rng.permutation(2)] for _ in range(300)]
    assert 0.4 <= share(looks_of(tossed)["order of two"]) <= 0.6
    assert share(looks_of([dots] * 300)["order of two"]) == 1


def test_what_one_drawing_alone_has_is_compared_with_nothing() -> None:
    line, dot = np.array([[0.0, 0], [200, 0]]), np.array([[0.0, 0]])
    assert set(looks_of([[line, line + 9, dot], [dot]])) == set()
    assert set(looks_of([[line, line + 9, dot], [line]])) == {"direction"}


def test_how_far_it_can_be_known_is_the_best_guess() -> None:
    """Of a way that seven of ten people take, two agree in 0.58, and 0.7 is all one can know."""
    agree = np.arange(100) < 58
    *_, row = rows_of(np.zeros(100, np.float32), agree)
    assert row == "all | 100 | 0.0 | 58.0 | 70.0"
