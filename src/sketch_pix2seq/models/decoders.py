"""From a latent code to a drawing, one step after another.

`LSTMDecoder` reads whole drawings when it learns; `DecoderStep` wraps it for
drawing: one step, sampling included, with everything the next step needs in one
state. `DecoderStep` is what is exported, so that Python and the browser draw alike.
"""

from __future__ import annotations

from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from sketch_pix2seq.models.lstm import lstm_sequence
from sketch_pix2seq.models.mixture import StrokeMixture, output_dim

LSTMState: TypeAlias = tuple[Float[Tensor, "B H"], Float[Tensor, "B H"], Float[Tensor, "B G"]]
"""Hidden state, memory, and what the latent code adds to the gates (G = 4 H)."""

START_INIT_STD = 0.001
STEP_DIM = 5


class LSTMDecoder(nn.Module):
    """An LSTM that sees the latent code at every step.

    Args:
        latent_dim: Z.
        size: H, 512 in the paper.
        num_components: M, 20 in the paper.
        keep: probability that recurrent dropout keeps a candidate.

    Convention: gates stand in the order input, forget, output, candidate.

    Source: the decoder of Ha & Eck, arXiv 1704.03477: state from tanh(FC(z)),
    forget bias 1, orthogonal recurrent weights per gate. The latent code's share
    of the gates is computed once a drawing, not once a step.
    """

    def __init__(
        self, latent_dim: int, size: int = 512, num_components: int = 20, keep: float = 0.9
    ) -> None:
        super().__init__()
        self.size = size
        self.num_components = num_components
        self.keep = keep
        self.start = nn.Linear(latent_dim, 2 * size)
        nn.init.normal_(self.start.weight, std=START_INIT_STD)
        nn.init.zeros_(self.start.bias)
        self.latent = nn.Linear(latent_dim, 4 * size)
        nn.init.xavier_uniform_(self.latent.weight)
        nn.init.zeros_(self.latent.bias)
        with torch.no_grad():
            self.latent.bias[size : 2 * size] = 1.0
        self.weight = nn.Parameter(torch.empty(4 * size, STEP_DIM + size))
        nn.init.xavier_uniform_(self.weight[:, :STEP_DIM])
        for gate in range(4):
            nn.init.orthogonal_(self.weight[gate * size : (gate + 1) * size, STEP_DIM:])
        self.output = nn.Linear(size, output_dim(num_components))

    @property
    def state_dim(self) -> int:
        """Length of the state: hidden, cell, and the gates' share of the latent code."""
        return 6 * self.size

    def forward(
        self,
        latent: Float[Tensor, "B Z"],
        steps: PackedSequence,
        generator: torch.Generator | None = None,
    ) -> StrokeMixture:
        """Predict every step of a packed batch from the steps before it.

        Args:
            latent: the code of each drawing, in the batch's order.
            steps: packed input rows (stroke-5, beginning with the start step).
            generator: of the dropout's randomness; needed in training mode.

        Returns:
            The mixture of each row, packed.
        """
        hidden, cell = self.start(latent).tanh().chunk(2, 1)
        dropout = None
        if self.training and self.keep < 1.0:
            shape = (steps.data.shape[0], self.size)
            dropout = dropout_mask(shape, self.keep, latent, generator)
        rows = lstm_sequence(
            steps.data,
            self.latent(latent),
            hidden,
            cell,
            self.weight,
            steps.batch_sizes,
            dropout,
        )
        return StrokeMixture.from_output(self.output(rows))

    def begin(self, latent: Float[Tensor, "B Z"]) -> LSTMState:
        """State before the first step."""
        hidden, cell = self.start(latent).tanh().chunk(2, 1)
        return hidden, cell, self.latent(latent)

    def advance(
        self, step: Float[Tensor, "B 5"], state: LSTMState
    ) -> tuple[StrokeMixture, LSTMState]:
        """One step: the mixture of the next one, and the state after it."""
        hidden, cell, context = state
        gates = torch.addmm(context, torch.cat((step, hidden), 1), self.weight.t())
        into, forget, out, candidate = gates.chunk(4, 1)
        cell = forget.sigmoid() * cell + into.sigmoid() * candidate.tanh()
        hidden = out.sigmoid() * cell.tanh()
        return StrokeMixture.from_output(self.output(hidden)), (hidden, cell, context)


class DecoderStep(nn.Module):
    """One step of drawing, as exported: latent, state, step and noise in; step out.

    Convention: a state of zeros means that a new drawing begins. If any drawing of
    a batch begins, the first states of the whole batch are computed, so let new
    drawings take their first step together.
    """

    def __init__(self, decoder: LSTMDecoder) -> None:
        super().__init__()
        self.decoder = decoder

    @property
    def state_dim(self) -> int:
        """Length S of the state: the decoder's, and a flag that a drawing has begun."""
        return self.decoder.state_dim + 1

    def forward(
        self,
        latent: Float[Tensor, "B Z"],
        state: Float[Tensor, "B S"],
        step: Float[Tensor, "B 5"],
        noise: Float[Tensor, "B K"],
        temperature: Float[Tensor, "B 1"],
    ) -> tuple[Float[Tensor, "B 5"], Float[Tensor, "B S"]]:
        """Draw the next step.

        Args:
            latent: code of each drawing.
            state: what the last call returned, or zeros.
            step: the step that the last call returned, or the start step.
            noise: see `StrokeMixture.sample`.
            temperature: not negative; 0 is greedy.
        """
        if torch.compiler.is_exporting():
            carried = torch.cond(
                state[:, 0].min() > 0, self._carry_on, self._begin, (latent, state)
            )
        elif bool(state[:, 0].min() > 0):
            carried = self._carry_on(latent, state)
        else:
            carried = self._begin(latent, state)
        mixture, carried = self.decoder.advance(step, carried)
        following = mixture.sample(noise, temperature)
        return following, torch.cat((torch.ones_like(temperature), *carried), 1)

    def _carry_on(self, latent: Float[Tensor, "B Z"], state: Float[Tensor, "B S"]) -> LSTMState:
        """Take the state apart. The branches of an exported graph must not share memory."""
        size = self.decoder.size
        _, hidden, cell, context = state.split([1, size, size, 4 * size], 1)
        return hidden.clone(), cell.clone(), context.clone()

    def _begin(self, latent: Float[Tensor, "B Z"], state: Float[Tensor, "B S"]) -> LSTMState:
        """Replace the states of zeros by first ones."""
        begun = state[:, :1] > 0
        pairs = zip(self._carry_on(latent, state), self.decoder.begin(latent), strict=True)
        hidden, cell, context = (torch.where(begun, old, new) for old, new in pairs)
        return hidden, cell, context


def dropout_mask(
    shape: tuple[int, int], keep: float, like: Tensor, generator: torch.Generator | None
) -> Float[Tensor, "N H"]:
    """0 or 1 / keep, with the keep probability rounded to 1/256.

    One random byte an element: on a CPU eight times as fast as a Bernoulli draw.
    """
    levels = min(max(round(keep * 256), 1), 256)
    count = shape[0] * shape[1]
    words = torch.empty((count + 7) // 8, dtype=torch.int64, device=like.device)
    words.random_(-(2**63), None, generator=generator)
    kept = words.view(torch.uint8)[:count].view(shape) <= levels - 1
    return kept.to(like.dtype).mul_(256 / levels)
