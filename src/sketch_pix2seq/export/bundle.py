"""From a training run to a bundle: its files, its card, and the distribution of its codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import save

from sketch_pix2seq import __version__
from sketch_pix2seq.bundle.architectures import PICTURE, AttentionArchitecture
from sketch_pix2seq.bundle.bundle import README_FILE, WEIGHTS_FILE
from sketch_pix2seq.bundle.card import MODEL_FILE, BundleCard
from sketch_pix2seq.bundle.classifier import ClassifierFiles
from sketch_pix2seq.bundle.latents import LATENTS_FILE
from sketch_pix2seq.bundle.weights import read_weights
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import RunError
from sketch_pix2seq.export.classifier import write_classifier
from sketch_pix2seq.export.files import atomic_bundle, best_weights, round_to_half, stored
from sketch_pix2seq.export.latents import fit_latents
from sketch_pix2seq.export.likelihood import measure_likelihood
from sketch_pix2seq.inference.arguments import checked_temperature
from sketch_pix2seq.inference.recognizer import check_fit
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.models import AttentionModel, SketchAutoencoder, SketchClassifier
from sketch_pix2seq.models.attention import CONDITIONS
from sketch_pix2seq.training.build import build
from sketch_pix2seq.training.cards import TEMPERATURE, bundle_card
from sketch_pix2seq.training.run import Run

MAX_ROWS = 24  # of the model card's table


def export_run(
    run_folder: Path,
    out: Path,
    *,
    data: Path | None = None,
    temperature: float | None = None,
    notes: str = "",
    classifier: ClassifierFiles | None = None,
    add: Callable[[Path], None] = lambda folder: None,
) -> BundleCard:
    """Make a bundle of a run's best weights (its newest, if none were validated yet).

    Args:
        run_folder: What `train` wrote.
        out: A folder to be made, or a file name that ends in `.zip`.
        data: The data set that it was trained on; with it the bundle can complete
            drawings, draw by name and classify, and its card says how likely test drawings are.
        temperature: Default sampling temperature of the bundle; 0.4 if left out.
        notes: Markdown that the model card says as well.
        classifier: What the bundle is to hold too: it classifies, and chooses the best of several.
        add: Called with the folder once it can be used, to put more files into it.

    Raises:
        RunError: If the run holds no checkpoint, or was trained on another data set.
        BundleError: If `out` exists already, or the classifier does not fit.
        UsageError: If the temperature is out of its range.
        DatasetError: If `data` is no data set.
    """
    temperature = checked_temperature(TEMPERATURE if temperature is None else temperature)
    run = Run(run_folder)
    dataset = None if data is None else Dataset.open(data)
    if dataset is not None:
        run.check_data(dataset, "Export with the data set that it was trained on.")
    card = bundle_card(run.recipe, run.facts["data"], {}, run.offset_scale, temperature)
    if classifier is not None:
        check_fit(classifier.card, card)
    with atomic_bundle(out) as folder:
        model, facts = load_model(run)
        round_to_half(model)
        test = dataset and measure_likelihood(model, dataset, run.recipe.raster, run.offset_scale)
        card = replace(card, metrics=_metrics(run, {**facts, "test": test}))
        write_model(folder, model, card)
        has_latents = dataset is not None
        readme = model_card(card, notes, has_latents=has_latents)
        (folder / README_FILE).write_text(readme, encoding="utf-8")
        if dataset is not None:
            latents = fit_latents(Sketcher.load(folder), dataset.split("train"), run.recipe.seed)
            (folder / LATENTS_FILE).write_bytes(latents.to_bytes())
        if classifier is not None:
            write_classifier(folder, classifier)
        add(folder)
    return card


def write_model(folder: Path, model: SketchAutoencoder | AttentionModel, card: BundleCard) -> None:
    """Write what every bundle holds: `weights.safetensors` and `model.json`.

    Raises:
        BundleError: If the bundle could not be read again.
    """
    text = card.to_json()
    weights = save({name: stored(tensor) for name, tensor in model.state_dict().items()})
    read_weights(weights, WEIGHTS_FILE, BundleCard.from_json(text).shapes())
    (folder / WEIGHTS_FILE).write_bytes(weights)
    (folder / MODEL_FILE).write_text(text, encoding="utf-8")


def load_model(run: Run) -> tuple[SketchAutoencoder | AttentionModel, dict[str, Any]]:
    """The model of a run with its best weights.

    Raises:
        RunError: If the run holds no checkpoint, or of a classifier.
    """
    model = build(run.recipe, len(run.facts["data"]["categories"]), run.offset_scale)
    if isinstance(model, SketchClassifier):
        raise RunError(
            f"`{run.folder}` must be the run of a model that draws; it is the run of a classifier"
        )
    facts = best_weights(run, model)
    return model.eval(), facts


def _metrics(run: Run, facts: dict[str, Any]) -> dict[str, Any]:
    """The figures of the card; what there is none of is left out."""
    started_from = run.facts.get("started_from") or {}
    return {
        "step": facts["step"],
        "valid_loss": facts["best_valid_loss"],
        "loss_convention": run.recipe.loss,
        "made_by": f"sketch-pix2seq {__version__}",
        **({"started_from": started_from} if started_from else {}),
        **({"test": facts["test"]} if facts["test"] else {}),
    }


def model_card(card: BundleCard, notes: str = "", *, has_latents: bool) -> str:
    """The bundle's README, a model card in Markdown.

    Its head is the metadata that the Hugging Face hub reads.

    Args:
        card: What the model is.
        notes: Markdown that it says as well.
        has_latents: Whether the bundle can complete drawings, draw by name and classify.
    """
    size = card.raster.size
    looks_at = (
        f"Looks at a {size}x{size} picture of a sketch"
        if card.encoder_input == PICTURE
        else "Reads the strokes of a sketch (of a picture: the lines traced in it)"
    )
    started_from = card.metrics.get("started_from")
    started = ""
    if started_from:
        started = f", starting from the weights of another model, `{started_from['name']}`"
    return f"""---
