"""What an evaluation knows: the models, the judge and the test drawings."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import DatasetError, UsageError
from sketch_pix2seq.evaluation.groups import Groups, groups_of
from sketch_pix2seq.evaluation.names import as_file_name
from sketch_pix2seq.evaluation.settings import EvaluationSettings
from sketch_pix2seq.inference.classifier import Classifier, ClassScores
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.sketch.sketch import Sketch

SPLIT = "test"
RESERVED = frozenset({"human", "pixels", "judge"})
"""Names of what models are compared with."""
LONGEST_LABEL = 40
LEAST = 8
"""Test drawings of a category, at least."""
DOT = Sketch.from_points([[(0, 0)]])
"""What a drawing without ink counts as."""


@dataclass(frozen=True)
class EvaluatedModel:
    """A model that is measured.

    Args:
        label: Its name in the report.
        sketcher: What draws with it.
        digest: SHA-256 of what it is.
        classifier_digest: Digest of the classifier in its bundle; None: it holds none.
    """

    label: str
    sketcher: Sketcher
    digest: str
    classifier_digest: str | None = None

    @classmethod
    def load(cls, label: str, path: Path | None) -> EvaluatedModel:
        """Load a bundle.

        Args:
            label: Its name in the report.
            path: A folder or zip file; None: the model that comes with the package.

        Raises:
            BundleError: If it is none.
        """
        bundle = Bundle.default() if path is None else Bundle.open(path)
        parts = [bundle.weights]
        classifier_digest = None if bundle.classifier is None else bundle.classifier.digest
        if classifier_digest is not None:
            parts.append(classifier_digest.encode())
        digest = hashlib.sha256(bundle.card.to_json().encode() + b"".join(parts))
        return cls(label, Sketcher(bundle), digest.hexdigest(), classifier_digest)

    @property
    def card(self) -> BundleCard:
        """What the model is."""
        return self.sketcher.card

    @property
    def reads_pictures(self) -> bool:
        """Whether its encoder is a CNN."""
        return self.card.encoder_input == "picture"

    @property
    def kl_weight(self) -> float:
        """Weight of the KL term in its recipe."""
        weight = (self.card.recipe.get("kl") or {}).get("weight") or 0.0
        return float(weight) if isinstance(weight, int | float) else 0.0


class HeldOut:
    """Test drawings: what people drew and no model has seen.

    Args:
        dataset: Where they come from.
        per_category: At most so many of each category, the first ones.

    Raises:
        DatasetError: If a category has fewer than `LEAST`.
    """

    def __init__(self, dataset: Dataset, per_category: int) -> None:
        split = dataset.split(SPLIT)
        self.categories = split.categories
        numbers: list[int] = []
        for category, name in enumerate(split.categories):
            start, stop = split.category_range(category)
            if stop - start < LEAST:
                raise DatasetError(
                    f"category `{name}` must have {LEAST} {SPLIT} drawings or more",
                    got=stop - start,
                    do="Prepare the data set from more drawings, or without that category.",
                )
            numbers += range(start, min(stop, start + per_category))
        self.category_ids: Int64[np.ndarray, "N"] = split.category_ids(np.array(numbers))
        self.sketches = [split.sketch(number) for number in numbers]
        self.digest = dataset.card.digest

    def of_category(self, category: int) -> Int64[np.ndarray, "K"]:
        """Return the numbers of the drawings of one category."""
        return np.flatnonzero(self.category_ids == category)


class Evaluation:
    """The models, the judge, the test drawings and the settings of an evaluation.

    Args:
        models: The models to measure, each with its own label.
        judge: The classifier that predicts the category of drawings.
        held_out: The test drawings.
        settings: How much is drawn, and how.

    Raises:
        UsageError: If there is no model, a label does not fit, the judge does not know a
            category, there is just one, or the judge belongs to a model.
    """

    def __init__(
        self,
        models: Sequence[EvaluatedModel],
        judge: Classifier,
        held_out: HeldOut,
        settings: EvaluationSettings,
    ) -> None:
        check_labels([model.label for model in models])
        known = judge.card.categories
        if missing := [name for name in held_out.categories if name not in known]:
            raise UsageError(
                f"the judge must know every category of the data set, and not `{missing[0]}`",
                do="Train the recipe judge on this data set.",
            )
        if taught := [model.label for model in models if judge.digest == model.classifier_digest]:
            raise UsageError(
                f"the judge must not be in a model's bundle: `{taught[0]}`",
                do="Train another one, with another seed.",
            )
        if len(held_out.categories) < 2:
            raise UsageError("the data set must have two categories or more")
        self.models = tuple(models)
        self.judge = judge
        self.held_out = held_out
        self.settings = settings
        self.facts = {"data": held_out.digest, "judge": judge.digest, "seed": settings.seed}
        "What every part depends on."
        self.groups: Groups = groups_of(held_out.categories)
        self._places = np.array([known.index(name) for name in held_out.categories])

    def judged(self, sketches: Sequence[Sketch]) -> tuple[Int64[np.ndarray, "N"], ClassScores]:
        """Let the judge classify drawings.

        Args:
            sketches: Drawings; one without ink counts as a dot.

        Returns:
            The category of each, as an id of the data set, and all class scores.
        """
        scores = self.judge.scores([sketch if sketch.strokes else DOT for sketch in sketches])
        logits = scores.logits[:, self._places]
        return logits.argmax(axis=1), scores

    @cached_property
    def human(self) -> tuple[Int64[np.ndarray, "N"], ClassScores]:
        """The judge's predictions for the test drawings."""
        return self.judged(self.held_out.sketches)

    def codes(self, model: EvaluatedModel) -> Float32[np.ndarray, "N Z"]:
        """Latent codes of the test drawings."""
        if model.digest not in self._codes:
            self._codes[model.digest] = model.sketcher.encode(self.held_out.sketches)
        return self._codes[model.digest]

    @cached_property
    def _codes(self) -> dict[str, Float32[np.ndarray, "N Z"]]:
        return {}


def check_labels(labels: Sequence[str]) -> None:
    """Refuse names that would be taken for something else.

    Args:
        labels: Of all models.

    Raises:
        UsageError: Saying which.
    """
    do = "Name each: --bundle NAME=BUNDLE."
    if not labels:
        raise UsageError("there must be a model to measure")
    for label in labels:
        if not label.strip() or len(label) > LONGEST_LABEL or not label.isprintable():
            rule = f"a model's name must have 1 to {LONGEST_LABEL} letters"
            raise UsageError(rule, got=ascii(label[: 2 * LONGEST_LABEL]), do=do)
        if label in RESERVED:
            raise UsageError(f"a model must not be called {label}: that is a line of its own")
    if len({as_file_name(label).lower() for label in labels}) < len(labels):
        raise UsageError("models must have names of their own", got=", ".join(labels), do=do)
