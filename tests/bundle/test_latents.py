"""The Gaussians of latent codes: what is sampled and conditioned has the moments that it should."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from bundles import LATENT_DIM, tiny_latents
from sketch_pix2seq.bundle.latents import NUM_MODES, LatentGaussians

NUM = 3


@pytest.fixture
def gaussians() -> LatentGaussians:
    return tiny_latents(NUM, seed=3)


def moments(gaussians: LatentGaussians, category_id: int, mode: int) -> tuple[Any, Any]:
    """Mean and covariance of a whole drawing's code and its beginning's, by the definition."""
    mean = gaussians.means[category_id].astype(float)
    middle = gaussians.shares[category_id].astype(float) @ mean
    slope = gaussians.slope.astype(float)
    begun = gaussians.prefix_means[category_id] + slope @ (mean[mode] - middle)
    whole, rest = (
        np.tril(one).astype(float) for one in (gaussians.factor, gaussians.prefix_factor)
    )
    to_both = np.block([[whole, np.zeros_like(rest)], [slope @ whole, rest]])
    return np.concatenate((mean[mode], begun)), to_both @ to_both.T


def test_sampled_codes_have_the_mean_and_the_covariance_of_their_modes(
    gaussians: LatentGaussians, rng: np.random.Generator
) -> None:
    count = 6000
    normals = rng.standard_normal((count, LATENT_DIM)).astype(np.float32)
    gumbels = rng.gumbel(size=(count, NUM_MODES)).astype(np.float32)
    modes = (np.log(gaussians.shares[1]) + gumbels).argmax(axis=1)
    codes = np.stack(
        [gaussians.sample(1, *noise, 0.25) for noise in zip(gumbels, normals, strict=True)]
    )
    shares = np.bincount(modes, minlength=NUM_MODES) / count
    np.testing.assert_allclose(shares, gaussians.shares[1], atol=0.03)
    common = int(gaussians.shares[1].argmax())
    mean, covariance = moments(gaussians, 1, common)
    own = codes[modes == common]
    np.testing.assert_allclose(own.mean(axis=0), mean[:LATENT_DIM], atol=0.08)
    expected = 0.25 * covariance[:LATENT_DIM, :LATENT_DIM]
    np.testing.assert_allclose(np.cov(own.T), expected, atol=0.08)
    usual = gaussians.sample(1, gumbels[0], normals[0], 0.0)
    np.testing.assert_array_equal(usual, gaussians.means[1, common])


def test_a_beginning_is_completed_by_the_conditional_mean(
    gaussians: LatentGaussians, rng: np.random.Generator
) -> None:
    """Textbook formulas, by the inverse of the beginning's covariance."""
    prefix = rng.standard_normal(LATENT_DIM).astype(np.float32)
    whole, begun = slice(LATENT_DIM), slice(LATENT_DIM, None)
    likely = []
    for mode in range(NUM_MODES):
        mean, covariance = moments(gaussians, 2, mode)
        normal = multivariate_normal(mean[begun], covariance[begun, begun])
        likely.append(normal.logpdf(prefix) + np.log(gaussians.shares[2, mode]))
    mode = gaussians.prefix_mode(2, prefix, np.zeros(NUM_MODES, np.float32))
    assert mode == np.argmax(likely)
    mean, covariance = moments(gaussians, 2, mode)
    gain = covariance[whole, begun] @ np.linalg.inv(covariance[begun, begun])
    expected = mean[whole] + gain @ (prefix - mean[begun])
    np.testing.assert_allclose(gaussians.complete(2, mode, prefix), expected, atol=1e-4)


def test_logits_are_log_densities_up_to_a_constant(
    gaussians: LatentGaussians, rng: np.random.Generator
) -> None:
    codes = rng.standard_normal((5, LATENT_DIM)).astype(np.float32)
    for part, logits in (
        (slice(LATENT_DIM), gaussians.logits(codes)),
        (slice(LATENT_DIM, None), gaussians.prefix_logits(codes)),
    ):
        densities = np.zeros((5, NUM))
        for category, mode in np.ndindex(NUM, NUM_MODES):
            mean, covariance = moments(gaussians, category, mode)
            normal = multivariate_normal(mean[part], covariance[part, part])
            densities[:, category] += gaussians.shares[category, mode] * normal.pdf(codes)
        expected = np.log(densities)
        np.testing.assert_allclose(logits - logits[:, :1], expected - expected[:, :1], atol=2e-3)


def test_a_code_does_not_depend_on_its_company(
    gaussians: LatentGaussians, rng: np.random.Generator
) -> None:
    codes = rng.standard_normal((20, LATENT_DIM)).astype(np.float32)
    for logits in (gaussians.logits, gaussians.prefix_logits):
        together = logits(codes)
        assert all(logits(codes[[row]]).tobytes() == together[row].tobytes() for row in range(20))
        assert logits(codes[:0]).shape == (0, NUM)


def test_they_are_read_as_they_were_written(gaussians: LatentGaussians) -> None:
    read = LatentGaussians.from_bytes(gaussians.to_bytes(), NUM, LATENT_DIM)
    assert read.to_bytes() == gaussians.to_bytes()
