"""The recurrent decoders of `models/decoders.py`, in numpy: LSTM, layer-norm LSTM, HyperLSTM.

Each is made of the weights that training gave it, under the same names without the prefix
`decoder.`. All see the latent code at every step; its share of the gates is computed once.

*Convention*: gates stand in the order input, forget, output, candidate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.inference.decoder import RecurrentDecoder, RecurrentRows, State
from sketch_pix2seq.inference.layers import (
    Linear,
    Product,
    Weights,
    float32_weight,
    layer_norm,
    lstm_cell,
    sigmoid,
)
from sketch_pix2seq.inference.mixture import output_dim
from sketch_pix2seq.sketch.pen import STROKE5_DIM

Cell: TypeAlias = Callable[
    [Float32[np.ndarray, "R G"], Float32[np.ndarray, "R H"], Float32[np.ndarray, "R H"]], None
]
"""Moves an LSTM on: gates, then hidden state and memory, which are changed in place."""
NORM_EPSILON = 1e-3
"""What the layer norms of a cell add to the variance."""


class LSTMDecoder(RecurrentDecoder):
    """An LSTM.

    Args:
        weights: By name.
        latent_dim: Z.
        size: H, hidden units.
        num_components: M, Gaussians in the mixture.
        normed: Gates and memory are normalised over the units of each step.
    """

    def __init__(
        self,
        weights: Weights,
        latent_dim: int,
        size: int = 512,
        num_components: int = 20,
        *,
        normed: bool = False,
    ) -> None:
        self.latent_dim = latent_dim
        self.state_sizes = (size, size, 4 * size)
        self._start = _linear(weights, "start", 2 * size, latent_dim)
        self._context: Linear | Product
        if normed:
            self._context = _product(weights, "latent.weight", 4 * size, latent_dim)
            self._cell: Cell = _NormedCell(weights, "norm", size)
        else:
            self._context = _linear(weights, "latent", 4 * size, latent_dim)
            self._cell = lstm_cell
        self._gates = _product(weights, "weight", 4 * size, STROKE5_DIM + size)
        self._output = _linear(weights, "output", output_dim(num_components), size)

    def open(self, num_rows: int) -> RecurrentRows:
        """See `Decoder`."""
        return RecurrentRows(self, num_rows)

    def first_state(self, latents: Float32[np.ndarray, "R Z"]) -> State:
        """See `RecurrentDecoder`: hidden state, memory, what the code adds to the gates."""
        hidden, cell = np.split(np.tanh(self._start(latents)), 2, axis=1)
        return [hidden, cell, self._context(latents)]

    def outputs(
        self, steps: Float32[np.ndarray, "R 5"], state: State
    ) -> Float32[np.ndarray, "R D"]:
        """See `RecurrentDecoder`."""
        hidden, cell, context = state
        gates = self._gates(steps, hidden)
        gates += context
        self._cell(gates, hidden, cell)
        return self._output(hidden)


class HyperDecoder(RecurrentDecoder):
    """HyperLSTM: a smaller LSTM decides, step by step, how the gates of the main one scale.

    Args:
        weights: By name.
        latent_dim: Z.
        size: H, hidden units of the main LSTM.
        num_components: M, Gaussians in the mixture.
        hyper_size: Units of the smaller LSTM.
        embedding_dim: Length of the code with which it scales each gate.
    """

    SCALES = 8  # of what each gate gets from the step, then from the hidden state
    SHIFTS = 4

    def __init__(
        self,
        weights: Weights,
        latent_dim: int,
        size: int = 512,
        num_components: int = 20,
        *,
        hyper_size: int = 256,
        embedding_dim: int = 32,
    ) -> None:
        self.latent_dim = latent_dim
        self.state_sizes = (size, size, hyper_size, hyper_size, 4 * size, 4 * hyper_size)
        num_codes = self.SCALES + self.SHIFTS
        scaled = self.SCALES * embedding_dim
        self._codes_shape = (num_codes, embedding_dim)
        self._start = _linear(weights, "start", 2 * (size + hyper_size), latent_dim)
        self._context = _product(weights, "latent.weight", 4 * size, latent_dim)
        self._hyper_context = _product(weights, "hyper_latent.weight", 4 * hyper_size, latent_dim)
        self._from_step = _product(weights, "step_weight", 4 * size, STROKE5_DIM)
        self._from_hidden = _product(weights, "recurrent_weight", 4 * size, size)
        self._hyper_gates = _product(
            weights, "hyper_weight", 4 * hyper_size, STROKE5_DIM + size + hyper_size
        )
        code_bias = np.zeros(num_codes * embedding_dim, np.float32)
        code_bias[:scaled] = float32_weight(weights, "code_bias", (scaled,))
        code_weight = float32_weight(weights, "code_weight", (len(code_bias), hyper_size))
        self._codes = Linear(code_weight, code_bias)
        scaling = float32_weight(weights, "scaling", (num_codes, embedding_dim, size))
        self._scaling = Product(scaling.swapaxes(1, 2))
        self._cell = _NormedCell(weights, "norm", size)
        self._hyper_cell = _NormedCell(weights, "hyper_norm", hyper_size)
        self._output = _linear(weights, "output", output_dim(num_components), size)

    def open(self, num_rows: int) -> RecurrentRows:
        """See `Decoder`."""
        return RecurrentRows(self, num_rows)

    def first_state(self, latents: Float32[np.ndarray, "R Z"]) -> State:
        """See `RecurrentDecoder`: both hidden states and memories, what the code adds to gates."""
        ends = np.cumsum(self.state_sizes[:3])
        first = np.split(np.tanh(self._start(latents)), ends, axis=1)
        return [*first, self._context(latents), self._hyper_context(latents)]

    def outputs(
        self, steps: Float32[np.ndarray, "R 5"], state: State
    ) -> Float32[np.ndarray, "R D"]:
        """See `RecurrentDecoder`."""
        hidden, cell, hyper_hidden, hyper_cell, context, hyper_context = state
        hyper_gates = self._hyper_gates(steps, hidden, hyper_hidden)
        hyper_gates += hyper_context
        self._hyper_cell(hyper_gates, hyper_hidden, hyper_cell)
        codes = self._codes(hyper_hidden).reshape(-1, *self._codes_shape)
        scales = self._scaling(codes.swapaxes(0, 1)).swapaxes(0, 1)  # (R, 12, H)
        from_step = self._from_step(steps)
        from_step += context
        gates = from_step.reshape(len(steps), 4, -1)
        gates *= scales[:, :4]
        gates += self._from_hidden(hidden).reshape(gates.shape) * scales[:, 4:8]
        gates += scales[:, 8:]
        self._cell(gates.reshape(len(steps), -1), hidden, cell)
        return self._output(hidden)


class _NormedCell:
    """An LSTM's cell whose gates and memory are normalised; changes both states in place."""

    def __init__(self, weights: Weights, name: str, size: int) -> None:
        self._shape = (4, size)
        self._gain, self._shift = (
            float32_weight(weights, f"{name}.{part}", (4 * size,)).reshape(self._shape)
            for part in ("gain", "shift")
        )
        self._cell_gain, self._cell_shift = (
            float32_weight(weights, f"{name}.{part}", (size,))
            for part in ("cell_gain", "cell_shift")
        )

    def __call__(
        self,
        gates: Float32[np.ndarray, "R G"],
        hidden: Float32[np.ndarray, "R H"],
        cell: Float32[np.ndarray, "R H"],
    ) -> None:
        normed = layer_norm(gates.reshape(-1, *self._shape), self._gain, self._shift, NORM_EPSILON)
        opened = sigmoid(normed[:, :3])
        new = np.tanh(normed[:, 3])
        new *= opened[:, 0]
        cell *= opened[:, 1]
        cell += new
        np.tanh(layer_norm(cell, self._cell_gain, self._cell_shift, NORM_EPSILON), out=hidden)
        hidden *= opened[:, 2]


def _linear(weights: Weights, name: str, num_outputs: int, num_inputs: int) -> Linear:
    return Linear(
        float32_weight(weights, f"{name}.weight", (num_outputs, num_inputs)),
        float32_weight(weights, f"{name}.bias", (num_outputs,)),
    )


def _product(weights: Weights, name: str, num_outputs: int, num_inputs: int) -> Product:
    return Product(float32_weight(weights, name, (num_outputs, num_inputs)))
