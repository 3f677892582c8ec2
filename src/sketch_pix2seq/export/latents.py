"""Fitting the Gaussians of latent codes that a bundle holds, from training drawings.

The encoder reads every drawing whole and cut off at a random point: what people see of a drawing
while it is drawn.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.bundle.latents import LatentGaussians
from sketch_pix2seq.data.augment import PREFIX_SHARES
from sketch_pix2seq.data.dataset import Split
from sketch_pix2seq.inference.sketcher import Sketcher

PER_CATEGORY = 250
"""Drawings of each category, at most."""
RIDGE = 1e-3
"""Added to each variance, in units of their mean: codes may not vary along a dimension."""


def fit_latents(sketcher: Sketcher, split: Split, seed: int = 0) -> LatentGaussians:
    """Encode training drawings and their beginnings, and fit the Gaussians.

    Args:
        sketcher: Encodes the drawings.
        split: The training drawings; of each category at most `PER_CATEGORY` are used.
        seed: Seed of the choice of drawings and of where they are cut.
    """
    rng = np.random.default_rng([seed, 6])
    numbers = []
    for place in range(len(split.categories)):
        start, stop = split.category_range(place)
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
    )


def latent_gaussians(
    prefixes: Float32[np.ndarray, "N Z"],
    wholes: Float32[np.ndarray, "N Z"],
    category_ids: Int64[np.ndarray, " N"],
    num_categories: int,
) -> LatentGaussians:
    """Fit means and the covariance within categories.

    Args:
        prefixes: Codes of the beginnings of N drawings.
        wholes: Codes of the drawings.
        category_ids: Category of each drawing.
        num_categories: K; a category without a drawing is never predicted.

    Example:
        >>> codes = np.array([[0, 0], [0, 1], [5, 0], [5, 1]], np.float32)
        >>> fitted = latent_gaussians(codes, codes, np.array([0, 0, 1, 1]), 2)
        >>> fitted.logits(codes).argmax(axis=1).tolist()
        [0, 0, 1, 1]
    """
    both = np.concatenate((prefixes, wholes), axis=1).astype(np.float64)
    counts = np.bincount(category_ids, minlength=num_categories)
    means = np.zeros((num_categories, both.shape[1]))
    np.add.at(means, category_ids, both)
    means /= np.maximum(counts, 1)[:, None]
    apart = both - means[category_ids]
    covariance = apart.T @ apart / max(len(both) - num_categories, 1)
    ridge = RIDGE * max(float(np.trace(covariance)) / len(covariance), 1e-12)
    factor = np.linalg.cholesky(covariance + ridge * np.eye(len(covariance)))
    prefix_means, whole_means = np.split(means.astype(np.float32), 2, axis=1)
    known = (counts > 0).astype(np.float32)
    return LatentGaussians(prefix_means, whole_means, factor.astype(np.float32), known)