license: apache-2.0
library_name: sketch-pix2seq
tags: [sketch, image-to-sketch, vector-graphics]
---

# sketch-pix2seq, recipe `{card.name}`

{looks_at} and draws it again, stroke by stroke.{_more(card, has_latents=has_latents)}

Made by {card.metrics["made_by"]}.

| category | train | valid | test |
|---|---|---|---|
{_rows(card)}

A drawing's split is decided by a hash of itself. Drawings: {card.attribution}

Trained for {_steps(card.metrics["step"])} of {card.recipe["batch_size"]} drawings{started}.
Loss on validation drawings, `{card.metrics["loss_convention"]}` convention: {_loss(card)}.
The whole recipe and the data set's card are in `{MODEL_FILE}`.

## Use

```python
from sketch_pix2seq import Sketcher

{_use(card, has_latents=has_latents)}
```

{notes.strip() + chr(10) * 2 if notes.strip() else ""}## Limits

It draws everything like something in its training drawings. Weights are stored as 16-bit floats.
Licence of the weights: {card.licence}.
"""


def _more(card: BundleCard, *, has_latents: bool) -> str:
    """What it can do besides."""
    sees = ""
    if card.attends_to_picture:
        sees = """

It sees where its pen is, which ink of the picture remains and what is drawn already. The user
chooses how much of the picture it sees: from all of it (`fidelity=1`, and if left out) to nothing
but the latent code (`fidelity=0`)."""
    if not has_latents:
        return f"{sees}\nIt mixes drawings, too."
    return f"""{sees}
It completes started drawings, of a named category or of none, draws a category by its name alone,
mixes drawings, and classifies them."""


def _use(card: BundleCard, *, has_latents: bool) -> str:
    fidelity = ", fidelity=0.5" if card.attends_to_picture else ""
    lines = [
        'sketcher = Sketcher.load("this-folder")',
        f'sketcher.redraw("drawing.png", n=4{fidelity})',
    ]
    if has_latents:
        category = json.dumps(card.categories[0], ensure_ascii=False)
        lines += [
            f'sketcher.complete("started.svg", n=4, category={category})',
            f"sketcher.generate({category}, n=4)",
        ]
    return "\n".join(lines)


def _steps(num: int) -> str:
    return "1 step" if num == 1 else f"{num:,} steps"


def _loss(card: BundleCard) -> str:
    kl = card.recipe.get("kl", {}).get("weight", 0.0)
    attends = isinstance(card.architecture, AttentionArchitecture)
    made_of = "reconstruction" + (", conditions by chance as in training" if attends else "")
    made_of += f" + {kl:g} x KL term" if kl else ""
    value = card.metrics["valid_loss"]
    measured = "not measured" if value is None else f"{value:.3f} nats a row"
    loss = f"{measured} ({made_of})"
    test = card.metrics.get("test")
    if attends and test:
        each = ", ".join(
            f"{name} {test['valid'][f'reconstruction_{condition}']:.3f}"
            for condition, name in zip(
                CONDITIONS, ("the picture", "the code", "the category", "nothing"), strict=True
            )
            if f"reconstruction_{condition}" in test["valid"]
        )
        loss += f".\nReconstruction of test drawings, `valid` convention, given {each}"
    return loss


def _rows(card: BundleCard) -> str:
    """Counts of drawings by category; of very many categories, of the oversampled ones."""
    counts = card.data["counts"]
    listed = list(card.categories)
    if len(listed) > MAX_ROWS:
        listed = (
            card.oversampled or sorted(listed, key=lambda name: -counts["train"][name])[:MAX_ROWS]
        )
    groups = [(name, [name]) for name in listed]
    if len(listed) < len(card.categories):
        others = [name for name in card.categories if name not in listed]
        groups.append((f"{len(others)} others", others))
    lines = []
    for title, names in groups:
        sums = [sum(counts[split][name] for name in names) for split in ("train", "valid", "test")]
        lines.append(f"| {title} | {sums[0]:,} | {sums[1]:,} | {sums[2]:,} |")
    return "\n".join(lines)
