"""What an evaluation knows: the models, the judge, the test drawings and what was measured."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np
from jaxtyping import Float32, Int64, Shaped

from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.data.dataset import Dataset, drawing_id
from sketch_pix2seq.errors import DatasetError, UsageError
from sketch_pix2seq.evaluation.estimates import Estimate, estimate, estimate_share
from sketch_pix2seq.evaluation.groups import Groups, groups_of
from sketch_pix2seq.evaluation.parts import as_file_name
from sketch_pix2seq.inference.arguments import checked_seed, checked_temperature, whole_number
from sketch_pix2seq.inference.classifier import Classifier, ClassScores
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.sketch.sketch import Sketch

SPLIT = "test"
COPY, NEAREST = "copy", "nearest"
"""The baselines; see `baselines`."""
CODE_ALONE = ", code"
"""What follows a model's label where it draws from its latent code alone."""
RESERVED = frozenset(
    {"human", "pixels", "judge", "check", "the pictures themselves", COPY, NEAREST}
)
"""Names of what models are compared with, and of attention checks."""
_DERIVED = re.compile(rf"human, .*|.*({CODE_ALONE}|, training \d+)")  # lines made from other names
_COLUMNS = frozenset({"all", "drawn", "model"})  # beside those of the categories
LONGEST_LABEL = 40
MIN_DRAWINGS = 8
"""Test drawings of a category, at least."""
DOT = Sketch.from_points([[(0, 0)]])
"""What a drawing without ink counts as where it needs features or a code."""
NO_CATEGORY = -1
"""What the judge says of a drawing without ink."""


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """How much is drawn and how.

    Raises:
        UsageError: If a number is out of its range.
    """

    per_category: int = 300
    "Test drawings of each category that are redrawn; fewer where there are fewer."
    temperatures: tuple[float, ...] = (0.4, 0.1, 0.7, 1.0)
    "Sampling temperatures. All is measured at the first; recognition at each."
    num_repeats: int = 3
    "How often everything is redrawn at the first temperature, with other noise each time."
    best_of: int = 8
    "Also measured: the best of so many, as each model chooses it; 1: not measured."
    per_category_latent: int = 100
    "Test drawings of each category whose places in the latent space are shown."
    paths: int = 20
    "Interpolations for each pair of categories."
    seed: int = 0
    "Decides all noise and all resampling, which drawings are halves, ends of paths and places."

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in ("per_category", "per_category_latent"):
            whole_number(name, getattr(self, name), least=10)
        for name in ("num_repeats", "best_of", "paths"):
            whole_number(name, getattr(self, name), least=1)
        checked_seed(whole_number("seed", self.seed, least=0) + max(self.num_repeats, 2) - 1)
        if not self.temperatures:
            raise UsageError("`temperatures` must name at least one")
        if len(set(self.temperatures)) < len(self.temperatures):
            raise UsageError("`temperatures` must differ from each other", got=self.temperatures)
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
    training: int = 0
    "Which training of several of one recipe, that differ in their seeds, it comes from."

    @classmethod
    def load(cls, label: str, path: Path | None, training: int = 0) -> EvaluatedModel:
        """Load a bundle, a folder or zip file; None: the model that comes with the package."""
        bundle = Bundle.default() if path is None else Bundle.open(path)
        classifier_digest = None if bundle.classifier is None else bundle.classifier.digest
        parts = [bundle.weights_file, (classifier_digest or "").encode()]
        parts.append(bundle.latents_file or b"")
        digest = hashlib.sha256(bundle.card.to_json().encode() + b"".join(parts))
        return cls(label, Sketcher(bundle), digest.hexdigest(), classifier_digest, training)

    is_baseline: ClassVar[bool] = False
    is_derived: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """Its label, and which training it is if it is not the first: the names of its parts."""
        return self.label + (f", training {self.training}" if self.training else "")

    @property
    def card(self) -> BundleCard:
        """What the model is."""
        return self.sketcher.card

    @property
    def reads_pictures(self) -> bool:
        """Whether its encoder is a CNN."""
        return self.card.encoder_input == "picture"

    @property
    def epsilon(self) -> float:
        """How far its training drawings were simplified beyond QuickDraw's own way."""
        return float((self.card.data.get("options") or {}).get("epsilon") or 0.0)

    @property
    def kl_weight(self) -> float:
        """Weight of the KL term in its recipe."""
        weight = (self.card.recipe.get("kl") or {}).get("weight") or 0.0
        return float(weight) if isinstance(weight, int | float) else 0.0


