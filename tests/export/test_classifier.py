"""A classifier from its run to its class scores, without torch in between."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from benchmarks.synthetic import write_synthetic
from bundles import write_bundle, write_classifier
from sketch_pix2seq.bundle.classifier import CLASSIFIER_WEIGHTS_FILE
from sketch_pix2seq.cli.app import main
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.errors import BundleError, DrawingError, RunError
from sketch_pix2seq.evaluation.evaluation import EvaluatedModel
from sketch_pix2seq.export.bundle import export_run
from sketch_pix2seq.export.classifier import export_classifier
from sketch_pix2seq.export.files import best_weights
from sketch_pix2seq.inference.classifier import Classifier
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.models import SketchClassifier
from sketch_pix2seq.sketch.raster import rasterise_batch
from sketch_pix2seq.sketch.sketch import Sketch
from sketch_pix2seq.training.build import build
from sketch_pix2seq.training.checkpoint import (
    checkpoint_path,
    load_checkpoint,
    save_checkpoint,
)
from sketch_pix2seq.training.loop import train
from sketch_pix2seq.training.recipe import ModelSettings
from sketch_pix2seq.training.recipes import find_recipe
from sketch_pix2seq.training.run import Run

CATEGORIES = ["circle", "square", "zigzag"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judge")
    sources = write_synthetic(folder / "files", num=60, seed=0, categories=CATEGORIES)
    prepare(sources, folder / "set")
    return folder / "set"


@pytest.fixture(scope="module")
def run(data: Path) -> Path:
    recipe = replace(
        find_recipe("judge"),
        num_steps=25,
        batch_size=20,
        validate_every=10,
        checkpoint_every=10,
        model=ModelSettings(encoder_width=8),
    )
    out = data.parent / "run"
    train(recipe, data, out)
    return out


@pytest.fixture(scope="module")
def exported(run: Path) -> Path:
    assert main(["export", str(run), "--out", str(run.parent / "judge.zip")]) == 0
    return run.parent / "judge.zip"


def test_a_run_that_was_never_validated_is_exported_as_it_is(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    checkpoint = tmp_path / "run" / "checkpoints"
    tensors, facts = load_checkpoint(checkpoint / "best.safetensors")
    shutil.rmtree(checkpoint)
    save_checkpoint(checkpoint_path(checkpoint, 10), tensors, {**facts, "best_valid_loss": inf})
    card = export_classifier(Run(tmp_path / "run"), tmp_path / "judge")
    assert card.metrics["valid_cross_entropy"] is None
    assert "validation drawings not measured" in (tmp_path / "judge" / "README.md").read_text()
    assert Classifier.load(tmp_path / "judge").card.metrics == card.metrics


def test_metrics_tell_how_often_it_is_right(run: Path) -> None:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    valid = [line for line in lines if line["kind"] == "valid"]
    assert [line["step"] for line in valid] == [10, 20, 25]
    assert all(0 <= line["accuracy"] <= 1 and line["cross_entropy"] > 0 for line in valid)
    assert not (run / "sheets").exists()


def test_resumed_it_ends_with_the_same_weights(run: Path, data: Path, tmp_path: Path) -> None:
    recipe = Run(run).recipe

    class StoppedError(Exception):
        pass

    def stop(progress: object) -> None:
        if getattr(progress, "step", 0) == 14:
            raise StoppedError

    with pytest.raises(StoppedError):
        train(recipe, data, tmp_path / "again", on_progress=stop)
    train(recipe, data, tmp_path / "again", resume=True)
    for name in ("step-00000025.safetensors", "best.safetensors"):
        ours = (tmp_path / "again" / "checkpoints" / name).read_bytes()
        assert ours == (run / "checkpoints" / name).read_bytes()


def test_numpy_computes_what_torch_computes(run: Path, exported: Path, data: Path) -> None:
    split = Dataset.open(data).split("test")
    sketches = [split.sketch(index) for index in range(len(split))]
    judge = Classifier.load(exported)
    model = build(Run(run).recipe, len(CATEGORIES))
    assert isinstance(model, SketchClassifier)
    best_weights(Run(run), model)
    with torch.no_grad():
        pictures = torch.from_numpy(rasterise_batch(sketches))
        features = model.eval().features(pictures)
        logits = model.head(features)
    shares = judge.probabilities(sketches)
    np.testing.assert_allclose(shares, logits.softmax(1).numpy(), atol=5e-3)
    np.testing.assert_allclose(judge.scores(sketches).features, features.numpy(), atol=2e-2)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-5)
    assert judge.categories(sketches[0]) == [judge.card.categories[int(shares[0].argmax())]]
    assert judge.card.categories == tuple(CATEGORIES)
    assert judge.card.data["counts"]["train"].keys() == set(CATEGORIES)


def test_it_refuses_what_it_cannot_see(exported: Path) -> None:
    judge = Classifier.load(exported)
    assert judge.probabilities([]).shape == (0, 3)
    with pytest.raises(DrawingError, match="must have a stroke"):
        judge.categories(Sketch(()))


def test_a_judge_draws_nothing_and_a_model_judges_nothing(run: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="it is the run of a classifier"):
        export_run(run, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
    with pytest.raises(BundleError, match=r"lacks classifier\.json and classifier\.safetensors"):
        Classifier.load(write_bundle(tmp_path / "model"))


@pytest.mark.slow
def test_it_goes_into_a_bundle_and_is_trained_on(
    data: Path,
    exported: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The whole way, by the commands that a user types."""

    def typed(*words: object) -> int:
        return main([str(word) for word in words])

    tiny = ("num_steps=2", "batch_size=4", "model.decoder_size=8", "sheet_every=0")
    settings = [word for setting in tiny for word in ("--set", setting)]
    run, bundle = tmp_path / "run", tmp_path / "bundle"
    command = ("train", "cnn_small", "--data", data, "--out", run)
    assert typed(*command, *settings) == 0
    assert typed("export", run, "--out", bundle, "--classifier", exported) == 0
    sketcher = Sketcher.load(bundle)
    sketch = Sketch.from_points([[(0, 0), (50, 90), (90, 10)]])
    judge = Classifier.load(exported)
    assert EvaluatedModel.load("advised", bundle).classifier_digest == judge.digest
    _, probabilities = sketcher.classify([sketch, sketch])
    assert probabilities.shape == (2, len(judge.card.categories))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert len(sketcher.redraw(sketch, n=2, best_of=3)) == 2
    few = ("--set", "num_steps=1", "--set", "model.encoder_width=8", "--set", "batch_size=4")
    for place in (exported, bundle):  # the bundle holds all of its judge
        on = tmp_path / f"on from {place.name}"
        again = ("train", "judge", "--data", data, "--out", on, "--start-from", place)
        assert typed(*again, *few) == 0
    assert (
        typed("export", run, "--out", tmp_path / "no", "--classifier", bundle / "model.json") == 1
    )
    blind = _blinded(exported, tmp_path / "blind")
    assert typed("export", run, "--out", tmp_path / "no", "--classifier", blind) == 1
    assert "must be finite numbers" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()
    judges = ("export", on, "--out", tmp_path / "no", "--classifier", exported)
    assert typed(*judges) == 2
    assert "this is the run of a classifier" in capsys.readouterr().err


