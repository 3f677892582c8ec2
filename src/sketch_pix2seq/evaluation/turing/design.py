"""The design of a study: which sketches a participant sees, in which order, *Human* on which side.

*Convention*: participants are numbered from 1 in the order of coming. Their number decides which
sketches and which side, so that both are balanced; their own seed decides the order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.evaluation.turing.study import Study


class Design:
    """Who sees what in a study.

    All sketches stand in a circle: every original once, its drawing by one source or another, as
    in a Latin square; then every original again by its next source, and so on. Participants get
    stretches of the circle, each where the one before ended. So every stretch holds about as many
    sketches of each category and source, and one no longer than there are originals never two of
    the same original; and after some participants every sketch was shown as often.

    Raises:
        UsageError: If its settings ask for more sketches than there are.
    """

    def __init__(self, study: Study) -> None:
        settings = study.settings
        self._swap_sides = settings.swap_sides
        self._checks = tuple(sorted(study.checks))
        rows = _originals(study)
        self._circle = [
            row[(place + shift) % len(row)]
            for shift in range(len(rows[0][1]))
            for place, row in rows
        ]
        most = len(rows) if settings.one_per_original else len(self._circle)
        self.num_sketches = most if settings.per_participant is None else settings.per_participant
        if self.num_sketches > most:
            raise UsageError(
                f"`per_participant` must be at most {most} in this study", got=self.num_sketches
            )
        for name, limit, of in (
            ("least_answers", self.num_sketches, "sketches a participant sees"),
            ("allowed_misses", max(len(self._checks) - 1, 0), "attention checks but one"),
        ):
            if getattr(settings, name) > limit:
                got = getattr(settings, name)
                raise UsageError(f"`{name}` must be at most {limit}, the {of}", got=got)
        self.num_trials = self.num_sketches + len(self._checks)
        """Sketches and attention checks that a participant answers."""

    def human_left(self, number: int) -> bool:
        """Say whether *Human* is the left button for participant `number`."""
        return not self._swap_sides or number % 2 == 1

    def trials(self, number: int, seed: int) -> tuple[str, ...]:
        """Return what participant `number` sees in their own order, checks in between."""
        order = own_order(self._sketches(number), seed)
        part = self.num_sketches / max(1, len(self._checks))
        for nth, check in enumerate(own_order(self._checks, seed)):  # one in each equal part
            chance = int.from_bytes(_hash(f"{seed} check {nth}")[:4]) / 2**32
            order.insert(1 + nth + int(part * (nth + chance)), check)
        return tuple(order)

    def _sketches(self, number: int) -> list[str]:
        place = (number - 1) // (2 if self._swap_sides else 1)  # the same for both sides
        start = place * self.num_sketches
        return [self._circle[(start + at) % len(self._circle)] for at in range(self.num_sketches)]


def own_order(sketches: Sequence[str], seed: int) -> list[str]:
    """Put sketches into a participant's order.

    By SHA-256 of seed and name, so that it is the same on every machine and in every release.

    Example:
        >>> sorted(own_order(("a", "b", "c"), 5))
        ['a', 'b', 'c']
    """
    return sorted(sketches, key=lambda name: _hash(f"{seed} {name}"))


def _originals(study: Study) -> list[tuple[int, list[str]]]:
    """Return the drawings of each original by source, categories in turn, and where to begin."""
    found = []
    for which, category in enumerate(study.categories):
        columns = [[one.name for one in study.of(source, category)] for source in study.sources]
        for nth, row in enumerate(zip(*columns, strict=True)):
            found.append((nth, which, list(row)))
    found.sort(key=lambda one: one[:2])
    return [(nth + which, row) for nth, which, row in found]


def _hash(words: str) -> bytes:
    return hashlib.sha256(words.encode()).digest()
