"""The recurrent decoders: LSTM, layer-norm LSTM and HyperLSTM.

Each reads whole packed drawings when it learns and single steps when it draws. All see the
latent code at every step; its share of the gates is computed once a drawing.

*Convention*: gates stand in the order input, forget, output, candidate.

*Source*: the decoders of Ha & Eck, arXiv 1704.03477: first state tanh(FC(z)), forget bias 1,
orthogonal recurrent weights per gate, recurrent dropout of the candidates.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import PackedSequence

from sketch_pix2seq.models.lstm import (
    DeferredLinear,
    forget_bias,
    lstm_sequence,
    lstm_weight,
    recurrent_dropout,
)
from sketch_pix2seq.models.mixture import StrokeMixture
from sketch_pix2seq.sketch.network_layout import CELL_EPSILON, NUM_SCALES, NUM_SHIFTS, output_dim
from sketch_pix2seq.sketch.pen import STROKE5_DIM

START_INIT_STD = 0.001

Product: TypeAlias = Callable[[Tensor, Tensor | None], Tensor]
"""Rows and what is added to rows @ weight.T."""


DecoderState: TypeAlias = tuple[Float[Tensor, "B _"], ...]
"""What a decoder carries from step to step; its first parts change, the last may not."""


class Decoder(nn.Module, ABC):
    """From a latent code to the mixtures of a drawing's steps."""

    latent_dim: int
    num_components: int

    @abstractmethod
    def forward(
        self,
        latent: Float[Tensor, "B Z"],
        steps: PackedSequence,
        generator: torch.Generator | None = None,
    ) -> StrokeMixture:
        """Predict every step of a packed batch from the steps before it.

        Args:
            latent: The code of each drawing, in the batch's order.
            steps: Packed input rows (stroke-5, beginning with the start step).
            generator: Random generator of the dropout; needed in training mode.

        Returns:
            The mixture of each row, packed.
        """

    @abstractmethod
    def initial_state(self, latent: Float[Tensor, "B Z"]) -> DecoderState:
        """State before the first step."""

    @abstractmethod
    def advance(
        self, step: Float[Tensor, "B 5"], state: DecoderState
    ) -> tuple[StrokeMixture, DecoderState]:
        """One step without dropout: the mixture of the next one, and the state after it."""


class LSTMDecoder(Decoder):
    """An LSTM; or one whose gates and memory are normalised over the units of each step.

    Args:
        latent_dim: Z.
        size: H, 512 in the paper.
        num_components: M, 20 in the paper.
        keep: Probability that recurrent dropout keeps a candidate.
        layer_norm: Whether to normalise.

    *Source*: layer normalisation: Ba et al., arXiv 1607.06450; each gate normalised by itself,
    epsilon 0.001, as in sketch-rnn's reference code.
    """

    def __init__(
        self,
        latent_dim: int,
        size: int = 512,
        num_components: int = 20,
        keep: float = 0.9,
        *,
        layer_norm: bool = False,
    ) -> None:
        super().__init__()
        self.latent_dim, self.size, self.keep = latent_dim, size, keep
        self.num_components = num_components
        self.start = _start_layer(latent_dim, 2 * size)
        self.latent = nn.Linear(latent_dim, 4 * size, bias=not layer_norm)
        nn.init.xavier_uniform_(self.latent.weight)
        if not layer_norm:
            with torch.no_grad():
                self.latent.bias.copy_(forget_bias(size))
        self.weight = nn.Parameter(lstm_weight(STROKE5_DIM, size))
        self.norm = _CellNorm(size) if layer_norm else None
        self.output = nn.Linear(size, output_dim(num_components))

    def forward(
        self,
        latent: Float[Tensor, "B Z"],
        steps: PackedSequence,
        generator: torch.Generator | None = None,
    ) -> StrokeMixture:
        """See `Decoder`."""
        state = self.initial_state(latent)
        dropout = _dropout(self, steps, generator)
        if self.norm is None:
            hidden, cell, context = state
            rows = lstm_sequence(
                steps.data, context, hidden, cell, self.weight, steps.batch_sizes, dropout
            )
        else:
            rows = _recur(partial(self._move, DeferredLinear(self.weight)), state, steps, dropout)
        return StrokeMixture.from_output(self.output(rows).to(rows.dtype))

    def initial_state(self, latent: Float[Tensor, "B Z"]) -> DecoderState:
        """See `Decoder`."""
        hidden, cell = self.start(latent).tanh().chunk(2, 1)
        return hidden, cell, self.latent(latent)

    def advance(
        self, step: Float[Tensor, "B 5"], state: DecoderState
    ) -> tuple[StrokeMixture, DecoderState]:
        """See `Decoder`."""
        state = self._move(_plain(self.weight), step, state, None)
        return StrokeMixture.from_output(self.output(state[0])), state

    def _move(
        self, product: Product, step: Tensor, state: DecoderState, mask: Tensor | None
    ) -> DecoderState:
        hidden, cell, context = state
        gates = product(torch.cat((step, hidden), 1), context).chunk(4, 1)
        cell_step = _cell if self.norm is None else self.norm
        hidden, cell = cell_step(gates, cell, mask)
        return hidden, cell, context