def _blinded(exported: Path, folder: Path) -> Path:
    """A classifier whose weights are no numbers."""
    shutil.unpack_archive(exported, folder)
    file = folder / CLASSIFIER_WEIGHTS_FILE
    save_file({name: np.full_like(a, np.nan) for name, a in load_file(file).items()}, file)
    return folder


def test_a_classifier_of_other_things_goes_into_no_bundle(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And is refused before anything of the model is measured."""
    monkeypatch.setattr("sketch_pix2seq.export.bundle.measure_likelihood", pytest.fail)
    recipe = find_recipe("cnn_small").with_settings(["num_steps=1", "model.decoder_size=8"])
    train(replace(recipe, sheet_every=0), data, tmp_path / "run")
    strangers = (write_classifier(tmp_path / "stranger", ("ant", "bee")), "default")
    for stranger in strangers:
        words = ["export", tmp_path / "run", "--data", data, "--out", tmp_path / "bundle"]
        assert main([*map(str, words), "--classifier", str(stranger)]) == 1
        assert "a bundle's classifier must know its categories" in capsys.readouterr().err
    assert not (tmp_path / "bundle").exists()


def test_the_card_says_which_weights_it_began_with(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "run")
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    facts["started_from"] = {"name": "a judge", "sha256": "0"}
    (tmp_path / "run" / "run.json").write_text(json.dumps(facts))
    card = export_classifier(Run(tmp_path / "run"), tmp_path / "judge")
    assert card.metrics["started_from"] == facts["started_from"]
    readme = (tmp_path / "judge" / "README.md").read_text()
    assert "starting from the weights of another, `a judge`" in readme
    assert "It is the judge" not in readme  # it may be the recipe `classifier` too
