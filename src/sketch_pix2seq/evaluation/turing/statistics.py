"""Statistics of votes: shares tagged human, with confidence intervals.

*Convention*: a vote is one participant's tag of one sketch. Votes are not independent: some
people tag nearly everything human, some sketches fool everybody. So intervals come from the
pigeonhole bootstrap, which resamples participants and sketches, both, with replacement; a vote
counts as often as its participant times as often as its sketch was drawn. It is on the
cautious side. Only where votes are few it is not: ten votes that are all alike are alike in every
resample. So no share's interval is narrower than Wilson's, and where fewer than five people voted
each of them counts as one answer there.

Source: Chen et al., arXiv 1709.04121, for what is counted and who is left out; Owen (2007), *The
pigeonhole bootstrap*; Newcombe (1998), *Interval estimation for the difference between independent
proportions*, method 10.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from sketch_pix2seq.evaluation.estimates import Estimate, wilson

RESAMPLES = 2_000
MIN_PEOPLE = 5
"""Where fewer voted, resampling says little: each counts as one answer in Wilson's interval."""
MIN_HUMAN, MAX_HUMAN = 0.1, 0.9
"""Participants who tag less or more than this as human did not look: the paper leaves them out."""
_TAILS = (2.5, 97.5)
_PEOPLE, _SKETCHES = 0, 1  # streams of random numbers


class Vote(NamedTuple):
    """One participant's tag of a sketch: drawn by a human, or not.

    Args:
        participant: Who voted: a number that stands for nobody.
        sketch: Name of what they saw.
        human: Whether they say that a human drew it.
        position: Its number in their order, from 1; None: not recorded.
        response_ms: Milliseconds from seeing it to the answer; None: not recorded.
        human_left: Whether *Human* was their left button.
    """

    participant: str
    sketch: str
    human: bool
    position: int | None = None
    response_ms: int | None = None
    human_left: bool = True


def outlier_participants(votes: Iterable[Vote]) -> set[str]:
    """Return the participants whom the paper's rule leaves out.

    They tagged more than 90 % or less than 10 % of what they saw as human.

    Example:
        >>> votes = [Vote("a", "x", True), Vote("b", "x", True), Vote("b", "y", False)]
        >>> sorted(outlier_participants(votes))
        ['a']
    """
    tags: dict[str, list[bool]] = {}
    for vote in votes:
        tags.setdefault(vote.participant, []).append(vote.human)
    return {
        participant
        for participant, own in tags.items()
        if not MIN_HUMAN <= sum(own) / len(own) <= MAX_HUMAN
    }


