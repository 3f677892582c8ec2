"""QuickDraw's simplified files, line by line, with an account of what was left out.

Knows which lines are worth keeping; what a line means is known by `sketch.ndjson`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sketch_pix2seq.data.sources import SourceEndedError, SourceFile
from sketch_pix2seq.errors import DatasetError, DrawingError
from sketch_pix2seq.sketch.ndjson import MAX_LINE_BYTES, SimplifiedDrawing, parse_simplified_line

_MOST_REASONS = 20
_LONGEST_WORD = 100
_OTHER = "other reasons"


@dataclass(kw_only=True)
class ReadReport:
    """What became of the lines of one source. Filled while reading.

    Args:
        read: Lines met so far, blank and skipped ones not counted.
        skipped: Lines that were not wanted.
        left_out: How many drawings were left out, by reason.
        first_wrong: Line number and message of the first wrong line.
        cut_short: Why the source could not be read to its end, if so.
    """

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


def read_simplified(
    source: Path | SourceFile,
    *,
    strict: bool = False,
    report: ReadReport | None = None,
    skip: Callable[[bytes], bool] | None = None,
) -> Iterator[SimplifiedDrawing]:
    """Read the drawings of a simplified ndjson file, plain or gzipped.

    Args:
        source: The file.
        strict: Refuse a wrong line instead of counting it.
        report: Where to count lines and what is wrong with them.
        skip: Says of a line, before it is parsed, that it is not wanted. It is then
            neither read nor counted.

    Yields:
        The drawings in file order.

    Raises:
        DatasetError: If the file cannot be read; with `strict` at the first wrong line,
            saying file and line.
    """
    file = source if isinstance(source, SourceFile) else SourceFile(source)
    report = ReadReport() if report is None else report
    number = 0
    try:
        for number, line in enumerate(file.lines(), start=1):
            if line is not None and not line.strip():
                continue
            if line is not None and skip is not None and skip(line):
                report.skipped += 1
                continue
            report.read += 1
            try:
                drawing = _parsed(line)
            except DrawingError as error:
                _wrong_line(file.path, number, error, strict=strict, report=report)
            else:
                yield drawing
    except SourceEndedError as error:
        report.read += 1
        report.cut_short = str(error)
        _wrong_line(file.path, number + 1, error, strict=strict, report=report)


def _parsed(line: bytes | None) -> SimplifiedDrawing:
    """Parse a line; refuse what cannot be stored."""
    if line is None:
        raise DrawingError(f"a line must have at most {MAX_LINE_BYTES} bytes")
    drawing = parse_simplified_line(line)
    word = drawing.word
    if word is not None and not (0 < len(word) <= _LONGEST_WORD and word.isprintable()):
        raise DrawingError(f"`word` must be 1 to {_LONGEST_WORD} printable characters")
    return drawing


def _wrong_line(
    path: Path, number: int, error: Exception, *, strict: bool, report: ReadReport
) -> None:
    """Count a wrong line, or refuse it."""
    if strict:
        raise DatasetError(
            f"`{path.name}` line {number}: {error}", do="Leave out `strict` to pass over it."
        ) from error
    report.leave_out(_reason(error))
    if report.first_wrong is None:
        report.first_wrong = (number, str(error))


def _reason(error: Exception) -> str:
    """Return the rule a message states, without the place and the value that broke it."""
    rule = re.split(r"; got |\. ", str(error), maxsplit=1)[0]
    return re.sub(r"\bstroke \d+ of", "each stroke of", rule)
