"""The card: what it may say, and one clear line for anything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

from sketch_pix2seq.bundle.architectures import RecurrentArchitecture
from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.bundle.checks import MAX_STEPS, read_object
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.sketch.raster import RasterSettings

SIZES: dict[str, Any] = {"latent_dim": 4, "num_components": 2, "decoder_size": 8}
CARD = BundleCard(
    name="plain",
    architecture=RecurrentArchitecture(name="lstm", encoder="paper", **SIZES),
    categories=("cat", "Eiffel Tower", "Ñandú"),
    offset_scale=30.0,
    max_steps=100,
    temperature=0.5,
    raster=RasterSettings(),
    recipe={"kl": {"weight": 0.0}},
    attribution="Quick, Draw! <b>Dataset</b>",
)


def nested(depth: int) -> Any:
    return {"inside": nested(depth - 1)} if depth else 0


@pytest.mark.parametrize("innermost", [{}, {"a": 1}, [], [1]])
def test_objects_are_counted_whatever_the_innermost_holds(innermost: Any) -> None:
    values = innermost
    for _ in range(19):
        values = {"inside": values}
    text = json.dumps(values)
    assert read_object(text, "a file") == values
    with pytest.raises(BundleError, match="nested at most 20 deep"):
        read_object(f'{{"inside": {text}}}', "a file")


def test_a_card_survives_json() -> None:
    assert BundleCard.from_json(CARD.to_json()) == CARD
    values = json.loads(CARD.to_json())
    assert values["format_version"] == 2
    assert values["architecture"] == {"name": "lstm", "encoder": "paper", **SIZES}
    assert not {"state_dim", "noise_dim", "latent_dim"} & values.keys()


@pytest.mark.parametrize("name", ["oversample", "focus"])
def test_a_card_names_the_oversampled_categories(name: str) -> None:
    """`focus` is what older bundles call them."""
    assert replace(CARD, recipe={name: "cat, pig"}).oversampled == ["cat", "pig"]
    assert CARD.oversampled == []
    assert replace(CARD, recipe={name: None}).oversampled == []


def test_a_card_names_the_field_that_it_lacks() -> None:
    values = json.loads(CARD.to_json())
    del values["temperature"]
    with pytest.raises(BundleError, match=r"^`model\.json` must hold `temperature`$"):
        BundleCard.from_json(json.dumps(values))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format_version": 1}, "format version 2; got 1. Export its run again"),
        ({"format_version": None}, "format version 2; got None"),
        ({"format_version": 2.0}, "format version 2; got 2.0"),
        ({"architecture": 3}, "`architecture` must be an object"),
        ({"architecture": {"name": "lstm", "encoder": "rnn", **SIZES}}, "`encoder_size` must be"),
        (
            {"architecture": {"name": "lstm", "encoder": "paper", **SIZES, "decoder_size": 2048}},
            "at most 16,777,216 weights, got 16,",
        ),
        ({"max_steps": "many"}, "`max_steps` must be a whole number"),
        ({"max_steps": 0}, "`max_steps` must be a whole number"),
        ({"max_steps": MAX_STEPS + 1}, "from 1 to 2,000, got 2001"),
        ({"max_steps": 10**15}, "from 1 to 2,000"),
        ({"offset_scale": -1.0}, "`offset_scale` must be a number"),
        ({"offset_scale": "1"}, "`offset_scale` must be a number"),
        ({"offset_scale": 1e308}, "`offset_scale` must be a number"),
        ({"offset_scale": True}, "`offset_scale` must be a number"),
        ({"temperature": -1}, "`temperature` must be a number from 0 to 100"),
        ({"categories": []}, "`categories` must name 1 to 10,000"),
        ({"categories": ["a"] * 10_001}, "`categories` must name 1 to 10,000"),
        ({"categories": "cat"}, "`categories` must be a list of names"),
        ({"categories": ["cat", 3]}, "`categories` must be a list of names"),
        ({"categories": ["cat", ""]}, "1 to 100 printable letters, got ''"),
        ({"categories": ["x" * 101]}, "1 to 100 printable letters"),
        ({"categories": ["cat", "cat"]}, "must differ from each other"),
        ({"categories": ["cat\x1b[2J"]}, "without control characters"),
        ({"categories": ["cat\n"]}, "1 to 100 printable letters"),
        ({"categories": ["ab\u202ecd"]}, "1 to 100 printable letters"),
        ({"raster": {"size": -1, "margin": 2.0, "line_width": 1.0}}, "`size` must be from"),
        ({"raster": {"size": 4096, "margin": 2.0, "line_width": 1.0}}, "raster must be at most"),
        ({"raster": {"size": 50, "margin": 2.0, "line_width": 1.0}}, "must be a multiple of 8"),
        ({"raster": {"size": "48", "margin": 2.0, "line_width": 1.0}}, "must be a whole number"),
        ({"raster": {"size": 48, "margin": "a", "line_width": 1.0}}, "`margin` of the raster"),
        ({"raster": {"colour": 1}}, "`size` of the raster"),
        ({"raster": 3}, "`raster` must be an object"),
        ({"name": None}, "`name` must be a printable text"),
        ({"name": "x" * 101}, "at most 100 letters"),
        ({"licence": ["MIT"]}, "`licence` must be a printable text"),
        ({"metrics": [1]}, "`metrics` must be an object"),
        ({"recipe": None}, "`recipe` must be an object"),
        ({"data": {"sources": ["a\x00b"]}}, "without control characters"),
        ({"data": {"a\x9bb": 1}}, "without control characters"),
        ({"metrics": nested(30)}, "nested at most 20 deep"),
    ],
)
def test_values_that_do_not_fit_are_named(
    changes: dict[str, Any],
    message: str,
    unchecked_shapes: Callable[[], AbstractContextManager[None]],
) -> None:
    text = json.dumps({**json.loads(CARD.to_json()), **changes})
    with unchecked_shapes(), pytest.raises(BundleError, match=message) as error:
        BundleCard.from_json(text)
    assert str(error.value).isprintable()


@pytest.mark.parametrize("name", ["raster", "categories", "offset_scale", "architecture", "name"])
def test_values_that_are_missing_are_named(name: str) -> None:
    values = json.loads(CARD.to_json())
    del values[name]
    with pytest.raises(BundleError, match=name):
        BundleCard.from_json(json.dumps(values))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", "\x00", '{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}', '{"a":' * 9999],
)
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(BundleError, match=r"`model\.json` (is not JSON|must hold an object)"):
        BundleCard.from_json(text)


def test_fields_of_a_later_minor_version_are_passed_over() -> None:
    values = {**json.loads(CARD.to_json()), "colour": "red"}
    assert BundleCard.from_json(json.dumps(values)) == CARD
