"""A small `attention` model in torch and its reader in numpy, with the same weights."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import torch

from sketch_pix2seq.data.augment import in_frame
from sketch_pix2seq.data.ragged import RaggedRows
from sketch_pix2seq.inference.attention import AttentionDecoder
from sketch_pix2seq.inference.encoders import GridEncoder
from sketch_pix2seq.models import attention as torch_attention
from sketch_pix2seq.models import encoders as torch_encoders
from sketch_pix2seq.sketch.raster import QUICKDRAW_FRAME, RasterSettings, rasterise_batch
from sketch_pix2seq.training.recipe import ConditionSettings

SIZE, LATENT_DIM, CATEGORIES, COMPONENTS, MAX_STEPS = 32, 6, 5, 3, 40
WIDTH, HEAD, LAYERS, EXPANSION, ENCODER_WIDTH = 16, 8, 2, 2, 8
STEP_PIXELS = 4.0
RASTER = RasterSettings(size=SIZE)


def torch_model() -> torch_attention.AttentionModel:
    torch.manual_seed(0)
    encoder = torch_encoders.GridEncoder(LATENT_DIM, CATEGORIES, ENCODER_WIDTH, SIZE)
    decoder = torch_attention.AttentionDecoder(
        LATENT_DIM,
        CATEGORIES,
        encoder.channels,
        encoder.grid_size,
        width=WIDTH,
        num_layers=LAYERS,
        num_heads=WIDTH // HEAD,
        expansion=EXPANSION,
        num_components=COMPONENTS,
    )
    shares = torch_attention.ConditionShares(**asdict(ConditionSettings()))
    model = torch_attention.AttentionModel(encoder, decoder, STEP_PIXELS, SIZE, shares)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.1)
    return model.eval()


def numpy_readers(
    model: torch_attention.AttentionModel,
) -> tuple[GridEncoder, AttentionDecoder]:
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    parts = {
        part: {n.removeprefix(part): a for n, a in weights.items() if n.startswith(part)}
        for part in ("encoder.", "decoder.")
    }
    encoder = GridEncoder(parts["encoder."], LATENT_DIM, ENCODER_WIDTH, SIZE)
    decoder = AttentionDecoder(
        parts["decoder."],
        latent_dim=LATENT_DIM,
        num_categories=CATEGORIES,
        channels=4 * ENCODER_WIDTH,
        grid_size=SIZE // 8,
        width=WIDTH,
        num_layers=LAYERS,
        head_size=HEAD,
        expansion=EXPANSION,
        num_components=COMPONENTS,
        step_pixels=STEP_PIXELS,
        picture_size=SIZE,
        max_steps=MAX_STEPS,
    )
    return encoder, decoder


def pictures(rng: np.random.Generator, count: int) -> np.ndarray:
    """Pictures of random drawings in their frame, (B, 1, S, S)."""
    rows = rng.normal(0, 40, (count * 12, 3))
    rows[:, 2] = rng.random(count * 12) < 0.3
    ragged = in_frame(RaggedRows(rows.astype(np.float32), np.full(count, 12)))
    return rasterise_batch(ragged.strokes(), RASTER, within=QUICKDRAW_FRAME)
