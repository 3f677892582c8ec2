"""Fitting the Gaussians of latent codes: as the libraries fit, for codes of every kind."""

from __future__ import annotations

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LinearRegression

from sketch_pix2seq.export.latents import latent_gaussians


def clouds(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    ids = np.repeat(np.arange(4), 200)
    places = rng.normal(size=(4, 6)) * 2
    skew = rng.normal(size=(6, 6))
    return (places[ids] + rng.normal(size=(800, 6)) @ skew).astype(np.float32), ids


def test_codes_are_classified_as_the_library_classifies_them(rng: np.random.Generator) -> None:
    codes, ids = clouds(rng)
    prefixes = codes + rng.normal(size=codes.shape).astype(np.float32)
    fitted = latent_gaussians(prefixes, codes, ids, 4)
    for some, logits in ((codes, fitted.logits), (prefixes, fitted.prefix_logits)):
        theirs = LinearDiscriminantAnalysis(solver="lsqr", priors=[0.25] * 4).fit(some, ids)
        assert (logits(some).argmax(axis=1) == theirs.predict(some)).mean() > 0.99


def test_beginnings_are_completed_as_the_library_regresses(rng: np.random.Generator) -> None:
    """Regression with an intercept for each category."""
    prefixes, ids = clouds(rng)
    wholes = prefixes @ rng.normal(size=(6, 6)) + ids[:, None]
    wholes = (wholes + rng.normal(size=wholes.shape)).astype(np.float32)
    fitted = latent_gaussians(prefixes, wholes, ids, 4)
    inputs = np.column_stack((prefixes, np.eye(4)[ids]))
    expected = LinearRegression(fit_intercept=False).fit(inputs, wholes).predict(inputs)
    codes = [fitted.complete(int(i), prefix) for i, prefix in zip(ids, prefixes, strict=True)]
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
    assert fitted.known.tolist() == [1, 1, 1, 1, 0]
