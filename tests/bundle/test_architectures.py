"""Shapes that follow from an architecture: those of the networks that learn."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
import torch

from sketch_pix2seq.bundle.architectures import (
    ClassifierArchitecture,
    RecurrentArchitecture,
    architecture_from,
)
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.models import SketchClassifier
from sketch_pix2seq.sketch.network_layout import noise_dim
from sketch_pix2seq.training.build import build
from sketch_pix2seq.training.cards import architecture_of
from sketch_pix2seq.training.recipes import find_recipe

SIZES: dict[str, Any] = {"latent_dim": 12, "num_components": 3, "decoder_size": 20}
ENCODERS: dict[str, dict[str, Any]] = {
    "paper": {},
    "conv": {"encoder_width": 16},
    "rnn": {"encoder_size": 10},
}
DECODERS: dict[str, dict[str, Any]] = {
    "lstm": {},
    "layer_norm": {},
    "hyper": {"hyper_size": 14, "hyper_embedding": 5},
}


def shapes_of(module: torch.nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}


@pytest.mark.parametrize("picture_size", [48, 32])
@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("encoder", ENCODERS)
def test_shapes_are_those_of_the_network(encoder: str, decoder: str, picture_size: int) -> None:
    sizes = SIZES | ENCODERS[encoder] | DECODERS[decoder]
    settings = [f"model.{name}={value}" for name, value in sizes.items()]
    settings += [f"model.encoder={encoder}", f"model.decoder={decoder}"]
    recipe = find_recipe("cnn").with_settings([*settings, f"raster.size={picture_size}"])
    architecture = architecture_from({"name": decoder, "encoder": encoder, **sizes})
    assert architecture.problems(picture_size) == []
    assert architecture.shapes(picture_size, 3) == shapes_of(build(recipe, 3))
    assert architecture.noise_dim == noise_dim(3)
    assert architecture.encoder_input == ("strokes" if encoder == "rnn" else "picture")
    assert architecture_from(architecture.to_dict()) == architecture


ATTENTION: dict[str, Any] = {
    "latent_dim": 12,
    "num_components": 3,
    "encoder_width": 8,
    "decoder_size": 48,
    "num_layers": 3,
    "head_size": 16,
    "expansion": 2,
}


@pytest.mark.parametrize(("picture_size", "num_categories"), [(64, 1), (32, 5)])
def test_shapes_of_attention_are_those_of_the_network(
    picture_size: int, num_categories: int
) -> None:
    settings = [f"model.{name}={value}" for name, value in ATTENTION.items()]
    recipe = find_recipe("attention").with_settings([*settings, f"raster.size={picture_size}"])
    architecture = architecture_from({"name": "attention", **ATTENTION})
    assert architecture == architecture_of(recipe.model)
    assert architecture.problems(picture_size) == []
    network = build(recipe, num_categories)
    assert architecture.shapes(picture_size, num_categories) == shapes_of(network)
    assert architecture.noise_dim == noise_dim(3)
    assert architecture.encoder_input == "picture"
    assert architecture_from(architecture.to_dict()) == architecture


@pytest.mark.parametrize(
    ("changes", "picture_size", "problem"),
    [
        ({"num_layers": 33}, 64, "`num_layers` must be a whole number from 1 to 32, got 33"),
        ({"head_size": 0}, 64, "`head_size` must be a whole number from 1 to 256, got 0"),
        ({"head_size": 7}, 64, "`decoder_size` must be a multiple of `head_size`"),
        ({"expansion": 2.0}, 64, "`expansion` must be a whole number from 1 to 8, got 2.0"),
        ({"encoder_width": 12}, 64, "`encoder_width` must be a multiple of 8, got 12"),
        ({"encoder_width": 256}, 512, "must be at most 2,097,152"),
        ({}, 40, "`size` of the raster must be a multiple of 16"),
    ],
)
def test_sizes_of_attention_that_do_not_fit_are_named(
    changes: dict[str, Any],
    picture_size: int,
    problem: str,
    unchecked_shapes: Callable[[], AbstractContextManager[None]],
) -> None:
    with unchecked_shapes():
        architecture = architecture_from({"name": "attention", **ATTENTION, **changes})
        problems = architecture.problems(picture_size)
    assert any(problem in one for one in problems), problems


def test_decoders_that_would_keep_gigabytes_are_refused() -> None:
    sizes = {"decoder_size": 256, "head_size": 256, "num_layers": 24, "expansion": 1}
    architecture = architecture_from({"name": "attention", **(ATTENTION | sizes)})
    (problem,) = architecture.problems(512)
    assert problem.startswith("`num_layers` times `head_size` must be smaller")


def test_shapes_of_a_classifier_are_those_of_the_network() -> None:
    architecture = ClassifierArchitecture(width=16)
    assert architecture.problems(48) == []
    assert architecture.shapes(48, 5) == shapes_of(SketchClassifier(5, 16))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"latent_dim": 0}, "`latent_dim` must be a whole number from 1 to 1,024, got 0"),
        ({"latent_dim": True}, "`latent_dim` must be a whole number"),
        ({"decoder_size": 10**9}, "`decoder_size` must be a whole number from 1 to 2,048"),
        ({"num_components": 2.5}, "`num_components` must be a whole number"),
        ({"encoder": "eye"}, "`encoder` must be `paper`, `conv` or `rnn`, got 'eye'"),
        ({"encoder": ["paper"]}, "`encoder` must be `paper`, `conv` or `rnn`, got ['paper']"),
        ({"encoder": "conv"}, "`encoder_width` must be a whole number from 1 to 256, got None"),
        ({"encoder": "conv", "encoder_width": 12}, "must be a multiple of 8, got 12"),
        ({"encoder_width": 8}, "`encoder_width` must be left out"),
        ({"name": "hyper"}, "`hyper_size` must be a whole number"),
    ],
)
def test_sizes_that_do_not_fit_are_named(
    changes: dict[str, Any],
    problem: str,
    unchecked_shapes: Callable[[], AbstractContextManager[None]],
) -> None:
    values = {"name": "lstm", "encoder": "paper", **SIZES, **changes}
    with unchecked_shapes():
        problems = architecture_from(values).problems(48)
    assert any(problem in one for one in problems), problems


def test_large_layers_over_large_pictures_are_refused() -> None:
    architecture = RecurrentArchitecture(name="lstm", encoder="conv", encoder_width=256, **SIZES)
    assert architecture.problems(48) == []
    assert "at most 2,097,152" in architecture.problems(512)[0]
    assert "multiple of 16" in architecture.problems(40)[0]


def test_a_cell_without_shapes_gets_those_of_no_other() -> None:
    architecture = RecurrentArchitecture(name="unknown", encoder="paper", **SIZES)
    with pytest.raises(AssertionError, match="no decoder `unknown`"):
        architecture.shapes(48, 1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (None, "must be an object with a `name`"),
        ({"name": 3}, "must be an object with a `name`"),
        ({"name": "unknown"}, "`layer_norm`, `hyper` or `attention`; got 'unknown'"),
        ({"name": "lstm", "graph": 1}, "must not hold 'graph'"),
        ({"name": "lstm"}, "must hold `encoder`"),
        ({"name": "attention"}, "must hold `latent_dim`"),
        ({"name": "attention", **ATTENTION, "hyper_size": 3}, "must not hold 'hyper_size'"),
    ],
)
def test_what_is_no_architecture_is_refused(values: object, message: str) -> None:
    with pytest.raises(BundleError, match=message):
        architecture_from(values)
