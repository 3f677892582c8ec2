from __future__ import annotations

from typing import Any

import pytest

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.evaluation.settings import EvaluationSettings


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"per_category": 9}, "`per_category` must be 10 or more; got 9"),
        ({"num_seeds": 0}, "`num_seeds` must be 1 or more"),
        ({"best_of": 0}, "`best_of` must be 1 or more"),
        ({"paths": 0}, "`paths` must be 1 or more"),
        ({"seed": -1}, "`seed`"),
        ({"temperatures": ()}, "`temperatures` must name at least one"),
        ({"temperatures": (0.4, -1.0)}, "`temperature` must be a number from 0"),
        ({"temperatures": (0.4, 0.4)}, "each `temperature` must be another one"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        EvaluationSettings(**changes)


def test_the_first_temperature_counts_most() -> None:
    assert EvaluationSettings(temperatures=(0.7, 0.2)).temperature == 0.7
