"""How a study is run: what its maker decides beside the sketches (`settings` of study.json)."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

from sketch_pix2seq.errors import UsageError

CONSENT_LETTERS = 100_000
_TEXT_LETTERS = 2_000
_PARAMETER = re.compile(r"[A-Za-z][\w.-]{0,63}")
_ADDRESS = re.compile(r"https?://[^\s/]+(/\S*)?")


@dataclass(frozen=True, kw_only=True)
class StudySettings:
    """What a study asks of its participants, and what it stores of them.

    Args:
        per_participant: Sketches that each participant sees, balanced over sources, categories and
            participants; None: as many as the design allows.
        one_per_original: Nobody sees two drawings of the same original.
        swap_sides: *Human* is the left button for every other participant, the right for the rest.
        record_times: Store position and response time of each answer.
        show_score: Show participants at the end how many they got right.
        allowed_misses: Who misses more attention checks is left out.
        least_answers: Who answers fewer sketches is left out.
        participants: How many are wanted; once so many have finished, nobody new begins.
        closes: The last day on which somebody new begins (YYYY-MM-DD); empty: no such day.
        id_parameters: Names of the address's parameters that hold a participant's id, the first
            that is there counts; empty: no ids.
        completion_code: Shown when all is answered; may be empty.
        completion_url: Where participants go then, `{id}` being their id; may be empty.
        consent: Text above the list of what is stored, Markdown; may be empty.
        min_age: Participants confirm that they are so old; None: they are not asked.
        contact: Whom participants can ask; may be empty.
    """

    per_participant: int | None = None
    one_per_original: bool = False
    swap_sides: bool = False
    record_times: bool = False
    show_score: bool = False
    allowed_misses: int = 0
    least_answers: int = 0
    participants: int | None = None
    closes: str = ""
    id_parameters: tuple[str, ...] = ()
    completion_code: str = ""
    completion_url: str = ""
    consent: str = ""
    min_age: int | None = None
    contact: str = ""

    def __post_init__(self) -> None:
        """Refuse what does not fit (UsageError)."""
        for name, least in (("per_participant", 1), ("participants", 1), ("min_age", 1)):
            self._check_number(name, least, optional=True)
        for name in ("allowed_misses", "least_answers"):
            self._check_number(name, 0)
        for name in ("completion_code", "completion_url", "contact", "consent"):
            most = CONSENT_LETTERS if name == "consent" else _TEXT_LETTERS
            if len(getattr(self, name)) > most:
                length = len(getattr(self, name))
                raise UsageError(f"`{name}` must have {most:,} letters or fewer", got=length)
        for name in self.id_parameters:
            if not _PARAMETER.fullmatch(name):
                raise UsageError("`id_parameters` must be names such as PROLIFIC_PID", got=name)
        if self.completion_url and not _ADDRESS.fullmatch(self.completion_url):
            raise UsageError(
                "`completion_url` must begin with https:// or http://", got=self.completion_url
            )
        if set(re.findall(r"{\w*}", self.completion_url)) - {"{id}"}:
            raise UsageError("`completion_url` can hold {id} alone", got=self.completion_url)
        if "{id}" in self.completion_url and not self.id_parameters:
            raise UsageError("`completion_url` can hold {id} only with `id_parameters`")
        if self.closes:
            try:
                datetime.date.fromisoformat(self.closes)
            except ValueError:
                raise UsageError("`closes` must be a day, YYYY-MM-DD", got=self.closes) from None

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> StudySettings:
        """Read the settings of a study.json (UsageError if one is unknown or of another type)."""
        kinds = get_type_hints(cls)
        unknown = sorted(set(content) - {one.name for one in fields(cls)})
        if unknown:
            raise UsageError("`settings` must be known to this release", got=", ".join(unknown))
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in content.items()
        }
        for name, value in values.items():
            if isinstance(value, tuple):
                fits = name == "id_parameters" and all(isinstance(one, str) for one in value)
            else:
                fits = name != "id_parameters" and isinstance(value, kinds[name])
            if not fits:
                raise UsageError(f"`{name}` must be of its type", got=repr(value)[:80])
        return cls(**values)

    def is_closed(self, finished: int, today: datetime.date) -> bool:
        """Say whether nobody new may begin when so many have finished."""
        late = bool(self.closes) and today > datetime.date.fromisoformat(self.closes)
        return late or (self.participants is not None and finished >= self.participants)

    def _check_number(self, name: str, least: int, *, optional: bool = False) -> None:
        value = getattr(self, name)
        if not (value is None and optional) and value < least:
            raise UsageError(f"`{name}` must be {least} or more", got=value)
