"""The four recipes of the paper, number by number."""

from __future__ import annotations

import pytest
from torch import nn

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.models import HyperDecoder, LayerNormDecoder, PaperEncoder, RNNEncoder
from sketch_pix2seq.training.build import build_judge, build_model
from sketch_pix2seq.training.optimiser import learning_rate
from sketch_pix2seq.training.recipe import KLSettings, ModelSettings, Recipe
from sketch_pix2seq.training.recipes import RECIPES, find_recipe

FOUR = ("cnn", "cnn_kl", "rnn", "rnn_kl")


@pytest.mark.parametrize("name", FOUR)
def test_the_paper_recipes_are_the_papers(name: str) -> None:
    recipe = find_recipe(name)
    model, optimiser, augmentation = recipe.model, recipe.optimiser, recipe.augmentation
    assert (model.latent_dim, model.decoder, model.decoder_size) == (128, "lstm", 512)
    assert (model.num_components, model.recurrent_keep) == (20, 0.9)
    assert (model.encoder, model.encoder_size) == ("rnn" if "rnn" in name else "paper", 256)
    assert (recipe.batch_size, recipe.loss, recipe.raster.size) == (100, "magenta", 48)
    assert (optimiser.clip, optimiser.warmup_steps, optimiser.average_decay) == (1.0, 0, 0.0)
    for step in (0, 1, 1000, 99_999):
        expected = (1e-3 - 1e-5) * 0.9999**step + 1e-5
        assert learning_rate(step, 100_000, optimiser) == pytest.approx(expected)
    assert (augmentation.scale, augmentation.drop) == (0.15, 0.1)
    assert (augmentation.rotate, augmentation.flip, augmentation.refit) == (0, 0, False)


@pytest.mark.parametrize("name", FOUR)
def test_the_kl_weight_rises_as_in_sketch_rnn_or_is_truly_zero(name: str) -> None:
    kl = find_recipe(name).kl
    for step in (0, 1, 5000, 99_999):
        expected = 0.5 - (0.5 - 0.01) * 0.99995**step if name.endswith("_kl") else 0.0
        assert kl.weight_at(step) == pytest.approx(expected)
    assert kl.free_nats == 0.2
    assert build_model(find_recipe(name)).with_kl == name.endswith("_kl")


@pytest.mark.parametrize("name", FOUR)
def test_the_small_forms_are_the_same_models(name: str) -> None:
    whole, small = build_model(find_recipe(name)), build_model(find_recipe(f"{name}_small"))
    assert type(whole.encoder) is type(small.encoder)
    assert type(whole.encoder) is (RNNEncoder if "rnn" in name else PaperEncoder)
    assert whole.with_kl == small.with_kl
    sizes = [sum(p.numel() for p in model.parameters()) for model in (whole, small)]
    assert sizes[1] < 0.3 * sizes[0]
    last = find_recipe(f"{name}_small").kl.weight_at(2999) / max(
        find_recipe(name).kl.weight_at(99_999), 1e-9
    )
    assert last == pytest.approx(4.0 if name.endswith("_kl") else 0.0, rel=0.01)


def test_any_decoder_can_be_set() -> None:
    for decoder, kind in (("layer_norm", LayerNormDecoder), ("hyper", HyperDecoder)):
        recipe = find_recipe("cnn_small").with_settings([f"model.decoder={decoder}"])
        assert isinstance(build_model(recipe).decoder, kind)


def test_every_recipe_has_a_line_and_its_own_name() -> None:
    for name, function in RECIPES.items():
        recipe = function()
        assert recipe.name == name
        assert 20 < len(recipe.summary) < 80


def test_wrong_values_are_all_told() -> None:
    with pytest.raises(UsageError, match=r"`weight` must not be negative.*`decay` must lie"):
        KLSettings(weight=-1, decay=2)
    with pytest.raises(UsageError, match=r"encoder_size.*hyper_size"):
        ModelSettings(encoder_size=0, hyper_size=-2)
    with pytest.raises(UsageError, match="must be one of paper, conv, rnn, got 'cnn'"):
        find_recipe("cnn").with_settings(["model.encoder=cnn"])


SPARE = {"model.encoder": "rnn", "model.decoder": "hyper", "model.recurrent_keep": "0.5"}


def built(recipe: Recipe) -> nn.Module:
    return build_judge(recipe, 4) if recipe.task == "judge" else build_model(recipe)


@pytest.mark.parametrize("name", RECIPES)
def test_what_a_recipe_says_it_ignores_changes_no_model(name: str) -> None:
    recipe = find_recipe(name)
    ignored = recipe.ignored_settings()
    sizes = [f"{key}={SPARE.get(key, 16)}" for key in ignored if key.startswith("model.")]
    models = [built(recipe), built(recipe.with_settings(sizes))]
    first, second = (
        {key: value.shape for key, value in model.state_dict().items()} for model in models
    )
    assert first == second
    assert ("kl.decay" in ignored) == (not getattr(models[0], "with_kl", False))
    assert (
        "optimiser.decay" in recipe.with_settings(["optimiser.schedule=cosine"]).ignored_settings()
    )
