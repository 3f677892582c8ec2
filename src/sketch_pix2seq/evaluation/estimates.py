"""Means with confidence intervals: bootstrap over drawings.

*Convention*: 95 % percentile intervals of the mean of one value for each drawing (its mean over
seeds, where there are several). They say what other test drawings would change, not what another
training run would.

Source: Efron and Tibshirani (1993), percentile bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Shaped

RESAMPLES = 2000
_LEVEL = 95.0
_AT_ONCE = 250


@dataclass(frozen=True)
class Estimate:
    """A mean and the ends of its interval."""

    value: float
    low: float
    high: float


def estimate(values: Shaped[np.ndarray, "..."], seed: int = 0) -> Estimate:
    """Return the mean of some values with its interval.

    Args:
        values: (N,) a value for each drawing, N >= 1; or (S, N), the same drawings S times.
        seed: Seed of the resampling.

    Example:
        >>> estimate(np.array([True, True, True, True]))
        Estimate(value=1.0, low=1.0, high=1.0)
    """
    each = np.asarray(values, np.float64)
    if each.ndim == 2:
        each = each.mean(axis=0)
    rng = np.random.default_rng([seed, len(each)])
    means = [
        each[rng.integers(0, len(each), (_AT_ONCE, len(each)))].mean(axis=1)
        for _ in range(RESAMPLES // _AT_ONCE)
    ]
    tail = (100 - _LEVEL) / 2
    low, high = np.percentile(np.concatenate(means), [tail, 100 - tail])
    return Estimate(float(each.mean()), float(low), float(high))


def difference(
    more: Shaped[np.ndarray, "..."], less: Shaped[np.ndarray, "..."], seed: int = 0
) -> Estimate:
    """Return the paired difference of two means, `more` minus `less`.

    Arguments as of `estimate`, both of the same drawings.
    """
    first, second = (
        np.atleast_2d(np.asarray(values, np.float64)).mean(axis=0) for values in (more, less)
    )
    return estimate(first - second, seed)
