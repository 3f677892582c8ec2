"""Means with confidence intervals, over drawings and over trainings.

*Convention*: 95 % percentile intervals of the mean of one value for each drawing. Of one training
they say what other test drawings would change. Of several trainings of one recipe, that differ in
their seeds, the interval is widened by how much their means differ, beyond what their drawings
explain, and for how few they are: by Student's t, degrees of freedom after Satterthwaite. (Drawing
two or three trainings with replacement would give half an interval.) Outcomes that are all alike
are alike in every resample: so shares, their differences and ratios have intervals of their own,
never narrower than Wilson's, or than one made of Wilson's.

Source: Efron and Tibshirani (1993), percentile bootstrap; Satterthwaite (1946), *An approximate
distribution of estimates of variance components*; Wilson (1927), *Probable inference, the law of
succession, and statistical inference*; Zou and Donner (2008), *Construction of confidence limits
about effect measures: a general approach*, for a difference from two intervals. There the parts are
shares; here they may be means of values of other sizes, with the variance of these.
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


def student(values: Float64[np.ndarray, "N"]) -> Estimate:
    """Return the mean of two or more independent values by Student's t: of few, such as people.

    A percentile bootstrap of five values covers the truth 82 times of 100 instead of 95.
    """
    from scipy.special import stdtrit

    num, value = len(values), float(values.mean())
    half = float(stdtrit(num - 1, 0.5 + _LEVEL / 200) * values.std(ddof=1)) / math.sqrt(num)
    return Estimate(value, value - half, value + half)


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

    Arguments as of `estimate`, both of the same drawings, but not of the same trainings. Of shares,
    see `difference_of_shares`.

    Raises:
        ValueError: They are not of as many drawings.
    """
    both, apart = _pairs(more, less)
    return _widened(_of_drawings(apart, seed), both)


def difference_of_shares(
    more: Shaped[np.ndarray, "..."], less: Shaped[np.ndarray, "..."], seed: int = 0
) -> Estimate:
    """Return the paired difference of two shares, `more` minus `less`.

    Arguments as of `estimate_share`, otherwise as of `difference`. Where few drawings differ, the
    interval is wider: one made of Wilson's for the share of drawings for which `more` is more and
    the share of those for which `less` is.

    Example:
        >>> before, after = np.zeros(600), np.arange(600) < 4
        >>> found = difference_of_shares(after, before)
        >>> round(found.low, 4), round(found.high, 4)
        (-0.0009, 0.017)
    """
    both, apart = _pairs(more, less)
    found, total = _of_drawings(apart, seed), np.abs(apart).sum()
    size = float((apart**2).sum() / total) if total > 0 else 1.0  # by which a drawing differs
    up, down = (
        wilson(float(np.maximum(side, 0).mean()) / size, len(apart)) for side in (apart, -apart)
    )
    low = found.value - size * math.hypot(up.value - up.low, down.high - down.value)
    high = found.value + size * math.hypot(up.high - up.value, down.value - down.low)
    return _widened(Estimate(found.value, min(found.low, low), max(found.high, high)), both)


def _pairs(
    more: Shaped[np.ndarray, "..."], less: Shaped[np.ndarray, "..."]
) -> tuple[list[Float64[np.ndarray, "_ N"]], Float64[np.ndarray, "N"]]:
    """Both as (R, N), and the difference of their means for each drawing."""
    both = [np.atleast_2d(np.asarray(each, np.float64)) for each in (more, less)]
    first, second = (each.mean(axis=0) for each in both)
    if len(first) != len(second):
        raise ValueError(f"got {len(first)} and {len(second)} drawings; pairs need as many")
    return both, first - second


def ratio(
    part: Shaped[np.ndarray, "..."], whole: Shaped[np.ndarray, "..."], seed: int = 0
) -> Estimate | None:
    """Return the ratio of two sums, such as of strokes that are kept and of all; None of none.

    Args:
        part: (N,) a number for each drawing; or (S, N), the same drawings S times, averaged first.
        whole: The same of what `part` is a part of, so at least as much.
        seed: Seed of the resampling; resamples in which `whole` is 0 are left out.

    Returns:
        The ratio. Its interval is no narrower than one that is made of Wilson's: for the share of
        drawings with what is rarer, what `part` has or what it lacks.
    """
    first, second = (
        np.atleast_2d(np.asarray(each, np.float64)).mean(axis=0) for each in (part, whole)
    )
    if not second.any():
        return None
    ratios = []
    for columns in _resamples(len(first), seed):
        sums = second[columns].sum(axis=1)
        ratios.append(first[columns].sum(axis=1)[sums > 0] / sums[sums > 0])
    found = _estimate(float(first.sum() / second.sum()), np.concatenate(ratios))
    has_any = second > 0
    first, second = first[has_any], second[has_any]
    if found.value <= 0.5:
        least = _rare(first, second)
    else:
        lacks = _rare(second - first, second)
        least = Estimate(1 - lacks.value, 1 - lacks.high, 1 - lacks.low)
    return Estimate(found.value, min(found.low, least.low), max(found.high, least.high))


def _rare(part: Float64[np.ndarray, "N"], whole: Float64[np.ndarray, "N"]) -> Estimate:
    """A ratio up to a half with Wilson's interval, as if drawings had either none or one size.

    That size gives the sum the variance that it has beside `whole`; where none has any it is the
    mean of `whole` over what is counted, as if all of a drawing went together.
    """
    share, mean = float(part.sum() / whole.sum()), float(part.mean())
    variance = float(((part - share * whole) ** 2).mean())
    size = mean + variance / mean if mean > 0 else float((whole**2).sum() / whole.sum())
    found, each = wilson(mean / size, len(part)), size / float(whole.mean())
    return Estimate(share, found.low * each, min(1.0, found.high * each))


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
