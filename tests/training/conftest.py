"""A small data set and a small recipe, for tests that train."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.synthetic import write_synthetic
from sketch_pix2seq.data.augment import Augmentation
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.training.recipe import (
    ConditionSettings,
    ModelSettings,
    OptimiserSettings,
    Recipe,
)
from sketch_pix2seq.training.recipes import attention, cnn


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared data set of simple shapes."""
    folder = tmp_path_factory.mktemp("shapes")
    write_synthetic(folder / "files", num=80, seed=0)
    prepare([folder / "files"], folder / "set", epsilon=6.0)
    return folder / "set"


@pytest.fixture
def tiny_recipe() -> Recipe:
    """A recipe that trains in a second, with an average, augmentation and dropout."""
    return replace(
        cnn(),
        num_steps=12,
        batch_size=8,
        validate_every=6,
        validate_drawings=20,
        checkpoint_every=4,
        sheet_every=0,
        log_every=1,
        model=ModelSettings(latent_dim=8, decoder_size=16, num_components=3),
        optimiser=OptimiserSettings(average_decay=0.9, learning_rate=5e-3),
        augmentation=Augmentation(),
    )


@pytest.fixture
def tiny_attention() -> Recipe:
    """The recipe `attention`, as small, with dropout."""
    recipe = attention().with_settings(
        [
            *("num_steps=12", "batch_size=8", "validate_every=6", "validate_drawings=20"),
            *("checkpoint_every=4", "sheet_every=0", "log_every=1", "raster.size=32"),
            *("model.encoder_width=8", "model.decoder_size=16", "model.head_size=8"),
            *("model.num_layers=2", "model.latent_dim=8", "model.num_components=3"),
            *("model.keep=0.9", "optimiser.average_decay=0.9", "optimiser.warmup_steps=2"),
        ]
    )
    return replace(recipe, conditions=ConditionSettings(partly=0.3))
