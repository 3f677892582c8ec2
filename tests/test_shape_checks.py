"""The check of shapes that tests run under is there, though it is made late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jaxtyping
import numpy as np
import pytest
from jaxtyping import Float32, jaxtyped

from shape_checks import check


def test_calls_are_checked_from_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    @jaxtyped(typechecker=check)
    def doubled(points: Float32[np.ndarray, "P 2"], times: float) -> Float32[np.ndarray, "P 2"]:
        return points * np.float32(2) if times else points[:, 0]

    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", False)
    call: Any = doubled
    for wrong in ((np.ones((3, 2)), 1), (np.ones((3, 3), np.float32), 1)):
        with pytest.raises(jaxtyping.TypeCheckError, match="parameters"):
            call(*wrong)
    points = np.ones((3, 2), np.float32)
    assert call(points, 1).shape == (3, 2)  # a whole number is a float
    with pytest.raises(jaxtyping.TypeCheckError, match="parameters"):
        call(points, "1")
    with pytest.raises(jaxtyping.TypeCheckError, match="return value"):
        call(points, 0)


def test_what_is_not_called_costs_no_check(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []

    def make(function: Callable[..., Any]) -> Callable[..., Any]:
        made.append(function)
        return function

    monkeypatch.setattr("shape_checks._checked", make)
    checked = check(len)
    assert made == []
    assert checked("four") == checked("fire") == 4
    assert made == [len]
