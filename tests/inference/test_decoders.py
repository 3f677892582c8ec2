"""The decoders in numpy against those in torch; a drawing is drawn as if it were alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch

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
from sketch_pix2seq.inference.decoders import HyperDecoder, LSTMDecoder, RecurrentDecoder
from sketch_pix2seq.sketch.pen import START_STEP


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


@pytest.mark.parametrize("kind", DECODERS)
def test_weights_of_another_size_are_refused(kind: str) -> None:
    _, module = pair(kind)
    normed = partial(LSTMDecoder, layer_norm=True)
    kinds: dict[str, Callable[..., RecurrentDecoder]]
    kinds = {"lstm": LSTMDecoder, "layer_norm": normed, "hyper": HyperDecoder}
    with pytest.raises(BundleError, match="`start.weight` must be floats of shape"):
        kinds[kind](arrays(module), LATENT_DIM, 24, COMPONENTS)


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
    rows.insert(0, list(latents[:3]), noise[:3, 0], temperatures[:3])
    rows.advance(3, noise[:3, 1:])
    rows.move_row(0, 2)  # drawing 0 leaves: rows hold 2, 1
    steps = rows.insert(2, list(latents[3:]), noise[3:, 0], temperatures[3:])
    assert steps.tobytes() == expected[0, 3:].tobytes()
    numbers, steps = [2, 1, 3, 4], np.array([2, 2, 1, 1])
    for _ in range(10):
        got = rows.advance(4, noise[numbers, steps][:, None])
        assert got.tobytes() == expected[steps, numbers][None].tobytes()
        steps += 1
    rows.move_row(1, 3)  # drawing 1 leaves: rows hold 2, 4, 3
    numbers, steps = [2, 4, 3], steps[[0, 3, 2]]
    got = rows.advance(3, noise[numbers, steps][:, None])
    assert got.tobytes() == expected[steps, numbers][None].tobytes()


@pytest.mark.parametrize("kind", DECODERS)
def test_rows_continue_from_the_steps_that_are_put(rng: np.random.Generator, kind: str) -> None:
    decoder, module = pair(kind)
    latents = rng.standard_normal((3, LATENT_DIM)).astype(np.float32)
    noise, temperatures = noise_of(3), np.full(3, 0.5, np.float32)
    rows = decoder.open(3)
    rows.insert(0, list(latents), noise[:, 0], temperatures)
    put = np.array([[3, -2, 0, 1, 0], [0.5, 1, 1, 0, 0]], np.float32)
    rows.replace_last_steps(np.array([0, 2]), put)
    got = rows.advance(3, noise[:, 1:2])[0]
    temperature = torch.from_numpy(temperatures)[:, None]
    with torch.no_grad():
        start = torch.from_numpy(np.tile(START_STEP, (3, 1)))
        mixture, state = module.advance(start, module.initial_state(torch.from_numpy(latents)))
        step = mixture.sample(torch.from_numpy(noise[:, 0]), temperature)
        step[[0, 2]] = torch.from_numpy(put)
        mixture, _ = module.advance(step, state)
        expected = mixture.sample(torch.from_numpy(noise[:, 1]), temperature)
    np.testing.assert_allclose(got, expected.numpy(), atol=1e-4)


def test_weights_that_are_not_finite_are_drawn_without_a_warning() -> None:
    torch.manual_seed(0)
    weights = arrays(models.LSTMDecoder(LATENT_DIM, 8, COMPONENTS))
    weights["weight"] = np.full_like(weights["weight"], np.inf)
    decoder = LSTMDecoder(weights, LATENT_DIM, 8, COMPONENTS)
    latents = np.ones((1, LATENT_DIM), np.float32)
    steps = drawn(decoder, latents, noise_of(1), np.ones(1, np.float32))
    assert not np.isfinite(steps).all()