class HyperDecoder(Decoder):
    """HyperLSTM: a smaller LSTM decides, step by step, how the gates of the main one scale.

    Args:
        latent_dim, size, num_components, keep: As of `LSTMDecoder`; all of the main LSTM.
        hyper_size: Units of the smaller LSTM.
        embedding_dim: Length of the code with which it scales each gate.

    *Source*: Ha et al., HyperNetworks, arXiv 1609.09106, section 4.2 and appendix A.2.2,
    with sketch-rnn's sizes and first weights: both LSTMs layer-normalised, all scales
    0.1 at first.
    """

    def __init__(
        self,
        latent_dim: int,
        size: int = 512,
        num_components: int = 20,
        keep: float = 0.9,
        *,
        hyper_size: int = 256,
        embedding_dim: int = 32,
    ) -> None:
        super().__init__()
        self.latent_dim, self.size, self.hyper_size = latent_dim, size, hyper_size
        self.num_components, self.keep = num_components, keep
        self.start = _start_layer(latent_dim, 2 * (size + hyper_size))
        self.latent = nn.Linear(latent_dim, 4 * size, bias=False)
        self.hyper_latent = nn.Linear(latent_dim, 4 * hyper_size, bias=False)
        nn.init.xavier_uniform_(self.latent.weight)
        nn.init.xavier_uniform_(self.hyper_latent.weight)
        weight = lstm_weight(STROKE5_DIM, size)
        self.step_weight = nn.Parameter(weight[:, :STROKE5_DIM].clone())
        self.recurrent_weight = nn.Parameter(weight[:, STROKE5_DIM:].clone())
        self.hyper_weight = nn.Parameter(lstm_weight(STROKE5_DIM + size, hyper_size))
        scaled, num_codes = NUM_SCALES * embedding_dim, NUM_SCALES + NUM_SHIFTS
        self.code_weight = nn.Parameter(torch.zeros(num_codes * embedding_dim, hyper_size))
        nn.init.normal_(self.code_weight[scaled:], std=0.01)
        self.code_bias = nn.Parameter(torch.ones(scaled))
        self.scaling = nn.Parameter(torch.zeros(num_codes, embedding_dim, size))
        nn.init.constant_(self.scaling[:NUM_SCALES], 0.1 / embedding_dim)
        self.norm = _CellNorm(size)
        self.hyper_norm = _CellNorm(hyper_size)
        self.output = nn.Linear(size, output_dim(num_components))

    def forward(
        self,
        latent: Float[Tensor, "B Z"],
        steps: PackedSequence,
        generator: torch.Generator | None = None,
    ) -> StrokeMixture:
        """See `Decoder`."""
        products = [DeferredLinear(weight) for weight in self._weights()]
        dropout = _dropout(self, steps, generator)
        move = partial(self._move, products)
        hidden = _recur(move, self.initial_state(latent), steps, dropout)
        return StrokeMixture.from_output(self.output(hidden).to(hidden.dtype))

    def initial_state(self, latent: Float[Tensor, "B Z"]) -> DecoderState:
        """See `Decoder`."""
        sizes = (self.size, self.size, self.hyper_size, self.hyper_size)
        first = self.start(latent).tanh().split(sizes, 1)  # hidden state and memory of both
        return *first, self.latent(latent), self.hyper_latent(latent)

    def advance(
        self, step: Float[Tensor, "B 5"], state: DecoderState
    ) -> tuple[StrokeMixture, DecoderState]:
        """See `Decoder`."""
        products = [_plain(weight) for weight in self._weights()]
        state = self._move(products, step, state, None)
        return StrokeMixture.from_output(self.output(state[0])), state

    def _weights(self) -> tuple[Tensor, ...]:
        return self.hyper_weight, self.code_weight, self.step_weight, self.recurrent_weight

    def _move(
        self, products: Sequence[Product], step: Tensor, state: DecoderState, mask: Tensor | None
    ) -> DecoderState:
        hidden, cell, hyper_hidden, hyper_cell, context, hyper_context = state
        of_hyper, of_code, of_step, of_hidden = products
        inputs = torch.cat((step, hidden, hyper_hidden), 1)
        hyper_gates = of_hyper(inputs, hyper_context).chunk(4, 1)
        hyper_hidden, hyper_cell = self.hyper_norm(hyper_gates, hyper_cell, None)
        num_codes, embedding_dim, _ = self.scaling.shape
        bias = functional.pad(self.code_bias, (0, NUM_SHIFTS * embedding_dim))
        codes = of_code(hyper_hidden, bias.expand(hidden.shape[0], -1))
        codes = codes.unflatten(1, (num_codes, embedding_dim)).transpose(0, 1)
        by_step, by_hidden, shifts = torch.bmm(codes, self.scaling).split(4)  # (4, B, H) each
        from_step = of_step(step, context).chunk(4, 1)
        from_hidden = of_hidden(hidden, None).chunk(4, 1)
        gates = [
            torch.addcmul(torch.addcmul(shift, step_scale, step_gate), hidden_scale, hidden_gate)
            for shift, step_scale, step_gate, hidden_scale, hidden_gate in zip(
                shifts, by_step, from_step, by_hidden, from_hidden, strict=True
            )
        ]
        hidden, cell = self.norm(gates, cell, mask)
        return hidden, cell, hyper_hidden, hyper_cell, context, hyper_context


