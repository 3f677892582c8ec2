"""Fitting the Gaussians of latent codes: as the libraries fit, for codes of every kind."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LinearRegression

from sketch_pix2seq.bundle.latents import NUM_MODES, LatentGaussians
from sketch_pix2seq.export.latents import k_means, latent_gaussians


def clouds(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    ids = np.repeat(np.arange(4), 200)
    places = rng.normal(size=(4, 6)) * 2
    skew = rng.normal(size=(6, 6))
    return (places[ids] + rng.normal(size=(800, 6)) @ skew).astype(np.float32), ids


def completed(fitted: LatentGaussians, category_id: int, prefix: np.ndarray) -> np.ndarray:
    """The code of the whole drawing of a beginning, in the mode it is likeliest of."""
    mode = fitted.prefix_mode(category_id, prefix, np.zeros(NUM_MODES, np.float32))
    return fitted.complete(category_id, mode, prefix)


def test_codes_are_classified_as_the_library_classifies_them(rng: np.random.Generator) -> None:
    codes, ids = clouds(rng)
    prefixes = codes + rng.normal(size=codes.shape).astype(np.float32)
    fitted = latent_gaussians(prefixes, codes, ids, 4)
    for some, logits in ((codes, fitted.logits), (prefixes, fitted.prefix_logits)):
        theirs = LinearDiscriminantAnalysis(solver="lsqr", priors=[0.25] * 4).fit(some, ids)
        assert (logits(some).argmax(axis=1) == theirs.predict(some)).mean() > 0.97


def test_beginnings_are_completed_as_the_library_regresses(rng: np.random.Generator) -> None:
    """Regression with an intercept for each category."""
    prefixes, ids = clouds(rng)
    wholes = prefixes @ rng.normal(size=(6, 6)) + ids[:, None]
    wholes = (wholes + rng.normal(size=wholes.shape)).astype(np.float32)
    fitted = latent_gaussians(prefixes, wholes, ids, 4)
    inputs = np.column_stack((prefixes, np.eye(4)[ids]))
    expected = LinearRegression(fit_intercept=False).fit(inputs, wholes).predict(inputs)
    codes = [completed(fitted, int(i), prefix) for i, prefix in zip(ids, prefixes, strict=True)]
    assert np.abs(np.array(codes) - expected).std() < 0.03 * expected.std()


def test_codes_that_hardly_vary_are_no_trouble(rng: np.random.Generator) -> None:
    codes, ids = clouds(rng)
    narrow = codes * np.float32(1e-4)
    found = latent_gaussians(narrow, narrow, ids, 4).logits(narrow)
    wide = latent_gaussians(codes, codes, ids, 4).logits(codes)
    assert (found.argmax(axis=1) == wide.argmax(axis=1)).mean() > 0.99
    same = np.zeros((4, 3), np.float32)
    fitted = latent_gaussians(same, same, np.array([0, 0, 1, 1]), 2)
    assert np.isfinite(fitted.logits(same)).all()


def test_a_category_without_drawings_is_never_predicted(rng: np.random.Generator) -> None:
    codes, ids = clouds(rng)
    fitted = latent_gaussians(codes, codes, ids, 5)
    assert (fitted.logits(codes)[:, 4] < -1e29).all()
    np.testing.assert_allclose(fitted.shares.sum(axis=1), [1, 1, 1, 1, 0], atol=1e-6)


def test_the_ways_of_drawing_a_thing_are_found(rng: np.random.Generator) -> None:
    """A category of two clouds: no sampled code lies between them."""
    middles = np.array([[-9, 0, 0], [9, 0, 0]])
    codes = (middles[rng.integers(2, size=300)] + rng.normal(size=(300, 3))).astype(np.float32)
    fitted = latent_gaussians(codes, codes, np.zeros(300, np.int64), 1)
    normals = rng.standard_normal((200, 3)).astype(np.float32)
    gumbels = rng.gumbel(size=(200, NUM_MODES)).astype(np.float32)
    some = [fitted.sample(0, one, other, 1.0) for one, other in zip(gumbels, normals, strict=True)]
    assert (np.abs(np.array(some)[:, 0]) > 4).all()
    assert 60 < (np.array(some)[:, 0] > 0).sum() < 140
    for middle in middles:
        np.testing.assert_allclose(completed(fitted, 0, middle.astype(np.float32)), middle, atol=1)


def test_clusters_are_those_of_the_library(rng: np.random.Generator) -> None:
    points = rng.normal(size=(300, 4)) + 20 * rng.integers(3, size=(300, 1))
    means, nearest = k_means(points, 3, np.random.default_rng(0))
    theirs = KMeans(3, n_init=5, random_state=0).fit(points).cluster_centers_
    np.testing.assert_allclose(means[means[:, 0].argsort()], theirs[theirs[:, 0].argsort()])
    np.testing.assert_allclose(means[nearest], points, atol=6)
    same, _ = k_means(np.ones((2, 3)), 4, np.random.default_rng(0))
    assert (same == 1).all()
