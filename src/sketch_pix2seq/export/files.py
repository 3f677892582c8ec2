"""A run's best weights, how files store them, and bundles that appear complete or not at all."""

from __future__ import annotations

import io
import math
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from sketch_pix2seq.errors import BundleError, DamagedCheckpointError, RunError
from sketch_pix2seq.io.atomic import atomic_dir, atomic_write
from sketch_pix2seq.training.checkpoint import BEST, checkpoints, load_checkpoint
from sketch_pix2seq.training.run import Run

HALF_FROM = 1024
"""Tensors with at least this many elements are stored as 16-bit floats."""


def best_weights(run: Run, model: nn.Module) -> dict[str, Any]:
    """Put a run's best weights into its model, the averaged ones where there are.

    Args:
        run: If none were validated yet, its newest ones are taken.
        model: As its recipe builds it.

    Returns:
        the checkpoint's facts; its loss is None if it was never validated: JSON has no infinity.

    Raises:
        RunError: If the run holds no checkpoint, or one that does not fit.
    """
    best, others = run.checkpoints / BEST, checkpoints(run.checkpoints)
    candidates = [best] if best.exists() else others[-1:]
    train_further = "Train it further: `sketch-pix2seq train ... --resume`."
    if not candidates:
        raise RunError(f"`{run.folder}` has no checkpoint yet", do=train_further)
    try:
        tensors, facts = load_checkpoint(candidates[0])
    except DamagedCheckpointError as error:
        is_best = candidates[0] == best and bool(others)
        do = "Delete it: the newest checkpoint is exported then." if is_best else train_further
        raise DamagedCheckpointError(str(error), do=do) from error
    prefix = "average." if any(name.startswith("average.") for name in tensors) else "model."
    weights = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise RunError(f"the weights in `{candidates[0]}` do not fit the recipe") from error
    loss = facts["best_valid_loss"]
    return {**facts, "best_valid_loss": loss if math.isfinite(loss) else None}


def round_to_half(model: nn.Module) -> None:
    """Round weights that are stored as 16-bit floats: torch then computes with what is stored."""
    with torch.no_grad():
        for tensor in model.state_dict().values():
            if tensor.numel() >= HALF_FROM:
                tensor.copy_(tensor.half().float())


def stored(tensor: torch.Tensor) -> torch.Tensor:
    """Return a tensor as a bundle stores it: 16-bit floats if it is large."""
    return tensor.half().contiguous() if tensor.numel() >= HALF_FROM else tensor.contiguous()


@contextmanager
def atomic_bundle(out: Path) -> Iterator[Path]:
    """Make a temporary folder that becomes `out` at the end, or is removed after an error.

    Args:
        out: The folder to make, or a file name that ends in `.zip`.

    Raises:
        BundleError: If `out` exists already, or cannot be made.
    """
    if out.suffix != ".zip":
        with atomic_dir(out, BundleError) as folder:
            yield folder
        return
    if os.path.lexists(out):  # a link to nowhere as well
        raise BundleError(f"`{out}` must not exist yet", do="Name another place.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BundleError(f"`{out}` cannot be made", got=error.strerror) from error
    with tempfile.TemporaryDirectory() as scratch:
        yield Path(scratch)
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(Path(scratch).iterdir()):
                archive.write(file, file.name)
        atomic_write(out, content.getvalue())
