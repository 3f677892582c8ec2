"""From a drawing to its latent code: the encoders of `models/encoders.py`, in numpy.

Each is made of the weights that training gave it, under the same names without the prefix
`encoder.`, and gives the mean that the torch module gives. The code of a drawing is the same
whatever other drawings are encoded with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.inference.layers import (
    Convolution,
    Linear,
    NormedConvolutions,
    Weights,
    flat_last,
    float32_weight,
    lstm_cell,
    some_at_a_time,
)
from sketch_pix2seq.sketch.network_layout import (
    CONV_LAYERS,
    GRID_LAYERS,
    PAPER_LAYERS,
    SUMMARY_LAYERS,
    convolution_sizes,
    total_stride,
)
from sketch_pix2seq.sketch.pen import PEN, PEN_END, STROKE5_DIM

DRAWINGS_AT_ONCE = 64
"""Drawings whose strokes are read together."""


class PaperEncoder:
    """The paper's encoder: a high-pass filter and six convolutions of 2x2 pixels.

    Args:
        weights: By name.
        latent_dim: Z.
        picture_size: Side of the square picture in pixels; a multiple of 8.

    *Source*: see `models/encoders.py`.
    """

    def __init__(self, weights: Weights, latent_dim: int, picture_size: int = 48) -> None:
        kernel = np.full((1, 1, 3, 3), -1, np.float32)
        kernel[0, 0, 1, 1] = 8
        self._high_pass = Convolution(kernel, padding=(1, 1))
        self._convolutions = []
        for index, (before, after, stride) in enumerate(convolution_sizes(1, 1, PAPER_LAYERS)):
            kernels = float32_weight(weights, f"convolutions.{index}.weight", (after, before, 2, 2))
            padding = (0, 1) if stride == 1 else (0, 0)  # "same" with an even kernel
            self._convolutions.append(Convolution(kernels, stride, padding))
        side = picture_size // total_stride(PAPER_LAYERS)
        self._head = _LatentHead(weights, latent_dim, PAPER_LAYERS[-1][0], side)

    def __call__(self, pictures: Float32[np.ndarray, "B 1 H W"]) -> Float32[np.ndarray, "B Z"]:
        """Return the codes of pictures, 1 = ink, 0 = paper."""
        return self._head([self._features(some) for some in some_at_a_time(pictures)])

    def _features(self, pictures: Float32[np.ndarray, "B H W 1"]) -> Float32[np.ndarray, "B F"]:
        features: Float32[np.ndarray, "B _ _ _"] = self._high_pass(pictures)
        for convolution in self._convolutions[:-1]:
            features = np.maximum(convolution(features), np.float32(0))
        features = np.tanh(self._convolutions[-1](features))
        return features.reshape(len(pictures), -1)


class ConvEncoder:
    """Our encoder: convolutions of 3x3 pixels, group norm, SiLU.

    Args:
        weights: By name.
        latent_dim: Z.
        width: Channels of the first layer; the last has 4 times as many.
        picture_size: Side of the square picture in pixels; a multiple of 16.
    """

    def __init__(
        self, weights: Weights, latent_dim: int, width: int = 24, picture_size: int = 48
    ) -> None:
        sizes = convolution_sizes(1, width, CONV_LAYERS)
        self._layers = NormedConvolutions(weights, sizes)
        side = picture_size // total_stride(CONV_LAYERS)
        self._head = _LatentHead(weights, latent_dim, sizes[-1][1], side)

    def __call__(self, pictures: Float32[np.ndarray, "B 1 H W"]) -> Float32[np.ndarray, "B Z"]:
        """Return the codes of pictures, 1 = ink, 0 = paper."""
        some_features = [self._layers(some) for some in some_at_a_time(pictures)]
        return self._head([features.reshape(len(features), -1) for features in some_features])


class GridEncoder:
    """The encoder of the `attention` model: from pictures to grids of tokens, and to codes.

    Args:
        weights: By name.
        latent_dim: Z.
        width: Channels of the first layer; the grid has C = 4 times as many.
        picture_size: Side of the square picture; a multiple of 16. The grid's is an eighth.
    """

    def __init__(self, weights: Weights, latent_dim: int, width: int, picture_size: int) -> None:
        sizes = convolution_sizes(2, width, GRID_LAYERS)
        channels = sizes[-1][1]
        summary_sizes = convolution_sizes(channels, width, SUMMARY_LAYERS)
        self._layers = NormedConvolutions(weights, sizes)
        self._summary = NormedConvolutions(weights, summary_sizes, name="summary")
        side = picture_size // total_stride((*GRID_LAYERS, *SUMMARY_LAYERS))
        self._head = _LatentHead(weights, latent_dim, channels, side)

    def grids(
        self,
        pictures: Float32[np.ndarray, "B 1 H W"],
        visible: Float32[np.ndarray, "B 1 H W"] | None = None,
    ) -> Float32[np.ndarray, "B G G C"]:
        """Grids of pictures.

        Args:
            pictures: 1 = ink, 0 = paper.
            visible: 1 where a picture is visible; None: everywhere.
        """
        mask = np.ones_like(pictures) if visible is None else visible
        channels = np.concatenate((pictures * mask, mask), axis=1)
        return np.concatenate([self._layers(some) for some in some_at_a_time(channels)])

    def codes(self, grids: Float32[np.ndarray, "B G G C"]) -> Float32[np.ndarray, "B Z"]:
        """Codes of wholly visible pictures, from their grids."""
        features = self._summary(grids)
        return self._head([features.reshape(len(features), -1)])


class RNNEncoder:
    """sketch-rnn's encoder: an LSTM reads the strokes forwards, another one backwards.

    Args:
        weights: By name.
        latent_dim: Z.
        size: H, hidden units of each LSTM.

    *Source*: see `models/encoders.py`.
    """

    def __init__(self, weights: Weights, latent_dim: int, size: int = 256) -> None:
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
        """Return the codes of drawings.

        Args:
            steps: Stroke-5 rows without the start step, padded with end rows. The end rows are
                not read, but for the first of an empty drawing.
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
            for direction, layer, rows in ((0, self._forwards, ahead), (1, self._backwards, back)):
                gates = layer(rows, hidden[direction, :count])
                lstm_cell(gates, hidden[direction, :count], cell[direction, :count])
        return np.concatenate((hidden[0], hidden[1]), axis=1)


class _LatentHead:
    def __init__(self, weights: Weights, latent_dim: int, num_channels: int, side: int) -> None:
        num_features = num_channels * side**2
        weight = float32_weight(weights, "head.mean.weight", (latent_dim, num_features))
        bias = float32_weight(weights, "head.mean.bias", (latent_dim,))
        self._mean = Linear(flat_last(weight, num_channels), bias)
        self._none = np.zeros((0, num_features), np.float32)

    def __call__(
        self, features: Sequence[Float32[np.ndarray, "_ F"]]
    ) -> Float32[np.ndarray, "B Z"]:
        return self._mean(np.concatenate((self._none, *features)))
