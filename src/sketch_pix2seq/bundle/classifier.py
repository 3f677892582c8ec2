"""The classifier of pictures of drawings: its card and its weights.

    classifier.json         what it is: see `ClassifierCard`
    classifier.safetensors  its weights
    README.md               model card

A folder of its own, or that folder zipped; a model's bundle may hold the first two as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from sketch_pix2seq.bundle.card import CLASSIFIER_FILE, ClassifierCard, check_version
from sketch_pix2seq.bundle.files import missing_files_error, read_files
from sketch_pix2seq.bundle.weights import read_weights

CLASSIFIER_WEIGHTS_FILE = "classifier.safetensors"
_FORMAT_1_FILE = "judge.json"


@dataclass(frozen=True)
class ClassifierFiles:
    """A classifier as read from disk, from a folder of its own or a model's bundle.

    Args:
        card: Content of `classifier.json`.
        weights_file: Content of `classifier.safetensors`.
    """

    card: ClassifierCard
    weights_file: bytes

    @cached_property
    def weights(self) -> Mapping[str, np.ndarray]:
        """The weights by name.

        Raises:
            BundleError: If they are not what the card says.
        """
        return read_weights(self.weights_file, CLASSIFIER_WEIGHTS_FILE, self.card.shapes())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of card and weights."""
        return hashlib.sha256(self.card.to_json().encode() + self.weights_file).hexdigest()

    @classmethod
    def from_files(cls, path: Path, files: Mapping[str, bytes]) -> ClassifierFiles | None:
        """Read the classifier from the files of a folder; None if they hold none.

        Returns:
            The classifier, its weights checked; None without one.

        Raises:
            BundleError: If one of its files is missing or does not fit.
        """
        names = (CLASSIFIER_FILE, CLASSIFIER_WEIGHTS_FILE)
        missing = [name for name in names if name not in files]
        if len(missing) == len(names):
            return None
        if missing:
            raise missing_files_error(path, missing)
        classifier = cls(
            ClassifierCard.from_json(files[CLASSIFIER_FILE]), files[CLASSIFIER_WEIGHTS_FILE]
        )
        _ = classifier.weights  # runs their checks
        return classifier


def read_classifier(path: Path) -> ClassifierFiles:
    """Read an exported classifier, or the one that a model's bundle holds.

    Raises:
        BundleError: If there is no classifier, or it is not what its card says.
    """
    files = read_files(path, (CLASSIFIER_FILE, CLASSIFIER_WEIGHTS_FILE, _FORMAT_1_FILE))
    classifier = ClassifierFiles.from_files(path, files)
    if classifier is None:
        if _FORMAT_1_FILE in files:
            check_version({"format_version": 1}, CLASSIFIER_FILE)
        raise missing_files_error(path, [CLASSIFIER_FILE, CLASSIFIER_WEIGHTS_FILE])
    return classifier
