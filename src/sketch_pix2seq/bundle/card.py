"""The cards `model.json` and `classifier.json`: their fields, and the checks of each value."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar, TypeVar

from sketch_pix2seq.bundle.architectures import (
    Architecture,
    AttentionArchitecture,
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
    MIN_SCALE,
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

AnyCard = TypeVar("AnyCard", bound="Card")


@dataclass(frozen=True, kw_only=True)
class Card(ABC):
    """What both cards say."""

    FILE: ClassVar[str]
    "Its name in a bundle."
    READ_ARCHITECTURE: ClassVar[Callable[[object], Any]]
    "Makes the networks' description of its JSON."

    format_version: int = FORMAT_VERSION
    "Version of the bundle's format."
    architecture: Any
    "Its networks and their sizes."
    categories: tuple[str, ...]
    "What it was trained on, in the order of the data set, and of class scores."
    raster: RasterSettings
    "How drawings become pictures."
    recipe: dict[str, Any] = field(default_factory=dict)
    "The whole recipe."
    data: dict[str, Any] = field(default_factory=dict)
    "The card of the data set."
    metrics: dict[str, Any] = field(default_factory=dict)
    "Figures measured when it was made; `rewarded_by` in older cards is not read."
    licence: str = "Apache-2.0"
    "Licence of the weights."
    attribution: str = ""
    "Authors of the training data."

    @abstractmethod
    def extra_problems(self) -> list[str]:
        """Check the fields that only this card has."""

    def shapes(self) -> Shapes:
        """Return the shapes of all weights by name."""
        shapes: Shapes = self.architecture.shapes(self.raster.size, len(self.categories))
        return shapes

    def to_json(self) -> str:
        """Return the text of its file: fields in their order, indented."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        values |= {"architecture": self.architecture.to_dict(), "raster": vars(self.raster)}
        return json.dumps(values, indent=2) + "\n"

    @classmethod
    def from_json(cls: type[AnyCard], text: str | bytes) -> AnyCard:
        """Read the text of its file.

        Raises:
            BundleError: Saying what is missing or does not fit.
        """
        values = read_object(text, cls.FILE)
        check_version(values, cls.FILE)
        names = {item.name for item in fields(cls)}
        if missing := [name for name in cls._needed() if name not in values]:
            raise BundleError(f"`{cls.FILE}` must hold `{missing[0]}`")
        try:
            categories = values.pop("categories", None)
            if problems := category_problems(categories, least=1):
                raise BundleError("; ".join(problems))
            card = cls(
                architecture=cls.READ_ARCHITECTURE(values.pop("architecture", None)),
                raster=raster_from(values.pop("raster", None)),
                categories=tuple(categories),
                **{name: value for name, value in values.items() if name in names},
            )
        except (TypeError, SketchPix2SeqError) as error:
            raise BundleError(f"`{cls.FILE}` does not fit: {error}") from error
        if problems := card._problems() or weight_problems(card.shapes()):
            raise BundleError(f"`{cls.FILE}`: " + "; ".join(problems))
        return card

    @classmethod
    def _needed(cls) -> list[str]:
        """Names of the fields without a default."""
        return [f.name for f in fields(cls) if f.default is f.default_factory is MISSING]

    def _problems(self) -> list[str]:
        problems = self.extra_problems()
        texts = {"licence": self.licence, "attribution": self.attribution}
        problems += text_problems(texts, MAX_TEXT)
        facts = {"recipe": self.recipe, "data": self.data, "metrics": self.metrics}
        problems += object_problems(facts) or fact_problems(facts)
        if self.raster.size > MAX_PICTURE_SIZE:
            problems.append(f"`size` of the raster must be at most {MAX_PICTURE_SIZE}")
        problems += self.architecture.problems(self.raster.size)
        return problems


@dataclass(frozen=True, kw_only=True)
class BundleCard(Card):
    """What `model.json` says."""

    FILE: ClassVar[str] = MODEL_FILE
    READ_ARCHITECTURE: ClassVar[Callable[[object], Any]] = staticmethod(architecture_from)

    architecture: Architecture
    name: str
    "Name of the recipe that made the model."
    offset_scale: float
    "Pixels (longest side of a drawing = 255) to one unit of the decoder's offsets."
    max_steps: int
    "Steps after which a drawing that has not ended is ended."
    temperature: float
    "Temperature that suits the model, used where none is given."

    def temperature_or(self, temperature: float | None) -> float:
        """Return a temperature; None: the one that suits the model."""
        return self.temperature if temperature is None else temperature

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
    def attends_to_picture(self) -> bool:
        """Whether the decoder learned to see the picture itself, not only its code."""
        return self._learned("shown", "partly")

    @property
    def takes_category(self) -> bool:
        """Whether the decoder learned to be given a category."""
        return self._learned("category")

    def _learned(self, *names: str) -> bool:
        """Whether one of these conditions occurred in training; all did if the recipe has none."""
        shares = self.recipe.get("conditions")
        occurred = shares is None or any(shares.get(name) for name in names)
        return isinstance(self.architecture, AttentionArchitecture) and occurred

    @property
    def oversampled(self) -> list[str]:
        """Categories that were oversampled in training, as the recipe says."""
        named = str(self.recipe.get("oversample") or self.recipe.get("focus") or "").split(",")
        return [name.strip() for name in named if name.strip()]

    def extra_problems(self) -> list[str]:
        """See `Card`."""
        problems = text_problems({"name": self.name}, MAX_NAME)
        if not (type(self.max_steps) is int and 0 < self.max_steps <= MAX_STEPS):
            problems.append(
                f"`max_steps` must be a whole number from 1 to {MAX_STEPS:,}, got "
                f"{ascii(self.max_steps)[:80]}"
            )
        limits = {"offset_scale": (MIN_SCALE, MAX_SCALE), "temperature": (0, MAX_TEMPERATURE)}
        for name, (least, most) in limits.items():
            value = getattr(self, name)
            if not is_number(value, least, most):
                rule = f"`{name}` must be a number from {least:g} to {most:,.0f}"
                problems.append(f"{rule}, got {ascii(value)[:80]}")
        return problems


@dataclass(frozen=True, kw_only=True)
class ClassifierCard(Card):
    """What `classifier.json` says."""

    FILE: ClassVar[str] = CLASSIFIER_FILE
    READ_ARCHITECTURE: ClassVar[Callable[[object], Any]] = staticmethod(classifier_from)

    architecture: ClassifierArchitecture

    @property
    def knows_mirror_images(self) -> bool:
        """Whether it learned from mirrored drawings as well, as its recipe says."""
        settings = self.recipe.get("augmentation")
        share = settings.get("flip") if isinstance(settings, dict) else None
        return isinstance(share, int | float) and share > 0

    def extra_problems(self) -> list[str]:
        """See `Card`."""
        return category_problems(self.categories, least=2)


def check_version(values: dict[str, Any], file: str) -> None:
    """Refuse another version of the format.

    Raises:
        BundleError: If it is another one.
    """
    version = values.get("format_version")
    if type(version) is not int or version != FORMAT_VERSION:
        whose = "classifier's" if file == CLASSIFIER_FILE else "model's"
        raise BundleError(
            f"the {whose} bundle must be of format version {FORMAT_VERSION}",
            got=ascii(version)[:80],
            do="Export its run again: `sketch-pix2seq export RUN --out BUNDLE`.",
        )
