"""What the readers of all layouts share: an account of what was met, left out and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from sketch_pix2seq.data.card import LONGEST_CATEGORY
from sketch_pix2seq.errors import DatasetError, DrawingError
from sketch_pix2seq.io.ndjson import RawDrawing, SimplifiedDrawing

_MOST_REASONS = 20
_OTHER = "other reasons"


@dataclass(kw_only=True)
class ReadReport:
    """What became of the records of one source. Filled while reading.

    Args:
        number: Number of the last record, from 1; blank lines count.
        read: Records met so far, blank lines and skipped ones not counted.
        skipped: Records that were not wanted.
        left_out: How many drawings were left out, by reason.
        first_wrong: Number (of the line, or of the drawing) and message of the first wrong one.
        cut_short: Why the source could not be read to its end, if so.
    """

    number: int = 0
    read: int = 0
    skipped: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    first_wrong: tuple[int, str] | None = None
    cut_short: str | None = None

    @property
    def kept(self) -> int:
        """Drawings that were read and not left out."""
        return self.read - self.left_out.total()

    def leave_out(self, reason: str, num: int = 1) -> None:
        """Count drawings that are left out; beyond a score of reasons they share one."""
        if num == 0:
            return
        known = reason in self.left_out or len(self.left_out) < _MOST_REASONS
        self.left_out[reason if known else _OTHER] += num

    def add(self, part: ReadReport) -> None:
        """Add the report of the next part of the same source."""
        if self.first_wrong is None and part.first_wrong is not None:
            line, message = part.first_wrong
            self.first_wrong = (self.number + line, message)
        self.number += part.number
        self.read += part.read
        self.skipped += part.skipped
        for reason, num in part.left_out.items():
            self.leave_out(reason, num)


@dataclass(kw_only=True)
class Reading:
    """One reading of a source.

    Args:
        name: Name of the source.
        unit: Name of one record, such as `line`.
        strict: Refuse a wrong record instead of counting it.
        report: Counts the records.
        skip: Says of a line, before it is parsed, that it is not wanted.
    """

    name: str
    unit: str = "drawing"
    strict: bool = False
    report: ReadReport = field(default_factory=ReadReport)
    skip: Callable[[bytes], bool] | None = None

    def begin(self) -> None:
        """A record is met."""
        self.report.number += 1
        self.report.read += 1

    def wrong(self, error: Exception) -> None:
        """Count the record as wrong, or refuse it if the reading is strict."""
        if self.strict:
            raise DatasetError(
                f"`{self.name}` {self.unit} {self.report.number}: {error}",
                do="Leave out `strict` to pass over it.",
            ) from error
        self.report.leave_out(_reason(error))
        if self.report.first_wrong is None:
            self.report.first_wrong = (self.report.number, str(error))

    def ended(self, error: Exception) -> None:
        """The source stops before its end."""
        self.begin()
        self.report.cut_short = str(error)
        self.wrong(error)


def checked_word(drawing: SimplifiedDrawing | RawDrawing) -> SimplifiedDrawing | RawDrawing:
    """Refuse a drawing whose category cannot be stored: too long, empty or not printable."""
    word = drawing.word
    if word is not None and not (0 < len(word) <= LONGEST_CATEGORY and word.isprintable()):
        raise DrawingError(f"`word` must be 1 to {LONGEST_CATEGORY} printable characters")
    return drawing


def joined(
    strokes: Sequence[np.ndarray],
    word: str | None = None,
    key_id: int | None = None,
    recognized: bool | None = None,
) -> SimplifiedDrawing:
    """Lay the strokes of a drawing, whole-numbered (P, 2) points each, end to end."""
    lifts = np.zeros(sum(map(len, strokes)), bool)
    lifts[np.cumsum([len(stroke) for stroke in strokes]) - 1] = True
    points = np.concatenate(strokes).astype(np.int16)
    return SimplifiedDrawing(points, lifts, word, key_id, recognized)


def _reason(error: Exception) -> str:
    """The rule a message states, without the place and the value that broke it."""
    rule = re.split(r"; got |\. ", str(error), maxsplit=1)[0]
    return re.sub(r"\bstroke \d+ of", "each stroke of", rule)