class _CellNorm(nn.Module):
    """A cell whose gates and memory are normalised: gates and memory in, both states out."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.gain = nn.Parameter(torch.ones(4 * size))
        self.shift = nn.Parameter(forget_bias(size))
        self.cell_gain = nn.Parameter(torch.ones(size))
        self.cell_shift = nn.Parameter(torch.zeros(size))

    def forward(
        self, gates: Sequence[Tensor], cell: Float[Tensor, "B H"], mask: Tensor | None
    ) -> tuple[Float[Tensor, "B H"], Float[Tensor, "B H"]]:
        """Hidden state and memory after a step; `mask` is the candidates' dropout."""
        into, forget, out, candidate = (
            self._normalised(gate, gain, shift)
            for gate, gain, shift in zip(
                gates, self.gain.chunk(4), self.shift.chunk(4), strict=True
            )
        )
        cell = _memory(into, forget, candidate, cell, mask)
        normed = self._normalised(cell, self.cell_gain, self.cell_shift)
        return out.sigmoid() * normed.tanh(), cell

    def _normalised(self, values: Tensor, gain: Tensor, shift: Tensor) -> Tensor:
        return functional.layer_norm(values, (self.size,), gain, shift, CELL_EPSILON)


def _cell(gates: Sequence[Tensor], cell: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """As `_CellNorm`, without normalisation."""
    into, forget, out, candidate = gates
    cell = _memory(into, forget, candidate, cell, mask)
    return out.sigmoid() * cell.tanh(), cell


def _memory(
    into: Tensor, forget: Tensor, candidate: Tensor, cell: Tensor, mask: Tensor | None
) -> Tensor:
    new = into.sigmoid() * candidate.tanh()
    return forget.sigmoid() * cell + (new if mask is None else new * mask)


def _start_layer(latent_dim: int, size: int) -> nn.Linear:
    layer = nn.Linear(latent_dim, size)
    nn.init.normal_(layer.weight, std=START_INIT_STD)
    nn.init.zeros_(layer.bias)
    return layer


def _plain(weight: Tensor) -> Product:
    def product(rows: Tensor, added: Tensor | None) -> Tensor:
        return functional.linear(rows, weight) + (0.0 if added is None else added)

    return product


def _dropout(
    decoder: LSTMDecoder | HyperDecoder, steps: PackedSequence, generator: torch.Generator | None
) -> Float[Tensor, "N H"] | None:
    """What the candidates of a packed batch are multiplied by; None outside training."""
    if not decoder.training or decoder.keep >= 1.0:
        return None
    shape = (len(steps.data), decoder.size)
    return recurrent_dropout(shape, decoder.keep, steps.data.device, generator)


def _recur(
    move: Callable[[Tensor, DecoderState, Tensor | None], DecoderState],
    state: DecoderState,
    steps: PackedSequence,
    dropout: Float[Tensor, "N H"] | None,
) -> Float[Tensor, "N H"]:
    """Hidden states of a packed batch, step by step; drawings that end leave the state.

    All as precise as the steps, autocast or not.
    """
    sizes: list[int] = steps.batch_sizes.tolist()
    masks = [None] * len(sizes) if dropout is None else dropout.split(sizes)
    hidden = []
    state = tuple(part.to(steps.data.dtype) for part in state)
    with torch.autocast(steps.data.device.type, enabled=False):  # not for `DeferredLinear`
        for row, mask, count in zip(steps.data.split(sizes), masks, sizes, strict=True):
            if count < len(state[0]):
                state = tuple(part[:count] for part in state)
            state = move(row, state, mask)
            hidden.append(state[0])
    return torch.cat(hidden)
