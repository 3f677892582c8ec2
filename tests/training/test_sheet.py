"""Sheets of redrawings, made while a model learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.models import SketchClassifier
from sketch_pix2seq.training.build import build
from sketch_pix2seq.training.recipe import ConditionSettings, Recipe
from sketch_pix2seq.training.recipes import transformer
from sketch_pix2seq.training.sheet import redrawing_sheet


@pytest.mark.parametrize(
    ("conditions", "columns"),
    [
        (ConditionSettings(), ["picture", "picture", "code", "code", "category"]),
        (transformer().conditions, ["code"] * 5),
        (ConditionSettings(shown=1.0, partly=0.0), ["picture"] * 5),
        (
            ConditionSettings(shown=0.0, code_alone=1.0),
            ["picture", "picture", "picture", "code", "code"],
        ),
        (
            ConditionSettings(shown=0.0, partly=0.0, code_alone=0.0, category=0.0),
            ["nothing"] * 5,
        ),
    ],
)
def test_a_sheet_shows_the_conditions_that_the_model_learns(
    shapes: Path, tiny_attention: Recipe, conditions: ConditionSettings, columns: list[str]
) -> None:
    recipe, dataset = replace(tiny_attention, conditions=conditions), Dataset.open(shapes)
    model = build(recipe, len(dataset.card.categories), dataset.card.offset_scale)
    assert not isinstance(model, SketchClassifier)
    sheet = redrawing_sheet(
        model,
        dataset.split("valid"),
        dataset.card.offset_scale,
        recipe.raster,
        rows=2,
        max_steps=3,
    )
    assert sheet.headings == ["input", *columns]
    assert all(len(row.cells) == 6 for row in sheet.rows)
