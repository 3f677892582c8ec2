"""How many participants a study needs: simulated studies with people and sketches that differ.

*Convention*: the logit of *human* is a source's mean plus a person's tendency plus a sketch's, both
normal, drawn anew for each simulated study. Means are set so that the expected shares are those
given. Half widths are those that `VoteTable` will find: its pigeonhole bootstrap counts what is
left of an answer's variance, beside people and sketches, three times (Owen, 2007), so that
intervals are on the cautious side.

Source: Zeger, Liang and Albert (1988), *Models for longitudinal data*, for the expected share p
under a normal logit: logit(p) = mean / sqrt(1 + c^2 variance), c = 16 sqrt(3) / (15 pi).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Float64

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.inference.arguments import checked_seed

STUDIES = 500
"""How many are simulated: half widths are good to about 3 % of themselves."""
MAX_PEOPLE, MAX_SKETCHES = 2_000, 10_000
_AT_ONCE = 2_000_000  # answers in memory
_SHRINK = 16 * math.sqrt(3) / (15 * math.pi)
_Z = NormalDist().inv_cdf(0.975)
_EXTRA = 2  # how often more than once the pigeonhole bootstrap counts what is left


class Precision(NamedTuple):
    """How precise a study of so many people is.

    Args:
        share: Half the width of the interval that the results will show of a model's share.
        difference: The same of its difference from human.
        power: How often the difference's interval leaves out 0.
    """

    share: float
    difference: float
    power: float


@dataclass(frozen=True, kw_only=True)
class PlannedStudy:
    """A study that is planned.

    Args:
        sketches: Of each source.
        answers: How many of each source one person sees; None: all.
        human: Expected share of human sketches that are tagged human.
        difference: By how much more often a model's are, negative if less often.
        people_sd: Standard deviation of people's tendencies, in logits.
        sketch_sd: Standard deviation of sketches' tendencies, in logits.
        likeness: Correlation of a redrawing's tendency with its original's.
        seed: Seed of the simulation.

    Raises:
        UsageError: If a number does not fit.
    """

    sketches: int = 30
    answers: int | None = None
    human: float = 0.58
    difference: float = 0.1
    people_sd: float = 0.5
    sketch_sd: float = 0.8
    likeness: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 1 <= self.sketches <= MAX_SKETCHES:
            raise UsageError(f"`sketches` must be from 1 to {MAX_SKETCHES:,}", got=self.sketches)
        if self.difference == 0:
            raise UsageError("`difference` must not be 0: that cannot be found")
        checked_seed(self.seed)
        if not 1 <= self.answers_of_each <= self.sketches:
            raise UsageError("`answers` must be from 1 to `sketches`", got=self.answers)
        if not 0 < self.human < 1:
            raise UsageError("`human` must be between 0 and 1", got=self.human)
        if not 0 < self.human + self.difference < 1:
            raise UsageError(
                "`difference` must leave the share between 0 and 1", got=self.difference
            )
        for name, most in (("people_sd", 10), ("sketch_sd", 10), ("likeness", 1)):
            if not 0 <= getattr(self, name) <= most:
                raise UsageError(f"`{name}` must be from 0 to {most}", got=getattr(self, name))

    @property
    def answers_of_each(self) -> int:
        """How many sketches of each source one person sees."""
        return self.sketches if self.answers is None else self.answers

    def precision(self, people: int) -> Precision:
        """Simulate studies of so many people."""
        shares, leftover = (
            np.concatenate(parts) for parts in zip(*self._simulated(people), strict=True)
        )
        of_model, of_difference = shares[:, 1], shares[:, 1] - shares[:, 0]
        left_model, left_both = float(leftover[:, 1].mean()), float(leftover.sum(axis=1).mean())
        width = _Z * math.sqrt(of_difference.var(ddof=1) + _EXTRA * left_both)
        spread, normal = max(float(of_difference.std(ddof=1)), 1e-9), NormalDist()
        apart = abs(self.difference)
        return Precision(
            share=_Z * math.sqrt(of_model.var(ddof=1) + _EXTRA * left_model),
            difference=width,
            power=normal.cdf((apart - width) / spread) + normal.cdf((-apart - width) / spread),
        )

    def people_needed(self, suffices: Callable[[Precision], bool]) -> int | None:
        """Return the fewest people for whom a precision suffices; None: 2,000 are too few."""
        few, many = 1, 2
        while not suffices(self.precision(many)):
            if many == MAX_PEOPLE:
                return None
            few, many = many, min(2 * many, MAX_PEOPLE)
        while many - few > 1:
            middle = (few + many) // 2
            few, many = (few, middle) if suffices(self.precision(middle)) else (middle, many)
        return many

    def _simulated(
        self, people: int
    ) -> Iterator[tuple[Float64[np.ndarray, "R 2"], Float64[np.ndarray, "R 2"]]]:
        """Simulate studies: the shares of human and of a model's sketches that are tagged human.

        And what is left of their variances once people and sketches are known: that of a coin.
        """
        rng = np.random.default_rng([self.seed, people])
        each = self.answers_of_each
        variance = self.people_sd**2 + self.sketch_sd**2
        stretch = math.sqrt(1 + _SHRINK**2 * variance)
        means = [stretch * _logit(share) for share in (self.human, self.human + self.difference)]
        # as the design does: everybody goes on where the one before ended
        seen = (np.arange(people)[:, None] * each + np.arange(each)) % self.sketches
        at_once = max(1, _AT_ONCE // (people * each))
        for first in range(0, STUDIES, at_once):
            num = min(at_once, STUDIES - first)
            person = rng.normal(0, self.people_sd, (num, people, 1)).astype(np.float32)
            size = (num, self.sketches)
            common = rng.normal(0, self.sketch_sd * math.sqrt(self.likeness), size)
            own_sd = self.sketch_sd * math.sqrt(1 - self.likeness)
            shares, leftover = [], []
            for mean in means:
                sketch = (common + rng.normal(mean, own_sd, size)).astype(np.float32)
                chance: Float32[np.ndarray, "R P A"] = 1 / (1 + np.exp(-person - sketch[:, seen]))
                said = rng.random(chance.shape, np.float32) < chance
                shares.append(said.mean(axis=(1, 2)))
                leftover.append((chance * (1 - chance)).mean(axis=(1, 2)) / (people * each))
            yield np.stack(shares, axis=1), np.stack(leftover, axis=1, dtype=np.float64)


def _logit(share: float) -> float:
    return math.log(share / (1 - share))
