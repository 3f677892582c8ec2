"""From a drawing to its latent code: the encoders of `models/encoders.py`, in numpy.

Each is made of the weights that training gave it, under the same names, and gives what the torch
module gives. The code of a drawing is the same whatever other drawings are encoded with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.inference.convolutions import NormedConvolutions, some_at_a_time
from sketch_pix2seq.inference.layers import (
    Convolution,
    Linear,
    Weights,
    flat_last,
    float32_weight,
    lstm_cell,
)
from sketch_pix2seq.sketch.pen import PEN, PEN_END, STROKE5_DIM

DRAWINGS_AT_ONCE = 64
"""Drawings whose strokes are read together."""


class PaperEncoder:
    """The paper's encoder: a high-pass filter and six convolutions of 2x2 pixels.

    Args:
        weights: By name, without the prefix `encoder.`.
        latent_dim: Z.
        picture_size: Side of the square picture in pixels; a multiple of 8.

    Raises:
        BundleError: If a weight is missing or has another shape.

    Source: see `models/encoders.py`.
    """

    # depth, stride of each convolution
    LAYERS = ((4, 2), (4, 1), (8, 2), (8, 1), (8, 2), (8, 1))

    def __init__(
        self,
        weights: Weights,
        latent_dim: int,
        picture_size: int = 48,
    ) -> None:
        kernel = np.full((1, 1, 3, 3), -1, np.float32)
        kernel[0, 0, 1, 1] = 8
        self._high_pass = Convolution(kernel, padding=(1, 1))
        depths = (1, *(depth for depth, _ in self.LAYERS))
        self._convolutions = []
        for index, (before, depth) in enumerate(pairwise(depths)):
            kernels = float32_weight(weights, f"convolutions.{index}.weight", (depth, before, 2, 2))
            stride = self.LAYERS[index][1]
            padding = (0, 1) if stride == 1 else (0, 0)  # "same" with an even kernel
            self._convolutions.append(Convolution(kernels, stride, padding))
        self._head = _LatentHead(weights, latent_dim, depths[-1], picture_size // 8)

    def __call__(self, pictures: Float32[np.ndarray, "B 1 H W"]) -> Float32[np.ndarray, "B Z"]:
        """Encode pictures.

        Args:
            pictures: 1 = ink, 0 = paper.

        Returns:
            Means of the codes.
        """
        return self.encode(pictures)[0]

    def encode(
        self, pictures: Float32[np.ndarray, "B 1 H W"]
    ) -> tuple[Float32[np.ndarray, "B Z"], Float32[np.ndarray, "B Z"]]:
        """Encode pictures.

        Args:
            pictures: 1 = ink, 0 = paper.

        Returns:
            Means and log variances of the codes.
        """
        return self._head([self._features(some) for some in some_at_a_time(pictures)])

    def _features(self, pictures: Float32[np.ndarray, "B H W 1"]) -> Float32[np.ndarray, "B F"]:
        features: Float32[np.ndarray, "B _ _ _"] = self._high_pass(pictures)
        for convolution in self._convolutions[:-1]:
            features = np.maximum(convolution(features), np.float32(0))
        features = np.tanh(self._convolutions[-1](features))
        return features.reshape(len(pictures), -1)


class ConvEncoder:
    """The encoder of our own: convolutions of 3x3 pixels, group norm, SiLU.

    Args:
        weights: By name, without the prefix `encoder.`.
        latent_dim: Z.
        width: Channels of the first layer; the last has 4 times as many.
        picture_size: Side of the square picture in pixels; a multiple of 16.

    Raises:
        BundleError: If a weight is missing or has another shape.
    """

    def __init__(
        self,
        weights: Weights,
        latent_dim: int,
        width: int = 24,
        picture_size: int = 48,
    ) -> None:
        sizes = (
            (1, width, 2),
            (width, 2 * width, 2),
            (2 * width, 2 * width, 1),
            (2 * width, 4 * width, 2),
            (4 * width, 4 * width, 2),
        )
        self._layers = NormedConvolutions(weights, sizes)
        self._head = _LatentHead(weights, latent_dim, 4 * width, picture_size // 16)

    def __call__(self, pictures: Float32[np.ndarray, "B 1 H W"]) -> Float32[np.ndarray, "B Z"]:
        """Encode pictures.

        Args:
            pictures: 1 = ink, 0 = paper.

        Returns:
            Means of the codes.
        """
        return self.encode(pictures)[0]

    def encode(
        self, pictures: Float32[np.ndarray, "B 1 H W"]
    ) -> tuple[Float32[np.ndarray, "B Z"], Float32[np.ndarray, "B Z"]]:
        """Encode pictures.

        Args:
            pictures: 1 = ink, 0 = paper.

        Returns:
            Means and log variances of the codes.
        """
        some_features = [self._layers(some) for some in some_at_a_time(pictures)]
        return self._head([features.reshape(len(features), -1) for features in some_features])


class RNNEncoder:
    """sketch-rnn's encoder: an LSTM reads the strokes forwards, another one backwards.

    Args:
        weights: By name, without the prefix `encoder.`.
        latent_dim: Z.
        size: H, hidden units of each LSTM.

    Raises:
        BundleError: If a weight is missing or has another shape.

    Source: see `models/encoders.py`.
    """

    def __init__(
        self,
        weights: Weights,
        latent_dim: int,
        size: int = 256,
    ) -> None:
        self._size = size
        self._forwards, self._backwards = (
            Linear(
                float32_weight(weights, name, (4 * size, STROKE5_DIM + size)),
                float32_weight(weights, f"{name}_bias", (4 * size,)),
            )
            for name in ("forwards", "backwards")
        )
        self._head = _LatentHead(weights, latent_dim, 2 * size, 1)

    def __call__(self, steps: Float32[np.ndarray, "B T 5"]) -> Float32[np.ndarray, "B Z"]:
        """Encode drawings; see `encode`.

        Returns:
            Means of the codes.
        """
        return self.encode(steps)[0]

    def encode(
        self, steps: Float32[np.ndarray, "B T 5"]
    ) -> tuple[Float32[np.ndarray, "B Z"], Float32[np.ndarray, "B Z"]]:
        """Encode drawings.

        Args:
            steps: Stroke-5 rows without the start step, padded with end rows. The end rows are
                not read, but for the first of an empty drawing.

        Returns:
            Means and log variances of the codes.
        """
        is_end = steps[:, :, PEN.start + PEN_END] > 0
        lengths = np.maximum((~is_end).sum(axis=1), 1)
        order = np.argsort(-lengths, kind="stable")  # the longest first
        features = np.empty((len(steps), 2 * self._size), np.float32)
        for first in range(0, len(steps), DRAWINGS_AT_ONCE):
            some = order[first : first + DRAWINGS_AT_ONCE]
            features[some] = self._features(steps[some], lengths[some])
        return self._head([features])

    def _features(
        self, steps: Float32[np.ndarray, "B T 5"], lengths: Int64[np.ndarray, "B"]
    ) -> Float32[np.ndarray, "B F"]:
        """Last hidden states of both LSTMs; the drawings stand longest first."""
        drawings = np.arange(len(steps))
        hidden, cell = np.zeros((2, 2, len(steps), self._size), np.float32)
        for step in range(int(lengths[0])):
            count = int((lengths > step).sum())
            ahead = steps[:count, step]
            back = steps[drawings[:count], lengths[:count] - 1 - step]
            for direction, layer, rows in (
                (0, self._forwards, ahead),
                (1, self._backwards, back),
            ):
                gates = layer(rows, hidden[direction, :count])
                lstm_cell(gates, hidden[direction, :count], cell[direction, :count])
        return np.concatenate((hidden[0], hidden[1]), axis=1)


class _LatentHead:
    """Two fully connected layers: mean and log variance."""

    def __init__(
        self,
        weights: Weights,
        latent_dim: int,
        num_channels: int,
        side: int,
    ) -> None:
        num_features = num_channels * side**2
        self._mean, self._log_var = (
            Linear(
                flat_last(
                    float32_weight(weights, f"head.{name}.weight", (latent_dim, num_features)),
                    num_channels,
                ),
                float32_weight(weights, f"head.{name}.bias", (latent_dim,)),
            )
            for name in ("mean", "log_var")
        )
        self._none = np.zeros((0, num_features), np.float32)

    def __call__(
        self, features: Sequence[Float32[np.ndarray, "_ F"]]
    ) -> tuple[Float32[np.ndarray, "B Z"], Float32[np.ndarray, "B Z"]]:
        joined = np.concatenate((self._none, *features))
        return self._mean(joined), self._log_var(joined)
