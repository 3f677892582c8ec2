"""The weights of a run that are worth exporting."""

from __future__ import annotations

from typing import Any

from torch import nn

from sketch_pix2seq.errors import RunError
from sketch_pix2seq.training.checkpoint import BEST, checkpoints, load_checkpoint
from sketch_pix2seq.training.run import Run


def best_weights(run: Run, model: nn.Module) -> dict[str, Any]:
    """Put a run's best weights into its model, the averaged ones where there are.

    Args:
        run: if none were validated yet, its newest ones are taken.
        model: as its recipe builds it.

    Returns:
        the checkpoint's facts.

    Raises:
        RunError: if the run holds no checkpoint, or one that does not fit.
    """
    best = run.checkpoints / BEST
    candidates = [best] if best.exists() else checkpoints(run.checkpoints)[-1:]
    if not candidates:
        raise RunError(
            f"`{run.folder}` has no checkpoint yet",
            do="Train it further: `sketch-pix2seq train ... --resume`.",
        )
    tensors, facts = load_checkpoint(candidates[0])
    prefix = "average." if any(name.startswith("average.") for name in tensors) else "model."
    weights = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise RunError(f"the weights in `{candidates[0]}` do not fit the recipe") from error
    return facts
