"""A bundle. All but the gallery is checked when it is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np

from sketch_pix2seq.bundle.card import CLASSIFIER_FILE, MODEL_FILE, BundleCard
from sketch_pix2seq.bundle.classifier import CLASSIFIER_WEIGHTS_FILE, ClassifierFiles
from sketch_pix2seq.bundle.files import missing_files_error, read_files
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
    weights_file: bytes
    "Content of `weights.safetensors`."
    latents_file: bytes | None = None
    "Content of `latents.safetensors`, if there is one."
    gallery_file: bytes | None = None
    "Content of `gallery.ndjson`, if there is one."
    classifier: ClassifierFiles | None = None
    "The classifier of pictures, if there is one."

    @cached_property
    def weights(self) -> Mapping[str, np.ndarray]:
        """The weights by the names that they have in training.

        Raises:
            BundleError: If they are not what the card says.
        """
        return read_weights(self.weights_file, WEIGHTS_FILE, self.card.shapes())

    @cached_property
    def latents(self) -> LatentGaussians | None:
        """The distribution of latent codes.

        Raises:
            BundleError: If it does not fit the model.
        """
        if self.latents_file is None:
            return None
        sizes = len(self.card.categories), self.card.latent_dim
        return LatentGaussians.from_bytes(self.latents_file, *sizes)

    @cached_property
    def gallery(self) -> Gallery | None:
        """Human drawings and their positions on a map.

        Raises:
            BundleError: If a line is not a gallery item.
        """
        return None if self.gallery_file is None else Gallery.from_bytes(self.gallery_file)

    @property
    def files(self) -> dict[str, bytes]:
        """The files of its folder by name, without those that only people read."""
        files = {
            MODEL_FILE: self.card.to_json().encode(),
            WEIGHTS_FILE: self.weights_file,
            LATENTS_FILE: self.latents_file,
            GALLERY_FILE: self.gallery_file,
        }
        if self.classifier is not None:
            files[CLASSIFIER_FILE] = self.classifier.card.to_json().encode()
            files[CLASSIFIER_WEIGHTS_FILE] = self.classifier.weights_file
        return {name: content for name, content in files.items() if content is not None}

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
            raise missing_files_error(path, [MODEL_FILE])
        card = BundleCard.from_json(files[MODEL_FILE])
        if WEIGHTS_FILE not in files:
            raise missing_files_error(path, [WEIGHTS_FILE])
        bundle = cls(
            card,
            files[WEIGHTS_FILE],
            files.get(LATENTS_FILE),
            files.get(GALLERY_FILE),
            ClassifierFiles.from_files(path, files),
        )
        _ = bundle.weights, bundle.latents  # runs their checks
        return bundle

    @classmethod
    def default(cls) -> Bundle:
        """Read the model that comes with the package."""
        bundled = resources.files("sketch_pix2seq").joinpath("bundles", "default")
        with resources.as_file(bundled) as folder:
            return cls.open(folder)
