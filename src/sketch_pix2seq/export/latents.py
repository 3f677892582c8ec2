"""Fitting the Gaussians of latent codes that a bundle holds, from training drawings.

The encoder reads every drawing whole, and a prefix of it that ends at a random point.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Float64, Int64

from sketch_pix2seq.bundle.latents import NUM_MODES, LatentGaussians
from sketch_pix2seq.data.augment import PREFIX_SHARES
from sketch_pix2seq.data.dataset import Split
from sketch_pix2seq.inference.sketcher import Sketcher

PER_CATEGORY = 400
"""Drawings of each category, at most."""
RIDGE = 1e-3
"""Added to each variance, in units of their mean: codes may not vary along a dimension."""
ROUNDS = 30
"""Of the search for modes."""


def fit_latents(sketcher: Sketcher, split: Split, seed: int = 0) -> LatentGaussians:
    """Encode training drawings and their prefixes, and fit the Gaussians.

    Args:
        sketcher: Encodes the drawings.
        split: The training drawings; of each category at most `PER_CATEGORY` are used.
        seed: Seed of the choice of drawings and of where they are cut.
    """
    rng = np.random.default_rng([seed, 6])
    numbers = []
    for category_id in range(len(split.categories)):
        start, stop = split.category_range(category_id)
        numbers.append(np.sort(rng.permutation(np.arange(start, stop))[:PER_CATEGORY]))
    chosen = np.concatenate(numbers)
    drawings = [split.sketch(number) for number in chosen.tolist()]
    shares = rng.uniform(*PREFIX_SHARES, size=len(drawings))
    prefixes = [
        drawing.truncated(max(1, round(share * drawing.num_points)))
        for drawing, share in zip(drawings, shares, strict=True)
    ]
    return latent_gaussians(
        sketcher.encode(prefixes),
        sketcher.encode(drawings),
        split.category_ids(chosen),
        len(split.categories),
        seed,
    )


def latent_gaussians(
    prefixes: Float32[np.ndarray, "N Z"],
    wholes: Float32[np.ndarray, "N Z"],
    category_ids: Int64[np.ndarray, " N"],
    num_categories: int,
    seed: int = 0,
) -> LatentGaussians:
    """Fit the modes of each category, and the codes of prefixes.

    Args:
        prefixes: Codes of the prefixes of N drawings.
        wholes: Codes of the drawings.
        category_ids: Category of each drawing.
        num_categories: K; a category without a drawing is never predicted.
        seed: Seed of the initial modes.

    Example:
        >>> codes = np.array([[0, 0], [0, 1], [5, 0], [5, 1]], np.float32)
        >>> fitted = latent_gaussians(codes, codes, np.array([0, 0, 1, 1]), 2)
        >>> fitted.logits(codes).argmax(axis=1).tolist()
        [0, 0, 1, 1]
    """
    before, after = prefixes.astype(np.float64), wholes.astype(np.float64)
    size = after.shape[1]
    means = np.zeros((num_categories, NUM_MODES, size))
    shares = np.zeros((num_categories, NUM_MODES))
    prefix_means = np.zeros((num_categories, size))
    about_mode, about_mean = np.zeros_like(after), np.zeros_like(after)
    for category in range(num_categories):
        members = np.flatnonzero(category_ids == category)
        if len(members) == 0:
            continue
        rng = np.random.default_rng([seed, category, 7])
        means[category], modes = k_means(after[members], NUM_MODES, rng)
        shares[category] = np.bincount(modes, minlength=NUM_MODES) / len(members)
        prefix_means[category] = before[members].mean(axis=0)
        about_mode[members] = after[members] - means[category][modes]
        about_mean[members] = after[members] - after[members].mean(axis=0)
    before = before - prefix_means[category_ids]
    num_present = int((shares.sum(axis=1) > 0).sum())
    slope = np.linalg.lstsq(_ridged(about_mean.T @ about_mean), about_mean.T @ before, rcond=None)[
        0
    ]
    return LatentGaussians(
        means=means.astype(np.float32),
        shares=shares.astype(np.float32),
        factor=_factor(about_mode, int((shares > 0).sum())),
        prefix_means=prefix_means.astype(np.float32),
        slope=slope.T.astype(np.float32),
        prefix_factor=_factor(before - about_mean @ slope, num_present),
    )


def k_means(
    points: Float64[np.ndarray, "N Z"], num_means: int, rng: np.random.Generator
) -> tuple[Float64[np.ndarray, "J Z"], Int64[np.ndarray, " N"]]:
    """Cut points into clusters, each about its mean.

    Args:
        points: At least one.
        num_means: J.
        rng: Chooses the initial means.

    Returns:
        The means, and the number of each point's; a mean may be left without a point.

    Source: Lloyd (1982); Arthur and Vassilvitskii (2007), for the initial means.
    """
    means = points[rng.integers(len(points))][None]
    while len(means) < num_means:
        far = _squared_distances(points, means).min(axis=1)
        chances = far / far.sum() if far.sum() > 0 else None
        means = np.concatenate((means, points[rng.choice(len(points), p=chances)][None]))
    nearest = np.zeros(len(points), np.int64)
    for _ in range(ROUNDS):
        nearest = _squared_distances(points, means).argmin(axis=1)
        counts = np.bincount(nearest, minlength=num_means)
        sums = np.zeros_like(means)
        np.add.at(sums, nearest, points)
        means = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], means)
    return means, nearest


def _squared_distances(
    points: Float64[np.ndarray, "N Z"], means: Float64[np.ndarray, "J Z"]
) -> Float64[np.ndarray, "N J"]:
    return np.asarray(((points[:, None] - means) ** 2).sum(axis=2))


def _factor(apart: Float64[np.ndarray, "N Z"], num_means: int) -> Float32[np.ndarray, "Z Z"]:
    """Cholesky factor of the covariance of codes about `num_means` means."""
    covariance = _ridged(apart.T @ apart / max(len(apart) - num_means, 1))
    return np.linalg.cholesky(covariance).astype(np.float32)


def _ridged(covariance: Float64[np.ndarray, "Z Z"]) -> Float64[np.ndarray, "Z Z"]:
    ridge = RIDGE * max(float(np.trace(covariance)) / len(covariance), 1e-12)
    return covariance + ridge * np.eye(len(covariance))
