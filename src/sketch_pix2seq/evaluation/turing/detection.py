"""Signal detection: how well a participant distinguishes a source's sketches from human ones.

*Convention*: a human sketch is the signal, the answer *human* a hit; *human* for a source's sketch
is a false alarm. d' is 0 if a participant cannot distinguish them, above 0 if they find human
sketches more human. The criterion is above 0 if they rather say *computer*. Half an answer is added
to each count and one to each total, so that both are finite.

Source: Green and Swets (1966), *Signal detection theory and psychophysics*; Hautus (1995),
*Corrections for extreme proportions and their biasing effects on estimated values of d'*.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import NormalDist
from typing import NamedTuple

from sketch_pix2seq.evaluation.turing.statistics import VoteTable
from sketch_pix2seq.evaluation.turing.study import HUMAN, Study


class Detection(NamedTuple):
    """One participant's answers on human sketches and on those of one source."""

    participant: str
    source: str
    hits: int
    human_sketches: int
    false_alarms: int
    source_sketches: int

    @property
    def sensitivity(self) -> float:
        """Return d'."""
        hit, false_alarm = self._deviates
        return hit - false_alarm

    @property
    def criterion(self) -> float:
        """Return the criterion c."""
        return -sum(self._deviates) / 2

    @property
    def _deviates(self) -> tuple[float, float]:
        inverse = NormalDist().inv_cdf
        return (
            inverse((self.hits + 0.5) / (self.human_sketches + 1)),
            inverse((self.false_alarms + 0.5) / (self.source_sketches + 1)),
        )


def detections(study: Study, votes: VoteTable) -> Iterator[Detection]:
    """Yield each participant's answers on each source, where there are any on both sides."""
    columns = {
        source: [votes.sketches.index(sketch.name) for sketch in study.of(source)]
        for source in study.sources
    }
    answered = {source: votes.cast[:, some].sum(axis=1) for source, some in columns.items()}
    said_human = {source: votes.human[:, some].sum(axis=1) for source, some in columns.items()}
    for row, participant in enumerate(votes.participants):
        signals = int(answered[HUMAN][row])
        for source in study.sources[1:]:
            noises = int(answered[source][row])
            if signals and noises:
                hits, false_alarms = int(said_human[HUMAN][row]), int(said_human[source][row])
                yield Detection(participant, source, hits, signals, false_alarms, noises)
