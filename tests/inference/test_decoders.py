"""The decoders in numpy against those in torch, and what rows of drawings are."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pytest
import torch
from safetensors.numpy import load
from torch import nn

from sketch_pix2seq import models
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.decoders import (
    HyperDecoder,
    LayerNormDecoder,
    LSTMDecoder,
    RecurrentDecoder,
)
from sketch_pix2seq.inference.noise import open_stream, read_noise
from sketch_pix2seq.models.mixture import noise_dim
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
        module = with_random_weights(models.LayerNormDecoder(LATENT_DIM, size, COMPONENTS))
        return LayerNormDecoder(arrays(module), LATENT_DIM, size, COMPONENTS), module
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
    steps = [rows.begin(0, list(latents), noise[:, 0], temperatures)]
    while len(steps) < noise.shape[1]:
        steps += list(rows.advance(len(latents), noise[:, len(steps) :]))
    return np.stack(steps)


def drawn_by_torch(
    module: models.Decoder, latents: np.ndarray, noise: np.ndarray, temperatures: np.ndarray
) -> np.ndarray:
    """As `drawn`."""
    model = models.DecoderStep(module)
    state = torch.zeros(len(latents), model.state_dim)
    step = torch.from_numpy(np.tile(START_STEP, (len(latents), 1)))
    temperature = torch.from_numpy(temperatures)[:, None]
    steps = []
    with torch.no_grad():
        for number in range(noise.shape[1]):
            row = torch.from_numpy(noise[:, number])
            step, state = model(torch.from_numpy(latents), state, step, row, temperature)
            steps.append(step.numpy())
    return np.stack(steps)


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
def test_a_drawing_is_the_same_alone_and_among_others(rng: np.random.Generator, kind: str) -> None:
    decoder, _ = pair(kind)
    latents = rng.standard_normal((101, LATENT_DIM)).astype(np.float32)
    noise = noise_of(101)
    temperatures = rng.uniform(0, 1, 101).astype(np.float32)
    together = drawn(decoder, latents, noise, temperatures)
    for row in range(0, 101, 20):
        one = slice(row, row + 1)
        alone = drawn(decoder, latents[one], noise[one], temperatures[one])
        assert alone.tobytes() == together[:, one].tobytes()
    order = rng.permutation(101)
    moved = drawn(decoder, latents[order], noise[order], temperatures[order])
    assert moved.tobytes() == together[:, order].tobytes()


@pytest.mark.parametrize("kind", DECODERS)
def test_drawings_enter_and_leave_without_a_trace(rng: np.random.Generator, kind: str) -> None:
    decoder, _ = pair(kind)
    latents = rng.standard_normal((5, LATENT_DIM)).astype(np.float32)
    noise, temperatures = noise_of(5), np.full(5, 0.5, np.float32)
    expected = drawn(decoder, latents, noise, temperatures)
    rows = decoder.open(5)
    rows.begin(0, list(latents[:3]), noise[:3, 0], temperatures[:3])
    rows.advance(3, noise[:3, 1:])
    rows.take_place(0, 2)  # drawing 0 leaves: rows hold 2, 1
    begun = rows.begin(2, list(latents[3:]), noise[3:, 0], temperatures[3:])
    assert begun.tobytes() == expected[0, 3:].tobytes()
    numbers, steps = [2, 1, 3, 4], np.array([2, 2, 1, 1])
    for _ in range(10):
        got = rows.advance(4, noise[numbers, steps][:, None])
        assert got.tobytes() == expected[steps, numbers][None].tobytes()
        steps += 1
    rows.take_place(1, 3)  # drawing 1 leaves: rows hold 2, 4, 3
    numbers, steps = [2, 4, 3], steps[[0, 3, 2]]
    got = rows.advance(3, noise[numbers, steps][:, None])
    assert got.tobytes() == expected[steps, numbers][None].tobytes()


@pytest.mark.parametrize("kind", DECODERS)
def test_rows_continue_from_the_steps_that_are_put(rng: np.random.Generator, kind: str) -> None:
    decoder, module = pair(kind)
    latents = rng.standard_normal((3, LATENT_DIM)).astype(np.float32)
    noise, temperatures = noise_of(3), np.full(3, 0.5, np.float32)
    rows = decoder.open(3)
    rows.begin(0, list(latents), noise[:, 0], temperatures)
    put = np.array([[3, -2, 0, 1, 0], [0.5, 1, 1, 0, 0]], np.float32)
    rows.put(np.array([0, 2]), put)
    got = rows.advance(3, noise[:, 1:2])[0]
    model = models.DecoderStep(module)
    arguments = (torch.from_numpy(latents), torch.zeros(3, model.state_dim))
    temperature = torch.from_numpy(temperatures)[:, None]
    with torch.no_grad():
        start = torch.from_numpy(np.tile(START_STEP, (3, 1)))
        step, state = model(*arguments, start, torch.from_numpy(noise[:, 0]), temperature)
        step[[0, 2]] = torch.from_numpy(put)
        expected, _ = model(arguments[0], state, step, torch.from_numpy(noise[:, 1]), temperature)
    np.testing.assert_allclose(got, expected.numpy(), atol=1e-4)


def test_weights_that_are_not_finite_are_drawn_without_a_warning() -> None:
    torch.manual_seed(0)
    weights = arrays(models.LSTMDecoder(LATENT_DIM, 8, COMPONENTS))
    weights["weight"] = np.full_like(weights["weight"], np.inf)
    decoder = LSTMDecoder(weights, LATENT_DIM, 8, COMPONENTS)
    latents = np.ones((1, LATENT_DIM), np.float32)
    steps = drawn(decoder, latents, noise_of(1), np.ones(1, np.float32))
    assert not np.isfinite(steps).all()


@pytest.mark.parametrize("kind", DECODERS)
def test_weights_of_another_size_are_refused(kind: str) -> None:
    _, module = pair(kind)
    kinds = {"lstm": LSTMDecoder, "layer_norm": LayerNormDecoder, "hyper": HyperDecoder}
    with pytest.raises(BundleError, match="`start.weight` must be floats of shape"):
        kinds[kind](arrays(module), LATENT_DIM, 24, COMPONENTS)
