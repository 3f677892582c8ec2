from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.training.build import build
from sketch_pix2seq.training.checkpoint import load_checkpoint
from sketch_pix2seq.training.loop import train
from sketch_pix2seq.training.recipe import Recipe
from sketch_pix2seq.training.run import Run
from sketch_pix2seq.training.start import Start


def _other_weights(recipe: Recipe) -> bytes:
    return save(build(replace(recipe, seed=7), 3).state_dict())


def test_a_run_begins_with_the_weights_given(
    tiny_recipe: Recipe, shapes: Path, tmp_path: Path
) -> None:
    start = Start.from_bytes(_other_weights(tiny_recipe), "another")
    train(replace(tiny_recipe, keep_checkpoints=9), shapes, tmp_path / "run", start=start)
    tensors, _ = load_checkpoint(tmp_path / "run" / "checkpoints" / "step-00000000.safetensors")
    kept = {name.removeprefix("model."): tensor for name, tensor in tensors.items()}
    assert all(torch.equal(kept[name], tensor) for name, tensor in start.weights.items())
    assert Run(tmp_path / "run").facts["started_from"] == start.told


def test_a_run_broken_off_at_once_goes_on_with_the_weights_given(
    tiny_recipe: Recipe, shapes: Path, tmp_path: Path
) -> None:
    start = Start.from_bytes(_other_weights(tiny_recipe), "another")

    def kill(progress: object) -> None:
        raise ZeroDivisionError

    train(tiny_recipe, shapes, tmp_path / "whole", start=start)
    with pytest.raises(ZeroDivisionError):
        train(tiny_recipe, shapes, tmp_path / "broken", start=start, on_progress=kill)
    train(tiny_recipe, shapes, tmp_path / "broken", resume=True)
    last = "checkpoints/step-00000012.safetensors"
    assert (tmp_path / "whole" / last).read_bytes() == (tmp_path / "broken" / last).read_bytes()


def test_weights_of_another_network_are_refused(
    tiny_recipe: Recipe, shapes: Path, tmp_path: Path
) -> None:
    start = Start.from_bytes(_other_weights(tiny_recipe), "another")
    wider = replace(tiny_recipe, model=replace(tiny_recipe.model, decoder_size=32))
    with pytest.raises(UsageError, match=r"`decoder\.latent\.bias` must be \(128,\); got \(64,\)"):
        train(wider, shapes, tmp_path / "run", start=start)
    assert not (tmp_path / "run").exists()


def test_what_holds_no_weights_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        Start.from_bytes(b"no weights", "another")
