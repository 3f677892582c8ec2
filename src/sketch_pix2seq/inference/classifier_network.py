"""The classifier's network: pictures to logits of the categories and features, in numpy.

It is made of the weights that training gave it, under the same names, and gives what the torch
module `models/classifier.py` gives, for a picture alone the same as among others.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.inference.convolutions import NormedConvolutions, some_at_a_time
from sketch_pix2seq.inference.layers import Linear, Weights, float32_weight


class ClassifierNetwork:
    """Convolutions of 3x3 pixels, group norm, SiLU, the mean over the picture, a linear layer.

    Args:
        weights: By the names they have in training.
        num_categories: K.
        width: Channels of the first layer, a multiple of 8; the last has 8 times as many.

    Raises:
        BundleError: If a weight is missing or has another shape.
    """

    def __init__(
        self,
        weights: Weights,
        num_categories: int,
        width: int = 24,
    ) -> None:
        sizes = (
            (1, width, 1),
            (width, 2 * width, 2),
            (2 * width, 2 * width, 1),
            (2 * width, 4 * width, 2),
            (4 * width, 4 * width, 1),
            (4 * width, 8 * width, 2),
        )
        self._layers = NormedConvolutions(weights, sizes)
        self._head = Linear(
            float32_weight(weights, "head.weight", (num_categories, 8 * width)),
            float32_weight(weights, "head.bias", (num_categories,)),
        )
        self._none = np.zeros((0, 8 * width), np.float32)

    def __call__(
        self, pictures: Float32[np.ndarray, "B 1 H W"]
    ) -> tuple[Float32[np.ndarray, "B K"], Float32[np.ndarray, "B F"]]:
        """Classify pictures.

        Args:
            pictures: 1 = ink, 0 = paper.

        Returns:
            Logits of the categories, and the features that they are made of.
        """
        means = [self._layers(some).mean(axis=(1, 2)) for some in some_at_a_time(pictures)]
        features = np.concatenate((self._none, *means))
        return self._head(features), features
