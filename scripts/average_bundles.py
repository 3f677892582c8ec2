"""Average the weights of two models of one recipe, one of which began with the other.

    python scripts/average_bundles.py PRACTISED BEFORE --share 0.6 --out BUNDLE

Each weight of BUNDLE is --share of PRACTISED's and the rest of BEFORE's; its card is PRACTISED's.
What was fitted to the codes of either (names, completion, gallery, judge) is left out: BUNDLE is
something to compare, and to train on from (`train --start-from`).

Source: Wortsman et al., Robust fine-tuning of zero-shot models, arXiv 2109.01903.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from safetensors.torch import load, save
from torch import Tensor

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.export.graphs import export_onnx, round_to_half, stored
from sketch_pix2seq.export.place import made_at
from sketch_pix2seq.inference.bundle import MODEL_FILE, WEIGHTS_FILE, Bundle
from sketch_pix2seq.training.build import build_model
from sketch_pix2seq.training.recipe import Recipe


def main() -> None:
    """Average two bundles into a third."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("practised", type=Path)
    parser.add_argument("before", type=Path)
    parser.add_argument("--share", type=float, default=0.6, help="of PRACTISED")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    practised = Bundle.open(options.practised)
    one, other = _weights(practised), _weights(Bundle.open(options.before))
    model = build_model(Recipe.from_dict(practised.card.recipe)).eval()
    model.load_state_dict({name: other[name].lerp(one[name], options.share) for name in one})
    round_to_half(model)
    weights = save({name: stored(tensor) for name, tensor in model.state_dict().items()})
    with made_at(options.out) as folder:
        (folder / WEIGHTS_FILE).write_bytes(weights)
        export_onnx(model, folder, practised.card, weights)
        (folder / MODEL_FILE).write_text(practised.card.to_json(), encoding="utf-8")
    print(options.out)


def _weights(bundle: Bundle) -> dict[str, Tensor]:
    if bundle.weights is None:
        raise UsageError(f"`{bundle.card.name}` must hold `{WEIGHTS_FILE}`")
    return {name: tensor.float() for name, tensor in load(bundle.weights).items()}


if __name__ == "__main__":
    main()
