"""The outcome of a study: all numbers of its report, without its text."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sketch_pix2seq.evaluation.estimates import Estimate
from sketch_pix2seq.evaluation.turing.statistics import Vote, VoteTable, outlier_participants
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
    def left_out(self) -> set[str]:
        """Participants whom the paper's rule leaves out."""
        return outlier_participants(self.votes)

    @cached_property
    def counted(self) -> VoteTable:
        """The votes that count by the paper's rule."""
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

    def num_votes(self, source: str) -> int:
        """How many votes on a source's sketches count."""
        wanted = set(self._names(source))
        columns = [sketch in wanted for sketch in self.counted.sketches]
        return int(self.counted.cast[:, columns].sum())

    def to_csv(self) -> str:
        """All votes as CSV: participants by numbers that stand for nobody."""
        sketches = {sketch.name: sketch for sketch in self.study.sketches}
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["participant", "sketch", "source", "category", "original", "tag", "left out"]
        )
        for vote in self.votes:
            sketch = sketches.get(vote.sketch)
            if sketch is not None:
                about = (sketch.name, sketch.source, sketch.category, sketch.original)
                tag = "human" if vote.human else "computer"
                out = "yes" if vote.participant in self.left_out else "no"
                writer.writerow([vote.participant, *about, tag, out])
        return file.getvalue()

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
