"""From a recipe's settings to the networks it names."""

from __future__ import annotations

from dataclasses import asdict
from typing import assert_never

import torch

from sketch_pix2seq.models import (
    AttentionDecoder,
    AttentionModel,
    ConvEncoder,
    Decoder,
    GridEncoder,
    HyperDecoder,
    LSTMDecoder,
    PaperEncoder,
    RNNEncoder,
    SketchAutoencoder,
    SketchClassifier,
)
from sketch_pix2seq.models.attention import ConditionShares
from sketch_pix2seq.sketch.raster import frame_scale
from sketch_pix2seq.training.recipe import ModelSettings, Recipe


def build(
    recipe: Recipe, num_categories: int, offset_scale: float = 1.0
) -> SketchAutoencoder | AttentionModel | SketchClassifier:
    """The network of a recipe's task, its first weights decided by the recipe's seed.

    Args:
        recipe: What is trained.
        num_categories: Of the data set.
        offset_scale: Pixels (longest side of a drawing = 255) to a unit of the offsets.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        if recipe.task == "classify":
            return SketchClassifier(num_categories, recipe.model.encoder_width)
        if recipe.attends:
            return _attention(recipe, num_categories, offset_scale)
        return SketchAutoencoder(
            _encoder(recipe.model, recipe.raster.size),
            _decoder(recipe.model),
            recipe.loss,
            with_kl=recipe.kl.weight > 0,
        )


def _attention(recipe: Recipe, num_categories: int, offset_scale: float) -> AttentionModel:
    model, raster = recipe.model, recipe.raster
    encoder = GridEncoder(model.latent_dim, num_categories, model.encoder_width, raster.size)
    decoder = AttentionDecoder(
        model.latent_dim,
        num_categories,
        encoder.channels,
        encoder.grid_size,
        width=model.decoder_size,
        num_layers=model.num_layers,
        num_heads=model.decoder_size // model.head_size,
        expansion=model.expansion,
        num_components=model.num_components,
        keep=model.keep,
    )
    return AttentionModel(
        encoder,
        decoder,
        offset_scale * frame_scale(raster),
        raster.size,
        ConditionShares(**asdict(recipe.conditions)),
        model.class_weight,
        recipe.loss,
    )


def _encoder(settings: ModelSettings, picture_size: int) -> PaperEncoder | ConvEncoder | RNNEncoder:
    match settings.encoder:
        case "paper":
            return PaperEncoder(settings.latent_dim, picture_size)
        case "conv":
            return ConvEncoder(settings.latent_dim, settings.encoder_width, picture_size)
        case "rnn":
            return RNNEncoder(settings.latent_dim, settings.encoder_size, settings.recurrent_keep)
        case "grid":
            raise AssertionError("encoder `grid` belongs to decoder `attention`")
        case unknown:
            assert_never(unknown)


def _decoder(settings: ModelSettings) -> Decoder:
    sizes = (settings.latent_dim, settings.decoder_size, settings.num_components)
    keep = settings.recurrent_keep
    match settings.decoder:
        case "lstm" | "layer_norm":
            return LSTMDecoder(*sizes, keep, layer_norm=settings.decoder == "layer_norm")
        case "hyper":
            return HyperDecoder(
                *sizes, keep, hyper_size=settings.hyper_size, embedding_dim=settings.hyper_embedding
            )
        case "attention":
            raise AssertionError("`AttentionModel` builds decoder `attention`")
        case unknown:
            assert_never(unknown)
