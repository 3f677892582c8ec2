from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from bundles import (
    ATTENTION_CATEGORIES,
    ATTENTION_SIZE,
    ENCODER_WIDTH,
    tiny_attention_bundle,
    tiny_bundle,
    tiny_classifier_files,
)
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.bundle.classifier import ClassifierFiles
from sketch_pix2seq.errors import RunError, UsageError
from sketch_pix2seq.export.bundle import export_run
from sketch_pix2seq.training.build import build
from sketch_pix2seq.training.checkpoint import load_checkpoint
from sketch_pix2seq.training.initial_weights import InitialWeights
from sketch_pix2seq.training.loop import train
from sketch_pix2seq.training.recipe import Recipe
from sketch_pix2seq.training.recipes import find_recipe
from sketch_pix2seq.training.run import Run


def _other_weights(recipe: Recipe) -> bytes:
    return save(build(replace(recipe, seed=7), 3).state_dict())


def _in_units_of_80(recipe: Recipe) -> InitialWeights:
    start = InitialWeights.from_bytes(_other_weights(recipe), "another")
    return replace(start, facts=start.facts | {"offset_scale": 80.0})


def test_a_run_begins_with_the_weights_given(
    tiny_recipe: Recipe, shapes: Path, tmp_path: Path
) -> None:
    start = InitialWeights.from_bytes(_other_weights(tiny_recipe), "another")
    train(replace(tiny_recipe, keep_checkpoints=9), shapes, tmp_path / "run", initial_weights=start)
    tensors, _ = load_checkpoint(tmp_path / "run" / "checkpoints" / "step-00000000.safetensors")
    kept = {name.removeprefix("model."): tensor for name, tensor in tensors.items()}
    assert all(torch.equal(kept[name], tensor) for name, tensor in start.weights.items())
    assert Run(tmp_path / "run").facts["started_from"] == start.facts


def test_a_run_draws_in_the_units_of_the_model_it_begins_with(
    tiny_recipe: Recipe, shapes: Path, tmp_path: Path
) -> None:
    recipe = replace(tiny_recipe, num_steps=2, validate_every=2)
    start = _in_units_of_80(recipe)
    train(recipe, shapes, tmp_path / "given", initial_weights=start)
    assert Run(tmp_path / "given").offset_scale == 80.0

    shutil.copytree(shapes, tmp_path / "scaled")
    card = json.loads((shapes / "dataset.json").read_text())
    (tmp_path / "scaled" / "dataset.json").write_text(json.dumps(card | {"offset_scale": 80.0}))
    plain = InitialWeights.from_bytes(_other_weights(recipe), "another")
    train(recipe, tmp_path / "scaled", tmp_path / "set", initial_weights=plain)
    train(recipe, shapes, tmp_path / "own", initial_weights=plain)
    assert Run(tmp_path / "own").offset_scale == card["offset_scale"] != 80.0
    for name in ("step-00000002.safetensors", "best.safetensors"):
        given, scaled, own = (
            (tmp_path / run / "checkpoints" / name).read_bytes() for run in ("given", "set", "own")
        )
        assert given == scaled != own


def test_a_run_broken_off_at_once_goes_on_with_the_weights_and_units_given(
    tiny_recipe: Recipe, shapes: Path, tmp_path: Path
) -> None:
    start = _in_units_of_80(tiny_recipe)

    def kill(progress: object) -> None:
        raise ZeroDivisionError

    train(tiny_recipe, shapes, tmp_path / "whole", initial_weights=start)
    with pytest.raises(ZeroDivisionError):
        train(tiny_recipe, shapes, tmp_path / "broken", initial_weights=start, on_progress=kill)
    train(tiny_recipe, shapes, tmp_path / "broken", resume=True)
    last = "checkpoints/step-00000012.safetensors"
    assert (tmp_path / "whole" / last).read_bytes() == (tmp_path / "broken" / last).read_bytes()


def test_a_run_goes_on_with_no_other_weights_than_its_own(
    tiny_recipe: Recipe, shapes: Path, tmp_path: Path
) -> None:
    recipe = replace(tiny_recipe, num_steps=2, validate_every=2)
    start, other = _in_units_of_80(recipe), InitialWeights.from_bytes(save({}), "x")
    for name, first in (("from-weights", start), ("from-a-seed", None)):
        run = tmp_path / name
        train(recipe, shapes, run, initial_weights=first)
        for _ in range(2):  # with checkpoints and without
            with pytest.raises(RunError, match=f"{name}` was not started from the weights of `x`"):
                train(recipe, shapes, run, resume=True, initial_weights=other)
            shutil.rmtree(run / "checkpoints", ignore_errors=True)
    with pytest.raises(RunError, match="lost the weights that it was started from"):
        train(recipe, shapes, tmp_path / "from-weights", resume=True)
    train(recipe, shapes, tmp_path / "from-weights", resume=True, initial_weights=start)


