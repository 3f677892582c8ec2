"""Double the width of the image encoder of a model, to learn on from.

    python scripts/widen_bundle.py BUNDLE --out WIDER [--seed 0]

WIDER draws as BUNDLE does, and begins a run as `train default --start-from WIDER --set
model.encoder_width=W`, W its width. What was fitted to codes is left out.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.export.atomic_bundle import atomic_bundle
from sketch_pix2seq.export.bundle import architecture_of, write_model
from sketch_pix2seq.export.initial_weights import initial_weights_of
from sketch_pix2seq.export.weights import round_to_half
from sketch_pix2seq.models import ConvEncoder
from sketch_pix2seq.models.widen import widen
from sketch_pix2seq.training.build import build_model
from sketch_pix2seq.training.recipe import Recipe


def main() -> None:
    """Widen one bundle into another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    bundle = Bundle.open(options.bundle)
    recipe = Recipe.from_dict(bundle.card.recipe)
    model = build_model(recipe).eval()
    start = initial_weights_of(bundle)
    start.check(recipe, bundle.card.categories)
    model.load_state_dict(start.weights)
    if not isinstance(model.encoder, ConvEncoder):
        raise UsageError("`model.encoder` must be conv", got=recipe.model.encoder)
    model.encoder = widen(model.encoder, torch.Generator().manual_seed(options.seed)).eval()
    width = 2 * recipe.model.encoder_width
    wider = replace(recipe, model=replace(recipe.model, encoder_width=width))
    metrics = {**bundle.card.metrics, "widened_from": start.facts["sha256"]}
    card = replace(
        bundle.card,
        architecture=architecture_of(wider.model),
        recipe=wider.to_dict(),
        metrics=metrics,
    )
    round_to_half(model)
    with atomic_bundle(options.out) as folder:
        write_model(folder, model, card)
    print(options.out)


if __name__ == "__main__":
    main()
