"""What `model.json` and `classifier.json` say, and what they must not say."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from sketch_pix2seq.bundle.architectures import (
    Architecture,
    ClassifierArchitecture,
    Shapes,
    architecture_from,
    classifier_from,
    weight_problems,
)
from sketch_pix2seq.bundle.checks import (
    MAX_NAME,
    MAX_PICTURE_SIZE,
    MAX_SCALE,
    MAX_STEPS,
    MAX_TEMPERATURE,
    MAX_TEXT,
    category_problems,
    fact_problems,
    is_number,
    object_problems,
    raster_from,
    read_object,
    text_problems,
)
from sketch_pix2seq.errors import BundleError, SketchPix2SeqError
from sketch_pix2seq.sketch.raster import RasterSettings

FORMAT_VERSION = 2
MODEL_FILE = "model.json"
CLASSIFIER_FILE = "classifier.json"

_Card = TypeVar("_Card", "BundleCard", "ClassifierCard")


@dataclass(frozen=True, kw_only=True)
class BundleCard:
    """What `model.json` says."""

    format_version: int = FORMAT_VERSION
    "Version of the bundle's format."
    name: str
    "Name of the recipe that made the model."
    architecture: Architecture
    "Its networks and their sizes."
    categories: tuple[str, ...]
    "What it was trained on, in the order of the data set."
    offset_scale: float
    "Pixels (longest side of a drawing = 255) to one unit of the decoder's offsets."
    max_steps: int
    "Steps after which a drawing that has not ended is ended."
    temperature: float
    "Temperature that suits the model, used where none is given."
    raster: RasterSettings
    "How drawings become the encoder's pictures."
    recipe: dict[str, Any] = field(default_factory=dict)
    "The whole recipe."
    data: dict[str, Any] = field(default_factory=dict)
    "The card of the data set."
    metrics: dict[str, Any] = field(default_factory=dict)
    "Figures measured when it was made; `rewarded_by` in older cards is not read."
    licence: str = "Apache-2.0"
    "Licence of the weights."
    attribution: str = ""
    "Whom the training data come from."

    @property
    def latent_dim(self) -> int:
        """Length of the latent code."""
        return self.architecture.latent_dim

    @property
    def noise_dim(self) -> int:
        """Length of the noise of one step, as `inference.noise` distributes it."""
        return self.architecture.noise_dim

    @property
    def encoder_input(self) -> str:
        """What the encoder reads: `picture`, or `strokes` as stroke-5 rows."""
        return self.architecture.encoder_input

    @property
    def oversampled(self) -> list[str]:
        """Categories that were oversampled in training, as the recipe says."""
        named = str(self.recipe.get("oversample", self.recipe.get("focus", ""))).split(",")
        return [name.strip() for name in named if name.strip()]

    def shapes(self) -> Shapes:
        """Return the shapes of all weights by name."""
        return self.architecture.shapes(self.raster.size, len(self.categories))

    def to_json(self) -> str:
        """Return the text of `model.json`."""
        return to_json(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> BundleCard:
        """Read the text of `model.json`.

        Raises:
            BundleError: Saying what is missing or does not fit.
        """
        return _read_card(cls, text, MODEL_FILE, "model's", architecture_from)

    def problems(self) -> list[str]:
        """Say what does not fit, besides what all cards hold."""
        problems = text_problems({"name": self.name}, MAX_NAME)
        if not (type(self.max_steps) is int and 0 < self.max_steps <= MAX_STEPS):
            problems.append(
                f"`max_steps` must be a whole number from 1 to {MAX_STEPS:,}, got "
                f"{ascii(self.max_steps)[:80]}"
            )
        for name, most in (("offset_scale", MAX_SCALE), ("temperature", MAX_TEMPERATURE)):
            value = getattr(self, name)
            if not is_number(value, 0, most):
                rule = f"`{name}` must be a number from 0 to {most:,.0f}"
                problems.append(f"{rule}, got {ascii(value)[:80]}")
        return problems


@dataclass(frozen=True, kw_only=True)
class ClassifierCard:
    """What `classifier.json` says."""

    format_version: int = FORMAT_VERSION
    "Version of the bundle's format."
    architecture: ClassifierArchitecture
    "Its network and its sizes."
    categories: tuple[str, ...]
    "What it knows, in the order of its class scores."
    raster: RasterSettings
    "How drawings become its pictures."
    recipe: dict[str, Any] = field(default_factory=dict)
    "The whole recipe."
    data: dict[str, Any] = field(default_factory=dict)
    "The card of the data set."
    metrics: dict[str, Any] = field(default_factory=dict)
    "Figures measured when it was made."
    licence: str = "Apache-2.0"
    "Licence of the weights."
    attribution: str = ""
    "Whom the training data come from."

    @property
    def knows_mirror_images(self) -> bool:
        """Whether it learned from mirrored drawings as well, as its recipe says."""
        settings = self.recipe.get("augmentation")
        share = settings.get("flip") if isinstance(settings, dict) else None
        return isinstance(share, int | float) and share > 0

    def shapes(self) -> Shapes:
        """Return the shapes of all weights by name."""
        return self.architecture.shapes(self.raster.size, len(self.categories))

    def to_json(self) -> str:
        """Return the text of `classifier.json`."""
        return to_json(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> ClassifierCard:
        """Read the text of `classifier.json`.

        Raises:
            BundleError: Saying what is missing or does not fit.
        """
        return _read_card(cls, text, CLASSIFIER_FILE, "classifier's", classifier_from)

    def problems(self) -> list[str]:
        """Say what does not fit, besides what all cards hold."""
        few = len(self.categories) < 2
        return category_problems(self.categories, least=2) if few else []


def _read_card(
    kind: type[_Card],
    text: str | bytes,
    file: str,
    whose: str,
    architecture_from: Callable[[object], Any],
) -> _Card:
    """Make a card of the text of its file, and check it."""
    values = read_object(text, file)
    check_version(values, whose)
    known = {item.name for item in fields(kind)}
    try:
        categories = values.pop("categories", None)
        if problems := category_problems(categories, least=1):
            raise BundleError("; ".join(problems))
        card = kind(
            architecture=architecture_from(values.pop("architecture", None)),
            raster=raster_from(values.pop("raster", None)),
            categories=tuple(categories),
            **{name: value for name, value in values.items() if name in known},
        )
    except (TypeError, SketchPix2SeqError) as error:
        raise BundleError(f"`{file}` does not fit: {error}") from error
    problems = card.problems()
    problems += text_problems({"licence": card.licence, "attribution": card.attribution}, MAX_TEXT)
    facts = {"recipe": card.recipe, "data": card.data, "metrics": card.metrics}
    problems += object_problems(facts) or fact_problems(facts)
    if card.raster.size > MAX_PICTURE_SIZE:
        problems.append(f"`size` of the raster must be at most {MAX_PICTURE_SIZE}")
    problems += card.architecture.problems(card.raster.size, len(card.categories))
    if problems := problems or weight_problems(card.shapes()):
        raise BundleError(f"`{file}`: " + "; ".join(problems))
    return card


def to_json(card: Any) -> str:
    """Return a card as the text of its file: fields in their order, indented."""
    values = {
        item.name: value.to_dict() if item.name == "architecture" else _plain(value)
        for item in fields(card)
        for value in (getattr(card, item.name),)
    }
    return json.dumps(values, indent=2) + "\n"


def check_version(values: dict[str, Any], whose: str) -> None:
    """Refuse another version of the format.

    Args:
        values: Of a card.
        whose: A word for the error.

    Raises:
        BundleError: If it is another one.
    """
    version = values.get("format_version")
    if type(version) is not int or version != FORMAT_VERSION:
        raise BundleError(
            f"the {whose} bundle must be of format version {FORMAT_VERSION}",
            got=ascii(version)[:80],
            do="Export its run again: `sketch-pix2seq export RUN --out BUNDLE`.",
        )


def _plain(value: Any) -> Any:
    return vars(value) if isinstance(value, RasterSettings) else value
