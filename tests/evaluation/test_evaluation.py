from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.synthetic import write_synthetic
from bundles import (
    tiny_bundle,
    tiny_classifier,
    tiny_classifier_files,
    tiny_latents,
    with_classifier,
    write_bundle,
)
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.errors import DatasetError, UsageError
from sketch_pix2seq.evaluation.evaluation import (
    DOT,
    NO_CATEGORY,
    EvaluatedModel,
    Evaluation,
    EvaluationSettings,
    HeldOut,
    drawing_seeds,
)
from sketch_pix2seq.sketch.sketch import Sketch


def test_held_out_drawings_are_test_drawings(drawings: Path) -> None:
    dataset = Dataset.open(drawings)
    held_out = HeldOut(dataset, 9)
    split = dataset.split("test")
    assert held_out.categories == ("cat", "car", "pig", "teapot")
    for category in range(4):
        own = held_out.of_category(category)
        assert len(own) == min(9, dataset.card.counts["test"][held_out.categories[category]])
        start, _ = split.category_range(category)
        assert held_out.sketches[own[0]] == split.sketch(start)
        assert {held_out.sketches[number].category for number in own} == {
            held_out.categories[category]
        }


@pytest.mark.parametrize("name", ["all", "model"])
def test_categories_with_the_name_of_a_column_are_refused(name: str, tmp_path: Path) -> None:
    sources = write_synthetic(tmp_path / "files", num=90, seed=0, categories=["circle", "square"])
    text = sources[0].read_text().replace('"circle"', f'"{name}"')
    (tmp_path / "files" / f"{name}.ndjson").write_text(text)
    prepare([tmp_path / "files" / f"{name}.ndjson", sources[1]], tmp_path / "set")
    with pytest.raises(UsageError, match=f"a category must not be called {name}"):
        HeldOut(Dataset.open(tmp_path / "set"), 10)


def test_too_few_drawings_are_refused(tmp_path: Path) -> None:
    sources = write_synthetic(tmp_path / "files", num=30, seed=0, categories=["circle"])
    prepare(sources, tmp_path / "set")
    with pytest.raises(DatasetError, match="`circle` must have 8 test drawings or more"):
        HeldOut(Dataset.open(tmp_path / "set"), 100)


def test_each_drawing_is_redrawn_with_noise_of_its_own(evaluation: Evaluation) -> None:
    assert len({*drawing_seeds(0, 1000), *drawing_seeds(1, 1000)}) == 2000
    model, sketches = evaluation.models[0], evaluation.held_out.sketches
    drawn = evaluation.redrawn(model, [5, 2], repeat=1)
    seeds = drawing_seeds(evaluation.settings.seed + 1, len(sketches))
    for number, found in zip((5, 2), drawn, strict=True):
        assert [found] == model.sketcher.redraw(sketches[number], 1, 0.5, seeds[number])


def test_a_drawing_without_ink_is_of_no_category_and_has_a_dots_features(
    evaluation: Evaluation,
) -> None:
    predicted, scores = evaluation.classify([Sketch(()), DOT, evaluation.held_out.sketches[0]])
    np.testing.assert_array_equal(scores.features[0], scores.features[1])
    assert predicted[0] == NO_CATEGORY
    assert predicted[1] >= 0
    assert len(evaluation.classify([])[0]) == 0


def test_the_judges_categories_become_the_data_sets(
    evaluation: Evaluation, evaluated_models: tuple[EvaluatedModel, EvaluatedModel]
) -> None:
    names = evaluation.held_out.categories
    # the same judge, its answers in another order, and one that the data set lacks
    other = tiny_classifier((names[2], names[0], "rabbit", names[1], names[3]))
    again = Evaluation(evaluated_models, other, evaluation.held_out, evaluation.settings)
    scores = other.scores(evaluation.held_out.sketches)
    known = scores.logits[:, [1, 3, 0, 4]]
    np.testing.assert_array_equal(again.human[0], known.argmax(axis=1))


