"""The one table, and trainings with several seeds."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bundles import tiny_bundle
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.evaluation import (
    diversity,
    interpolation,
    latent,
    likeness,
    redrawing,
    summary,
)
from sketch_pix2seq.evaluation.baselines import baselines
from sketch_pix2seq.evaluation.estimates import Estimate
from sketch_pix2seq.evaluation.evaluation import (
    EvaluatedModel,
    Evaluation,
    EvaluationSettings,
    HeldOut,
    Results,
)
from sketch_pix2seq.evaluation.report.claims import claims, claims_over
from sketch_pix2seq.evaluation.report.tables import Cell
from sketch_pix2seq.inference.sketcher import Sketcher

RECIPES = {"cnn": "cnn_small", "cnn_kl": "cnn_kl", "rnn": "rnn", "rnn_kl": "rnn_kl"}
"""Of the models, by their labels."""
KINDS = {"cnn": "picture", "cnn_kl": "picture", "rnn": "strokes", "rnn_kl": "strokes"}
"""What they read."""
pytestmark = pytest.mark.xdist_group("summary")  # its drawings are measured once


def of_recipe(label: str, encoder_input: str) -> Sketcher:
    bundle = tiny_bundle(encoder_input)
    return Sketcher(replace(bundle, card=replace(bundle.card, name=RECIPES.get(label, label))))


@pytest.fixture(scope="module")
def results(evaluation: Evaluation, drawings: Path) -> Results:
    """Four models, two trainings each; those with the KL term know nothing else.

    All that read the same are one bundle, and what is measured of one is that of the others.
    """
    models = [
        EvaluatedModel(label, of_recipe(label, kind), f"{label} {training}", None, training)
        for label, kind in KINDS.items()
        for training in (0, 1)
    ]
    settings = EvaluationSettings(
        per_category=10, temperatures=(0.5,), num_repeats=1, best_of=1, paths=1
    )
    dataset = Dataset.open(drawings)
    held_out = HeldOut(dataset, settings.per_category)
    yardsticks = baselines(models, dataset, held_out, settings)
    several = Evaluation(models, evaluation.judge, held_out, settings, yardsticks)
    measured: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(likeness, "TREES", 1)
        for room in (redrawing, latent, interpolation, likeness, diversity):
            for part in room.parts(several):
                one = of_one_bundle(part.name)
                if one not in measured:
                    measured[one] = json.loads(json.dumps(part.measure()))
                measured[part.name] = measured[one]
    return Results(several, measured)


def of_one_bundle(name: str) -> str:
    """The name of a part, the same for all models of one kind."""
    label, _, rest = name.partition(":")
    model = label.removesuffix(", training 1")
    return f"{KINDS[model]}:{rest}" if model in KINDS else name


def test_each_model_is_one_line_whatever_the_number_of_its_trainings(results: Results) -> None:
    section = summary.section(results)
    (table, trainings) = section.tables
    labels = [row[0] for row in table.rows]
    assert labels == ["human", "cnn", "cnn_kl", "rnn", "rnn_kl", "copy", "nearest"]
    names = [row[0] for row in trainings.rows]
    assert names[:2] == ["cnn", "cnn, training 1"]
    assert len(names) == 8
    assert "2 trainings" in section.how


def test_claims_are_over_all_trainings(results: Results) -> None:
    first, *_ = claims(results)
    comparison = first.comparisons[0]
    assert len(comparison.each) == 2
    assert comparison.value.value == pytest.approx(np.mean(comparison.each))
    measured = {**results.measured}
    for name in measured:  # the second training of one model recognises everything
        if name.startswith("cnn, training 1: redrawing"):
            predicted = results.evaluation.held_out.category_ids.tolist()
            measured[name] = {**measured[name], "predicted": predicted}
    better, *_ = claims(replace(results, measured=measured))
    each = better.comparisons[0].each
    assert each[0] == comparison.each[0]
    assert each[1] > each[0]
    value = better.comparisons[0].value
    assert value.low < comparison.value.value < value.value  # trainings differ: a wide interval


def test_diversity_of_a_copy_is_none_and_of_people_one(results: Results) -> None:
    by_label = {entry.label: entry for entry in results.entries}
    copy = diversity.diversity(results, by_label["copy"])
    cnn = diversity.diversity(results, by_label["cnn"])
    assert copy is not None
    assert cnn is not None
    assert not copy.any()
    assert cnn.mean() > 0
    evaluation, human = results.evaluation, results.evaluation.human[1].features
    numbers = evaluation.held_out.of_category(0)
    apart = np.linalg.norm(human[numbers] - human[np.roll(numbers, 1)], axis=1)
    assert 0.3 < apart.mean() / diversity.between_people(evaluation) < 3


def test_where_people_do_not_differ_there_is_no_diversity(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diversity, "between_people", lambda evaluation: 0.0)
    assert diversity.diversity(results, results.models[0]) is None


def test_the_summary_says_what_its_columns_are_of(results: Results) -> None:
    how = summary.section(results).how
    assert "Rec is that of up to 2 trainings, all else that of the first." in how
    assert "Two-sample accuracy by the strokes: both sides simplified" in how
    assert "half a side for a redrawing without lines" in how


def test_an_empty_redrawing_is_half_a_side_off_whatever_other_repeats_drew(
    results: Results,
) -> None:
    evaluation = copy.copy(results.evaluation)
    evaluation.settings = replace(evaluation.settings, num_repeats=2)
    evaluation.retrained = ()
    measured = {**results.measured}
    for model in evaluation.models:
        once, again = (
            redrawing.part_name(model, each) for each in redrawing.main_configs(evaluation)
        )
        num = len(measured[once]["distance"])
        measured[again] = {**measured[once], "distance": [None] * num}
        measured[once] = {**measured[once], "distance": [0.1] * num}
    table = summary.section(Results(evaluation, measured)).tables[0]
    column = [one.name for one in table.columns].index("lines off")
    assert value_of(table.rows[1][column]) == pytest.approx((0.1 + 0.5) / 2)


def test_claims_say_how_often_each_model_was_trained(results: Results) -> None:
    assert claims_over(results.evaluation) == (
        "and over 2 trainings of each model with different seeds"
    )
    evaluation = copy.copy(results.evaluation)
    evaluation.retrained = tuple(one for one in evaluation.retrained if one.label == "cnn")
    over = claims_over(evaluation)
    assert over.startswith("and over the trainings of each model: cnn 2, cnn_kl 1, rnn 1, rnn_kl 1")
    assert "what another would change is not in" in over
    evaluation.retrained = ()
    assert claims_over(evaluation).startswith("not over trainings")


def test_neighbouring_marks_are_not_said_to_differ(results: Results) -> None:
    """Of two equal errors, marks just outside each other's bars differ at 17 %, not at 5."""
    section = redrawing.recognition_section(results)
    (figure,) = (figure for figure in section.figures if figure.name == "recognition")
    assert "Bars that do not overlap differ by more than chance" in figure.see


