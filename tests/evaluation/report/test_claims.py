from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from bundles import tiny_bundle
from sketch_pix2seq.evaluation.estimates import Estimate
from sketch_pix2seq.evaluation.evaluation import EvaluatedModel, Evaluation, Results
from sketch_pix2seq.evaluation.report.claims import FOUR, Claim, Comparison, claims, paper_name
from sketch_pix2seq.inference.sketcher import Sketcher

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


def test_shares_are_compared_as_shares(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four drawings of many that only one of two models gets right are no verdict."""
    models = [
        replace(
            evaluation.models[0],
            label=label,
            sketcher=Sketcher(replace(tiny_bundle(), card=replace(tiny_bundle().card, name=label))),
        )
        for label in FOUR
    ]
    several = copy.copy(evaluation)
    several.models = tuple(models)

    def measured(results: Results, measure: str, model: EvaluatedModel) -> np.ndarray:
        values = np.zeros((1, 600))
        values[0, :4] = 1 if model.label in ("cnn", "cnn_kl") else 0
        return values

    monkeypatch.setattr("sketch_pix2seq.evaluation.report.claims._of_trainings", measured)
    first, *_ = claims(Results(several, {}))
    assert [round(one.value.value, 4) for one in first.comparisons] == [0.0067, 0.0067]
    assert first.verdict == "not seen"


def test_without_the_four_models_there_are_no_verdicts(evaluation: Evaluation) -> None:
    assert list(claims(Results(evaluation, {}))) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [("cnn", "cnn"), ("cnn_kl_small", "cnn_kl"), ("rnn_million", "rnn"), ("lstm", "lstm")],
)
def test_other_sizes_have_the_name_of_the_papers_model(name: str, expected: str) -> None:
    assert paper_name(name) == expected
