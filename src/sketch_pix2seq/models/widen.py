"""A wider encoder that gives the same codes as a narrower one, to be trained further.

Source: Chen, Goodfellow and Shlens, Net2Net, arXiv 1511.05641: channels are doubled, and their
outgoing weights split between the copies; unequally here, so that the copies can diverge.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sketch_pix2seq.models.encoders import ConvEncoder

_LEAST_SHARE = 0.2  # of two copies of a channel


@torch.no_grad()
def widen(encoder: ConvEncoder, generator: torch.Generator) -> ConvEncoder:
    """Return an encoder of twice the width that gives the same codes.

    Args:
        encoder: stays as it is.
        generator: of the shares.
    """
    convolutions = [layer for layer in encoder.layers if isinstance(layer, nn.Conv2d)]
    width, channels = convolutions[0].out_channels, convolutions[-1].out_channels
    latent_dim, num_features = encoder.head.mean.weight.shape
    picture_size = 16 * math.isqrt(num_features // channels)
    wider = ConvEncoder(latent_dim, 2 * width, picture_size)
    for old, new in zip(encoder.layers, wider.layers, strict=True):
        if isinstance(old, nn.Conv2d) and isinstance(new, nn.Conv2d):
            weight = old.weight.repeat_interleave(2, 0)
            new.weight.copy_(weight if old.in_channels == 1 else _shared(weight, generator))
        elif isinstance(old, nn.GroupNorm) and isinstance(new, nn.GroupNorm):
            # its groups hold the copies of what they held
            new.weight.copy_(old.weight.repeat_interleave(2))
            new.bias.copy_(old.bias.repeat_interleave(2))
    for old, new in (
        (encoder.head.mean, wider.head.mean),
        (encoder.head.log_var, wider.head.log_var),
    ):
        places = old.weight.unflatten(1, (channels, -1))
        new.weight.copy_(_shared(places, generator).flatten(1))
        new.bias.copy_(old.bias)
    return wider


def _shared(
    weight: Float[Tensor, "O I ..."], generator: torch.Generator
) -> Float[Tensor, "O J ..."]:
    """Weights of twice as many inputs, each of which comes twice."""
    share = torch.empty(weight.shape[:2]).uniform_(
        _LEAST_SHARE, 1 - _LEAST_SHARE, generator=generator
    )
    shares = torch.stack((share, 1 - share), 2).flatten(1)
    shares = shares.reshape(*shares.shape, *[1] * (weight.ndim - 2))
    return weight.repeat_interleave(2, 1) * shares
