"""Means with confidence intervals: bootstrap over drawings, and over trainings.

*Convention*: 95 % percentile intervals of the mean of one value for each drawing. Of one training
they say what other test drawings would change. Of several trainings of one recipe, that differ in
their seeds, both are drawn with replacement: drawings, and trainings. Of three trainings such an
interval is too short by a fifth or so, as three vary less than many (the square root of 2 / 3).
Outcomes that are all alike are alike in every resample: so a share has an interval of its own,
never narrower than Wilson's.

Source: Efron and Tibshirani (1993), percentile bootstrap; Owen (2007), resampling of both sides;
Wilson (1927), *Probable inference, the law of succession, and statistical inference*.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64, Shaped

RESAMPLES = 2000
_LEVEL = 95.0
_Z = 1.959964  # of 95 %, two-sided
_AT_ONCE = 250
_MAX_INDICES = 5_000_000  # of a block


@dataclass(frozen=True)
class Estimate:
    """A mean and the ends of its interval."""

    value: float
    low: float
    high: float


def estimate(values: Shaped[np.ndarray, "..."], seed: int = 0) -> Estimate:
    """Return the mean of some values with its interval; of shares, see `estimate_share`.

    Args:
        values: (N,) a value for each drawing, N >= 1; or (R, N), the same drawings of R trainings.
        seed: Seed of the resampling.

    Example:
        >>> estimate(np.array([2.5, 2.5, 2.5, 2.5]))
        Estimate(value=2.5, low=2.5, high=2.5)
    """
    each = np.atleast_2d(np.asarray(values, np.float64))
    means = [_resampled(each, columns, rng) for columns, rng in _resamples(each.shape[1], seed)]
    return _estimate(float(each.mean()), np.concatenate(means))


def estimate_share(outcomes: Shaped[np.ndarray, "..."], seed: int = 0) -> Estimate:
    """Return the share of drawings of which something is true, with its interval.

    Args:
        outcomes: As of `estimate`: 0 or 1 for each drawing, or shares of several repeats, which
            count as one outcome each.
        seed: Seed of the resampling.

    Returns:
        The share. Its interval is no narrower than Wilson's for as many drawings.

    Example:
        >>> found = estimate_share(np.array([True] * 10))
        >>> found.value, round(found.low, 3), found.high
        (1.0, 0.722, 1.0)
    """
    each = np.atleast_2d(np.asarray(outcomes, np.float64))
    found = estimate(each, seed)
    least = wilson(found.value, each.shape[1])
    return Estimate(found.value, min(found.low, least.low), max(found.high, least.high))


def wilson(share: float, count: int) -> Estimate:
    """Return a share of `count` >= 1 independent outcomes with Wilson's interval."""
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    spread = share * (1 - share) / count + (_Z / (2 * count)) ** 2
    half = _Z * math.sqrt(spread) / (1 + _Z**2 / count)
    low, high = max(0.0, middle - half), min(1.0, middle + half)  # rounding may pass 0 and 1
    return Estimate(share, min(share, low), max(share, high))


def difference(
    more: Shaped[np.ndarray, "..."], less: Shaped[np.ndarray, "..."], seed: int = 0
) -> Estimate:
    """Return the paired difference of two means, `more` minus `less`.

    Arguments as of `estimate`, both of the same drawings, but not of the same trainings.
    """
    first, second = (np.atleast_2d(np.asarray(each, np.float64)) for each in (more, less))
    means = [
        _resampled(first, columns, rng) - _resampled(second, columns, rng)
        for columns, rng in _resamples(first.shape[1], seed)
    ]
    return _estimate(float(first.mean() - second.mean()), np.concatenate(means))


def ratio(
    above: Shaped[np.ndarray, "..."], below: Shaped[np.ndarray, "..."], seed: int = 0
) -> Estimate | None:
    """Return the ratio of two sums, such as of strokes that are kept and of all; None of none.

    Args:
        above: (N,) a value for each drawing; or (S, N), the same drawings S times, averaged first.
        below: The same of what `above` is a share of.
        seed: Seed of the resampling; resamples in which `below` is 0 are left out.
    """
    first, second = (
        np.atleast_2d(np.asarray(each, np.float64)).mean(axis=0) for each in (above, below)
    )
    if not second.any():
        return None
    ratios = []
    for columns, _ in _resamples(len(first), seed):
        sums = second[columns].sum(axis=1)
        ratios.append(first[columns].sum(axis=1)[sums > 0] / sums[sums > 0])
    return _estimate(float(first.sum() / second.sum()), np.concatenate(ratios))


def _resamples(
    num: int, seed: int
) -> Iterator[tuple[Int64[np.ndarray, "B N"], np.random.Generator]]:
    """Resampled drawings, a block at a time, and a generator for resampled trainings."""
    rng, others = np.random.default_rng([seed, num]), np.random.default_rng([seed, num, 1])
    at_once = max(1, min(_AT_ONCE, _MAX_INDICES // num))
    for first in range(0, RESAMPLES, at_once):
        yield rng.integers(0, num, (min(at_once, RESAMPLES - first), num)), others


def _resampled(
    values: Float64[np.ndarray, "R N"], columns: Int64[np.ndarray, "B N"], rng: np.random.Generator
) -> Float64[np.ndarray, "B"]:
    """The means of resampled values."""
    if len(values) == 1:
        return np.asarray(values[0][columns].mean(axis=1))
    shares = rng.multinomial(len(values), np.full(len(values), 1 / len(values)), len(columns))
    means = shares / len(values) @ values  # (B, N), of resampled trainings
    return np.asarray(np.take_along_axis(means, columns, axis=1).mean(axis=1))


def _estimate(value: float, means: Float64[np.ndarray, "B"]) -> Estimate:
    tail = (100 - _LEVEL) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return Estimate(value, float(low), float(high))
