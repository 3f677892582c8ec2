"""Fitting what classifies latent codes, with nothing but a bundle and training drawings."""

from __future__ import annotations

import numpy as np

from sketch_pix2seq.bundle.affine_maps import CodeClassifier
from sketch_pix2seq.data.dataset import Split
from sketch_pix2seq.inference.sketcher import Sketcher

PER_CATEGORY = 250
"""Drawings of each category that are looked at, at most."""


def fit_naming(sketcher: Sketcher, split: Split, seed: int = 0) -> CodeClassifier:
    """Fit the map from codes to categories.

    Args:
        sketcher: Its encoder looks at them.
        split: The training drawings.
        seed: Decides which are taken.

    Returns:
        The map, of the split's categories.
    """
    rng = np.random.default_rng([seed, 6])
    numbers = []
    for place in range(len(split.categories)):
        start, stop = split.category_range(place)
        numbers.append(np.sort(rng.permutation(np.arange(start, stop))[:PER_CATEGORY]))
    chosen = np.concatenate(numbers)
    codes = sketcher.encode([split.sketch(number) for number in chosen.tolist()])
    return CodeClassifier.fitted(codes, split.category_ids(chosen), len(split.categories))
