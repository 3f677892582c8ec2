"""The outcome of a study: all numbers of its report, without its text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sketch_pix2seq.evaluation.estimates import Estimate
from sketch_pix2seq.evaluation.turing.design import Design
from sketch_pix2seq.evaluation.turing.statistics import (
    MAX_HUMAN,
    MIN_HUMAN,
    Vote,
    VoteTable,
    outlier_participants,
)
from sketch_pix2seq.evaluation.turing.study import HUMAN, Study


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyOutcome:
    """A study and the votes on it.

    Args:
        study: The study.
        votes: All votes on its sketches.
        period: From when to when people took part, in words; may be empty.
    """

    study: Study
    votes: Sequence[Vote] = field(repr=False)
    period: str = ""

    @cached_property
    def everybody(self) -> VoteTable:
        """All votes."""
        return VoteTable.of(self.votes, [sketch.name for sketch in self.study.sketches])

    @cached_property
    def reasons(self) -> dict[str, str]:
        """Why participants are left out, by their numbers; those who are not are not in it."""
        settings, checks = self.study.settings, self.study.checks
        on_sketches = [vote for vote in self.votes if vote.sketch not in checks]
        answered = Counter(vote.participant for vote in on_sketches)
        missed = Counter(
            vote.participant
            for vote in self.votes
            if vote.sketch in checks and vote.human != (checks[vote.sketch] == HUMAN)
        )
        one_sided = outlier_participants(on_sketches)
        found = {}
        for participant in sorted({vote.participant for vote in self.votes}):
            if missed[participant] > settings.allowed_misses:
                found[participant] = "missed attention checks"
            elif answered[participant] < settings.least_answers:
                found[participant] = "too few answers"
            elif participant in one_sided:
                found[participant] = "nearly always the same answer"
        return found

    @cached_property
    def left_out(self) -> set[str]:
        """Participants who are left out."""
        return set(self.reasons)

    @cached_property
    def num_finished(self) -> int:
        """How many participants answered all that they were shown."""
        answered = Counter(vote.participant for vote in self.votes)
        return sum(count >= self.num_trials for count in answered.values())

    @cached_property
    def num_trials(self) -> int:
        """How many pictures a participant is shown, attention checks included."""
        return Design(self.study).num_trials

    @cached_property
    def counted(self) -> VoteTable:
        """The votes of those who are not left out."""
        return self.everybody.without(self.left_out)

    def share(self, source: str, category: str | None = None) -> Estimate | None:
        """How often a source's sketches are tagged human; None: no vote."""
        if (source, category) not in self._shares:
            names = self._names(source, category)
            self._shares[source, category] = self.counted.share(names, self._seed)
        return self._shares[source, category]

    def share_by_everybody(self, source: str) -> Estimate | None:
        """The same, nobody left out."""
        return self.everybody.share(self._names(source), self._seed)

    def above_human(self, source: str, category: str | None = None) -> Estimate | None:
        """By how much more often than the human sketches that it redraws; None: no vote."""
        own, human = self._names(source, category), self._names(HUMAN, category)
        return self.counted.difference(own, human, self._seed)

    def num_votes(self, source: str, category: str | None = None) -> int:
        """How many votes on a source's sketches count."""
        wanted = set(self._names(source, category))
        columns = [sketch in wanted for sketch in self.counted.sketches]
        return int(self.counted.cast[:, columns].sum())

    @cached_property
    def _shares(self) -> dict[tuple[str, str | None], Estimate | None]:
        """Those that are worked out already."""
        return {}

    def _names(self, source: str, category: str | None = None) -> list[str]:
        """Sketches of a source, by what they redraw."""
        return [sketch.name for sketch in self.study.of(source, category)]

    @property
    def _seed(self) -> int:
        return int(self.study.made["seed"])


def exclusion_rule(study: Study) -> str:
    """Say in words who is left out of a study's results: see `StudyOutcome.reasons`."""
    settings, checks = study.settings, len(study.checks)
    rule = (
        f"Left out, as in the paper: who tagged more than {MAX_HUMAN:.0%} or less than "
        f"{MIN_HUMAN:.0%} of what they saw as human"
    ).replace("%", " %")
    if checks:
        misses = settings.allowed_misses
        rule += f"; who missed {f'more than {misses}' if misses else 'any'} of {checks}"
        rule += " attention checks"
    if settings.least_answers:
        rule += f"; who answered fewer than {settings.least_answers} sketches"
    return rule + "."
