"""The Gaussians of latent codes: what is sampled and conditioned has the moments that it should."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from bundles import LATENT_DIM, tiny_latents
from sketch_pix2seq.bundle.latents import LatentGaussians

NUM = 3


@pytest.fixture
def gaussians() -> LatentGaussians:
    return tiny_latents(NUM, seed=3)


def moments(gaussians: LatentGaussians, category_id: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of a beginning's and a whole drawing's code."""
    mean = np.concatenate((gaussians.prefix_means[category_id], gaussians.means[category_id]))
    return mean.astype(float), (gaussians.factor @ gaussians.factor.T).astype(float)


def test_sampled_codes_have_the_mean_and_the_covariance(
    gaussians: LatentGaussians, rng: np.random.Generator
) -> None:
    mean, covariance = moments(gaussians, 1)
    noise = rng.standard_normal((4000, 2 * LATENT_DIM)).astype(np.float32)
    codes = np.stack([gaussians.sample(1, row, 0.25) for row in noise])
    np.testing.assert_allclose(codes.mean(axis=0), mean[LATENT_DIM:], atol=0.06)
    expected = 0.25 * covariance[LATENT_DIM:, LATENT_DIM:]
    np.testing.assert_allclose(np.cov(codes.T), expected, atol=0.06)
    np.testing.assert_array_equal(gaussians.sample(1, noise[0], 0.0), gaussians.means[1])


def test_a_beginning_is_completed_by_the_conditional_mean(
    gaussians: LatentGaussians, rng: np.random.Generator
) -> None:
    """Textbook formulas, by the inverse of the beginning's covariance."""
    mean, covariance = moments(gaussians, 2)
    prefix = rng.standard_normal(LATENT_DIM).astype(np.float32)
    ours, theirs = slice(LATENT_DIM, None), slice(LATENT_DIM)
    gain = covariance[ours, theirs] @ np.linalg.inv(covariance[theirs, theirs])
    expected = mean[ours] + gain @ (prefix - mean[theirs])
    np.testing.assert_allclose(gaussians.complete(2, prefix), expected, atol=1e-4)


def test_logits_are_log_densities_up_to_a_constant(
    gaussians: LatentGaussians, rng: np.random.Generator
) -> None:
    codes = rng.standard_normal((5, LATENT_DIM)).astype(np.float32)
    for part, logits in (
        (slice(LATENT_DIM), gaussians.prefix_logits(codes)),
        (slice(LATENT_DIM, None), gaussians.logits(codes)),
    ):
        densities = []
        for number in range(NUM):
            mean, covariance = moments(gaussians, number)
            normal = multivariate_normal(mean[part], covariance[part, part])
            densities.append(normal.logpdf(codes))
        expected = np.array(densities).T
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