def test_what_does_not_fit_together_is_refused(
    evaluation: Evaluation, evaluated_models: tuple[EvaluatedModel, EvaluatedModel]
) -> None:
    held_out, settings = evaluation.held_out, EvaluationSettings()
    first, _ = evaluated_models
    with pytest.raises(UsageError, match="there must be a model"):
        Evaluation([], evaluation.judge, held_out, settings)
    with pytest.raises(UsageError, match="names of their own; got cnn, cnn"):
        Evaluation([first, first], evaluation.judge, held_out, settings)
    for labels, message in (
        (["human"], "must not be called human"),
        (["Human"], "must not be called Human"),
        (["check"], "must not be called check"),
        (["human, distorted"], "must not be called human, distorted"),
        (["the pictures themselves"], "must not be called the pictures themselves"),
        (["cnn, training 1"], "must not be called cnn, training 1"),
        (["cnn, code"], "must not be called cnn, code"),
        (["pixels"], "must not be called pixels"),
        ([""], "must have 1 to 40 letters; got ''"),
        (["a\nb"], "must have 1 to 40 letters"),
        (["x" * 41], "must have 1 to 40 letters"),
        (["a b", "A-b"], "names of their own; got a b, A-b"),
    ):
        models = [EvaluatedModel(label, first.sketcher, label) for label in labels]
        with pytest.raises(UsageError, match=message):
            Evaluation(models, evaluation.judge, held_out, settings)
    with pytest.raises(UsageError, match="know every category of the data set, and not `pig`"):
        Evaluation([first], tiny_classifier(("cat", "car", "teapot")), held_out, settings)


def test_one_bundle_twice_is_not_two_trainings(
    evaluation: Evaluation, evaluated_models: tuple[EvaluatedModel, EvaluatedModel]
) -> None:
    first, second = evaluated_models
    again = replace(first, training=1)
    with pytest.raises(UsageError, match="trainings of `cnn` must differ from each other"):
        Evaluation([first, again], evaluation.judge, evaluation.held_out, evaluation.settings)
    other = replace(again, digest="of another training")
    models = [first, other, replace(first, label="the same by another name"), second]
    found = Evaluation(models, evaluation.judge, evaluation.held_out, evaluation.settings)
    assert found.retrained == (other,)


def test_models_are_known_by_what_they_are(tmp_path: Path) -> None:
    one = EvaluatedModel.load("one", write_bundle(tmp_path / "bundle"))
    again = EvaluatedModel.load("again", tmp_path / "bundle")
    default = EvaluatedModel.load("default", None)
    assert one.digest == again.digest != default.digest
    assert one.reads_pictures
    assert one.kl_weight == 0.0


def test_no_model_is_judged_by_its_own_judge(evaluation: Evaluation, tmp_path: Path) -> None:
    names = evaluation.held_out.categories
    folder = write_bundle(tmp_path / "advised", with_classifier(tiny_bundle(), names))
    model = EvaluatedModel.load("mine", folder)
    with pytest.raises(UsageError, match="must not be in a model's bundle: `mine`"):
        Evaluation([model], tiny_classifier(names), evaluation.held_out, evaluation.settings)
    other = tiny_classifier((*names, "rabbit"))
    assert Evaluation([model], other, evaluation.held_out, evaluation.settings).models == (model,)


def test_other_weights_and_another_judge_are_another_model(tmp_path: Path) -> None:
    plain = write_bundle(tmp_path / "plain")
    first = EvaluatedModel.load("one", plain).digest
    assert EvaluatedModel.load("two", plain).digest == first
    files = tiny_classifier_files(("noise", "cat"))
    advised = write_bundle(tmp_path / "advised", replace(tiny_bundle(), classifier=files))
    assert EvaluatedModel.load("one", advised).digest != first
    latents = tiny_latents(1, seed=5).to_bytes()
    sampling = write_bundle(tmp_path / "sampling", replace(tiny_bundle(), latents_file=latents))
    assert EvaluatedModel.load("one", sampling).digest != first
    weights = plain / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert EvaluatedModel.load("one", plain).digest != first


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"per_category": 9}, "`per_category` must be 10 or more; got 9"),
        ({"num_repeats": 0}, "`num_repeats` must be 1 or more"),
        ({"best_of": 0}, "`best_of` must be 1 or more"),
        ({"paths": 0}, "`paths` must be 1 or more"),
        ({"seed": -1}, "`seed`"),
        ({"seed": 2**63 - 1}, r"`seed` must be below 2\^63"),  # repeats take the next ones
        ({"temperatures": ()}, "`temperatures` must name at least one"),
        ({"temperatures": (0.4, -1.0)}, "`temperature` must be a number from 0"),
        ({"temperatures": (0.4, 0.4)}, "`temperatures` must differ from each other"),
    ],
)
def test_settings_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        EvaluationSettings(**changes)


def test_the_first_temperature_counts_most() -> None:
    assert EvaluationSettings(temperatures=(0.7, 0.2)).temperature == 0.7
