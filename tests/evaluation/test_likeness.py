from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bundles import tiny_bundle
from sketch_pix2seq import Sketcher
from sketch_pix2seq.evaluation import likeness
from sketch_pix2seq.evaluation.evaluation import EvaluatedModel, Evaluation, Results
from sketch_pix2seq.evaluation.likeness import frechet_distance, stroke_figures, two_sample_accuracy
from sketch_pix2seq.sketch.sketch import Sketch


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of the time goes into them."""
    monkeypatch.setattr(likeness, "TREES", 10)


def test_samples_of_two_kinds_are_separated_and_of_one_are_not(rng: np.random.Generator) -> None:
    first, second = rng.normal(size=(2, 120, 6))
    assert 0.35 < two_sample_accuracy(first, second, 0).mean() < 0.65
    assert two_sample_accuracy(first, second + 2, 0).mean() > 0.95
    np.testing.assert_array_equal(
        two_sample_accuracy(first, second, 5), two_sample_accuracy(first, second, 2**32 + 5)
    )


def test_the_distance_is_that_of_normal_distributions(rng: np.random.Generator) -> None:
    first = rng.normal(size=(4000, 3))
    second = rng.normal(size=(4000, 3)) * [1, 2, 3] + [1, 0, 0]
    # |difference of means|^2 + sum of (difference of deviations)^2, axes being independent
    assert frechet_distance(first, second) == pytest.approx(1 + 1 + 4, rel=0.05)
    assert frechet_distance(first, second) == pytest.approx(frechet_distance(second, first))
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-9)


def test_fewer_drawings_than_features_are_enough(rng: np.random.Generator) -> None:
    first, second = rng.normal(size=(2, 10, 40))
    assert np.isfinite(frechet_distance(first, second))


def test_figures_of_strokes_do_not_depend_on_size_and_place() -> None:
    sketch = Sketch.from_points([[(0, 0), (10, 0), (10, 5)], [(0, 5), (4, 5)]])
    moved = Sketch(tuple(3 * stroke + 7 for stroke in sketch.strokes))
    figures = stroke_figures([sketch, moved])
    np.testing.assert_allclose(figures[0], figures[1], rtol=1e-5)
    strokes, points, drawn, _, _, turn, lifted, longest, shape = figures[0]
    assert (strokes, points) == (2, 5)
    assert drawn == pytest.approx(1.9)
    assert turn == pytest.approx(np.pi / 2)
    assert lifted == pytest.approx(1.0)
    assert longest == pytest.approx(15 / 19)
    assert shape == pytest.approx(2, rel=0.01)


def test_nothing_and_a_dot_have_figures_too() -> None:
    figures = stroke_figures([Sketch(()), Sketch.from_points([[(3, 3)]])])
    assert np.isfinite(figures).all()
    assert (figures[0] == 0).all()


def test_no_redrawing_meets_its_own_input(evaluation: Evaluation) -> None:
    shown, others = likeness._halves(evaluation)
    assert len(shown) == len(others)
    assert not set(shown.tolist()) & set(others.tolist())
    kinds = evaluation.held_out.category_ids
    assert np.bincount(kinds[shown]).tolist() == np.bincount(kinds[others]).tolist()


def test_people_are_measured_beside_models(evaluation: Evaluation) -> None:
    parts = list(likeness.parts(evaluation))
    assert [part.name for part in parts] == [
        likeness.part_name(label) for label in ("human", "cnn", "rnn")
    ]
    human, model, _ = (part.measure() for part in parts)
    accuracies = {
        f"accuracy_{name}"
        for name in ("by_picture", "by_strokes", "refs_simplified", "both_simplified")
    }
    assert human.keys() == model.keys() == accuracies | {"frechet"}
    assert human["accuracy_refs_simplified"] == human["accuracy_by_strokes"]
    assert human["accuracy_both_simplified"] == human["accuracy_by_strokes"]
    # random weights scribble: nobody takes that for a circle
    assert np.mean(model["accuracy_by_strokes"]) > np.mean(human["accuracy_by_strokes"])
    assert model["frechet"] > human["frechet"] > 0


@pytest.mark.parametrize("epsilon", [0.0, 2.0])
def test_what_nothing_simplified_would_repeat_is_left_out(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch, epsilon: float
) -> None:
    monkeypatch.setattr(EvaluatedModel, "epsilon", epsilon)
    measured = {part.name: part.measure() for part in likeness.parts(evaluation)}
    section = likeness.section(Results(evaluation, measured))
    (table,) = section.tables
    names = [column.name for column in table.columns]
    assert len(names) == (6 if epsilon else 4)
    for row in table.rows:
        assert (
            dict(zip(names, row, strict=True))["Fréchet distance"]
            == (measured[likeness.part_name(str(row[0]))]["frechet"])
        )
    assert ("simplified" in section.how) == (epsilon > 0)
    assert "so few drawings, fewer than 100 on each side" in section.how
    monkeypatch.setattr(likeness, "ENOUGH", 20)  # as many as there are
    assert "so few" not in likeness.section(Results(evaluation, measured)).how


def test_beside_models_of_coarse_drawings_people_are_coarse_on_both_sides(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EvaluatedModel, "epsilon", 60.0)
    floor = next(likeness.parts(evaluation))
    assert floor.facts["epsilon"] == 60.0
    seen: list[int] = []

    def figures(sketches: list[Sketch]) -> np.ndarray:
        seen.append(sum(sketch.num_points for sketch in sketches))
        return stroke_figures(sketches)

    monkeypatch.setattr(likeness, "stroke_figures", figures)
    found = floor.measure()
    one, other, coarse_one, coarse_other = seen
    assert coarse_one < one
    assert coarse_other < other
    assert found["accuracy_refs_simplified"] == found["accuracy_both_simplified"]


def test_a_model_of_coarse_drawings_is_compared_with_coarse_drawings(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tiny_bundle()
    card = replace(bundle.card, data={"options": {"epsilon": 60.0}})
    coarse = EvaluatedModel("coarse", Sketcher(replace(bundle, card=card)), "digest")
    seen: list[int] = []

    def figures(sketches: list[Sketch]) -> np.ndarray:
        seen.append(sum(sketch.num_points for sketch in sketches))
        return stroke_figures(sketches)

    monkeypatch.setattr(likeness, "stroke_figures", figures)
    likeness._measured(evaluation, coarse, coarse.epsilon)
    redrawn, humans, both_redrawn, both_humans = seen
    assert 0 < both_humans < humans
    assert 0 < both_redrawn < redrawn
