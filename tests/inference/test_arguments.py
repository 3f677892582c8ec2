"""The border's checks: what passes, and that all else is an error of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.inference.arguments import (
    MAX_DRAWINGS,
    check_amount,
    check_mix,
    check_progress,
    checked_path,
    checked_seed,
    checked_temperature,
    checked_threads,
    whole_number,
)

ODD: list[Any] = ["3", 1.5, None, [1], True, np.zeros(1), {}]


@pytest.fixture(autouse=True)
def no_other_checks(unchecked_shapes: Callable[[], AbstractContextManager[None]]) -> Iterator[None]:
    """As users run it: the tests' own type checks would be first."""
    with unchecked_shapes():
        yield


def test_whole_numbers_of_any_kind() -> None:
    for value in (3, np.int64(3), np.uint8(3)):
        assert type(whole_number("n", value, least=1)) is int
    assert whole_number("seed", 10**40, least=0) == 10**40


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_anything_else_is_a_usage_error(value: Any) -> None:
    with pytest.raises(UsageError, match="`n` must be a whole number; got "):
        whole_number("n", value, least=1)
    with pytest.raises(UsageError, match="`best_of` must be a whole number; got "):
        check_amount(1, 1, value)
    if not isinstance(value, float):
        with pytest.raises(UsageError, match="`temperature` must be a number from 0 to 100"):
            checked_temperature(value)
    if value is not None:
        with pytest.raises(UsageError, match="`num_threads` must be a whole number"):
            checked_threads(value)
        with pytest.raises(UsageError, match="`progress` must be a function"):
            check_progress(value)
    if not isinstance(value, str):
        with pytest.raises(UsageError, match="`out` must be a path"):
            checked_path("out", value)


def test_the_bound_is_reached_exactly() -> None:
    assert check_amount(10, MAX_DRAWINGS // 100, 10) == (MAX_DRAWINGS // 100, 10)
    for amount in ((1, MAX_DRAWINGS + 1, 1), (MAX_DRAWINGS + 1, 1, 1), (11, MAX_DRAWINGS // 10, 1)):
        with pytest.raises(UsageError, match="at most 1,000,000 drawings at once; got "):
            check_amount(*amount)


def test_paths_and_temperatures() -> None:
    assert checked_path("out", "a/b") == checked_path("out", Path("a/b")) == Path("a/b")
    assert checked_temperature(np.float32(0.5)) == 0.5
    assert checked_temperature(0) == 0.0
    check_progress(None)
    check_progress(lambda done, total: None)


@pytest.mark.parametrize(
    "check",
    [
        lambda huge: check_amount(1, huge),
        lambda huge: check_amount(1, 2, huge),
        lambda huge: check_mix(2, huge),
        lambda huge: whole_number("n", -huge, least=1),
        checked_seed,
    ],
)
def test_numbers_too_long_to_be_written_are_refused(check: Callable[[int], object]) -> None:
    with pytest.raises(UsageError, match=r"a number of \d+ bits"):
        check(10**5000)
