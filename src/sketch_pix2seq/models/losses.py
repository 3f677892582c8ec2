"""What training makes small, in nats.

Two conventions. `valid` counts real rows: the stroke term over the rows of the
drawings, the pen term over those and the end row. `magenta` divides both by
batch x longest sequence of the data set and counts the pen on every padded row,
as sketch-rnn's reference code does, so that figures compare with published ones.
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
    """The terms of a batch's loss; `total` is what is made small.

    `num_rows` is the number of pen decisions behind `pen_ce`: the weight with which
    batches are averaged.
    """

    total: Float[Tensor, ""]
    stroke_nll: Float[Tensor, ""]
    pen_ce: Float[Tensor, ""]
    num_rows: int

    @property
    def reconstruction(self) -> Float[Tensor, ""]:
        """Stroke and pen terms together."""
        return self.stroke_nll + self.pen_ce


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
    return Losses(stroke_nll + pen_mean, stroke_nll, pen_mean, num_rows)