@dataclass(frozen=True)
class EvaluatedDrawings:
    """Redrawings that are measured without a bundle: a baseline's, or another program's."""

    label: str
    "Their name in the report."
    digest: str
    "Says what they are: other drawings, another digest."
    about: str
    "How they were made, in a few words."
    redraw: Callable[[int], Sequence[Sketch]]
    "Returns a redrawing of each test drawing, by the number of the repeat, from 0."
    num_repeats: int = 1
    "How often all was redrawn."
    epsilon: float = 0.0
    "How far the drawings were simplified that the model behind them learned from."
    is_baseline: bool = False
    "Whether it is no model, but a yardstick: see `baselines`."
    is_derived: bool = False
    "Whether it was made here, and so was its label."


Entry: TypeAlias = EvaluatedModel | EvaluatedDrawings
"""What the report compares: a line in its tables."""


class HeldOut:
    """Test drawings: what people drew and no model was trained on.

    Args:
        dataset: Data set of the drawings.
        per_category: At most so many of each category, the first ones.

    Raises:
        DatasetError: If a category has fewer than `MIN_DRAWINGS`.
        UsageError: If there is just one category, or one has the name of a column of the report.
    """

    def __init__(self, dataset: Dataset, per_category: int) -> None:
        split = dataset.split(SPLIT)
        self.categories = split.categories
        indices: list[int] = []
        for category, name in enumerate(split.categories):
            start, stop = split.category_range(category)
            if name in _COLUMNS:
                raise UsageError(f"a category must not be called {name}: that is a column's name")
            if stop - start < MIN_DRAWINGS:
                raise DatasetError(
                    f"category `{name}` must have {MIN_DRAWINGS} {SPLIT} drawings or more",
                    got=stop - start,
                    do="Prepare the data set from more drawings, or without that category.",
                )
            indices += range(start, min(stop, start + per_category))
        if len(self.categories) < 2:
            raise UsageError("the data set must have two categories or more")
        self.category_ids: Int64[np.ndarray, "N"] = split.category_ids(np.array(indices))
        self.sketches = [split.sketch(index) for index in indices]
        self.ids = [drawing_id(SPLIT, index) for index in indices]
        "What `data convert` calls each."
        self.digest = dataset.card.digest

    def of_category(self, category: int) -> Int64[np.ndarray, "K"]:
        """Return the numbers of the drawings of one category."""
        return np.flatnonzero(self.category_ids == category)


