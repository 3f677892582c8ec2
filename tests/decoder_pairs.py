"""Decoders in numpy and in torch with the same weights, and what each of them draws."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from sketch_pix2seq import models
from sketch_pix2seq.inference.decoders import HyperDecoder, LSTMDecoder, RecurrentDecoder
from sketch_pix2seq.inference.noise import open_stream, read_noise
from sketch_pix2seq.sketch.network_layout import noise_dim
from sketch_pix2seq.sketch.pen import START_STEP

STEPS = 60
LATENT_DIM, COMPONENTS = 9, 4
DECODERS = ("lstm", "layer_norm", "hyper")


def pair(kind: str, size: int = 20) -> tuple[RecurrentDecoder, models.Decoder]:
    """A decoder in numpy and in torch, with the same random weights."""
    torch.manual_seed(0)
    module: models.Decoder
    if kind == "lstm":
        module = with_random_weights(models.LSTMDecoder(LATENT_DIM, size, COMPONENTS))
        return LSTMDecoder(arrays(module), LATENT_DIM, size, COMPONENTS), module
    if kind == "layer_norm":
        module = with_random_weights(
            models.LSTMDecoder(LATENT_DIM, size, COMPONENTS, layer_norm=True)
        )
        return LSTMDecoder(arrays(module), LATENT_DIM, size, COMPONENTS, layer_norm=True), module
    hyper = {"hyper_size": 12, "embedding_dim": 5}
    module = with_random_weights(models.HyperDecoder(LATENT_DIM, size, COMPONENTS, **hyper))
    return HyperDecoder(arrays(module), LATENT_DIM, size, COMPONENTS, **hyper), module


def with_random_weights(module: models.Decoder) -> models.Decoder:
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.2)
    return module.eval()


def arrays(module: nn.Module) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in module.state_dict().items()}


def noise_of(rows: int, num_components: int = COMPONENTS) -> np.ndarray:
    return read_noise(
        [open_stream(0, row) for row in range(rows)], STEPS, noise_dim(num_components)
    )


def drawn(
    decoder: RecurrentDecoder, latents: np.ndarray, noise: np.ndarray, temperatures: np.ndarray
) -> np.ndarray:
    """(T, B, 5): all steps, beyond ends too."""
    rows = decoder.open(len(latents))
    steps = [rows.insert(0, list(latents), noise[:, 0], temperatures)]
    while len(steps) < noise.shape[1]:
        steps += list(rows.advance(len(latents), noise[:, len(steps) :]))
    return np.stack(steps)


def drawn_by_torch(
    module: models.Decoder, latents: np.ndarray, noise: np.ndarray, temperatures: np.ndarray
) -> np.ndarray:
    """As `drawn`."""
    step = torch.from_numpy(np.tile(START_STEP, (len(latents), 1)))
    temperature = torch.from_numpy(temperatures)[:, None]
    steps = []
    with torch.no_grad():
        state = module.initial_state(torch.from_numpy(latents))
        for number in range(noise.shape[1]):
            mixture, state = module.advance(step, state)
            step = mixture.sample(torch.from_numpy(noise[:, number]), temperature)
            steps.append(step.numpy())
    return np.stack(steps)
