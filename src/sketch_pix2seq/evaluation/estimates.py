"""Means with confidence intervals, over drawings and over trainings.

*Convention*: 95 % percentile intervals of the mean of one value for each drawing. Of one training
they say what other test drawings would change. Of several trainings of one recipe, that differ in
their seeds, the interval is widened by how much their means differ, beyond what their drawings
explain, and for how few they are: by Student's t, degrees of freedom after Satterthwaite. (Drawing
two or three trainings with replacement would give half an interval.) Outcomes that are all alike
are alike in every resample: so a share has an interval of its own, never narrower than Wilson's.

Source: Efron and Tibshirani (1993), percentile bootstrap; Satterthwaite (1946), *An approximate
distribution of estimates of variance components*; Wilson (1927), *Probable inference, the law of
succession, and statistical inference*.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
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
    return _widened(_of_drawings(each.mean(axis=0), seed), [each])


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
    low, high = min(found.low, least.low), max(found.high, least.high)
    return Estimate(found.value, max(0.0, low), min(1.0, high))


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

    Raises:
        ValueError: They are not of as many drawings.
    """
    both = [np.atleast_2d(np.asarray(each, np.float64)) for each in (more, less)]
    first, second = (each.mean(axis=0) for each in both)
    if len(first) != len(second):
        raise ValueError(f"got {len(first)} and {len(second)} drawings; pairs need as many")
    return _widened(_of_drawings(first - second, seed), both)


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
    for columns in _resamples(len(first), seed):
        sums = second[columns].sum(axis=1)
        ratios.append(first[columns].sum(axis=1)[sums > 0] / sums[sums > 0])
    return _estimate(float(first.sum() / second.sum()), np.concatenate(ratios))


def _resamples(num: int, seed: int) -> Iterator[Int64[np.ndarray, "B N"]]:
    """Resampled drawings, a block at a time."""
    rng = np.random.default_rng([seed, num])
    at_once = max(1, min(_AT_ONCE, _MAX_INDICES // num))
    for first in range(0, RESAMPLES, at_once):
        yield rng.integers(0, num, (min(at_once, RESAMPLES - first), num))


def _of_drawings(values: Float64[np.ndarray, "N"], seed: int) -> Estimate:
    means = [values[columns].mean(axis=1) for columns in _resamples(len(values), seed)]
    return _estimate(float(values.mean()), np.concatenate(means))


def _widened(found: Estimate, groups: Sequence[Float64[np.ndarray, "R N"]]) -> Estimate:
    """The interval with what other trainings would change.

    Args:
        found: A sum or difference of the groups' means, the interval over drawings.
        groups: The values of a recipe's trainings each; those of a single training add nothing.
    """
    variance, squares, fewest = 0.0, 0.0, math.inf
    for values in groups:
        count, num = values.shape
        if count == 1:
            continue
        means = values.mean(axis=1, keepdims=True)
        of_means = float(means.var(ddof=1)) / count
        rest = values - means - values.mean(axis=0) + values.mean()
        of_drawings = float((rest**2).sum()) / max(1, (count - 1) * (num - 1)) / (count * num)
        variance += of_means - of_drawings
        squares += of_means**2 / (count - 1)
        fewest = min(fewest, count - 1)
    if squares == 0:
        return found

    from scipy.special import stdtrit

    def half(over_drawings: float) -> float:
        total = (over_drawings / _Z) ** 2 + max(0.0, variance)
        freedom = max(fewest, total**2 / squares)
        return float(stdtrit(freedom, 0.5 + _LEVEL / 200)) * math.sqrt(total)

    low, high = half(found.value - found.low), half(found.high - found.value)
    return Estimate(found.value, found.value - low, found.value + high)


def _estimate(value: float, means: Float64[np.ndarray, "B"]) -> Estimate:
    tail = (100 - _LEVEL) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return Estimate(value, float(low), float(high))
