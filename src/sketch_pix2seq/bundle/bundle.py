"""A bundle, read whole and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np

from sketch_pix2seq.bundle.card import CLASSIFIER_FILE, MODEL_FILE, BundleCard
from sketch_pix2seq.bundle.classifier import CLASSIFIER_WEIGHTS_FILE, ClassifierFiles
from sketch_pix2seq.bundle.files import lacks, read_files
from sketch_pix2seq.bundle.gallery import GALLERY_FILE, Gallery
from sketch_pix2seq.bundle.latents import LATENTS_FILE, LatentGaussians
from sketch_pix2seq.bundle.weights import read_weights

WEIGHTS_FILE = "weights.safetensors"
README_FILE = "README.md"


@dataclass(frozen=True)
class Bundle:
    """A model as read from disk.

    Example:
        >>> Bundle.default().card.raster.size
        64
    """

    card: BundleCard
    weights: bytes
    "Content of `weights.safetensors`."
    latents: bytes | None = None
    "How latent codes are distributed; it may be missing."
    gallery: bytes | None = None
    "Human drawings and their places on a map; it may be missing."
    classifier: ClassifierFiles | None = None
    "What classifies pictures; it may be missing."

    @cached_property
    def arrays(self) -> Mapping[str, np.ndarray]:
        """The weights by the names that they have in training.

        Raises:
            BundleError: If they are not what the card says.
        """
        return read_weights(self.weights, WEIGHTS_FILE, self.card.shapes())

    @cached_property
    def latent_gaussians(self) -> LatentGaussians | None:
        """How latent codes are distributed.

        Raises:
            BundleError: If it does not fit the model.
        """
        if self.latents is None:
            return None
        sizes = len(self.card.categories), self.card.latent_dim
        return LatentGaussians.from_bytes(self.latents, *sizes)

    @cached_property
    def gallery_items(self) -> Gallery | None:
        """Human drawings and their places on a map.

        Raises:
            BundleError: If a line is not a gallery item.
        """
        return None if self.gallery is None else Gallery.from_bytes(self.gallery)

    @property
    def files(self) -> dict[str, bytes]:
        """The files of its folder by name, without those that only people read."""
        found = {
            MODEL_FILE: self.card.to_json().encode(),
            WEIGHTS_FILE: self.weights,
            LATENTS_FILE: self.latents,
            GALLERY_FILE: self.gallery,
        }
        if self.classifier is not None:
            found[CLASSIFIER_FILE] = self.classifier.card.to_json().encode()
            found[CLASSIFIER_WEIGHTS_FILE] = self.classifier.weights
        return {name: content for name, content in found.items() if content is not None}

    @classmethod
    def open(cls, path: Path) -> Bundle:
        """Read a bundle, a folder or a zip file.

        Raises:
            BundleError: If it is not there, lacks a file, is of another version or is not what
                its card says. The gallery is checked when it is first used.
        """
        names = (MODEL_FILE, WEIGHTS_FILE, LATENTS_FILE, GALLERY_FILE)
        files = read_files(path, (*names, CLASSIFIER_FILE, CLASSIFIER_WEIGHTS_FILE))
        if MODEL_FILE not in files:
            raise lacks(path, [MODEL_FILE])
        card = BundleCard.from_json(files[MODEL_FILE])
        if WEIGHTS_FILE not in files:
            raise lacks(path, [WEIGHTS_FILE])
        bundle = cls(
            card,
            files[WEIGHTS_FILE],
            files.get(LATENTS_FILE),
            files.get(GALLERY_FILE),
            ClassifierFiles.from_files(path, files),
        )
        bundle._validate()
        return bundle

    def _validate(self) -> None:
        """Read all but the gallery, so that each check runs."""
        _ = self.arrays, self.latent_gaussians

    @classmethod
    def default(cls) -> Bundle:
        """Read the model that comes with the package."""
        place = resources.files("sketch_pix2seq").joinpath("bundles", "default")
        with resources.as_file(place) as folder:
            return cls.open(folder)
