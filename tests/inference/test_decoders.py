"""The decoders in numpy against those in torch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import resources

import numpy as np
import pytest
import torch
from safetensors.numpy import load

from decoder_pairs import (
    COMPONENTS,
    DECODERS,
    LATENT_DIM,
    arrays,
    drawn,
    drawn_by_torch,
    noise_of,
    pair,
)
from sketch_pix2seq import models
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.decoder import RecurrentDecoder
from sketch_pix2seq.inference.decoders import HyperDecoder, LSTMDecoder


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("size", [20, 64])
def test_torch_draws_the_same_steps(rng: np.random.Generator, kind: str, size: int) -> None:
    decoder, module = pair(kind, size)
    latents = rng.standard_normal((7, LATENT_DIM)).astype(np.float32)
    temperatures = np.linspace(0, 0.6, 7, dtype=np.float32)
    got = drawn(decoder, latents, noise_of(7), temperatures)
    expected = drawn_by_torch(module, latents, noise_of(7), temperatures)
    assert (got[..., 2:] == expected[..., 2:]).all()
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_torch_draws_the_same_steps_with_the_default_bundle(rng: np.random.Generator) -> None:
    bundle = resources.files("sketch_pix2seq").joinpath("bundles", "default")
    kept = load(bundle.joinpath("weights.safetensors").read_bytes())
    prefix = "decoder."
    weights = {n.removeprefix(prefix): a for n, a in kept.items() if n.startswith(prefix)}
    module = models.LSTMDecoder(128, 512, 20).eval()
    module.load_state_dict({n: torch.from_numpy(a).float() for n, a in weights.items()})
    latents = rng.standard_normal((20, 128)).astype(np.float32)
    temperatures = np.linspace(0, 0.6, 20, dtype=np.float32)
    got = drawn(LSTMDecoder(weights, 128), latents, noise_of(20, 20), temperatures)
    expected = drawn_by_torch(module, latents, noise_of(20, 20), temperatures)
    is_end = expected[..., 4].cumsum(axis=0)
    goes_on = is_end - expected[..., 4] == 0  # the model never learned what follows an end
    assert goes_on.sum() > 200
    assert (got[goes_on, 2:] == expected[goes_on, 2:]).all()
    np.testing.assert_allclose(got[goes_on], expected[goes_on], atol=1e-4)


@pytest.mark.parametrize("kind", DECODERS)
def test_weights_of_another_size_are_refused(kind: str) -> None:
    _, module = pair(kind)
    normed = partial(LSTMDecoder, normed=True)
    kinds: dict[str, Callable[..., RecurrentDecoder]]
    kinds = {"lstm": LSTMDecoder, "layer_norm": normed, "hyper": HyperDecoder}
    with pytest.raises(BundleError, match="`start.weight` must be floats of shape"):
        kinds[kind](arrays(module), LATENT_DIM, 24, COMPONENTS)
