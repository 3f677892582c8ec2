from __future__ import annotations

import pytest

from sketch_pix2seq.evaluation.estimates import Estimate
from sketch_pix2seq.evaluation.evaluation import Evaluation, Results
from sketch_pix2seq.evaluation.report.claims import Claim, Comparison, claims, paper_name

UP, DOWN, NONE = Estimate(0.2, 0.1, 0.3), Estimate(-0.2, -0.3, -0.1), Estimate(0.0, -0.1, 0.1)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([UP, UP], "holds"),
        ([UP, NONE], "holds in part"),
        ([NONE, NONE], "not seen"),
        ([DOWN, NONE], "not seen"),
        ([UP, DOWN], "mixed"),
        ([DOWN, DOWN], "the opposite"),
    ],
)
def test_verdicts_follow_the_intervals(values: list[Estimate], verdict: str) -> None:
    claim = Claim("a", "b", "c", [Comparison("d", value) for value in values])
    assert claim.verdict == verdict


def test_without_the_four_models_there_are_no_verdicts(evaluation: Evaluation) -> None:
    assert list(claims(Results(evaluation, {}))) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [("cnn", "cnn"), ("cnn_kl_small", "cnn_kl"), ("rnn_million", "rnn"), ("lstm", "lstm")],
)
def test_other_sizes_have_the_name_of_the_papers_model(name: str, expected: str) -> None:
    assert paper_name(name) == expected
