"""The convolutions that encoder and classifier share: 3x3 pixels, group norm, SiLU; in numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.inference.layers import Convolution, Weights, float32_weight, group_norm, silu

PICTURES_AT_ONCE = 8
"""Pictures that go through the layers together: what is made of them stays in the cache."""


class NormedConvolutions:
    """Convolutions of 3x3 pixels, each with group norm and SiLU.

    Args:
        weights: By name: `layers.0.weight` and so on, as in `torch.nn.Sequential`.
        sizes: Channels in, channels out (a multiple of 8) and stride of each.

    Raises:
        BundleError: If a weight is missing or has another shape.
    """

    def __init__(
        self,
        weights: Weights,
        sizes: Sequence[tuple[int, int, int]],
    ) -> None:
        self._layers = []
        for index, (before, after, stride) in enumerate(sizes):
            convolution, norm = f"layers.{3 * index}", f"layers.{3 * index + 1}"
            kernels = float32_weight(weights, f"{convolution}.weight", (after, before, 3, 3))
            gain = float32_weight(weights, f"{norm}.weight", (after,))
            shift = float32_weight(weights, f"{norm}.bias", (after,))
            self._layers.append((Convolution(kernels, stride, padding=(1, 1)), gain, shift))

    def __call__(self, pictures: Float32[np.ndarray, "B H W 1"]) -> Float32[np.ndarray, "B _ _ C"]:
        """Compute all layers.

        Args:
            pictures: 1 = ink, 0 = paper.
        """
        features = pictures
        for convolution, gain, shift in self._layers:
            features = silu(group_norm(convolution(features), gain, shift))
        return features


def some_at_a_time(
    pictures: Float32[np.ndarray, "B 1 H W"],
) -> list[Float32[np.ndarray, "_ H W 1"]]:
    """Split pictures into as many arrays as go through convolutions one after the other.

    Args:
        pictures: Of one channel, which stands before the pixels.

    Returns:
        Up to `PICTURES_AT_ONCE` pictures in each, channels last.
    """
    last = pictures.reshape(len(pictures), *pictures.shape[2:], 1)
    starts = range(0, len(last), PICTURES_AT_ONCE)
    return [last[first : first + PICTURES_AT_ONCE] for first in starts]
