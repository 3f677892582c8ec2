"""What training makes small, in nats.

Two conventions. `valid` counts real rows: the stroke term over the rows of the
drawings, the pen term over those and the end row. `magenta` divides both by
batch x longest sequence of the data set and counts the pen on every padded row,
as sketch-rnn's reference code does, so that figures compare with published ones.

The KL term, where there is one, is the mean over batch and latent dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from sketch_pix2seq.models.mixture import StrokeMixture
from sketch_pix2seq.sketch.pen import OFFSET, PEN, PEN_END

LossConvention = Literal["valid", "magenta"]


@dataclass(frozen=True)
class Losses:
    """The terms of a batch's loss.

    Args:
        stroke_nll: of the offsets.
        pen_ce: of the pen states.
        num_rows: pen decisions behind `pen_ce`, the weight with which batches are averaged.
        num_drawings: the weight with which the KL terms of batches are averaged.
        kl: of the latent codes from a standard normal, before free bits; None: the model
            has no such term.
    """

    stroke_nll: Float[Tensor, ""]
    pen_ce: Float[Tensor, ""]
    num_rows: int
    num_drawings: int = 0
    kl: Float[Tensor, ""] | None = None

    @property
    def reconstruction(self) -> Float[Tensor, ""]:
        """Stroke and pen terms together."""
        return self.stroke_nll + self.pen_ce

    def total(self, kl_weight: float = 0.0, free_nats: float = 0.0) -> Float[Tensor, ""]:
        """What is made small: reconstruction, and the weighted KL term if there is one.

        Args:
            kl_weight: of the KL term.
            free_nats: a KL term below this counts as this, and is not pressed further.
        """
        if self.kl is None:
            return self.reconstruction
        return self.reconstruction + kl_weight * self.kl.clamp_min(free_nats)


def kl_divergence(mean: Float[Tensor, "B Z"], log_var: Float[Tensor, "B Z"]) -> Float[Tensor, ""]:
    """How far the codes' normal distributions are from the standard one, in nats.

    Returns:
        The mean over batch and dimensions.

    Source: equation 10 of Ha & Eck.
    """
    return -0.5 * (1.0 + log_var - mean.square() - log_var.exp()).mean()


def reconstruction_losses(
    mixture: StrokeMixture,
    targets: Float[Tensor, "N 5"],
    convention: LossConvention = "valid",
) -> Losses:
    """The two terms of the reconstruction loss.

    Args:
        mixture: of each packed row.
        targets: the stroke-5 row that came next. Under `magenta` the batch must be
            padded to the longest sequence of the data set with end rows.
        convention: see the module.

    Source: equation 9 of Ha & Eck (Ls and Lp).
    """
    pen_target = targets[:, PEN].argmax(1)
    real = torch.nonzero(pen_target != PEN_END).squeeze(1)
    stroke_sum = -mixture[real].log_prob(targets[real][:, OFFSET]).sum()
    pen_mean = functional.cross_entropy(mixture.pen_logits, pen_target)
    num_rows = int(targets.shape[0])
    divisor = num_rows if convention == "magenta" else max(real.shape[0], 1)
    stroke_nll = stroke_sum / divisor
    return Losses(stroke_nll, pen_mean, num_rows)
