"""The distribution of one step: a mixture of bivariate Gaussians, and the pen.

This module owns the order of the decoder's outputs, the likelihood, and the temperature rule.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from sketch_pix2seq.sketch.network_layout import MAX_CORRELATION, MIN_LOG_STD, PER_COMPONENT
from sketch_pix2seq.sketch.pen import NUM_PEN_STATES


@dataclass(frozen=True)
class StrokeMixture:
    """Where the pen goes next, and what it does then.

    *Convention*: offsets are in units of `offset_scale`; y points down; pen states
    are down, up, end. `components` holds, for each of the M Gaussians, the logit
    of its weight, mean x, mean y, log std x, log std y and the inverse hyperbolic
    tangent of its correlation.

    *Source*: Ha & Eck, arXiv 1704.03477, equations 3 to 8. Unlike the reference
    code we keep everything in logarithms, hold the standard deviation above
    exp(-7) (drawings on an integer grid have offsets of exactly 0, and a density
    without a floor is unbounded there) and the correlation inside +-0.9999.
    """

    pen_logits: Float[Tensor, "*N 3"]
    components: Float[Tensor, "*N 6 M"]

    @classmethod
    def from_output(cls, output: Float[Tensor, "*N D"]) -> StrokeMixture:
        """Split the decoder's output vector (..., 3 + 6 M)."""
        pen, components = output.split([NUM_PEN_STATES, output.shape[-1] - NUM_PEN_STATES], -1)
        return cls(pen, components.unflatten(-1, (PER_COMPONENT, -1)))

    def __getitem__(self, rows: Tensor) -> StrokeMixture:
        return StrokeMixture(self.pen_logits[rows], self.components[rows])

    @property
    def pi_logits(self) -> Float[Tensor, "*N M"]:
        """Unnormalised log weights."""
        return self.components[..., 0, :]

    @property
    def mean(self) -> Float[Tensor, "*N 2 M"]:
        """Centres, x then y."""
        return self.components[..., 1:3, :]

    @property
    def log_std(self) -> Float[Tensor, "*N 2 M"]:
        """Logarithms of the standard deviations, x then y."""
        return self.components[..., 3:5, :].clamp_min(MIN_LOG_STD)

    @property
    def correlation(self) -> Float[Tensor, "*N M"]:
        """Correlation of x and y."""
        return _correlation(self.components[..., 5, :])

    def log_prob(self, offset: Float[Tensor, "*N 2"]) -> Float[Tensor, "*N"]:
        """Log density of an offset, in nats.

        *Source*: equation 9 of Ha & Eck, by logsumexp; the reference code adds 1e-6
        inside the logarithm, which caps the loss at 13.8 and ends far gradients.
        """
        log_std, correlation = self.log_std, self.correlation
        scaled = (offset.unsqueeze(-1) - self.mean) * (-log_std).exp()  # (..., 2, M)
        x, y = scaled.unbind(-2)
        one_minus_r2 = 1.0 - correlation.square()
        quadratic = (x * x + y * y - 2.0 * correlation * x * y) / one_minus_r2
        log_normal = -0.5 * (quadratic + one_minus_r2.log()) - log_std.sum(-2)
        log_pi = functional.log_softmax(self.pi_logits, -1)
        return torch.logsumexp(log_pi + log_normal, -1) - math.log(2.0 * math.pi)

    def sample(
        self, noise: Float[Tensor, "B K"], temperature: Float[Tensor, "B 1"]
    ) -> Float[Tensor, "B 5"]:
        """Draw one step from noise that the caller brings.

        *Convention*: dividing logits by the temperature is the same as multiplying
        the Gumbel noise by it; the standard deviation is multiplied by its square
        root. 0 takes the likeliest component, its mean and the likeliest pen state.
        (magenta's Python multiplies sigma by the temperature itself.)

        Args:
            noise: Standard Gumbel for the M components and the 3 pen states, then
                two standard normals. K = M + 5.
            temperature: Not negative.

        Returns:
            A stroke-5 row per drawing: offset, then one-hot pen.
        """
        num_components = self.components.shape[-1]
        gumbel, pen_gumbel, normal = noise.split([num_components, NUM_PEN_STATES, 2], 1)
        component = _one_hot_of_largest(self.pi_logits + temperature * gumbel)
        chosen = (self.components[:, 1:] * component.unsqueeze(1)).sum(-1)  # (B, 5)
        mean, log_std, tilt = chosen.split([2, 2, 1], 1)
        std = log_std.clamp_min(MIN_LOG_STD).exp() * temperature.sqrt()
        correlation = _correlation(tilt)
        x, y = normal.split(1, 1)
        tilted = correlation * x + (1.0 - correlation * correlation).sqrt() * y
        offset = mean + std * torch.cat((x, tilted), 1)
        pen = _one_hot_of_largest(self.pen_logits + temperature * pen_gumbel)
        return torch.cat((offset, pen), 1)

    def proposals(
        self, noise: Float[Tensor, "B K"], temperature: Float[Tensor, "B 1"]
    ) -> tuple[Float[Tensor, "B 2 P"], Float[Tensor, "B P"], Float[Tensor, "B 3"]]:
        """Offsets that each Gaussian proposes: its sample, the three mirror images of it, its mean.

        Args: As of `sample`.

        Returns:
            offsets: x and y of P = 5 M: the samples of all Gaussians first.
            logits: Of their Gaussians, with the noise; the largest is the sample's.
            pen_logits: The same of the pen states.
        """
        num_components = self.components.shape[-1]
        gumbel, pen_gumbel, normal = noise.split([num_components, NUM_PEN_STATES, 2], 1)
        std = self.log_std.exp() * temperature.sqrt().unsqueeze(-1)
        correlation = self.correlation
        offsets = []
        for mirror in ((1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0), (0.0, 0.0)):
            x, y = (normal * normal.new_tensor(mirror)).split(1, 1)
            tilted = correlation * x + (1.0 - correlation * correlation).sqrt() * y
            offsets.append(self.mean + std * torch.stack((x.expand_as(tilted), tilted), 1))
        logits = (self.pi_logits + temperature * gumbel).repeat(1, len(offsets))
        pen_logits = self.pen_logits + temperature * pen_gumbel
        return torch.cat(offsets, 2), logits, pen_logits


def _correlation(value: Tensor) -> Tensor:
    return value.tanh().clamp(-MAX_CORRELATION, MAX_CORRELATION)


def _one_hot_of_largest(logits: Float[Tensor, "B K"]) -> Float[Tensor, "B K"]:
    return functional.one_hot(logits.argmax(1), logits.shape[1]).to(logits.dtype)
