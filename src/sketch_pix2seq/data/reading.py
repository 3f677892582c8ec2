"""Reading a source of drawings, and counting what was left out and why.

Raw drawings (with times, or numbers that are not whole, or from files of any other kind) are
simplified as QuickDraw did it, many at once; `io.records` reads every layout.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sketch_pix2seq.data.card import LONGEST_CATEGORY, is_category
from sketch_pix2seq.data.sources import Source, SourceFile, SourceFolder
from sketch_pix2seq.errors import DatasetError, DrawingError
from sketch_pix2seq.io.kinds import HEAD, Kind, kind_of
from sketch_pix2seq.io.ndjson import RawDrawing, Record, SimplifiedDrawing
from sketch_pix2seq.io.opened import SourceEndedError
from sketch_pix2seq.io.records import read_records
from sketch_pix2seq.sketch.normalise import normalise_points

_MANY = 128
_MAX_REASONS = 20
_OTHER = "other reasons"


@dataclass(kw_only=True)
class ReadReport:
    """Counts of the records of one source. Filled while reading.

    Args:
        unit: Name of one record: `line`, `drawing` or `file`.
        number: Number of the last record, from 1; blank lines count.
        read: Records so far, blank lines and skipped ones not counted.
        skipped: Records that were not wanted.
        left_out: How many drawings were left out, by reason.
        read_in_part: How many drawings were read without a part of their file.
        first_left_out: What was left out of the first of these.
        first_wrong: Number (of the line, or of the drawing) and message of the first wrong one.
        num_others: Drawings that do not name a key and a country, as Google's do.
        cut_short: Why the source could not be read to its end, if so.
    """

    unit: str = "drawing"
    number: int = 0
    read: int = 0
    skipped: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    read_in_part: int = 0
    first_left_out: str | None = None
    first_wrong: tuple[int, str] | None = None
    num_others: int = 0
    cut_short: str | None = None

    @property
    def kept(self) -> int:
        """Drawings that were read and not left out."""
        return self.read - self.left_out.total()

    def leave_out(self, reason: str, num: int = 1) -> None:
        """Count drawings that are left out; beyond a score of reasons they share one."""
        if num == 0:
            return
        is_listed = reason in self.left_out or len(self.left_out) < _MAX_REASONS
        self.left_out[reason if is_listed else _OTHER] += num

    def leave_out_part(self, left_out: str, num: int = 1) -> None:
        """Count drawings of which a part is left out; of the first of them it is `left_out`."""
        self.read_in_part += num
        self.first_left_out = self.first_left_out or left_out

    def add(self, part: ReadReport) -> None:
        """Add the report of the next part of the same source."""
        if self.first_wrong is None and part.first_wrong is not None:
            line, message = part.first_wrong
            self.first_wrong = (self.number + line, message)
        self.number += part.number
        self.read += part.read
        self.skipped += part.skipped
        self.num_others += part.num_others
        for reason, num in part.left_out.items():
            self.leave_out(reason, num)
        if part.first_left_out is not None:
            self.leave_out_part(part.first_left_out, part.read_in_part)


def parts_notice(reports: Iterable[ReadReport]) -> str | None:
    """Return a line about parts left out of drawings that were read; None: nothing was."""
    total = ReadReport()
    for report in reports:
        total.add(report)
    if total.first_left_out is None:
        return None
    is_one = total.read_in_part == 1
    which = "1 drawing" if is_one else f"{total.read_in_part:,} drawings, of the first"
    return f"left out of {which}: {total.first_left_out}"


@dataclass(kw_only=True)
class Reading:
    """One reading of a source.

    Args:
        name: Name of the source.
        strict: Refuse a wrong record instead of counting it.
        report: Counts the records.
        skip: Says of a line, before it is parsed, that it is not wanted.
    """

    name: str
    strict: bool = False
    report: ReadReport = field(default_factory=ReadReport)
    skip: Callable[[bytes], bool] | None = None

    def count_record(self) -> None:
        """Count the next record."""
        self.report.number += 1
        self.report.read += 1

    def wrong(self, error: Exception, file: str | None = None) -> None:
        """Count the record, perhaps a file, as wrong; refuse it if the reading is strict."""
        message = str(error) if file is None else f"`{file}`: {error}"
        if self.strict:
            raise DatasetError(
                f"`{self.name}` {self.report.unit} {self.report.number}: {message}",
                do="Leave out `strict` to pass over it.",
            ) from error
        self.report.leave_out(_reason(error))
        if self.report.first_wrong is None:
            self.report.first_wrong = (self.report.number, message)

    def ended(self, error: Exception) -> None:
        """The source stops before its end."""
        self.count_record()
        self.report.cut_short = str(error)
        self.wrong(error)


def checked_word(drawing: SimplifiedDrawing | RawDrawing) -> SimplifiedDrawing | RawDrawing:
    """Refuse a drawing whose category cannot be stored: too long, empty or not printable."""
    word = drawing.word
    if word is not None and not is_category(word):
        raise DrawingError(f"`word` must be 1 to {LONGEST_CATEGORY} printable characters")
    return drawing


def read_drawings(
    source: Path | Source,
    *,
    strict: bool = False,
    report: ReadReport | None = None,
    skip: Callable[[bytes], bool] | None = None,
) -> Iterator[SimplifiedDrawing]:
    """Read the drawings of a file, or of a folder of files of one drawing each.

    Args:
        source: The file or folder; any file may be gzipped, whatever its name.
        strict: Refuse a wrong record instead of counting it.
        report: Counts records and errors.
        skip: Says of a line of ndjson, before it is parsed, that it is not wanted. It is then
            neither read nor counted.

    Yields:
        The drawings in the source's order.

    Raises:
        DatasetError: If the source cannot be read; with `strict` at the first wrong record,
            saying where it is.
    """
    if isinstance(source, Path):
        source = SourceFolder.of(source) if source.is_dir() else SourceFile(source)
    report = ReadReport() if report is None else report
    reading = Reading(name=source.path.name, strict=strict, report=report, skip=skip)
    waiting: list[Record] = []
    if isinstance(source, SourceFolder):
        records = _of_folder(source, reading)
    else:
        records = _of_file(source, reading)
    try:
        for record in records:
            if not waiting and isinstance(record, SimplifiedDrawing):
                yield record
                continue
            if isinstance(record, RawDrawing) and record.left_out:
                report.leave_out_part(record.left_out)
            waiting.append(record)
            if len(waiting) == _MANY:
                yield from _simplified(waiting)
                waiting.clear()
    except SourceEndedError as error:
        yield from _simplified(waiting)  # what came before a damaged end is valid
        reading.ended(error)
    else:
        yield from _simplified(waiting)


def _of_file(source: SourceFile, reading: Reading) -> Iterator[Record]:
    """The records of a file that are drawings."""
    stop = source.span[1] if source.span else None

    def skip(line: bytes) -> bool:
        is_unwanted = reading.skip is not None and reading.skip(line)
        reading.report.skipped += is_unwanted
        return is_unwanted

    try:
        with source.content() as file:
            kind = kind_of(file.peek(HEAD), source.path.name) if stop is None else Kind.LINES
            reading.report.unit = "line" if kind is Kind.LINES else "drawing"
            for _, record in read_records(file, kind, stop=stop, skip=skip):
                if record is None:
                    reading.report.number += 1
                    continue
                reading.count_record()
                try:
                    if isinstance(record, DrawingError):
                        raise record
                    drawing = checked_word(record)
                    has_key = drawing.key_id is not None or drawing.is_key_rounded
                    reading.report.num_others += not has_key or drawing.country is None
                    if drawing.is_key_rounded:
                        reading.report.leave_out_part("`key_id`, whose digits were rounded")
                    yield drawing
                except DrawingError as error:
                    reading.wrong(error)
    except DrawingError as error:
        raise DatasetError(f"`{source.path.name}`: {error}") from error


def _of_folder(folder: SourceFolder, reading: Reading) -> Iterator[Record]:
    """The drawings of the files of a folder."""
    reading.report.unit = "file"
    for name, content in folder.documents():
        reading.count_record()
        try:
            if content is None:
                raise DrawingError("a file must be readable, and not too large")
            yield _only_record(content, name)
            reading.report.num_others += 1
        except (DrawingError, SourceEndedError) as error:
            reading.wrong(error, name)


def _only_record(content: bytes, name: str) -> Record:
    """The drawing of a file that holds one."""
    file: io.BufferedReader = io.BufferedReader(io.BytesIO(content), HEAD)
    kind = kind_of(content[:HEAD], name)
    records = [record for _, record in read_records(file, kind) if record is not None]
    if len(records) != 1:
        raise DrawingError("a file of a folder must hold one drawing", got=len(records))
    if isinstance(records[0], DrawingError):
        raise records[0]
    return checked_word(records[0])


def _simplified(drawings: list[SimplifiedDrawing | RawDrawing]) -> Iterator[SimplifiedDrawing]:
    """Simplify the raw ones among some drawings."""
    raw = [drawing for drawing in drawings if isinstance(drawing, RawDrawing)]
    simple = iter(_simplified_points(raw))
    for drawing in drawings:
        if isinstance(drawing, RawDrawing):
            points, lifts = next(simple)
            known = (drawing.word, drawing.key_id, drawing.recognized, drawing.country)
            yield SimplifiedDrawing(points, lifts, *known)
        else:
            yield drawing


def _simplified_points(raw: list[RawDrawing]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Points and lifts of each raw drawing, simplified."""
    if not raw:
        return []
    num_strokes = np.array([len(drawing.lengths) for drawing in raw])
    points, lengths = normalise_points(
        np.concatenate([drawing.points for drawing in raw]),
        np.array([length for drawing in raw for length in drawing.lengths]),
        num_strokes,
    )
    lifts = np.zeros(len(points), bool)
    ends = np.cumsum(lengths)
    lifts[ends - 1] = True
    between = ends[np.cumsum(num_strokes) - 1][:-1]
    whole = np.split(points.astype(np.int16), between)
    return list(zip(whole, np.split(lifts, between), strict=True))


def _reason(error: Exception) -> str:
    """The rule in a message, without the position and the value that broke it."""
    rule = re.split(r"; got |\. ", str(error), maxsplit=1)[0]
    return re.sub(r"\bstroke \d+ of", "each stroke of", rule)
