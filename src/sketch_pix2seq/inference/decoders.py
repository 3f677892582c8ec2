"""Decoders in numpy: their interface, the rows of drawings in progress, the recurrent ones.

A decoder holds weights and can be shared by threads. `Decoder.open` gives rows, in each of which
one drawing is in progress. `LSTMDecoder` and `HyperDecoder` are the numpy versions of those in
`models/decoders.py`; their weights have the same names, without the prefix `decoder.`. Both see
the latent code at every step; its share of the gates is computed once.

*Convention*: gates stand in the order input, forget, output, candidate.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.inference.layers import (
    Linear,
    Product,
    Weights,
    float32_weight,
    layer_norm,
    lstm_cell,
    sigmoid,
)
from sketch_pix2seq.inference.mixture import sample
from sketch_pix2seq.sketch.network_layout import CELL_EPSILON, NUM_SCALES, NUM_SHIFTS, output_dim
from sketch_pix2seq.sketch.pen import START_STEP, STROKE5_DIM

Condition = TypeVar("Condition", contravariant=True)
"""The condition of one drawing."""
Latent: TypeAlias = Float32[np.ndarray, "Z"]
"""The condition of a recurrent decoder."""
State: TypeAlias = list[Float32[np.ndarray, "R _"]]
"""What a recurrent decoder carries from step to step, a row per drawing."""
Cell: TypeAlias = Callable[
    [Float32[np.ndarray, "R G"], Float32[np.ndarray, "R H"], Float32[np.ndarray, "R H"]], None
]
"""Moves an LSTM on: gates, then hidden state and memory, which are changed in place."""


class DecoderRows(ABC, Generic[Condition]):
    """Drawings in progress, one in each row; the active rows come first.

    What is drawn in a row depends on its condition, noise and temperature alone, bit for bit.
    """

    def __init__(self, num_rows: int) -> None:
        self._steps = np.zeros((num_rows, STROKE5_DIM), np.float32)
        self._temperatures = np.zeros((num_rows, 1), np.float32)

    @abstractmethod
    def insert(
        self,
        start: int,
        conditions: Sequence[Condition],
        noise: Float32[np.ndarray, "K D"],
        temperatures: Float32[np.ndarray, "K"],
    ) -> Float32[np.ndarray, "K 5"]:
        """Put new drawings into rows `start` and after, and draw their first step.

        Args:
            start: Number of active rows.
            conditions: Condition of each new drawing.
            noise: Noise of the first step.
            temperatures: Temperature of each drawing, to its end; not negative.
        """

    @abstractmethod
    def advance(
        self, active: int, noise: Float32[np.ndarray, "N T D"]
    ) -> Float32[np.ndarray, "S N 5"]:
        """Draw 1 to T next steps of the first N rows, no further than to where one of them ends.

        Args:
            active: N, number of rows.
            noise: Noise of the next T steps, T >= 1.
        """

    def replace_last_steps(
        self, rows: Int64[np.ndarray, "K"], steps: Float32[np.ndarray, "K 5"]
    ) -> None:
        """Replace the steps that some rows drew last; the rows continue from the new ones."""
        self._steps[rows] = steps

    @abstractmethod
    def move_row(self, row: int, last: int) -> None:
        """Move the drawing of the last active row to the row of one that is finished."""


class Decoder(ABC, Generic[Condition]):
    """The weights of a decoder."""

    @abstractmethod
    def open(self, num_rows: int) -> DecoderRows[Condition]:
        """Make rows to draw in, for at most `num_rows` drawings at once."""


class RecurrentDecoder(Decoder[Latent], ABC):
    """A decoder that carries a state from step to step and is given the latent code."""

    latent_dim: int
    state_sizes: tuple[int, ...]
    """Widths of the parts of the state."""

    def open(self, num_rows: int) -> RecurrentRows:
        """See `Decoder`."""
        return RecurrentRows(self, num_rows)

    @abstractmethod
    def first_state(self, latents: Float32[np.ndarray, "R Z"]) -> State:
        """Compute the state before the first step."""

    @abstractmethod
    def outputs(
        self, steps: Float32[np.ndarray, "R 5"], state: State
    ) -> Float32[np.ndarray, "R D"]:
        """Compute the output from which the next step is sampled.

        Args:
            steps: The last ones.
            state: Is changed in place to the state after them.
        """


class RecurrentRows(DecoderRows[Latent]):
    """Drawings in progress with a recurrent decoder, at most `num_rows` at once.

    Non-finite numbers raise no warning: the engine rejects non-finite steps.
    """

    def __init__(self, decoder: RecurrentDecoder, num_rows: int) -> None:
        super().__init__(num_rows)
        self._decoder = decoder
        self._state = [np.zeros((num_rows, size), np.float32) for size in decoder.state_sizes]

    def insert(
        self,
        start: int,
        conditions: Sequence[Latent],
        noise: Float32[np.ndarray, "K D"],
        temperatures: Float32[np.ndarray, "K"],
    ) -> Float32[np.ndarray, "K 5"]:
        """See `DecoderRows`."""
        rows = slice(start, start + len(conditions))
        with np.errstate(over="ignore", invalid="ignore"):
            first = self._decoder.first_state(np.stack(conditions))
        for array, part in zip(self._state, first, strict=True):
            array[rows] = part
        self._steps[rows] = START_STEP
        self._temperatures[rows, 0] = temperatures
        return self._draw(rows, noise)

    def advance(
        self, active: int, noise: Float32[np.ndarray, "N T D"]
    ) -> Float32[np.ndarray, "S N 5"]:
        """See `DecoderRows`; always one step."""
        return self._draw(slice(0, active), noise[:, 0])[None]

    def move_row(self, row: int, last: int) -> None:
        """See `DecoderRows`."""
        for array in (*self._state, self._steps, self._temperatures):
            array[row] = array[last]

    def _draw(self, rows: slice, noise: Float32[np.ndarray, "K D"]) -> Float32[np.ndarray, "K 5"]:
        with np.errstate(over="ignore", invalid="ignore"):
            output = self._decoder.outputs(self._steps[rows], [part[rows] for part in self._state])
            steps = sample(output, noise, self._temperatures[rows])
        self._steps[rows] = steps
        return steps


class LSTMDecoder(RecurrentDecoder):
    """An LSTM.

    Args:
        weights: By name.
        latent_dim: Z.
        size: H, hidden units.
        num_components: M, Gaussians in the mixture.
        layer_norm: Gates and memory are normalised over the units of each step.
    """

    def __init__(
        self,
        weights: Weights,
        latent_dim: int,
        size: int = 512,
        num_components: int = 20,
        *,
        layer_norm: bool = False,
    ) -> None:
        self.latent_dim = latent_dim
        self.state_sizes = (size, size, 4 * size)
        self._start = _linear(weights, "start", 2 * size, latent_dim)
        self._context: Linear | Product
        if layer_norm:
            self._context = _product(weights, "latent.weight", 4 * size, latent_dim)
            self._cell: Cell = _NormedCell(weights, "norm", size)
        else:
            self._context = _linear(weights, "latent", 4 * size, latent_dim)
            self._cell = lstm_cell
        self._gates = _product(weights, "weight", 4 * size, STROKE5_DIM + size)
        self._output = _linear(weights, "output", output_dim(num_components), size)

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
        num_codes = NUM_SCALES + NUM_SHIFTS
        scaled = NUM_SCALES * embedding_dim
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
        normed = layer_norm(gates.reshape(-1, *self._shape), self._gain, self._shift, CELL_EPSILON)
        opened = sigmoid(normed[:, :3])
        new = np.tanh(normed[:, 3])
        new *= opened[:, 0]
        cell *= opened[:, 1]
        cell += new
        np.tanh(layer_norm(cell, self._cell_gain, self._cell_shift, CELL_EPSILON), out=hidden)
        hidden *= opened[:, 2]


def _linear(weights: Weights, name: str, num_outputs: int, num_inputs: int) -> Linear:
    return Linear(
        float32_weight(weights, f"{name}.weight", (num_outputs, num_inputs)),
        float32_weight(weights, f"{name}.bias", (num_outputs,)),
    )


def _product(weights: Weights, name: str, num_outputs: int, num_inputs: int) -> Product:
    return Product(float32_weight(weights, name, (num_outputs, num_inputs)))
