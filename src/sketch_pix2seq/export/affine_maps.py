"""Fitting the two affine maps of latent codes that a bundle holds, from training drawings.

An encoder takes a started drawing for a small finished one, and a decoder would draw just that: the
completion map leads from the code of a started drawing to that of a whole one. The code classifier
leads from a code to logits of the categories.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Float64, Int64

from sketch_pix2seq.bundle.weights import AffineMap
from sketch_pix2seq.data.dataset import Split
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.sketch.sketch import Sketch

SHARES = (0.2, 0.35, 0.5, 0.7)
"""Of a drawing's strokes, after which it is taken as started."""
MOST_DRAWINGS = 12_000
"""For the completion map."""
PER_CATEGORY = 250
"""Drawings of each category for the code classifier, at most."""
RIDGE = 3.0
"""Added to the diagonal of the normal equations; of no weight where there are many drawings."""
SPREAD = 1e-3
"""Added to each variance, in units of their mean: codes may not vary along a dimension."""
NEVER = -1e30
"""Logit of a category without a drawing."""


def fit_completion(sketcher: Sketcher, split: Split, seed: int = 0) -> AffineMap | None:
    """Fit the completion map.

    Args:
        sketcher: Encodes the drawings.
        split: The training drawings; at most `MOST_DRAWINGS` of them are used.
        seed: Seed of the choice of drawings.

    Returns:
        The map; None if no drawing has several strokes: then there is nothing to complete.
    """
    order = np.random.default_rng(seed).permutation(len(split))[:MOST_DRAWINGS]
    drawings = [split.sketch(int(index)) for index in order]
    started: list[Sketch] = []
    became: list[int] = []
    for number, drawing in enumerate(drawings):
        lengths = {max(1, round(share * len(drawing.strokes))) for share in SHARES}
        for length in sorted(lengths - {len(drawing.strokes)}):
            started.append(Sketch(drawing.strokes[:length]))
            became.append(number)
    if not started:
        return None
    return completion_map(sketcher.encode(started), sketcher.encode(drawings)[became])


def fit_code_classifier(sketcher: Sketcher, split: Split, seed: int = 0) -> AffineMap:
    """Fit the code classifier, of the split's categories. Args: as of `fit_completion`."""
    rng = np.random.default_rng([seed, 6])
    numbers = []
    for place in range(len(split.categories)):
        start, stop = split.category_range(place)
        numbers.append(np.sort(rng.permutation(np.arange(start, stop))[:PER_CATEGORY]))
    chosen = np.concatenate(numbers)
    codes = sketcher.encode([split.sketch(number) for number in chosen.tolist()])
    return code_classifier(codes, split.category_ids(chosen), len(split.categories))


def completion_map(
    started: Float32[np.ndarray, "N Z"], wholes: Float32[np.ndarray, "N Z"]
) -> AffineMap:
    """Fit by least squares.

    Args:
        started: Codes of started drawings.
        wholes: Codes of the complete drawings.

    Example:
        >>> codes = np.eye(3, dtype=np.float32)
        >>> completion_map(codes, codes)(codes).shape
        (3, 3)
    """
    inputs: Float64[np.ndarray, "N K"] = np.column_stack((started, np.ones(len(wholes))))
    square = inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1])
    solved = np.linalg.solve(square, inputs.T @ wholes).T.astype(np.float32)
    return AffineMap(solved[:, :-1], solved[:, -1])


def code_classifier(
    codes: Float32[np.ndarray, "N Z"], category_ids: Int64[np.ndarray, "N"], num: int
) -> AffineMap:
    """Fit by linear discriminant analysis: one covariance for all, all equally likely beforehand.

    Args:
        codes: Codes of drawings.
        category_ids: Category of each code.
        num: K; a category without a drawing is never predicted.

    *Source*: Fisher (1936); Rao (1948) for several categories.

    Example:
        >>> codes = np.array([[0, 0], [0, 1], [5, 0], [5, 1]], np.float32)
        >>> code_classifier(codes, np.array([0, 0, 1, 1]), 2)(codes).argmax(axis=1).tolist()
        [0, 0, 1, 1]
    """
    counts = np.bincount(category_ids, minlength=num)
    sums = np.zeros((num, codes.shape[1]))
    np.add.at(sums, category_ids, codes)
    means = sums / np.maximum(counts, 1)[:, None]
    apart = codes - means[category_ids]
    covariance = apart.T @ apart / max(len(codes) - num, 1)
    spread = SPREAD * max(float(np.trace(covariance)) / len(covariance), 1e-12)
    weight = np.linalg.solve(covariance + spread * np.eye(len(covariance)), means.T).T
    bias = -0.5 * (weight * means).sum(axis=1)
    bias[counts == 0] = NEVER
    return AffineMap(weight.astype(np.float32, order="C"), bias.astype(np.float32))
