"""Settings: changed by name, all problems reported at once."""

from __future__ import annotations

import json

import pytest

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.training.recipe import Recipe
from sketch_pix2seq.training.recipes import RECIPES, cnn, find_recipe
from sketch_pix2seq.training.settings import describe_settings


def test_single_settings_change_and_the_rest_stays() -> None:
    changed = cnn().with_settings(
        ["optimiser.learning_rate=5e-4", "seed=7", "model.encoder=conv", "augmentation.refit=true"]
    )
    assert changed.optimiser.learning_rate == 5e-4
    assert changed.seed == 7
    assert changed.model.encoder == "conv"
    assert changed.augmentation.refit is True
    assert changed.model.decoder_size == cnn().model.decoder_size


def test_a_whole_number_may_stand_for_a_real_one() -> None:
    assert cnn().with_settings(["optimiser.clip=2"]).optimiser.clip == 2.0


def test_all_problems_are_reported_at_once_with_the_nearest_names() -> None:
    with pytest.raises(UsageError) as caught:
        cnn().with_settings(["optimizer.lerning_rate=1", "batch_size=0", "seed=x", "nothing"])
    message = str(caught.value)
    assert "optimiser.learning_rate" in message
    assert "`seed` must be a valid integer, got 'x'" in message
    assert "`nothing` is not of the form key=value" in message


def test_each_group_reports_all_its_values() -> None:
    with pytest.raises(UsageError) as caught:
        cnn().with_settings(["batch_size=0", "balance=3", "model.decoder_size=-1"])
    message = str(caught.value)
    assert "decoder_size" in message
    with pytest.raises(UsageError) as caught:
        cnn().with_settings(["batch_size=0", "balance=3"])
    assert "`batch_size` must be greater than 0, got 0" in str(caught.value)
    assert "`balance` must be less than or equal to 1, got 3" in str(caught.value)


@pytest.mark.parametrize("value", ["true", "1.5", "null", "[1]", '"1"'])
def test_values_of_the_wrong_type_are_refused(value: str) -> None:
    with pytest.raises(UsageError, match="num_steps"):
        cnn().with_settings([f"num_steps={value}"])


@pytest.mark.parametrize("value", ["Infinity", "NaN", "-Infinity"])
def test_numbers_must_be_finite(value: str) -> None:
    with pytest.raises(UsageError, match="learning_rate"):
        cnn().with_settings([f"optimiser.learning_rate={value}"])


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_recipes_survive_json(name: str) -> None:
    recipe = find_recipe(name)
    assert recipe.name == name
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_unknown_keys_in_json_are_refused() -> None:
    values = {**cnn().to_dict(), "colour": "red"}
    with pytest.raises(UsageError, match="no setting `colour`"):
        Recipe.from_dict(values)
    with pytest.raises(UsageError, match="`model` must be a group"):
        Recipe.from_dict({**cnn().to_dict(), "model": 3})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("augmentation.tremble=1", "`augmentation.tremble` is called `augmentation.jitter` now"),
        ("focus=cat", "`focus` is called `oversample` now"),
        ("focus_share=0.5", "`focus_share` is called `oversample_share` now"),
        ("task=judge", "`task=judge` is called `task=classify` now"),
        ("reward.weight=1", "`reward.weight` is gone: models are not trained with rewards"),
    ],
)
def test_old_names_of_settings_give_the_new_ones(old: str, new: str) -> None:
    with pytest.raises(UsageError, match=f"^{new}"):
        cnn().with_settings([old])


def test_recipes_of_older_runs_and_bundles_are_read() -> None:
    settings = ["oversample=cat", "oversample_share=0.5", "augmentation.jitter=1.5"]
    recipe = cnn().with_settings(settings)
    values = recipe.to_dict()
    values["focus"], values["focus_share"] = (
        values.pop("oversample"),
        values.pop("oversample_share"),
    )
    values["augmentation"]["tremble"] = values["augmentation"].pop("jitter")
    values["reward"] = {"weight": 0.5, "inputs": 30}
    assert Recipe.from_dict(values) == recipe
    judge = find_recipe("judge")
    assert Recipe.from_dict({**judge.to_dict(), "task": "judge"}) == judge


def test_unknown_recipes_name_the_nearest() -> None:
    with pytest.raises(UsageError, match="cnn_small"):
        find_recipe("cnn-small")
    with pytest.raises(UsageError, match="sketch-pix2seq recipes"):
        find_recipe("zzzzzz")


def test_the_recipe_default_is_called_lstm() -> None:
    with pytest.raises(UsageError, match="`default` is called `lstm`"):
        find_recipe("default")
    values = find_recipe("lstm").to_dict()
    assert Recipe.from_dict({**values, "name": "default"}).name == "lstm"


def test_the_papers_recipe_is_the_papers() -> None:
    recipe = cnn()
    assert recipe.model.encoder == "paper"
    assert (recipe.model.latent_dim, recipe.model.decoder_size) == (128, 512)
    assert recipe.model.num_components == 20
    assert (recipe.batch_size, recipe.optimiser.learning_rate) == (100, 1e-3)
    assert (recipe.augmentation.scale, recipe.augmentation.drop) == (0.15, 0.1)
    assert find_recipe("cnn_small").model.encoder == "paper"


def test_names_are_dotted_and_whole() -> None:
    names = [name for name, _, _ in describe_settings(cnn())]
    assert {"seed", "model.latent_dim", "augmentation.drop", "raster.size"} <= set(names)
    assert "model" not in names


def test_every_setting_has_a_meaning() -> None:
    rows = describe_settings(cnn())
    assert [name for name, _, meaning in rows if len(meaning) < 10] == []
    values = {name: json.loads(value) for name, value, _ in rows}
    assert values["model.encoder"] == "paper"
