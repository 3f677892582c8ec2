"""The four recipes of the paper, number by number, and that of our own decoder."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from pydantic import ValidationError

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.evaluation.report.claims import paper_name
from sketch_pix2seq.models import (
    AttentionModel,
    HyperDecoder,
    LSTMDecoder,
    PaperEncoder,
    RNNEncoder,
    SketchAutoencoder,
)
from sketch_pix2seq.sketch.raster import RasterSettings
from sketch_pix2seq.training.build import build
from sketch_pix2seq.training.optimiser import learning_rate
from sketch_pix2seq.training.recipe import ConditionSettings, KLSettings, ModelSettings, Recipe
from sketch_pix2seq.training.recipes import RECIPES, find_recipe

FOUR = ("cnn", "cnn_kl", "rnn", "rnn_kl")


def autoencoder(recipe: Recipe) -> SketchAutoencoder:
    model = build(recipe, 3)
    assert isinstance(model, SketchAutoencoder)
    return model


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
    assert autoencoder(find_recipe(name)).with_kl == name.endswith("_kl")


@pytest.mark.parametrize("name", FOUR)
def test_the_small_forms_are_the_same_models(name: str) -> None:
    whole, small = autoencoder(find_recipe(name)), autoencoder(find_recipe(f"{name}_small"))
    assert type(whole.encoder) is type(small.encoder)
    assert type(whole.encoder) is (RNNEncoder if "rnn" in name else PaperEncoder)
    assert whole.with_kl == small.with_kl
    sizes = [sum(p.numel() for p in model.parameters()) for model in (whole, small)]
    assert sizes[1] < 0.3 * sizes[0]
    last = find_recipe(f"{name}_small").kl.weight_at(2999) / max(
        find_recipe(name).kl.weight_at(99_999), 1e-9
    )
    assert last == pytest.approx(4.0 if name.endswith("_kl") else 0.0, rel=0.01)


@pytest.mark.parametrize("name", FOUR)
def test_the_forms_of_a_million_drawings_are_the_paper_s_models_on_a_shorter_way(name: str) -> None:
    whole, million = find_recipe(name), find_recipe(f"{name}_million")
    assert million.model == whole.model
    assert million.num_steps * million.batch_size == 1_000_000
    begin, last = [learning_rate(step, 10_000, million.optimiser) for step in (100, 10_000)]
    assert begin == pytest.approx(1e-3, rel=0.01)
    assert last == pytest.approx(1e-5, rel=0.01)
    assert million.kl.weight_at(9_999) == pytest.approx(4 * whole.kl.weight_at(99_999), rel=0.01)


def test_reports_know_each_size_of_the_papers_models() -> None:
    sizes = [name for name in RECIPES if name.startswith(("cnn", "rnn"))]
    assert len(sizes) == 3 * len(FOUR)
    assert {paper_name(name) for name in sizes} == set(FOUR)


def test_any_decoder_can_be_set() -> None:
    for decoder, kind in (("layer_norm", LSTMDecoder), ("hyper", HyperDecoder)):
        recipe = find_recipe("cnn_small").with_settings([f"model.decoder={decoder}"])
        assert isinstance(autoencoder(recipe).decoder, kind)


def test_every_recipe_has_a_line_and_its_own_name() -> None:
    for name, function in RECIPES.items():
        recipe = function()
        assert recipe.name == name
        assert 20 < len(recipe.summary) < 80


def test_wrong_values_are_all_reported() -> None:
    with pytest.raises(ValidationError, match=r"(?s)weight\n.*greater than or equal.*decay\n"):
        KLSettings(weight=-1, decay=2)
    with pytest.raises(ValidationError, match=r"(?s)encoder_size.*hyper_size"):
        ModelSettings(encoder_size=0, hyper_size=-2)
    wrong = "`model.encoder` must be 'paper', 'conv', 'rnn' or 'grid', got 'cnn'"
    with pytest.raises(UsageError, match=wrong):
        find_recipe("cnn").with_settings(["model.encoder=cnn"])


def test_attention_is_built_as_its_settings_say() -> None:
    settings = ["model.decoder_size=48", "model.head_size=16", "model.num_layers=3"]
    settings += ["model.expansion=2", "model.encoder_width=8", "model.latent_dim=12"]
    settings += ["model.num_components=5", "model.class_weight=0.3", "model.keep=0.8"]
    settings += ["raster.size=32", "conditions.shown=0.2", "conditions.category=0.9"]
    recipe = find_recipe("attention").with_settings(settings)
    model = build(recipe, 7, offset_scale=30.0)
    assert isinstance(model, AttentionModel)
    decoder, raster = model.decoder, RasterSettings(size=32)
    assert (len(decoder.layers), decoder.num_components, decoder.keep) == (3, 5, 0.8)
    shapes = {name: tuple(tensor.shape) for name, tensor in decoder.state_dict().items()}
    assert shapes["layers.0.feed_in.weight"] == (96, 48)
    assert shapes["layers.2.key_value.weight"] == (2 * 16, 48)
    assert decoder.category.weight.shape == (7, 48)
    assert decoder.code.weight.shape[1] == 12
    assert (model.encoder.grid_size, model.encoder.channels) == (4, 32)
    assert model.encoder.classes.weight.shape == (7, 12)
    assert (model.picture_size, model.class_weight, model.convention) == (32, 0.3, "valid")
    assert model.step_pixels == pytest.approx(30 * (32 - 2 * raster.margin) / 255)
    assert asdict(model.shares) == asdict(recipe.conditions)
    assert (model.shares.shown, model.shares.category) == (0.2, 0.9)


def test_a_transformer_is_attention_that_is_never_shown_the_picture() -> None:
    recipe, like = find_recipe("transformer"), find_recipe("attention")
    assert (recipe.conditions.shown, recipe.conditions.partly) == (0, 0)
    assert (recipe.conditions.code_alone, recipe.conditions.category) == (1, 0)
    assert recipe.model == like.model


def test_the_recipe_attention_sees_its_pen_and_an_unsteady_past() -> None:
    recipe = find_recipe("attention")
    assert (recipe.model.encoder, recipe.model.decoder, recipe.attends) == (
        "grid",
        "attention",
        True,
    )
    assert recipe.augmentation.past_jitter > 0
    assert recipe.model.class_weight > 0
    assert not recipe.kl.weight
    assert isinstance(build(recipe, 6), AttentionModel)


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        (
            "attention",
            "model.encoder=conv",
            "`model.encoder` must be `grid` with the decoder `attention`",
        ),
        (
            "attention",
            "model.decoder=lstm",
            "`model.encoder` must be `grid` with the decoder `attention`",
        ),
        (
            "cnn",
            "model.encoder=grid",
            "`model.encoder` must be `grid` with the decoder `attention`",
        ),
        (
            "attention",
            "model.head_size=50",
            "`model.decoder_size` must be a multiple of `model.head_size`",
        ),
        ("attention", "model.head_size=0", "`model.head_size` must be greater than 0"),
        ("attention", "model.num_layers=0", "`model.num_layers` must be greater than 0"),
        ("attention", "model.expansion=-1", "`model.expansion` must be greater than 0, got -1"),
        (
            "attention",
            "model.class_weight=-0.1",
            "`model.class_weight` must be greater than or eq",
        ),
        ("attention", "model.keep=0", "`model.keep` must be greater than 0, got 0"),
        ("attention", "model.keep=1.1", "`model.keep` must be less than or equal to 1"),
        ("attention", "raster.size=40", "`raster.size` must be a multiple of 16"),
        ("attention", "kl.weight=0.5", "`kl.weight` must be 0 with `attention`"),
        ("attention", "conditions.shown=1.5", "`conditions.shown` must be less than or equal to 1"),
        ("attention", "conditions.partly=0.9", "`conditions.partly` must be at most 1 - `shown`"),
        ("lstm", "oversample=cat", "`oversample_share` must be above 0 with `oversample`"),
        ("lstm", "augmentation.past_jitter=2", "`augmentation.past_jitter` must be 0 without"),
        ("judge", "augmentation.past_jitter=2", "`augmentation.past_jitter` must be 0 without"),
    ],
)
def test_what_does_not_fit_attention_is_refused(name: str, setting: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_recipe(name).with_settings([setting])


def test_settings_of_attention_are_ignored_without_it() -> None:
    own = {f"conditions.{name}" for name in asdict(ConditionSettings())}
    own |= {f"model.{name}" for name in ("num_layers", "head_size", "expansion")}
    own |= {"model.class_weight", "model.keep"}
    for name in RECIPES:
        ignored = find_recipe(name).ignored_settings()
        assert (own & ignored.keys()) == (set() if name in ("attention", "transformer") else own)
    assert "model.recurrent_keep" in find_recipe("attention").ignored_settings()


def test_reasons_name_what_leaves_a_setting_out() -> None:
    ignored = find_recipe("judge").ignored_settings()
    assert ignored["model.encoder_size"] == ignored["conditions.shown"] == "`task` is classify"
    ignored = find_recipe("rnn").ignored_settings()
    for name in ("raster.size", "augmentation.jitter", "augmentation.line_width"):
        assert ignored[name] == "`model.encoder` is rnn"
    assert "augmentation.jitter" not in find_recipe("cnn").ignored_settings()
    ignored = find_recipe("attention").ignored_settings()
    assert ignored["augmentation.refit"] == "`model.decoder` is attention"
    assert "augmentation.refit" not in find_recipe("lstm").ignored_settings()


SPARE = {
    "model.encoder": "rnn",
    "model.decoder": "hyper",
    "model.recurrent_keep": "0.5",
    "model.keep": "0.5",
}


@pytest.mark.parametrize("name", RECIPES)
def test_what_a_recipe_says_it_ignores_changes_no_model(name: str) -> None:
    recipe = find_recipe(name)
    ignored = recipe.ignored_settings()
    sizes = [f"{key}={SPARE.get(key, 16)}" for key in ignored if key.startswith("model.")]
    models = [build(recipe, 4), build(recipe.with_settings(sizes), 4)]
    first, second = (
        {key: value.shape for key, value in model.state_dict().items()} for model in models
    )
    assert first == second
    assert ("kl.decay" in ignored) == (not getattr(models[0], "with_kl", False))
    assert (
        "optimiser.decay" in recipe.with_settings(["optimiser.schedule=cosine"]).ignored_settings()
    )
