"""What a decoder is, and the one step of drawing that is made of it.

`DecoderStep` wraps any decoder for drawing: one step, sampling included, with
everything the next step needs in one state. It is what is exported, so that Python
and the browser draw alike, whatever cell is inside.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from sketch_pix2seq.models.mixture import StrokeMixture

DecoderState: TypeAlias = tuple[Float[Tensor, "B _"], ...]
"""What a decoder carries from step to step; its first parts change, the last may not."""


class Decoder(nn.Module, ABC):
    """From a latent code to the mixtures of a drawing's steps."""

    latent_dim: int
    num_components: int

    @property
    @abstractmethod
    def state_sizes(self) -> tuple[int, ...]:
        """Widths of the parts of the state."""

    @abstractmethod
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

    @abstractmethod
    def begin(self, latent: Float[Tensor, "B Z"]) -> DecoderState:
        """State before the first step."""

    @abstractmethod
    def advance(
        self, step: Float[Tensor, "B 5"], state: DecoderState
    ) -> tuple[StrokeMixture, DecoderState]:
        """One step without dropout: the mixture of the next one, and the state after it."""


class DecoderStep(nn.Module):
    """One step of drawing, as exported: latent, state, step and noise in; step out.

    Convention: a state of zeros means that a new drawing begins. If any drawing of
    a batch begins, the first states of the whole batch are computed, so let new
    drawings take their first step together.
    """

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    @property
    def state_dim(self) -> int:
        """Length S of the state: the decoder's, and a flag that a drawing has begun."""
        return sum(self.decoder.state_sizes) + 1

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

    def _carry_on(self, latent: Float[Tensor, "B Z"], state: Float[Tensor, "B S"]) -> DecoderState:
        """Take the state apart. The branches of an exported graph must not share memory."""
        _, *parts = state.split([1, *self.decoder.state_sizes], 1)
        return tuple(part.clone() for part in parts)

    def _begin(self, latent: Float[Tensor, "B Z"], state: Float[Tensor, "B S"]) -> DecoderState:
        """Replace the states of zeros by first ones."""
        begun = state[:, :1] > 0
        pairs = zip(self._carry_on(latent, state), self.decoder.begin(latent), strict=True)
        return tuple(torch.where(begun, old, new) for old, new in pairs)