class Evaluation:
    """The models, the judge that predicts the category of drawings, the test drawings, settings.

    Args:
        models: Bundles; of several trainings of one recipe, which have one label, all.
        judge: Predicts the category of drawings.
        held_out: The test drawings.
        settings: Amount that is measured.
        drawings: Redrawings that are measured as well, without a bundle.

    Raises:
        UsageError: If there is no model, a label does not fit, the judge does not know a
            category, or it belongs to a model; or two trainings of a model are one.
    """

    def __init__(
        self,
        models: Sequence[EvaluatedModel],
        judge: Classifier,
        held_out: HeldOut,
        settings: EvaluationSettings,
        drawings: Sequence[EvaluatedDrawings] = (),
    ) -> None:
        self.models = tuple(model for model in models if model.training == 0)
        "The first training of each."
        self.retrained = tuple(model for model in models if model.training > 0)
        self.drawings = tuple(drawings)
        check_labels([entry.label for entry in self.entries if not entry.is_derived])
        check_trainings(models)
        check_judge(judge, held_out.categories, models)
        self.judge = judge
        self.held_out = held_out
        self.settings = settings
        self.facts = {
            "data": held_out.digest,
            "judge": judge.digest,
            "seed": settings.seed,
            "per_category": settings.per_category,
            "noise": "of each drawing",
        }
        "What every part depends on."
        self.groups: Groups = groups_of(held_out.categories)
        self._codes: dict[str, Float32[np.ndarray, "N Z"]] = {}
        self._places = np.array([judge.card.categories.index(name) for name in held_out.categories])

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that is compared: models, then drawings."""
        return self.models + self.drawings

    def trainings(self, model: EvaluatedModel) -> list[EvaluatedModel]:
        """Return all trainings of a model, itself first."""
        return [model, *(other for other in self.retrained if other.label == model.label)]

    def classify(self, sketches: Sequence[Sketch]) -> tuple[Int64[np.ndarray, "N"], ClassScores]:
        """Let the judge classify drawings.

        Returns:
            The category of each, as an id of the data set; `NO_CATEGORY` of a drawing without ink.
            And all class scores, there those of a dot.
        """
        scores = self.judge.scores([sketch if sketch.strokes else DOT for sketch in sketches])
        logits = scores.logits[:, self._places]
        has_ink = np.array([bool(sketch.strokes) for sketch in sketches], bool)
        return np.where(has_ink, logits.argmax(axis=1), NO_CATEGORY), scores

    @cached_property
    def human(self) -> tuple[Int64[np.ndarray, "N"], ClassScores]:
        """The judge's predictions for the test drawings."""
        return self.classify(self.held_out.sketches)

    def redrawn(self, entry: Entry, numbers: Sequence[int], repeat: int = 0) -> list[Sketch]:
        """Redraw some test drawings in the way at which everything is measured.

        Args:
            entry: What draws.
            numbers: Of the test drawings.
            repeat: Another one, other noise.
        """
        if isinstance(entry, EvaluatedDrawings):
            drawn = entry.redraw(repeat)
            return [drawn[number] for number in numbers]
        sketches = [self.held_out.sketches[number] for number in numbers]
        every = drawing_seeds(self.settings.seed + repeat, len(self.held_out.sketches))
        seeds = [every[number] for number in numbers]
        redrawn = entry.sketcher.redraw(sketches, 1, self.settings.temperature, seeds)
        return [redrawing for (redrawing,) in redrawn]

    def codes(self, model: EvaluatedModel) -> Float32[np.ndarray, "N Z"]:
        """Latent codes of the test drawings."""
        if model.digest not in self._codes:
            self._codes[model.digest] = model.sketcher.encode(self.held_out.sketches)
        return self._codes[model.digest]


def drawing_seeds(seed: int, num: int) -> list[int]:
    """Return a seed for each of so many drawings, so that no two are drawn with the same noise.

    Intervals over drawings would be too narrow if they were.
    """
    words = np.random.SeedSequence(seed).generate_state(num, np.uint64)
    return [int(word) for word in words >> np.uint64(1)]


