"""`default` in the place of a path: the model in the package, and its classifier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sketch_pix2seq.errors import BundleError

if TYPE_CHECKING:
    from sketch_pix2seq.bundle.bundle import Bundle
    from sketch_pix2seq.bundle.classifier import ClassifierFiles


def model_at(place: Path | None) -> Path | None:
    """Return the path of a model; None: the one in the package."""
    return None if place is None or _is_default(place) else place


def bundle_at(place: Path) -> Bundle:
    """Read a bundle, or the one in the package."""
    from sketch_pix2seq.bundle.bundle import Bundle

    return Bundle.default() if _is_default(place) else Bundle.open(place)


def classifier_at(place: Path) -> ClassifierFiles:
    """Read an exported classifier, or the one that a model's bundle holds."""
    from sketch_pix2seq.bundle.bundle import Bundle
    from sketch_pix2seq.bundle.classifier import read_classifier

    if not _is_default(place):
        return read_classifier(place)
    classifier = Bundle.default().classifier
    if classifier is None:
        raise BundleError("the model in the package holds no classifier")
    return classifier


def _is_default(place: Path) -> bool:
    """Whether the model in the package is meant."""
    return place == Path("default") and not place.exists()
