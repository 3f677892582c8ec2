"""The classifier: what it is, and its weights. It says what pictures of drawings show.

    classifier.json         what it is: see `ClassifierCard`
    classifier.safetensors  its weights
    README.md               model card

A folder of its own, or that folder zipped; a model's bundle may hold the first two as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sketch_pix2seq.bundle.architectures import ClassifierArchitecture, made, weight_problems
from sketch_pix2seq.bundle.card import FORMAT_VERSION, check_version, to_json
from sketch_pix2seq.bundle.facts import fact_problems
from sketch_pix2seq.bundle.files import lacks, read_files
from sketch_pix2seq.bundle.json_values import (
    category_problems,
    object_problems,
    raster_from,
    read_object,
    text_problems,
)
from sketch_pix2seq.bundle.limits import MAX_PICTURE_SIZE, MAX_TEXT
from sketch_pix2seq.bundle.weights import read_weights
from sketch_pix2seq.errors import BundleError, SketchPix2SeqError
from sketch_pix2seq.sketch.raster import RasterSettings

CLASSIFIER_FILE = "classifier.json"
CLASSIFIER_WEIGHTS_FILE = "classifier.safetensors"
_FORMAT_1_FILE = "judge.json"


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

    def to_json(self) -> str:
        """Return the text of `classifier.json`."""
        return to_json(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> ClassifierCard:
        """Read the text of `classifier.json`.

        Raises:
            BundleError: Saying what is missing or does not fit.
        """
        values = read_object(text, CLASSIFIER_FILE)
        check_version(values, "classifier's")
        objects: dict[str, Any] = {
            name: values.get(name, {}) for name in ("recipe", "data", "metrics")
        }
        texts: dict[str, Any] = {name: values.get(name, "") for name in ("licence", "attribution")}
        try:
            raster = raster_from(values.get("raster"))
            sizes = values.get("architecture")
            if not isinstance(sizes, dict):
                raise BundleError("`architecture` must be an object")
            architecture: ClassifierArchitecture = made(ClassifierArchitecture, sizes)
        except (TypeError, SketchPix2SeqError) as error:
            raise BundleError(f"`{CLASSIFIER_FILE}` does not fit: {error}") from error
        categories: Any = values.get("categories")
        problems = category_problems(categories, least=2)
        problems += object_problems(objects) or fact_problems(objects)
        problems += text_problems(texts, MAX_TEXT)
        if raster.size > MAX_PICTURE_SIZE:
            problems.append(f"`size` of the raster must be at most {MAX_PICTURE_SIZE}")
        problems += architecture.problems(raster.size)
        if not problems:
            problems = weight_problems(architecture.shapes(len(categories)))
        if problems:
            raise BundleError(f"`{CLASSIFIER_FILE}`: " + "; ".join(problems))
        return cls(
            architecture=architecture,
            categories=tuple(categories),
            raster=raster,
            **objects,
            **texts,
        )


@dataclass(frozen=True)
class ClassifierFiles:
    """A classifier as read from disk, from a folder of its own or a model's bundle.

    Args:
        card: What it is.
        weights: Content of `classifier.safetensors`.
    """

    card: ClassifierCard
    weights: bytes

    @cached_property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """The weights by name.

        Raises:
            BundleError: If they are not what the card says.
        """
        shapes = self.card.architecture.shapes(len(self.card.categories))
        return read_weights(self.weights, CLASSIFIER_WEIGHTS_FILE, shapes)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what it is."""
        return hashlib.sha256(self.card.to_json().encode() + self.weights).hexdigest()

    @classmethod
    def from_files(cls, path: Path, files: Mapping[str, bytes]) -> ClassifierFiles | None:
        """Take it out of the files of a folder.

        Args:
            path: Of the folder, for the error.
            files: Content by name.

        Returns:
            The classifier, its weights checked; None if there is none.

        Raises:
            BundleError: If one of its files is missing or does not fit.
        """
        names = (CLASSIFIER_FILE, CLASSIFIER_WEIGHTS_FILE)
        missing = [name for name in names if name not in files]
        if len(missing) == len(names):
            return None
        if missing:
            raise lacks(path, missing)
        classifier = cls(
            ClassifierCard.from_json(files[CLASSIFIER_FILE]), files[CLASSIFIER_WEIGHTS_FILE]
        )
        _ = classifier.arrays
        return classifier


def read_classifier(path: Path) -> ClassifierFiles:
    """Read an exported classifier, or the one that a model's bundle holds.

    Raises:
        BundleError: If there is none, or it is not what its card says.
    """
    files = read_files(path, (CLASSIFIER_FILE, CLASSIFIER_WEIGHTS_FILE, _FORMAT_1_FILE))
    classifier = ClassifierFiles.from_files(path, files)
    if classifier is None:
        if _FORMAT_1_FILE in files:
            check_version({"format_version": 1}, "classifier's")
        raise lacks(path, [CLASSIFIER_FILE, CLASSIFIER_WEIGHTS_FILE])
    return classifier
