"""Average the weights of two models of one recipe, one of them fine-tuned from the other.

    python scripts/average_bundles.py FINE_TUNED BEFORE --share 0.6 --out BUNDLE

Each weight of BUNDLE is --share of FINE_TUNED's and the rest of BEFORE's. Its `model.json` is
FINE_TUNED's, with the share and the classifiers that rewarded either model, and without a loss:
that of the average was not measured. What was fitted to the codes of either (names, completion,
gallery, classifier) is left out: BUNDLE is for comparisons, and to be trained further (`train
--start-from`).

Source: Wortsman et al., Robust fine-tuning of zero-shot models, arXiv 2109.01903.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.export.atomic_bundle import atomic_bundle
from sketch_pix2seq.export.bundle import write_model
from sketch_pix2seq.export.initial_weights import initial_weights_of
from sketch_pix2seq.export.weights import round_to_half
from sketch_pix2seq.training.build import build_model
from sketch_pix2seq.training.initial_weights import InitialWeights
from sketch_pix2seq.training.recipe import Recipe


def main() -> None:
    """Average two bundles into a third."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("fine_tuned", type=Path)
    parser.add_argument("before", type=Path)
    parser.add_argument("--share", type=float, default=0.6, help="of FINE_TUNED, from 0 to 1")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if not 0 <= options.share <= 1:
        raise UsageError("`share` must be from 0 to 1", got=options.share)
    bundle, other = Bundle.open(options.fine_tuned), Bundle.open(options.before)
    for name in ("categories", "offset_scale"):
        if getattr(bundle.card, name) != getattr(other.card, name):
            raise UsageError(f"both bundles must have the same `{name}`")
    card, fine_tuned = bundle.card, initial_weights_of(bundle)
    before = initial_weights_of(other)
    recipe = Recipe.from_dict(card.recipe)
    for start in (fine_tuned, before):
        start.check(recipe, card.categories)
    model = build_model(recipe).eval()
    model.load_state_dict(
        {
            name: tensor.lerp(fine_tuned.weights[name], options.share)
            for name, tensor in before.weights.items()
        }
    )
    round_to_half(model)
    with atomic_bundle(options.out) as folder:
        write_model(folder, model, _card(card, before, options.share))
    print(options.out)


def _card(fine_tuned: BundleCard, before: InitialWeights, share: float) -> BundleCard:
    kept = {
        key: one for key, one in fine_tuned.metrics.items() if key not in ("valid_loss", "test")
    }
    rewarded_by = [*dict.fromkeys([*fine_tuned.rewarded_by, *before.facts["rewarded_by"]])]
    average = {"share": share, "rest": before.facts["sha256"]}
    metrics = {**kept, "average": average, "rewarded_by": rewarded_by}
    return replace(fine_tuned, metrics=metrics)


if __name__ == "__main__":
    main()
