"""The losses that training minimises, in nats.

Two conventions. `valid` counts real rows: the stroke term over the rows of the
drawings, the pen term over those and the end row. `magenta` divides both by
batch x (longest sequence of the data set + 1) and counts the pen on every padded
row, as sketch-rnn's reference code does, so that figures compare with published
ones. There the longest drawing has no end row, and + 1 is missing.

The KL term, where there is one, is the mean over batch and latent dimensions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Float64
from torch import Tensor
from torch.nn import functional

from sketch_pix2seq.models.mixture import StrokeMixture
from sketch_pix2seq.sketch.pen import OFFSET, PEN, PEN_END

LossConvention = Literal["valid", "magenta"]


@dataclass(frozen=True)
class MeanLosses:
    """Mean losses as plain numbers.

    Args:
        values: By name, in nats: `stroke_nll`, `pen_ce`, `kl`, `class_ce` and `reconstruction`
            (stroke and pen terms together), those that there are; or a classifier's
            `cross_entropy`, and its `accuracy`.
    """

    values: dict[str, float]

    def total(
        self, kl_weight: float = 0.0, free_nats: float = 0.0, class_weight: float = 0.0
    ) -> float:
        """The loss to minimise; without a weight of categories, how well it draws alone.

        Args:
            kl_weight: Weight of the KL term, where there is one.
            free_nats: A KL term below this counts as this.
            class_weight: Weight of the term of categories (`class_ce`), where there is one.
        """
        if "cross_entropy" in self.values:
            return self.values["cross_entropy"]
        kl = kl_weight * max(self.values["kl"], free_nats) if "kl" in self.values else 0.0
        return self.values["reconstruction"] + kl + class_weight * self.values.get("class_ce", 0.0)


class Losses(ABC):
    """Losses of a batch or of a part of one, as sums that can be added over the parts."""

    @abstractmethod
    def sums(self) -> Float64[Tensor, "S"]:
        """Sums and counts as plain numbers, on the CPU; those of several parts add up."""

    @abstractmethod
    def total(
        self,
        kl_weight: float = 0.0,
        free_nats: float = 0.0,
        whole: Float64[Tensor, "S"] | None = None,
    ) -> Float[Tensor, ""]:
        """The loss to minimise.

        Args:
            kl_weight: Weight of the KL term, where there is one.
            free_nats: A KL term below this counts as this, and has no gradient.
            whole: Summed `sums` of all parts of a batch, if this is a part of one. The
                gradients of all parts then add up to that of the whole batch.
        """

    @abstractmethod
    def means_of(self, sums: Float64[Tensor, "S"]) -> MeanLosses:
        """Means from summed `sums` of losses of this kind."""


@dataclass(frozen=True)
class DrawingLosses(Losses):
    """The terms of a batch's loss: sums, and what they are divided by.

    Args:
        stroke_sum: Of the offsets.
        pen_sum: Of the pen states.
        kl_sum: Of the latent codes from a standard normal, a mean over dimensions for each
            drawing; None: the model has no such term.
        class_sum: Cross entropy of the categories predicted from the codes; None: the model
            predicts none.
        class_weight: Weight of that term in the total.
        counts: What the sums are divided by: offsets, pen states, drawings.
    """

    stroke_sum: Float[Tensor, ""]
    pen_sum: Float[Tensor, ""]
    kl_sum: Float[Tensor, ""] | None
    counts: tuple[int, int, int]
    class_sum: Float[Tensor, ""] | None = None
    class_weight: float = 0.0

    def sums(self) -> Float64[Tensor, "7"]:
        """See `Losses`: four sums and three counts."""
        terms = (self.stroke_sum, self.pen_sum, self.kl_sum, self.class_sum)
        sums = [0.0 if term is None else float(term.detach()) for term in terms]
        return torch.tensor([*sums, *self.counts], dtype=torch.float64)

    def total(
        self,
        kl_weight: float = 0.0,
        free_nats: float = 0.0,
        whole: Float64[Tensor, "7"] | None = None,
    ) -> Float[Tensor, ""]:
        """See `Losses`: reconstruction, and the weighted terms of KL and categories, if any."""
        sums = self.sums() if whole is None else whole
        num_offsets, num_pens, num_drawings = sums[4:].clamp_min(1).tolist()
        total: Tensor = self.stroke_sum / num_offsets + self.pen_sum / num_pens
        if self.class_sum is not None:
            total = total + self.class_weight * self.class_sum / num_drawings
        if self.kl_sum is None:
            return total
        elsewhere = float(sums[2]) - float(self.kl_sum.detach())
        kl = (self.kl_sum + elsewhere) / num_drawings
        weighted: Tensor = kl_weight * kl.clamp_min(free_nats)
        return total + weighted

    def means_of(self, sums: Float64[Tensor, "7"]) -> MeanLosses:
        """See `Losses`."""
        counts = sums[4:].clamp_min(1)
        stroke_nll, pen_ce, kl = (sums[:3] / counts).tolist()
        values = {"stroke_nll": stroke_nll, "pen_ce": pen_ce}
        if self.kl_sum is not None:
            values["kl"] = kl
        if self.class_sum is not None:
            values["class_ce"] = float(sums[3] / counts[2])
        return MeanLosses(values | {"reconstruction": stroke_nll + pen_ce})


@dataclass(frozen=True)
class ClassifierLosses(Losses):
    """Losses of a classifier.

    Args:
        entropy_sum: Cross entropy of the categories.
        num_right: Drawings whose likeliest category is the right one.
        num_drawings: Number of drawings.
    """

    entropy_sum: Float[Tensor, ""]
    num_right: int
    num_drawings: int

    def sums(self) -> Float64[Tensor, "3"]:
        """See `Losses`: entropy, number right, number of drawings."""
        entropy = float(self.entropy_sum.detach())
        return torch.tensor([entropy, self.num_right, self.num_drawings], dtype=torch.float64)

    def total(
        self,
        kl_weight: float = 0.0,
        free_nats: float = 0.0,
        whole: Float64[Tensor, "3"] | None = None,
    ) -> Float[Tensor, ""]:
        """See `Losses`; there is no KL term."""
        count = self.num_drawings if whole is None else float(whole[2])
        return self.entropy_sum / max(count, 1)

    def means_of(self, sums: Float64[Tensor, "3"]) -> MeanLosses:
        """See `Losses`."""
        entropy, right = (sums[:2] / sums[2].clamp_min(1)).tolist()
        return MeanLosses({"cross_entropy": entropy, "accuracy": right})


def kl_divergence(mean: Float[Tensor, "B Z"], log_var: Float[Tensor, "B Z"]) -> Float[Tensor, ""]:
    """How far the codes' normal distributions are from the standard one, in nats.

    Returns:
        The sum over the batch of the mean over dimensions.

    *Source*: equation 10 of Ha & Eck.
    """
    return -0.5 * (1.0 + log_var - mean.square() - log_var.exp()).mean(1).sum()


def reconstruction_losses(
    mixture: StrokeMixture, targets: Float[Tensor, "N 5"], convention: LossConvention = "valid"
) -> DrawingLosses:
    """The two terms of the reconstruction loss, without a KL term and a count of drawings.

    Args:
        mixture: Of each packed row.
        targets: The stroke-5 row that came next. Under `magenta` the batch must be
            padded to the longest sequence of the data set with end rows.
        convention: See the module.

    *Source*: equation 9 of Ha & Eck (Ls and Lp).
    """
    pen_target = targets[:, PEN].argmax(1)
    real = torch.nonzero(pen_target != PEN_END).squeeze(1)
    stroke_sum = -mixture[real].log_prob(targets[real][:, OFFSET]).sum()
    pen_sum = functional.cross_entropy(mixture.pen_logits, pen_target, reduction="sum")
    num_pens = int(targets.shape[0])
    num_offsets = num_pens if convention == "magenta" else int(real.shape[0])
    return DrawingLosses(stroke_sum, pen_sum, None, (num_offsets, num_pens, 0))
