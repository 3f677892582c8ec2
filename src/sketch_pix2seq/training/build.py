"""From a recipe's settings to the networks it names."""

from __future__ import annotations

import torch

from sketch_pix2seq.models import ConvEncoder, LSTMDecoder, PaperEncoder, SketchAutoencoder
from sketch_pix2seq.training.recipe import Recipe


def build_model(recipe: Recipe) -> SketchAutoencoder:
    """The model of a recipe, its first weights decided by the recipe's seed."""
    settings = recipe.model
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        encoder = (
            PaperEncoder(settings.latent_dim, recipe.raster.size)
            if settings.encoder == "paper"
            else ConvEncoder(settings.latent_dim, settings.encoder_width, recipe.raster.size)
        )
        decoder = LSTMDecoder(
            settings.latent_dim,
            settings.decoder_size,
            settings.num_components,
            settings.recurrent_keep,
        )
    return SketchAutoencoder(encoder, decoder, recipe.loss)
