"""The named recipes. Each is a function that returns a whole configuration."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from sketch_pix2seq.data.augment import Augmentation
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.sketch.raster import RasterSettings
from sketch_pix2seq.training.recipe import (
    ConditionSettings,
    KLSettings,
    ModelSettings,
    OptimiserSettings,
    Recipe,
)
from sketch_pix2seq.training.settings import RENAMED_VALUES

PAPER_KL_WEIGHT = 0.5  # magenta's


def cnn() -> Recipe:
    """CNN without KL: sketch-pix2seq itself. Image encoder of Figure 1, LSTM-512."""
    return Recipe(
        name="cnn",
        summary="the paper's sketch-pix2seq: looks at the picture, no KL term",
        num_steps=100_000,
        loss="magenta",
    )


def cnn_kl() -> Recipe:
    """CNN + KL: the same with the KL term of sketch-rnn."""
    return replace(
        cnn(),
        name="cnn_kl",
        summary="the paper's CNN with the KL term: looks at the picture",
        kl=KLSettings(weight=PAPER_KL_WEIGHT),
    )


def rnn() -> Recipe:
    """RNN without KL: sketch-rnn's bidirectional encoder of the strokes, without its KL term."""
    return replace(
        cnn(),
        name="rnn",
        summary="the paper's RNN without KL: reads the strokes",
        model=ModelSettings(encoder="rnn"),
    )


def rnn_kl() -> Recipe:
    """RNN + KL: sketch-rnn."""
    return replace(
        rnn(),
        name="rnn_kl",
        summary="sketch-rnn: reads the strokes, with the KL term",
        kl=KLSettings(weight=PAPER_KL_WEIGHT),
    )


def _shorter(whole: Callable[[], Recipe], num_steps: int) -> Recipe:
    """The same model, trained for fewer steps; the learning rate falls to its end in them.

    The loss is averaged over real rows, as padding would cost most of the time. That makes
    the reconstruction term about four times as large, and so is the KL term's weight, which
    rises in proportion to the shorter run.
    """
    recipe = whole()
    shorter = recipe.num_steps / num_steps
    kl = recipe.kl
    return replace(
        recipe,
        num_steps=num_steps,
        loss="valid",
        kl=replace(
            kl,
            weight=4 * kl.weight,
            first_weight=4 * kl.first_weight,
            decay=kl.decay**shorter,
        ),
        optimiser=OptimiserSettings(schedule="cosine", warmup_steps=50),
    )


def _million(whole: Callable[[], Recipe]) -> Recipe:
    """The same model at full size, learning from a million drawings: 10,000 steps, not 100,000."""
    recipe = _shorter(whole, 10_000)
    return replace(
        recipe,
        name=f"{recipe.name}_million",
        summary=f"{recipe.name} at full size, a million drawings: an hour or two on a core",
    )


def _small(whole: Callable[[], Recipe]) -> Recipe:
    """The same model, smaller (decoder 192, encoder 96), and trained for 3,000 steps."""
    recipe = _shorter(whole, 3_000)
    return replace(
        recipe,
        name=f"{recipe.name}_small",
        summary=f"{recipe.name}, smaller: outlines within minutes on two cores",
        validate_every=500,
        sheet_every=500,
        model=replace(recipe.model, decoder_size=192, encoder_size=96),
        optimiser=replace(recipe.optimiser, learning_rate=2e-3),
    )


def lstm() -> Recipe:
    """Our own recipe with an LSTM decoder, as in the paper.

    The paper's idea with a stronger image encoder, drawings of one size (so that the
    picture determines the scale of the offsets), mirrored and slightly rotated, pictures with
    jittered points, no dropout, cosine schedule and averaged weights.
    """
    return Recipe(
        name="lstm",
        summary="our own, stronger: 3x3 image encoder, unsteady pictures, averaged weights",
        num_steps=12_000,
        balance=0.5,
        model=ModelSettings(encoder="conv", encoder_width=48, recurrent_keep=1.0),
        optimiser=OptimiserSettings(schedule="cosine", warmup_steps=200, average_decay=0.9995),
        augmentation=Augmentation(rotate=8.0, flip=0.5, refit=True, jitter=1.5, line_width=0.3),
    )


def attention() -> Recipe:
    """Our own transformer decoder, which attends to the picture and views its pen."""
    return Recipe(
        name="attention",
        summary="our own: a decoder that sees the picture, its pen and the remaining ink",
        num_steps=50_000,
        sheet_every=5_000,
        balance=0.5,
        raster=RasterSettings(size=64),
        model=ModelSettings(
            encoder="grid", encoder_width=32, decoder="attention", decoder_size=192
        ),
        optimiser=OptimiserSettings(
            schedule="cosine",
            learning_rate=1.2e-3,
            warmup_steps=150,
            clip=0.0,
            clip_norm=1.0,
            weight_decay=0.01,
            second_moment_decay=0.98,
            average_decay=0.999,
        ),
        augmentation=Augmentation(
            rotate=8.0, flip=0.5, refit=True, jitter=1.5, past_jitter=3.0, line_width=0.3
        ),
    )


def transformer() -> Recipe:
    """The decoder of `attention` without picture tokens: a baseline that draws from the code."""
    return replace(
        attention(),
        name="transformer",
        summary="`attention` without the picture, for comparisons: draw with --fidelity 0",
        conditions=ConditionSettings(shown=0.0, partly=0.0, code_alone=1.0, category=0.0),
    )


def judge() -> Recipe:
    """The judge of evaluations: a sketch classifier, trained on human drawings alone."""
    return Recipe(
        name="judge",
        summary="a classifier of sketches, the yardstick of evaluations",
        task="classify",
        num_steps=3_000,
        balance=1.0,
        sheet_every=0,
        validate_every=250,
        optimiser=OptimiserSettings(schedule="cosine", warmup_steps=100, average_decay=0.995),
        augmentation=Augmentation(rotate=8.0, flip=0.5),
    )


def classifier() -> Recipe:
    """The classifier of a bundle: of larger pictures, trained on prefixes of drawings too."""
    recipe = judge()
    return replace(
        recipe,
        name="classifier",
        summary="the classifier of a bundle, trained on unfinished drawings too",
        raster=RasterSettings(size=64),
        augmentation=replace(recipe.augmentation, prefix=0.35),
    )


PAPER = (cnn, cnn_kl, rnn, rnn_kl)
RECIPES: dict[str, Callable[[], Recipe]] = {
    **{function.__name__: function for function in PAPER},
    **{f"{function.__name__}_small": partial(_small, function) for function in PAPER},
    **{f"{function.__name__}_million": partial(_million, function) for function in PAPER},
    "lstm": lstm,
    "attention": attention,
    "transformer": transformer,
    "judge": judge,
    "classifier": classifier,
}
"""Recipes by name."""


def find_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UsageError: Naming the nearest ones.
    """
    if name in RECIPES:
        return RECIPES[name]()
    if new := RENAMED_VALUES.get(("name", name)):
        raise UsageError(f"the recipe `{name}` is called `{new}` now")
    near = difflib.get_close_matches(name, RECIPES, n=2, cutoff=0.4)
    meant = f"Did you mean {' or '.join(near)}?" if near else "`sketch-pix2seq recipes` lists them."
    raise UsageError(f"there is no recipe `{name}`", do=meant)
