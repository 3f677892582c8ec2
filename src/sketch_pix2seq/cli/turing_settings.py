"""Flags of `turing create` and `turing edit` that say how a study is run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sketch_pix2seq.errors import UsageError

if TYPE_CHECKING:
    from sketch_pix2seq.evaluation.turing.settings import StudySettings


def _help(text: str, no: str = "") -> Parameter:
    return Parameter(help=text, negative=(no,) if no else ())


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class SettingsFlags:
    """What is given of `StudySettings`; None: as it was."""

    per_participant: Annotated[
        int | None, _help("Sketches that each participant sees, balanced; 0: all.")
    ] = None
    one_per_original: Annotated[
        bool | None,
        _help("Nobody sees two drawings of the same original.", "--no-one-per-original"),
    ] = None
    swap_sides: Annotated[
        bool | None,
        _help("*Human* is the right button of every other participant.", "--no-swap-sides"),
    ] = None
    record_times: Annotated[
        bool | None, _help("Store position and response time of answers.", "--no-record-times")
    ] = None
    show_score: Annotated[
        bool | None, _help("Show at the end how many answers were right.", "--no-show-score")
    ] = None
    allowed_misses: Annotated[
        int | None, _help("Who misses more attention checks is left out; 0.")
    ] = None
    least_answers: Annotated[int | None, _help("Who answers fewer sketches is left out; 0.")] = None
    participants: Annotated[
        int | None, _help("Nobody new begins once so many have finished; 0: no limit.")
    ] = None
    closes: Annotated[
        str | None, _help("Last day on which somebody new begins, YYYY-MM-DD; '': none.")
    ] = None
    id_parameters: Annotated[
        tuple[str, ...],
        Parameter(
            name="--id-parameter",
            help="Part of the address that holds a participant's id; repeatable; '': none.",
            negative=(),
        ),
    ] = ()
    completion_code: Annotated[str | None, _help("Code shown at the end.")] = None
    completion_url: Annotated[
        str | None, _help("Where participants go at the end; may hold {id}.")
    ] = None
    consent: Annotated[
        Path | None, _help("File with a consent text of one's own, Markdown or plain.")
    ] = None
    min_age: Annotated[
        int | None, _help("Participants confirm that they are so old; 0: not asked.")
    ] = None
    contact: Annotated[str | None, _help("Whom participants can ask.")] = None

    def applied_to(self, settings: StudySettings) -> StudySettings:
        """Return settings with what is given here in place of theirs (UsageError)."""
        given: dict[str, Any] = {
            name: value for name, value in vars(self).items() if value not in (None, ())
        }
        for name in ("per_participant", "participants", "min_age"):
            if given.get(name) == 0:
                given[name] = None
        if "id_parameters" in given:
            given["id_parameters"] = tuple(name for name in given["id_parameters"] if name)
        if "consent" in given:
            try:
                given["consent"] = given["consent"].read_text(encoding="utf-8-sig")
            except UnicodeDecodeError as error:
                raise UsageError("`consent` must be a text file in UTF-8") from error
        return replace(settings, **given)
