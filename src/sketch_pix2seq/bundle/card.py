"""What `model.json` says, and what it must not say."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any

from sketch_pix2seq.bundle.architectures import (
    Architecture,
    Shapes,
    architecture_from,
    weight_problems,
)
from sketch_pix2seq.bundle.facts import fact_problems
from sketch_pix2seq.bundle.json_values import (
    category_problems,
    is_number,
    object_problems,
    raster_from,
    read_object,
    text_problems,
)
from sketch_pix2seq.bundle.limits import (
    MAX_NAME,
    MAX_PICTURE_SIZE,
    MAX_SCALE,
    MAX_STEPS,
    MAX_TEMPERATURE,
    MAX_TEXT,
)
from sketch_pix2seq.errors import BundleError, SketchPix2SeqError
from sketch_pix2seq.sketch.raster import RasterSettings

FORMAT_VERSION = 2
MODEL_FILE = "model.json"


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
        values = read_object(text, MODEL_FILE)
        check_version(values, "model's")
        known = {item.name for item in fields(cls)}
        try:
            card = cls(
                architecture=architecture_from(values.pop("architecture", None)),
                raster=raster_from(values.pop("raster", None)),
                categories=_checked_categories(values.pop("categories", None)),
                **{name: value for name, value in values.items() if name in known},
            )
        except (TypeError, SketchPix2SeqError) as error:
            raise BundleError(f"`{MODEL_FILE}` does not fit: {error}") from error
        card._check()
        return card

    def _check(self) -> None:
        problems = text_problems({"name": self.name}, MAX_NAME)
        problems += text_problems(
            {"licence": self.licence, "attribution": self.attribution}, MAX_TEXT
        )
        facts = {"recipe": self.recipe, "data": self.data, "metrics": self.metrics}
        problems += object_problems(facts) or fact_problems(facts)
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
        if self.raster.size > MAX_PICTURE_SIZE:
            problems.append(f"`size` of the raster must be at most {MAX_PICTURE_SIZE}")
        problems += self.architecture.problems(self.raster.size, len(self.categories))
        if problems := problems or weight_problems(self.shapes()):
            raise BundleError(f"`{MODEL_FILE}`: " + "; ".join(problems))


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


def _checked_categories(categories: object) -> tuple[str, ...]:
    if problems := category_problems(categories, least=1):
        raise BundleError("; ".join(problems))
    assert isinstance(categories, list)
    return tuple(categories)
