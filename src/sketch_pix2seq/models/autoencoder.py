"""Drawing in, losses out: encoder, latent code and decoder together."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from sketch_pix2seq.models.decoders import Decoder
from sketch_pix2seq.models.encoders import ConvEncoder, PaperEncoder, RNNEncoder
from sketch_pix2seq.models.losses import (
    DrawingLosses,
    LossConvention,
    kl_divergence,
    reconstruction_losses,
)


class SketchAutoencoder(nn.Module):
    """Any of the four models of the paper: it encodes a drawing and learns to draw it.

    Args:
        encoder: Picture or strokes to mean and log variance (B, Z).
        decoder: Latent and packed steps to a mixture a row.
        convention: How the losses are averaged.
        with_kl: Whether there is a KL term (equation 1 of Chen et al.) or truly none
            (equation 2).

    *Source*: Chen et al., arXiv 1709.04121, Table 1; z = mean + sigma * eps.
    """

    def __init__(
        self,
        encoder: PaperEncoder | ConvEncoder | RNNEncoder,
        decoder: Decoder,
        convention: LossConvention = "valid",
        *,
        with_kl: bool = False,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.convention: LossConvention = convention
        self.with_kl = with_kl

    def forward(
        self,
        pictures: Float[Tensor, "B 1 H W"],
        steps: Float[Tensor, "B T 5"],
        lengths: Int64[Tensor, "B"],
        noise: Float[Tensor, "B Z"] | None = None,
        generator: torch.Generator | None = None,
    ) -> DrawingLosses:
        """Losses of a batch.

        Args:
            pictures: 1 = ink, 0 = paper.
            steps: Stroke-5 rows: the start step, the drawing, end rows.
            lengths: Rows of each drawing, longest first, on the CPU.
            noise: Standard normal, with which codes are sampled; None: they are the means.
            generator: Random generator of the dropout, in training mode.
        """
        mean, log_var = self.encode(pictures, steps, lengths, generator)
        latent = mean if noise is None else mean + (0.5 * log_var).exp() * noise
        num_rows = lengths + 1
        if self.convention == "magenta":
            num_rows = torch.full_like(lengths, steps.shape[1] - 1)
        inputs = pack_padded_sequence(steps[:, :-1], num_rows, batch_first=True)
        targets = pack_padded_sequence(steps[:, 1:], num_rows, batch_first=True)
        mixture = self.decoder(latent, inputs, generator)
        losses = reconstruction_losses(mixture, targets.data, self.convention)
        kl = kl_divergence(mean, log_var) if self.with_kl else None
        return replace(losses, kl_sum=kl, counts=(*losses.counts[:2], len(lengths)))

    def encode(
        self,
        pictures: Float[Tensor, "B 1 H W"],
        steps: Float[Tensor, "B T 5"],
        lengths: Int64[Tensor, "B"],
        generator: torch.Generator | None = None,
    ) -> tuple[Float[Tensor, "B Z"], Float[Tensor, "B Z"]]:
        """Mean and log variance of each drawing, from its picture or its strokes.

        Args: as in `forward`.
        """
        if isinstance(self.encoder, RNNEncoder):
            rows = pack_padded_sequence(steps[:, 1:], lengths, batch_first=True)
            mean, log_var = self.encoder(rows, generator)
        else:
            mean, log_var = self.encoder(pictures)
        return mean.to(steps.dtype), log_var.to(steps.dtype)
