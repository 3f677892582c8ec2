"""What a recurrent decoder is."""

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
    def initial_state(self, latent: Float[Tensor, "B Z"]) -> DecoderState:
        """State before the first step."""

    @abstractmethod
    def advance(
        self, step: Float[Tensor, "B 5"], state: DecoderState
    ) -> tuple[StrokeMixture, DecoderState]:
        """One step without dropout: the mixture of the next one, and the state after it."""
