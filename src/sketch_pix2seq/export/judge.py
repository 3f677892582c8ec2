"""From a judge's training run to what evaluations load and bundles hold."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn

from sketch_pix2seq import __version__
from sketch_pix2seq.export.graphs import export_judge_onnx, round_to_half, stored
from sketch_pix2seq.export.place import made_at
from sketch_pix2seq.export.weights import best_weights
from sketch_pix2seq.inference.bundle import (
    CARD_FILE,
    JUDGE_CARD_FILE,
    JUDGE_FILE,
    JUDGE_WEIGHTS_FILE,
    JudgeFiles,
)
from sketch_pix2seq.inference.judge import JudgeCard
from sketch_pix2seq.models import Judge
from sketch_pix2seq.training.build import build_judge
from sketch_pix2seq.training.reward import RewardJudge
from sketch_pix2seq.training.run import Run


def export_judge(run: Run, out: Path) -> JudgeCard:
    """Make a judge of a run's best weights.

    Args:
        run: of a recipe whose task is `judge`.
        out: a folder to be made, or a file name that ends in `.zip`.

    Raises:
        RunError: if the run holds no checkpoint.
        BundleError: if `out` exists already.
    """
    with made_at(out) as folder:
        data = run.facts["data"]
        model: Judge = build_judge(run.recipe, len(data["categories"]))
        facts = best_weights(run, model)
        round_to_half(model)
        card = JudgeCard(
            categories=tuple(data["categories"]),
            raster=run.recipe.raster,
            recipe=run.recipe.to_dict(),
            data=data,
            metrics={
                "step": facts["step"],
                "valid_cross_entropy": facts["best_valid_loss"],
                "made_by": f"sketch-pix2seq {__version__}",
            },
            attribution=data["licence"],
        )
        weights = save({name: stored(tensor) for name, tensor in model.state_dict().items()})
        _write(folder, card, model, weights)
        (folder / CARD_FILE).write_text(_card(card), encoding="utf-8")
    return card


def seat_judge(folder: Path, judge: JudgeFiles) -> None:
    """Put an exported judge into a folder.

    Args:
        folder: of a bundle.
        judge: one whose network holds its weights, as judges were exported before, is written
            anew where they are at hand, so that they are there once.

    Raises:
        UsageError: if those weights are not the ones of such a judge.
    """
    if judge.weights is not None and not judge.is_kept_outside:
        card = JudgeCard.from_json(judge.card)
        kept = RewardJudge.from_bundle(asdict(card), judge.weights, card.digest(judge))
        _write(folder, card, kept.build(), judge.weights)
        return
    names = (JUDGE_CARD_FILE, JUDGE_FILE, JUDGE_WEIGHTS_FILE)
    for name, content in zip(names, judge, strict=True):
        if content is not None:
            (folder / name).write_bytes(content)


def _write(folder: Path, card: JudgeCard, model: Judge, weights: bytes) -> None:
    (folder / JUDGE_WEIGHTS_FILE).write_bytes(weights)
    export_judge_onnx(Looking(model.eval()), folder, card.raster.size, weights)
    (folder / JUDGE_CARD_FILE).write_text(card.to_json(), encoding="utf-8")


class Looking(nn.Module):
    """A judge without its losses: pictures in; logits and features out."""

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self.judge = judge

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """See `Judge.look`."""
        return self.judge.look(pictures)


def _card(card: JudgeCard) -> str:
    """The judge's README."""
    size, total = card.raster.size, sum(card.data["counts"]["train"].values())
    loss = card.metrics["valid_cross_entropy"]
    return f"""---
license: apache-2.0
library_name: sketch-pix2seq
tags: [sketch, image-classification, onnx]
---

# sketch-pix2seq, a judge of {len(card.categories)} categories

Looks at a {size}x{size} picture of a sketch and says which of these it shows:
{", ".join(card.categories)}.

The yardstick of evaluations: trained on human drawings of the training split alone, never on
what a model drew. Made by {card.metrics["made_by"]}.

{total:,} training drawings. {card.attribution}

Trained for {card.metrics["step"]} steps; cross entropy on validation drawings {loss:.3f} nats. It
answers with one of its categories whatever it is shown. Licence of the weights: {card.licence}.
"""
