"""Policy gradients: drawings of the model with a high reward become likelier.

The model draws, the caller gives each drawing a reward, and the gradient of the expected reward is
estimated from those. The reconstruction loss is minimised at the same time.

Source: REINFORCE (Williams 1992); the baseline is the mean reward of the other drawings of the same
code (Kool, van Hoof and Welling 2019). The same is done with captions of pictures in Rennie et
al., arXiv 1612.00563.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence

from sketch_pix2seq.models.decoder import Decoder
from sketch_pix2seq.models.losses import DrawingLosses, Losses, MeanDrawingLosses, MeanLosses
from sketch_pix2seq.sketch.pen import OFFSET, PEN, PEN_END, START_STEP


def advantages(rewards: Float[Tensor, "N G"]) -> Float[Tensor, "N G"]:
    """By how much each drawing's reward is above the mean of the others of the same code.

    Args:
        rewards: of G >= 2 drawings of each of N codes.

    Example:
        >>> advantages(torch.tensor([[1.0, 0.0, 0.5]])).tolist()
        [[0.75, -0.75, 0.0]]
    """
    size = rewards.shape[1]
    return (rewards - rewards.mean(1, keepdim=True)) * (size / (size - 1))


def log_likelihood(
    decoder: Decoder,
    latent: Float[Tensor, "B Z"],
    steps: Float[Tensor, "B T 5"],
    temperature: float,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "B"]:
    """How likely it is that a decoder draws just these drawings, in nats.

    Gradients flow through the choices of a Gaussian and of the pen's state at each step. Where
    in a Gaussian an offset lies is left to the reconstruction loss: of narrow ones the gradient
    is so large that its chance drowns all else.

    Args:
        decoder: what draws.
        latent: a code per drawing.
        steps: stroke-5 rows without a start step; from the first end row on they are end rows.
            A drawing without one was cut off, and its end counts for nothing.
        temperature: at which it draws; positive.
        generator: of the dropout's randomness, if there is any.
    """
    batch, longest, _ = steps.shape
    ended = steps[:, :, PEN][:, :, PEN_END] > 0  # (B, T)
    num_rows = (longest - ended.sum(1) + 1).clamp_max(longest).cpu()  # the end row among them
    order = torch.argsort(-num_rows, stable=True)
    start = steps.new_tensor(START_STEP).expand(batch, 1, -1)
    inputs = torch.cat((start, steps[:, :-1]), 1)
    packed, targets = (
        pack_padded_sequence(rows[order], num_rows[order], batch_first=True)
        for rows in (inputs, steps)
    )
    mixture = (
        decoder(latent[order], packed, generator)
        .with_temperature(temperature)
        .with_fixed_gaussians()
    )
    pen = targets.data[:, PEN].argmax(1)
    of_pen = -functional.cross_entropy(mixture.pen_logits, pen, reduction="none")
    of_offset = mixture.log_prob(targets.data[:, OFFSET])
    of_row = of_pen + torch.where(pen != PEN_END, of_offset, torch.zeros_like(of_offset))
    place = order.unsqueeze(1).expand(-1, longest)
    drawing = pack_padded_sequence(place, num_rows[order], batch_first=True).data
    of_drawing = of_row.new_zeros(batch)
    return of_drawing.index_add(0, drawing.to(of_row.device), of_row)


@dataclass(frozen=True)
class RewardedLosses(Losses):
    """Losses of a batch, and rewards of drawings that the model made itself.

    Args:
        drawing: of the batch.
        policy_sum: its gradient is that of the expected reward, added up over the drawings; its
            value means nothing.
        reward_sum: rewards of the drawings, added up.
        num_drawings: how many there are.
        weight: nats a row that a reward of 1 for every drawing is worth.
    """

    drawing: DrawingLosses
    policy_sum: Float[Tensor, ""]
    reward_sum: float
    num_drawings: int
    weight: float

    def sums(self) -> Float64[Tensor, "9"]:
        """See `Losses`: sums of the batch, of the rewards, and the number of drawings."""
        rewards = torch.tensor([self.reward_sum, self.num_drawings], dtype=torch.float64)
        return torch.cat((self.drawing.sums(), rewards))

    def total(
        self,
        kl_weight: float = 0.0,
        free_nats: float = 0.0,
        whole: Float64[Tensor, "9"] | None = None,
    ) -> Float[Tensor, ""]:
        """See `Losses`; the gradient of this is right, not its value."""
        sums = self.sums() if whole is None else whole
        total = self.drawing.total(kl_weight, free_nats, sums[:-2])
        return total - self.weight / max(float(sums[-1]), 1.0) * self.policy_sum

    def means_of(self, sums: Float64[Tensor, "9"]) -> MeanRewardedLosses:
        """See `Losses`."""
        reward = float(sums[-2] / sums[-1].clamp_min(1))
        return MeanRewardedLosses(self.drawing.means_of(sums[:-2]), reward, self.weight)


@dataclass(frozen=True)
class MeanRewardedLosses(MeanLosses):
    """Mean losses and the mean reward, as plain numbers; see `RewardedLosses`."""

    drawing: MeanDrawingLosses
    reward: float
    weight: float

    def total(self, kl_weight: float = 0.0, free_nats: float = 0.0) -> float:
        """See `MeanLosses`: the losses minus the weighted reward."""
        return self.drawing.total(kl_weight, free_nats) - self.weight * self.reward

    def to_dict(self) -> dict[str, float]:
        """See `MeanLosses`."""
        return self.drawing.to_dict() | {"reward": self.reward}
