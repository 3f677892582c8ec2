"""Facts that others read: refused where their readers would stumble."""

from __future__ import annotations

from typing import Any

import pytest

from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.bundle.checks import fact_problems

LOSSES = {"stroke_nll": 0.1, "pen_ce": 0.2, "reconstruction": 0.3, "kl": 6.0}


def test_facts_of_the_model_in_the_package_fit() -> None:
    bundle = Bundle.default()
    assert bundle.classifier is not None
    for card in (bundle.card, bundle.classifier.card):
        assert card.metrics and card.data and card.recipe
        facts = {"recipe": card.recipe, "data": card.data, "metrics": card.metrics}
        assert fact_problems(facts) == []


def test_facts_that_are_not_told_are_none() -> None:
    facts = {"recipe": {"kl": None, "colour": [3]}, "data": {"options": {}}, "metrics": {}}
    assert fact_problems(facts) == []


@pytest.mark.parametrize(
    ("name", "values", "problem"),
    [
        ("recipe", {"kl": [1]}, "`recipe.kl` must be an object, got [1]"),
        ("recipe", {"kl": {"weight": "heavy"}}, "`recipe.kl.weight` must be a number"),
        ("recipe", {"model": 3}, "`recipe.model` must be an object"),
        ("recipe", {"conditions": "x"}, "`recipe.conditions` must be an object"),
        ("recipe", {"focus": ["cat"]}, "`recipe.focus` must be a text"),
        ("recipe", {"oversample": ["cat"]}, "`recipe.oversample` must be a text"),
        ("data", {"options": []}, "`data.options` must be an object"),
        ("data", {"options": {"epsilon": "wide"}}, "`data.options.epsilon` must be a number"),
        ("data", {"options": {"epsilon": -1}}, "`data.options.epsilon` must be a number"),
        ("data", {"counts": 3}, "`data.counts` must be an object"),
        ("data", {"counts": {"train": {"cat": "many"}}}, "must be an object of counts"),
        ("metrics", {"step": "last"}, "`metrics.step` must be a count"),
        ("metrics", {"step": True}, "`metrics.step` must be a count"),
        ("metrics", {"test": [LOSSES]}, "`metrics.test` must be an object"),
        ("metrics", {"test": {"data": "1f"}}, "`metrics.test` must hold data, valid and magenta"),
        (
            "metrics",
            {"test": {"data": "1f", "valid": None, "magenta": LOSSES}},
            "`metrics.test` must hold data, valid and magenta",
        ),
        (
            "metrics",
            {"test": {"data": "1f", "valid": {**LOSSES, "kl": None}, "magenta": LOSSES}},
            "`metrics.test.valid` must be an object of",
        ),
    ],
)
def test_facts_of_another_kind_are_named(name: str, values: dict[str, Any], problem: str) -> None:
    facts: dict[str, Any] = {"recipe": {}, "data": {}, "metrics": {}, name: values}
    (found,) = fact_problems(facts)
    assert problem in found
