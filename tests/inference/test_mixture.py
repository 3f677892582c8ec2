"""Sampling in numpy against its owner, `StrokeMixture.sample`."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sketch_pix2seq.inference import mixture
from sketch_pix2seq.inference.mixture import sample
from sketch_pix2seq.inference.noise import open_stream, read_noise
from sketch_pix2seq.models.mixture import StrokeMixture
from sketch_pix2seq.sketch.network_layout import noise_dim, output_dim


@pytest.mark.parametrize("num_components", [1, 3, 20])
@pytest.mark.parametrize("scale", [1, 3])
def test_a_step_is_that_of_the_owner(
    rng: np.random.Generator, num_components: int, scale: float
) -> None:
    rows = 200
    output = (scale * rng.standard_normal((rows, output_dim(num_components)))).astype(np.float32)
    streams = [open_stream(1, index) for index in range(rows)]
    noise = read_noise(streams, 1, noise_dim(num_components))[:, 0]
    temperature = rng.uniform(0, 1.5, (rows, 1)).astype(np.float32)
    temperature[:20] = 0
    owner = StrokeMixture.from_output(torch.from_numpy(output))
    expected = owner.sample(torch.from_numpy(noise), torch.from_numpy(temperature)).numpy()
    got = sample(output, noise, temperature)
    assert got.dtype == np.float32
    assert (got[:, 2:] == expected[:, 2:]).all()
    largest = np.abs(expected).max(axis=1, keepdims=True)
    assert (np.abs(got - expected) <= 1e-4 * largest).all()


def test_proposals_and_densities_are_those_of_the_owner(rng: np.random.Generator) -> None:
    rows, components = 50, 4
    output = rng.standard_normal((rows, output_dim(components))).astype(np.float32)
    noise = read_noise([open_stream(2, k) for k in range(rows)], 1, noise_dim(components))[:, 0]
    temperature = rng.uniform(0.1, 1.5, (rows, 1)).astype(np.float32)
    owner = StrokeMixture.from_output(torch.from_numpy(output))
    offsets, logits, pen_logits = owner.proposals(
        torch.from_numpy(noise), torch.from_numpy(temperature)
    )
    pi, pen = mixture.perturbed_logits(output, noise, temperature)
    np.testing.assert_allclose(np.tile(pi, mixture.NUM_PROPOSALS), logits, atol=1e-5)
    np.testing.assert_allclose(pen, pen_logits, atol=1e-5)
    found = mixture.proposals(output, noise, temperature)
    np.testing.assert_allclose(found, offsets, rtol=1e-4, atol=1e-4)
    step = sample(output, noise, temperature)
    best = pi.argmax(axis=1)
    np.testing.assert_allclose(found[np.arange(rows), :, best], step[:, :2], rtol=1e-5, atol=1e-5)
    there = torch.from_numpy(step)
    pen_log_prob = (owner.pen_logits.log_softmax(-1) * there[:, 2:]).sum(-1)
    expected = owner.log_prob(there[:, :2]) + pen_log_prob
    np.testing.assert_allclose(mixture.log_prob(output, step), expected, rtol=1e-4, atol=1e-4)
