"""Interpolation between latent codes.

*Source*: the paper's interpolation is linear, z = w1 z1 + w2 z2 with w1 + w2 = 1; the spherical one
is Shoemake's (1985), with the lengths of the codes mixed as their directions are.
"""

from __future__ import annotations

import itertools

import numpy as np
from jaxtyping import Float32

_PARALLEL = 1e-4
"""Below this angle, in radians, spherical and linear mixing are the same."""


def path_through(
    codes: Float32[np.ndarray, "K Z"], steps: int, *, spherical: bool = False
) -> Float32[np.ndarray, "N Z"]:
    """Return a path of ((K - 1) (steps - 1) + 1, Z) codes through given codes, those included.

    Args:
        codes: K >= 2 of them, in the order in which they are passed.
        steps: Codes from one to the next, both ends included; 2 or more.
        spherical: Go along great circles instead of straight lines.

    Example:
        >>> path_through(np.array([[0, 0], [4, 2]], np.float32), 3).tolist()
        [[0.0, 0.0], [2.0, 1.0], [4.0, 2.0]]
    """
    mixed = [codes[:1]]
    for first, second in itertools.pairwise(codes):
        share = np.linspace(0, 1, steps)[1:, None]
        weights = _weights(first, second, share) if spherical else (1 - share, share)
        leg = (weights[0] * first + weights[1] * second).astype(np.float32)
        leg[-1] = second
        mixed.append(leg)
    return np.concatenate(mixed)


def interpolate_scores(
    scores: Float32[np.ndarray, "K C"], steps: int
) -> Float32[np.ndarray, "N C"]:
    """Return class scores of the codes of `path_through`: of each the higher one of both inputs.

    Args:
        scores: Log probabilities of the K inputs, less that of the most likely category.
        steps: As of `path_through`.

    Example:
        >>> interpolate_scores(np.array([[0, -9], [-5, 0]], np.float32), 3).tolist()
        [[0.0, -9.0], [0.0, 0.0], [-5.0, 0.0]]
    """
    index = np.arange((len(scores) - 1) * (steps - 1) + 1)
    before, after = index // (steps - 1), -(-index // (steps - 1))  # the same one at an input
    return np.asarray(np.maximum(scores[before], scores[after]))


def _weights(
    first: np.ndarray, second: np.ndarray, share: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weights of two codes on the great circle between them."""
    lengths = float(np.linalg.norm(first)) * float(np.linalg.norm(second))
    cosine = float(first @ second) / lengths if lengths > 0 else 1.0
    angle = float(np.arccos(np.clip(cosine, -1, 1)))
    if not _PARALLEL < angle < np.pi - _PARALLEL:
        return 1 - share, share
    return np.sin((1 - share) * angle) / np.sin(angle), np.sin(share * angle) / np.sin(angle)
