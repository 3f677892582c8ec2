"""Picture in, losses out: encoder, latent code and decoder together."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from sketch_pix2seq.models.decoders import LSTMDecoder
from sketch_pix2seq.models.losses import LossConvention, Losses, reconstruction_losses


class SketchAutoencoder(nn.Module):
    """The model of the paper: it looks at a picture and learns to draw it.

    Args:
        encoder: picture (B, 1, H, W) to mean and log variance (B, Z).
        decoder: latent and packed steps to a mixture a row.
        convention: how the losses are averaged.

    Source: equation 2 of Chen et al.: reconstruction only, no KL term, with
    z = mean + sigma * eps.
    """

    def __init__(
        self, encoder: nn.Module, decoder: LSTMDecoder, convention: LossConvention = "valid"
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.convention: LossConvention = convention

    def forward(
        self,
        pictures: Float[Tensor, "B 1 H W"],
        steps: Float[Tensor, "B T 5"],
        lengths: Int64[Tensor, "B"],
        generator: torch.Generator | None = None,
    ) -> Losses:
        """Losses of a batch.

        Args:
            pictures: 1 = ink, 0 = paper.
            steps: stroke-5 rows: the start step, the drawing, end rows.
            lengths: rows of each drawing, longest first, on the CPU.
            generator: of latent noise and dropout, in training mode.
        """
        mean, log_var = self.encoder(pictures)
        latent = mean
        if self.training:
            noise = torch.empty_like(mean).normal_(generator=generator)
            latent = mean + (0.5 * log_var).exp() * noise
        if self.convention == "magenta":
            lengths = torch.full_like(lengths, steps.shape[1] - 2)
        inputs = pack_padded_sequence(steps[:, :-1], lengths + 1, batch_first=True)
        targets = pack_padded_sequence(steps[:, 1:], lengths + 1, batch_first=True)
        mixture = self.decoder(latent, inputs, generator)
        return reconstruction_losses(mixture, targets.data, self.convention)
