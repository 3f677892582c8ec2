"""The classifier of sketches. It was trained on human drawings by a recipe."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.bundle.classifier import (
    CLASSIFIER_WEIGHTS_FILE,
    ClassifierFiles,
    read_classifier,
)
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.arguments import checked_path
from sketch_pix2seq.inference.inputs import READ_AT_ONCE, Input, as_list, as_sketches
from sketch_pix2seq.inference.layers import (
    Linear,
    NormedConvolutions,
    Weights,
    float32_weight,
    some_at_a_time,
)
from sketch_pix2seq.processors import num_processors
from sketch_pix2seq.sketch.network_layout import CLASSIFIER_LAYERS, convolution_sizes
from sketch_pix2seq.sketch.raster import rasterise_batch

Part = TypeVar("Part")

COMPUTED_AT_ONCE = 64
"""Pictures in one call of the network; threads share the calls."""
MAX_SCORE = 1e6
"""Largest logit: no trained classifier comes near it."""


class ClassScores(NamedTuple):
    """Logits of the categories, and features of the last layer but one, for distances."""

    logits: Float32[np.ndarray, "N K"]
    features: Float32[np.ndarray, "N F"]


def in_parts(
    compute: Callable[[slice], Part], count: int, at_once: int, num_threads: int
) -> list[Part]:
    """Compute so many drawings a part at a time, in several threads if there are many parts."""
    parts = [slice(first, min(first + at_once, count)) for first in range(0, count, at_once)]
    workers = min(num_threads, len(parts))
    if workers < 2:
        return [compute(part) for part in parts]
    with ThreadPoolExecutor(workers, "classifier") as pool:
        return list(pool.map(compute, parts))


class ClassifierNetwork:
    """Convolutions of 3x3 pixels, group norm, SiLU, the mean over the picture, a linear layer.

    Gives for a picture alone the same as among others, and what `models/classifier.py` gives.

    Args:
        weights: By the names they have in training.
        num_categories: K.
        width: Channels of the first layer, a multiple of 8; the last has 8 times as many.
    """

    def __init__(self, weights: Weights, num_categories: int, width: int = 24) -> None:
        sizes = convolution_sizes(1, width, CLASSIFIER_LAYERS)
        num_features = sizes[-1][1]
        self._layers = NormedConvolutions(weights, sizes)
        self._head = Linear(
            float32_weight(weights, "head.weight", (num_categories, num_features)),
            float32_weight(weights, "head.bias", (num_categories,)),
        )
        self._none = np.zeros((0, num_features), np.float32)

    def __call__(
        self, pictures: Float32[np.ndarray, "B 1 H W"]
    ) -> tuple[Float32[np.ndarray, "B K"], Float32[np.ndarray, "B F"]]:
        """Return logits of the categories, and the features that they are made of."""
        means = [self._layers(some).mean(axis=(1, 2)) for some in some_at_a_time(pictures)]
        features = np.concatenate((self._none, *means))
        return self._head(features), features


class Classifier:
    """Classifies sketches.

    Make one with `Classifier.load`. Calls may be made from several threads.

    Args:
        files: Contents of the classifier files.
        num_threads: Threads of one call; None: as many as there are processors.

    Raises:
        BundleError: If its weights are not what its card says.
    """

    def __init__(self, files: ClassifierFiles, *, num_threads: int | None = None) -> None:
        self.card = files.card
        self.digest = files.digest
        "See `ClassifierFiles.digest`."
        self._num_threads = num_threads or num_processors()
        width = files.card.architecture.width
        self._network = ClassifierNetwork(files.weights, len(files.card.categories), width)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Classifier:
        """Load a classifier.

        Args:
            path: A folder or zip file that `sketch-pix2seq export` made of a run of the recipe
                `judge`, or a model's bundle with a classifier in it.

        Raises:
            BundleError: If there is none, or it is not whole.
        """
        return cls(read_classifier(checked_path("classifier", path)))

    def probabilities(self, inputs: Input | Sequence[Input]) -> Float32[np.ndarray, "N K"]:
        """Return how likely each category is, (N, K); rows sum to 1.

        Raises:
            DrawingError: If an input is no drawing.
            BundleError: If the class scores are not finite.
        """
        logits = self.scores(inputs).logits
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def categories(self, inputs: Input | Sequence[Input]) -> list[str]:
        """Return the likeliest category of each drawing; see `probabilities`."""
        likeliest = self.scores(inputs).logits.argmax(axis=1)
        return [self.card.categories[index] for index in likeliest]

    def scores(self, inputs: Input | Sequence[Input]) -> ClassScores:
        """Return all that the network computes; see `probabilities`."""
        sketches = as_sketches(as_list(inputs)[0])
        parts = [
            self.scores_of(
                rasterise_batch(sketches[first : first + READ_AT_ONCE], self.card.raster)
            )
            for first in range(0, max(len(sketches), 1), READ_AT_ONCE)
        ]
        return ClassScores(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def scores_of(self, pictures: Float32[np.ndarray, "N 1 H W"]) -> ClassScores:
        """Return what the network computes of pictures, drawn as the card says; 1 = ink."""
        parts = in_parts(
            lambda part: self._compute(pictures[part]),
            max(len(pictures), 1),
            COMPUTED_AT_ONCE,
            self._num_threads,
        )
        logits, features = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return ClassScores(logits, features)

    def _compute(self, pictures: Float32[np.ndarray, "M 1 H W"]) -> tuple[np.ndarray, np.ndarray]:
        with np.errstate(all="ignore"):  # what comes out is checked
            logits, features = self._network(pictures)
            if not (np.abs(logits) <= MAX_SCORE).all():
                raise BundleError(
                    f"`{CLASSIFIER_WEIGHTS_FILE}` of the bundle gives class scores that are not "
                    "finite, or too large",
                    do="Train it with a smaller learning rate, or use another one.",
                )
        return logits, features