@dataclass(frozen=True, eq=False)
class VoteTable:
    """Votes as a table: a row for each participant, a column for each sketch.

    Args:
        participants: Names of the rows.
        sketches: Names of the columns.
        cast: (P, S), whether there is a vote.
        human: (P, S), whether the vote is human; False without a vote.
    """

    participants: Sequence[str]
    sketches: Sequence[str]
    cast: Bool[np.ndarray, "P S"]
    human: Bool[np.ndarray, "P S"]

    @classmethod
    def of(cls, votes: Iterable[Vote], sketches: Sequence[str]) -> VoteTable:
        """Sort votes on some sketches into a table; only one's first vote on a sketch counts."""
        columns = {sketch: place for place, sketch in enumerate(sketches)}
        counted = [vote for vote in votes if vote.sketch in columns]
        participants = sorted({vote.participant for vote in counted})
        rows = {participant: place for place, participant in enumerate(participants)}
        cast = np.zeros((len(rows), len(columns)), bool)
        human = np.zeros_like(cast)
        for vote in counted:
            place = rows[vote.participant], columns[vote.sketch]
            if not cast[place]:
                cast[place], human[place] = True, vote.human
        return cls(participants, tuple(sketches), cast, human)

    def without(self, participants: set[str]) -> VoteTable:
        """Leave participants out."""
        kept = np.array([name not in participants for name in self.participants], bool)
        names = [name for name in self.participants if name not in participants]
        return VoteTable(names, self.sketches, self.cast[kept], self.human[kept])

    def share(self, sketches: Iterable[str], seed: int = 0) -> Estimate | None:
        """The share of the votes on some sketches that say human; None if there is no vote."""
        wanted = set(sketches)
        columns = np.flatnonzero([sketch in wanted for sketch in self.sketches])
        cast, human = self.cast[:, columns], self.human[:, columns]
        if not cast.any():
            return None
        people = _times_drawn(cast.shape[0], seed, _PEOPLE)
        drawn = _times_drawn(cast.shape[1], seed, _SKETCHES)
        low, high = np.nanpercentile(_resampled(people, drawn, cast, human), _TAILS)
        least = _wilson(cast, human)
        return Estimate(least.value, min(float(low), least.low), max(float(high), least.high))

    def difference(
        self, more: Sequence[str], less: Sequence[str], seed: int = 0
    ) -> Estimate | None:
        """Return the share of redrawings tagged human minus that of what they redraw.

        Args:
            more: Names of redrawings.
            less: As many, in the same order: what each of these redraws. A sketch and what it
                redraws are drawn together when sketches are resampled.
            seed: Seed of the resampling.

        Returns:
            The difference of the two shares with its interval; None if one has no vote. Where one
            share is 0 or 1, or few people voted, the interval is no narrower than Newcombe's.
        """
        places = {sketch: place for place, sketch in enumerate(self.sketches)}
        both = [np.array([places[name] for name in some], np.int64) for some in (more, less)]
        assert len(more) == len(less)
        if not all(self.cast[:, columns].any() for columns in both):
            return None
        people = _times_drawn(len(self.participants), seed, _PEOPLE)
        pairs = _times_drawn(len(more), seed, _SKETCHES)
        least, resampled = [], []
        for columns in both:
            cast, human = self.cast[:, columns], self.human[:, columns]
            least.append(_wilson(cast, human))
            resampled.append(_resampled(people, pairs, cast, human))
        low, high = np.nanpercentile(resampled[0] - resampled[1], _TAILS).tolist()
        first, second = least
        value = first.value - second.value
        voters = min(_num_voters(self.cast[:, columns]) for columns in both)
        if voters < MIN_PEOPLE or {first.value, second.value} & {0.0, 1.0}:
            down = math.hypot(first.value - first.low, second.high - second.value)
            up = math.hypot(first.high - first.value, second.value - second.low)
            low, high = min(low, value - down), max(high, value + up)
        return Estimate(value, low, high)

    def share_of_each(self) -> Mapping[str, float | None]:
        """Say how often each sketch is tagged human; None: no vote."""
        counts, tagged = self.cast.sum(axis=0).tolist(), self.human.sum(axis=0).tolist()
        return {
            sketch: tagged[place] / counts[place] if counts[place] else None
            for place, sketch in enumerate(self.sketches)
        }


def _wilson(cast: Bool[np.ndarray, "P S"], human: Bool[np.ndarray, "P S"]) -> Estimate:
    """Return the share of votes that say human, with Wilson's interval."""
    votes, people = int(cast.sum()), _num_voters(cast)
    return wilson(float(human.sum() / votes), people if people < MIN_PEOPLE else votes)


def _num_voters(cast: Bool[np.ndarray, "P S"]) -> int:
    """How many people there is a vote of."""
    return int(cast.any(axis=1).sum())


def _resampled(
    people: Float64[np.ndarray, "R P"],
    sketches: Float64[np.ndarray, "R S"],
    cast: Bool[np.ndarray, "P S"],
    human: Bool[np.ndarray, "P S"],
) -> Float64[np.ndarray, "R"]:
    """Shares in samples of people and sketches; NaN where votes are few and a sample has none."""
    counts = ((people @ cast) * sketches).sum(axis=1)
    tagged = ((people @ human) * sketches).sum(axis=1)
    shares: Float64[np.ndarray, "R"] = np.full_like(counts, np.nan)
    np.divide(tagged, counts, out=shares, where=counts > 0)
    return shares


@lru_cache(maxsize=8)
def _times_drawn(size: int, seed: int, stream: int) -> Float64[np.ndarray, "R N"]:
    """How often each of so many things is drawn, in each resample: the same for all shares."""
    rng = np.random.default_rng([seed, size, stream])
    drawn: Int64[np.ndarray, "R N"] = rng.multinomial(size, np.full(size, 1 / size), RESAMPLES)
    return drawn.astype(np.float64)