def test_weights_of_another_network_are_refused(
    tiny_recipe: Recipe, shapes: Path, tmp_path: Path
) -> None:
    start = InitialWeights.from_bytes(_other_weights(tiny_recipe), "another")
    wider = replace(tiny_recipe, model=replace(tiny_recipe.model, decoder_size=32))
    with pytest.raises(UsageError, match=r"`decoder\.latent\.bias` must be \(128,\); got \(64,\)"):
        train(wider, shapes, tmp_path / "run", initial_weights=start)
    assert not (tmp_path / "run").exists()


def test_an_attention_run_begins_with_a_bundle_of_its_categories(
    tiny_attention: Recipe, shapes: Path, tmp_path: Path
) -> None:
    recipe = replace(tiny_attention, num_steps=2, keep_checkpoints=9)
    train(recipe, shapes, tmp_path / "first")
    export_run(tmp_path / "first", tmp_path / "bundle")
    start = InitialWeights.from_bundle(Bundle.open(tmp_path / "bundle"))
    train(recipe, shapes, tmp_path / "run", initial_weights=start)
    tensors, _ = load_checkpoint(tmp_path / "run" / "checkpoints" / "step-00000000.safetensors")
    for name, tensor in start.weights.items():
        assert torch.equal(tensors[f"model.{name}"], tensor)
    assert Run(tmp_path / "run").offset_scale == Run(tmp_path / "first").offset_scale


def test_an_attention_bundle_of_other_categories_is_refused(
    tiny_attention: Recipe, shapes: Path, tmp_path: Path
) -> None:
    """Its numbers would fit three other categories, or the same ones in another order."""
    start = InitialWeights.from_bundle(tiny_attention_bundle())
    for categories in (("a", "b", "c"), ("cat", "dog", "clock"), ("cat",)):
        with pytest.raises(UsageError, match=r"must know the categories .*; got cat, clock, dog\."):
            start.check(tiny_attention, categories)
    with pytest.raises(UsageError, match=r"The data set has circle, house, ladder and 3 more\."):
        train(tiny_attention, shapes, tmp_path / "run", initial_weights=start)
    assert not (tmp_path / "run").exists()
    sizes = [f"model.decoder_size={ATTENTION_SIZE}", f"model.encoder_width={ENCODER_WIDTH}"]
    sizes += ["model.expansion=2", "model.num_components=4", "model.latent_dim=16"]
    start.check(tiny_attention.with_settings(sizes), ATTENTION_CATEGORIES)
    with pytest.raises(UsageError, match=r"must hold the networks of the recipe attention: `decod"):
        start.check(tiny_attention, ATTENTION_CATEGORIES)


def test_a_classifier_of_other_categories_is_refused() -> None:
    """Its numbers would fit as many other categories, or the same ones in another order."""
    judge = find_recipe("judge")
    weights = save(build(judge, 2).state_dict())
    files = ClassifierFiles(tiny_classifier_files(("ant", "bee")).card, weights)
    start = InitialWeights.from_classifier(files, "another")
    start.check(judge, ("ant", "bee"))
    for categories in (("bee", "ant"), ("ant", "cat"), ("ant",)):
        with pytest.raises(UsageError, match=r"categories .* to classify; got ant, bee\."):
            start.check(judge, categories)


def test_the_settings_of_the_other_network_are_named(tiny_recipe: Recipe) -> None:
    weights = _other_weights(tiny_recipe)
    start = replace(InitialWeights.from_bytes(weights, "another"), model=tiny_recipe.model)
    settings = replace(tiny_recipe.model, decoder_size=32, recurrent_keep=0.7)
    with pytest.raises(UsageError) as error:
        start.check(replace(tiny_recipe, model=settings), ("a", "b", "c"))
    size = tiny_recipe.model.decoder_size
    assert str(error.value).endswith(
        f"That model was trained with --set model.decoder_size={size}."
    )


def test_an_unknown_oversampled_category_leaves_nothing_behind(
    tiny_recipe: Recipe, shapes: Path, tmp_path: Path
) -> None:
    recipe = replace(tiny_recipe, oversample="dog", oversample_share=0.5)
    with pytest.raises(
        UsageError, match="`oversample` must name categories of the data set; got dog"
    ):
        train(recipe, shapes, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_holds_no_weights_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        InitialWeights.from_bytes(b"no weights", "another")


def test_a_bundle_tells_the_settings_of_its_networks_if_they_can_be_read(
    tiny_recipe: Recipe,
) -> None:
    bundle = tiny_bundle()
    assert InitialWeights.from_bundle(bundle).model is None
    for values, model in (
        (tiny_recipe.to_dict(), tiny_recipe.model),
        ({**tiny_recipe.to_dict(), "of another version": 1}, None),
        ({"model": "no settings"}, None),
    ):
        given = replace(bundle, card=replace(bundle.card, recipe=values))
        assert InitialWeights.from_bundle(given).model == model