def value_of(cell: Cell) -> float:
    assert isinstance(cell, Estimate)
    return cell.value


def test_without_a_recipe_of_the_paper_its_figures_are_left_out(
    results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = replace(results.models[0].card, name="cnn_of_mine")
    monkeypatch.setattr(EvaluatedModel, "card", card)
    section = summary.section(results)
    assert summary.IN_PAPER not in [column.name for column in section.tables[0].columns]
    assert all(len(row) == len(summary.COLUMNS) - 1 for row in section.tables[0].rows)
    assert "no model here is of one of them" in section.paper


def test_a_label_of_the_papers_does_not_make_a_model_the_papers(results: Results) -> None:
    mine = replace(results.models[1], sketcher=of_recipe("attention", "picture"))
    evaluation = copy.copy(results.evaluation)
    evaluation.models = (results.models[0], mine, *results.models[2:])
    others = replace(results, evaluation=evaluation)
    assert list(claims(others)) == []
    table = summary.section(others).tables[0]
    column = [one.name for one in table.columns].index(summary.IN_PAPER)
    in_paper = {row[0]: row[column] for row in table.rows}
    assert in_paper["cnn_kl"] is None
    assert in_paper["rnn_kl"] == 0.5
    again = replace(results.models[1], label="cnn_kl_small", digest="another")
    evaluation.models = (*results.models, again)  # the first of a role counts
    words = [one.words for one in next(claims(others)).comparisons]
    assert words == ["Rec of cnn − rnn", "Rec of cnn_kl − rnn_kl"]


def test_sections_name_the_groups_and_leave_out_ranks_that_all_reach(results: Results) -> None:
    how = interpolation.section(results).how
    assert "First group: cat, pig; second group: car, teapot (living beings and things)." in how
    assert "4 pairs of categories, 1 pair of test drawings each" in how
    for table in redrawing.retrieval_section(results).tables:  # of 40 drawings
        assert [column.name for column in table.columns] == ["drawings", "top 1", "top 10"]


def test_cells_stand_under_their_columns(results: Results) -> None:
    (table, trainings) = summary.section(results).tables
    names = [column.name for column in table.columns]
    copy = dict(zip(names, next(row for row in table.rows if row[0] == "copy"), strict=True))
    assert copy["off-category rate"] is copy["LR, nats"] is None
    assert value_of(copy["Ret 1"]) > 0.9
    assert value_of(copy["lines off"]) < 0.01
    assert value_of(copy["diversity"]) == 0
    cnn = dict(zip(names, next(row for row in table.rows if row[0] == "cnn"), strict=True))
    assert cnn["paper: taken for human"] == 0.6 and copy["paper: taken for human"] is None
    assert 0 <= value_of(cnn["off-category rate"]) <= 1
    of_trainings = [column.name for column in trainings.columns]
    assert of_trainings == list(summary.OF_TRAININGS)
    first = dict(zip(of_trainings, trainings.rows[0], strict=True))
    assert all(first[name] == cnn[name] for name in of_trainings if name != "Rec")