@dataclass(frozen=True)
class Results:
    """An evaluation and what was found, by the names of the parts: what sections are made of."""

    evaluation: Evaluation
    measured: dict[str, Any]

    @property
    def models(self) -> Sequence[EvaluatedModel]:
        """The bundles that were measured, the first training of each."""
        return self.evaluation.models

    @property
    def entries(self) -> Sequence[Entry]:
        """All that was measured."""
        return self.evaluation.entries

    @property
    def labels(self) -> list[str]:
        """The bundles' names."""
        return [model.label for model in self.models]

    def names(self, ids: Sequence[int]) -> list[str]:
        """Names of some categories."""
        return [self.evaluation.held_out.categories[category] for category in ids]

    @property
    def groups_in_words(self) -> str:
        """Which categories are in the two groups, and how many are in neither."""
        groups = self.evaluation.groups
        first, second = (", ".join(self.names(ids)) for ids in (groups.first, groups.second))
        by = "living beings and things" if groups.is_meaningful else "in the data set's order"
        return f"First group: {first}; second group: {second} ({by}).{self.left_out}"

    @property
    def left_out(self) -> str:
        """How many categories are in neither group, in words; empty if none."""
        num_all = len(self.evaluation.held_out.categories)
        rest = num_all - len(self.evaluation.groups.all)
        return f" Left out: {rest} of the {num_all} categories." if rest else ""

    @property
    def sampling(self) -> str:
        """How drawings were made, in words."""
        settings = self.evaluation.settings
        seeds = f"seeds {settings.seed} to {settings.seed + settings.num_repeats - 1}"
        if settings.num_repeats == 1:
            seeds = f"seed {settings.seed}"
        return f"temperature {settings.temperature:g}, {seeds}"

    def with_interval(self, values: Shaped[np.ndarray, "..."]) -> Estimate:
        """Return a mean over drawings with its interval; of shares, see `share`.

        Args:
            values: (N,) a value for each drawing, or (S, N), the same drawings S times.
        """
        each = np.atleast_2d(np.asarray(values, np.float64)).mean(axis=0)
        return estimate(each, self.evaluation.settings.seed)

    def share(self, outcomes: Shaped[np.ndarray, "..."]) -> Estimate:
        """Return the share of drawings of which something is true, with its interval.

        Args:
            outcomes: As of `with_interval`, 0 or 1, or shares of several repeats.
        """
        each = np.atleast_2d(np.asarray(outcomes, np.float64)).mean(axis=0)
        return estimate_share(each, self.evaluation.settings.seed)


def check_judge(
    judge: Classifier, categories: Sequence[str], models: Sequence[EvaluatedModel]
) -> None:
    """Refuse a judge that does not know a category, or belongs to a model (UsageError)."""
    if missing := [name for name in categories if name not in judge.card.categories]:
        raise UsageError(
            f"the judge must know every category of the data set, and not `{missing[0]}`",
            do="Train the recipe judge on this data set.",
        )
    if unfair := [model.label for model in models if judge.digest == model.classifier_digest]:
        raise UsageError(
            f"the judge must not be in a model's bundle: `{unfair[0]}`",
            do="Train another one, with another seed.",
        )


def check_trainings(models: Sequence[EvaluatedModel]) -> None:
    """Refuse one bundle as two trainings of a recipe (UsageError): intervals would be surer."""
    found: set[tuple[str, str]] = set()
    for model in models:
        if (model.label, model.digest) in found:
            raise UsageError(
                f"the trainings of `{model.label}` must differ from each other",
                got="one bundle twice",
                do="Give each bundle once: --bundle NAME=BUNDLE.",
            )
        found.add((model.label, model.digest))


def check_labels(labels: Sequence[str]) -> None:
    """Refuse names of models that would be taken for something else (UsageError)."""
    do = "Name each: --bundle NAME=BUNDLE."
    if not labels:
        raise UsageError("there must be a model to measure")
    for label in labels:
        if not label.strip() or len(label) > LONGEST_LABEL or not label.isprintable():
            rule = f"a model's name must have 1 to {LONGEST_LABEL} letters"
            raise UsageError(rule, got=ascii(label[: 2 * LONGEST_LABEL]), do=do)
        name = label.strip().lower()
        if name in RESERVED or _DERIVED.fullmatch(name):
            raise UsageError(f"a model must not be called {label}: that is a line of its own")
    if len({as_file_name(label).lower() for label in labels}) < len(labels):
        raise UsageError("models must have names of their own", got=", ".join(labels), do=do)
