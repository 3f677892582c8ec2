"""The models, the judge, the test drawings and the measurements of an evaluation.

Categories form two groups, living beings and things, as in the paper's two settings (animals
against vehicles): the first three living ones of a data set against the first three others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, Int64, Shaped

from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import DatasetError, UsageError
from sketch_pix2seq.evaluation.estimates import Estimate, estimate
from sketch_pix2seq.evaluation.report.layout import as_file_name
from sketch_pix2seq.inference.arguments import checked_seed, checked_temperature, whole_number
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
"""What a drawing without ink is classified and encoded as."""


_LIVING = """
angel ant bat bear bee bird butterfly camel cat cow crab crocodile dog dolphin dragon duck elephant
face fish flamingo frog giraffe hedgehog horse kangaroo lion lobster mermaid monkey mosquito mouse
octopus owl panda parrot penguin pig rabbit raccoon rhinoceros scorpion shark sheep snail snake
spider squirrel swan tiger whale yoga zebra
"""
LIVING = frozenset(_LIVING.split()) | {"sea turtle", "smiley face"}
"""Quick, Draw!'s categories of animals, people and faces."""
EACH = 3
"""Categories of a group, at most."""


class Groups(NamedTuple):
    """Two groups of category ids, none empty.

    Args:
        first: Living beings, if `is_meaningful`.
        second: The others.
        is_meaningful: False: all categories are of one kind, and these just the first and the next.
    """

    first: tuple[int, ...]
    second: tuple[int, ...]
    is_meaningful: bool

    @property
    def all(self) -> tuple[int, ...]:
        """The categories of both groups."""
        return self.first + self.second

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Each of the first with each of the second."""
        return [(first, second) for first in self.first for second in self.second]


def groups_of(categories: Sequence[str]) -> Groups:
    """Set categories against each other.

    Example:
        >>> groups_of(["car", "cat", "bus", "pig"])
        Groups(first=(1, 3), second=(0, 2), is_meaningful=True)
    """
    living = [index for index, name in enumerate(categories) if name in LIVING]
    others = [index for index, name in enumerate(categories) if name not in LIVING]
    if living and others:
        return Groups(tuple(living[:EACH]), tuple(others[:EACH]), is_meaningful=True)
    half = min(EACH, len(categories) // 2)
    ids = tuple(range(2 * half))
    return Groups(ids[:half], ids[half:], is_meaningful=False)


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """How much is drawn and how.

    Raises:
        UsageError: If a number is out of its range.
    """

    per_category: int = 300
    "Test drawings of each category that are redrawn; fewer where there are fewer."
    temperatures: tuple[float, ...] = (0.4, 0.1, 0.7, 1.0)
    "Sampling temperatures. All is measured at the first; recognition and retrieval at each."
    num_seeds: int = 3
    "How often everything is redrawn at the first temperature, with other noise each time."
    best_of: int = 8
    "Also measured: the best of so many, as each model chooses it; 1: not measured."
    per_category_latent: int = 100
    "Test drawings of each category that are shown on a map of the latent space."
    paths: int = 20
    "Interpolations for each pair of categories."
    seed: int = 0
    "Decides which drawings are taken, all noise and all resampling."

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in ("per_category", "per_category_latent"):
            whole_number(name, getattr(self, name), least=10)
        for name in ("num_seeds", "best_of", "paths"):
            whole_number(name, getattr(self, name), least=1)
        checked_seed(self.seed)
        if not self.temperatures:
            raise UsageError("`temperatures` must name at least one")
        if len(set(self.temperatures)) < len(self.temperatures):
            raise UsageError("each `temperature` must be another one", got=self.temperatures)
        for temperature in self.temperatures:
            checked_temperature(temperature)

    @property
    def temperature(self) -> float:
        """The first temperature, at which everything is measured."""
        return self.temperatures[0]


@dataclass(frozen=True)
class EvaluatedModel:
    """A model that is measured."""

    label: str
    "Its name in the report."
    sketcher: Sketcher
    digest: str
    "SHA-256 of what it is."
    classifier_digest: str | None = None
    "Digest of the classifier in its bundle; None: it holds none."

    @classmethod
    def load(cls, label: str, path: Path | None) -> EvaluatedModel:
        """Load a bundle, a folder or zip file; None: the model that comes with the package."""
        bundle = Bundle.default() if path is None else Bundle.open(path)
        parts = [bundle.weights_file]
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
    """Test drawings: what people drew and no model was trained on.

    Args:
        dataset: Data set of the drawings.
        per_category: At most so many of each category, the first ones.

    Raises:
        DatasetError: If a category has fewer than `LEAST`.
    """

    def __init__(self, dataset: Dataset, per_category: int) -> None:
        split = dataset.split(SPLIT)
        self.categories = split.categories
        indices: list[int] = []
        for category, name in enumerate(split.categories):
            start, stop = split.category_range(category)
            if stop - start < LEAST:
                raise DatasetError(
                    f"category `{name}` must have {LEAST} {SPLIT} drawings or more",
                    got=stop - start,
                    do="Prepare the data set from more drawings, or without that category.",
                )
            indices += range(start, min(stop, start + per_category))
        self.category_ids: Int64[np.ndarray, "N"] = split.category_ids(np.array(indices))
        self.sketches = [split.sketch(index) for index in indices]
        self.digest = dataset.card.digest

    def of_category(self, category: int) -> Int64[np.ndarray, "K"]:
        """Return the numbers of the drawings of one category."""
        return np.flatnonzero(self.category_ids == category)


class Evaluation:
    """The models, the judge that predicts the category of drawings, the test drawings, settings.

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
        judge_categories = judge.card.categories
        if missing := [name for name in held_out.categories if name not in judge_categories]:
            raise UsageError(
                f"the judge must know every category of the data set, and not `{missing[0]}`",
                do="Train the recipe judge on this data set.",
            )
        if unfair := [model.label for model in models if judge.digest == model.classifier_digest]:
            raise UsageError(
                f"the judge must not be in a model's bundle: `{unfair[0]}`",
                do="Train another one, with another seed.",
            )
        if len(held_out.categories) < 2:
            raise UsageError("the data set must have two categories or more")
        self.models = tuple(models)
        self.judge = judge
        self.held_out = held_out
        self.settings = settings
        self.facts = {
            "data": held_out.digest,
            "judge": judge.digest,
            "seed": settings.seed,
            "per_category": settings.per_category,
        }
        "What every part depends on."
        self.groups: Groups = groups_of(held_out.categories)
        self._judge_ids = np.array([judge_categories.index(name) for name in held_out.categories])

    def judged(self, sketches: Sequence[Sketch]) -> tuple[Int64[np.ndarray, "N"], ClassScores]:
        """Let the judge classify drawings; one without ink counts as a dot.

        Returns:
            The category of each, as an id of the data set, and all class scores.
        """
        scores = self.judge.scores([sketch if sketch.strokes else DOT for sketch in sketches])
        logits = scores.logits[:, self._judge_ids]
        return logits.argmax(axis=1), scores

    @cached_property
    def human(self) -> tuple[Int64[np.ndarray, "N"], ClassScores]:
        """The judge's predictions for the test drawings."""
        return self.judged(self.held_out.sketches)

    def redrawn(self, model: EvaluatedModel, sketches: Sequence[Sketch]) -> list[Sketch]:
        """Let a model redraw drawings with the first temperature and seed."""
        drawn = model.sketcher.redraw(sketches, 1, self.settings.temperature, self.settings.seed)
        return [sketch for (sketch,) in drawn]

    def codes(self, model: EvaluatedModel) -> Float32[np.ndarray, "N Z"]:
        """Latent codes of the test drawings."""
        if model.digest not in self._codes:
            self._codes[model.digest] = model.sketcher.encode(self.held_out.sketches)
        return self._codes[model.digest]

    @cached_property
    def _codes(self) -> dict[str, Float32[np.ndarray, "N Z"]]:
        return {}


@dataclass(frozen=True)
class Results:
    """An evaluation and its measurements, by the names of the parts."""

    evaluation: Evaluation
    measured: dict[str, Any]

    @property
    def models(self) -> Sequence[EvaluatedModel]:
        """Models that were measured."""
        return self.evaluation.models

    @property
    def labels(self) -> list[str]:
        """Their names."""
        return [model.label for model in self.models]

    def names(self, ids: Sequence[int]) -> list[str]:
        """Names of some categories."""
        return [self.evaluation.held_out.categories[category] for category in ids]

    @property
    def sampling(self) -> str:
        """How drawings were made, in words."""
        settings = self.evaluation.settings
        seeds = f"seeds {settings.seed} to {settings.seed + settings.num_seeds - 1}"
        if settings.num_seeds == 1:
            seeds = f"seed {settings.seed}"
        return f"temperature {settings.temperature:g}, {seeds}"

    def with_interval(self, values: Shaped[np.ndarray, "..."]) -> Estimate:
        """A mean over drawings with its interval; see `estimate`."""
        return estimate(values, self.evaluation.settings.seed)


def check_labels(labels: Sequence[str]) -> None:
    """Refuse names of models that would be taken for something else (UsageError)."""
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
