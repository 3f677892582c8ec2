"""From a classifier's training run to files that evaluations load and bundles hold."""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save

from sketch_pix2seq import __version__
from sketch_pix2seq.bundle.bundle import README_FILE
from sketch_pix2seq.bundle.card import CLASSIFIER_FILE, ClassifierCard
from sketch_pix2seq.bundle.classifier import CLASSIFIER_WEIGHTS_FILE, ClassifierFiles
from sketch_pix2seq.export.files import atomic_bundle, best_weights, stored
from sketch_pix2seq.training.build import build
from sketch_pix2seq.training.cards import classifier_card
from sketch_pix2seq.training.run import Run


def export_classifier(run: Run, out: Path) -> ClassifierCard:
    """Make a classifier of a run's best weights.

    Args:
        run: Of a recipe whose task is `classify`.
        out: A folder to be made, or a file name that ends in `.zip`.

    Raises:
        RunError: If the run holds no checkpoint.
        BundleError: If `out` exists already, or the files could not be read again.
    """
    with atomic_bundle(out) as folder:
        data = run.facts["data"]
        model = build(run.recipe, len(data["categories"]))
        facts = best_weights(run, model)
        metrics = {
            "step": facts["step"],
            "valid_cross_entropy": facts["best_valid_loss"],
            "made_by": f"sketch-pix2seq {__version__}",
        }
        if started_from := run.facts.get("started_from"):
            metrics["started_from"] = started_from
        card = classifier_card(run.recipe, data, metrics)
        weights = save({name: stored(tensor) for name, tensor in model.state_dict().items()})
        write_classifier(folder, ClassifierFiles(card, weights))
        (folder / README_FILE).write_text(_readme(card), encoding="utf-8")
    return card


def write_classifier(folder: Path, classifier: ClassifierFiles) -> None:
    """Write an exported classifier into a folder.

    Raises:
        BundleError: If the files could not be read again.
    """
    text = classifier.card.to_json()
    _ = ClassifierFiles(ClassifierCard.from_json(text), classifier.weights_file).weights
    (folder / CLASSIFIER_FILE).write_text(text, encoding="utf-8")
    (folder / CLASSIFIER_WEIGHTS_FILE).write_bytes(classifier.weights_file)


def _readme(card: ClassifierCard) -> str:
    size, total = card.raster.size, sum(card.data["counts"]["train"].values())
    loss = card.metrics["valid_cross_entropy"]
    measured = "not measured" if loss is None else f"{loss:.3f} nats"
    started_from = card.metrics.get("started_from")
    started = ""
    if started_from:
        started = f", starting from the weights of another, `{started_from['name']}`"
    return f"""---
license: apache-2.0
library_name: sketch-pix2seq
tags: [sketch, image-classification]
---

# sketch-pix2seq, a classifier of {len(card.categories)} categories

Takes a {size}x{size} picture of a sketch and says which of these it shows:
{", ".join(card.categories)}.

Trained on human drawings of the training split alone, never on those of a model, as the judge of
an evaluation must be. Made by {card.metrics["made_by"]}.

{total:,} training drawings. {card.attribution}

Trained for {card.metrics["step"]} steps{started}; cross entropy on validation drawings {measured}.
It answers with one of its categories whatever it is shown. Licence of the weights: {card.licence}.
"""
