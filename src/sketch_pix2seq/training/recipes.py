"""The named recipes. Each is a function that returns a whole configuration."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace

from sketch_pix2seq.data.augment import Augmentation
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.training.recipe import ModelSettings, OptimiserSettings, Recipe


def cnn() -> Recipe:
    """The paper's model: image encoder of Figure 1, LSTM-512 decoder, no KL term."""
    return Recipe(
        name="cnn",
        summary="sketch-pix2seq as in the paper: its image encoder, LSTM-512, no KL term",
        num_steps=100_000,
    )


def cnn_small() -> Recipe:
    """The paper's model with a decoder of 192: something to see within minutes on two cores."""
    return replace(
        cnn(),
        name="cnn_small",
        summary="the paper's model with a smaller decoder: outlines within minutes on two cores",
        num_steps=3_000,
        validate_every=500,
        sheet_every=500,
        model=ModelSettings(decoder_size=192),
        optimiser=OptimiserSettings(schedule="cosine", warmup_steps=50, learning_rate=2e-3),
    )


def default() -> Recipe:
    """Our own recipe, behind the bundle in the package.

    The paper's idea with a stronger image encoder, drawings of one size (so that the
    picture tells how large the offsets are), mirrored and slightly turned, cosine
    schedule and averaged weights.
    """
    return Recipe(
        name="default",
        summary="our own, stronger: 3x3 image encoder, averaged weights",
        num_steps=7_000,
        balance=0.5,
        model=ModelSettings(encoder="conv"),
        optimiser=OptimiserSettings(schedule="cosine", warmup_steps=200, average_decay=0.999),
        augmentation=Augmentation(rotate=8.0, flip=0.5, refit=True),
    )


RECIPES: dict[str, Callable[[], Recipe]] = {
    function.__name__: function for function in (cnn, cnn_small, default)
}


def find_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UsageError: naming the nearest ones.
    """
    if name in RECIPES:
        return RECIPES[name]()
    near = difflib.get_close_matches(name, RECIPES, n=2, cutoff=0.4)
    meant = f"Did you mean {' or '.join(near)}?" if near else "`sketch-pix2seq recipes` lists them."
    raise UsageError(f"there is no recipe `{name}`", do=meant)
