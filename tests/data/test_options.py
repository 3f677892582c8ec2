from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest

from sketch_pix2seq.bundle.checks import fact_problems
from sketch_pix2seq.data.options import MAX_EPSILON, PrepareOptions
from sketch_pix2seq.errors import UsageError


def test_all_wrong_numbers_are_reported_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        PrepareOptions(train=0, limit=-1, max_steps=0, min_drawings=2, epsilon=float("nan"))
    for name in ("train", "limit", "max_steps", "min_drawings", "epsilon"):
        assert f"`{name}` must be" in str(caught.value)


def test_what_no_bundle_or_category_could_hold_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="above 0 and at most 1,000"):
        PrepareOptions(epsilon=2000)
    options = {"epsilon": PrepareOptions(epsilon=MAX_EPSILON).epsilon}
    assert fact_problems({"recipe": {}, "data": {"options": options}, "metrics": {}}) == []
    with pytest.raises(UsageError, match="at least `min_drawings`, 10, not 5"):
        PrepareOptions(limit=5)


@pytest.mark.parametrize("name", ["train", "valid", "test", "limit", "max_steps", "min_drawings"])
def test_whole_numbers_have_a_largest_one_and_no_other_type(
    name: str, unchecked_shapes: Callable[[], AbstractContextManager[None]]
) -> None:
    given: list[Any] = [2**31, 2**80, "3", 5.0, True, [7]]
    with unchecked_shapes():
        for value in given:
            with pytest.raises(UsageError, match=f"`{name}` must be"):
                PrepareOptions(**{name: value})
        fitting: list[Any] = [2**31 - 1, np.int64(10)]
        for value in fitting:
            assert type(getattr(PrepareOptions(**{name: value}), name)) is int


def test_other_values_of_the_wrong_type(
    unchecked_shapes: Callable[[], AbstractContextManager[None]],
) -> None:
    given: list[dict[str, Any]] = [
        {"epsilon": "2"},
        {"epsilon": True},
        {"strict": "no"},
        {"max_steps": None},
    ]
    for values in given:
        with unchecked_shapes(), pytest.raises(UsageError, match=f"`{next(iter(values))}` must be"):
            PrepareOptions(**values)


def test_numpys_values_become_pythons_which_a_card_can_hold(
    unchecked_shapes: Callable[[], AbstractContextManager[None]],
) -> None:
    given: dict[str, Any] = {"epsilon": np.float64(2.5), "strict": np.True_, "limit": np.int64(20)}
    with unchecked_shapes():
        options = PrepareOptions(**given)
    assert type(options.epsilon) is float
    assert options.strict is True
    assert type(options.limit) is int


def test_the_caps_are_those_of_the_splits() -> None:
    options = PrepareOptions(train=7, test=9)
    assert [options.cap(split) for split in ("train", "valid", "test")] == [7, None, 9]


def test_asking_for_help_loads_no_numbers_library() -> None:
    code = "import sys, sketch_pix2seq.data.options; print('numpy' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
