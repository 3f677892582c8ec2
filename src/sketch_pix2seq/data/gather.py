"""The first pass of preparing: every source is read once, into one spool per category.

Knows what a source may give and how many drawings are wanted; knows no splits.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from sketch_pix2seq.data.encode import encode
from sketch_pix2seq.data.formats.read import read_drawings
from sketch_pix2seq.data.formats.reading import ReadReport
from sketch_pix2seq.data.options import PrepareOptions
from sketch_pix2seq.data.sources import Source
from sketch_pix2seq.data.spool import Spool
from sketch_pix2seq.errors import DatasetError
from sketch_pix2seq.sketch.ndjson import SimplifiedDrawing

Progress = Callable[[int, int], None]
"Told how many bytes of the sources are done, and how many there are."
Notice = Callable[[str], None]
"Told, in a sentence or two, what the user should know."

_BLOCK = 1024
_MOST_CATEGORIES = np.iinfo(np.int16).max


@dataclass
class Gathered:
    """What the first pass leaves for the second.

    Args:
        folder: Where the spools lie.
        spools: A spool for each category, in the order in which categories were met.
        files: The sources, read to their ends.
        reports: What became of each source's lines.
    """

    folder: Path
    spools: dict[str, Spool] = field(default_factory=dict)
    files: list[Source] = field(default_factory=list)
    reports: list[ReadReport] = field(default_factory=list)

    def spool(self, category: str) -> Spool:
        """Return the spool of a category, a new one if it was not met before."""
        if category not in self.spools:
            if len(self.spools) == _MOST_CATEGORIES:
                raise DatasetError(f"a data set may have at most {_MOST_CATEGORIES} categories")
            self.spools[category] = Spool(self.folder / f"{len(self.spools)}.spool")
        return self.spools[category]


def gather(
    sources: Sequence[Source],
    folder: Path,
    options: PrepareOptions,
    progress: Progress | None = None,
    on_notice: Notice | None = None,
) -> Gathered:
    """Read all sources.

    Args:
        sources: Where from, in order.
        folder: Where to put the spools.
        options: What to keep.
        progress: Told now and then how far it is.
        on_notice: Told of each file that could not be read to its end.

    Returns:
        The spools, and an account of each file.

    Raises:
        DatasetError: If a file cannot be read or gives no drawing at all.
    """
    gathered = Gathered(folder)
    taken: Counter[str] = Counter()
    total = sum(source.size for source in sources)
    done = 0
    for file in sources:
        report = ReadReport()
        gathered.files.append(file)
        gathered.reports.append(report)
        drawings = _wanted(file, report, taken, options)
        while block := list(islice(drawings, _BLOCK)):
            _put_aside(block, gathered, options)
            if progress:
                progress(done + file.bytes_read, total)
        done += file.bytes_read
        if report.kept == 0 and report.skipped == 0:
            _refuse_useless(file.path, report)
        if report.cut_short and on_notice:
            on_notice(
                f"source `{file.path.name}` is not whole: {report.cut_short}; "
                f"the {report.kept:,} drawings before that were read. Fetch it again."
            )
    return gathered


def _wanted(
    file: Source,
    report: ReadReport,
    taken: Counter[str],
    options: PrepareOptions,
) -> Iterator[tuple[str, SimplifiedDrawing]]:
    """Read a source's drawings with their categories, up to the limit of each category."""
    limit = options.limit
    full: list[bytes] = []

    def is_full(line: bytes) -> bool:
        return any(word in line for word in full)

    nameless = file.category
    full.extend(w for category in taken for w in _spellings(category, taken, limit))
    for drawing in read_drawings(file, strict=options.strict, report=report, skip=is_full):
        category = drawing.word or nameless
        if limit is not None and taken[category] >= limit:
            report.read -= 1
            report.skipped += 1
            continue
        taken[category] += 1
        full.extend(_spellings(category, taken, limit))
        yield category, drawing


def _spellings(category: str, taken: Counter[str], limit: int | None) -> list[bytes]:
    """Return how a line names a category that is full: such lines need not be parsed."""
    if limit is None or taken[category] != limit or not category.isascii() or '"' in category:
        return []
    return [f'"word":{blank}"{category}"'.encode() for blank in ("", " ")]


def _put_aside(
    block: list[tuple[str, SimplifiedDrawing]], gathered: Gathered, options: PrepareOptions
) -> None:
    """Encode some drawings of one source and add them to their categories' spools."""
    by_category: defaultdict[str, list[SimplifiedDrawing]] = defaultdict(list)
    for category, drawing in block:
        by_category[category].append(drawing)
    left_out: Counter[str] = Counter()
    for category, drawings in by_category.items():
        block_of_category = encode(
            drawings,
            source=len(gathered.files) - 1,
            epsilon=options.epsilon,
            max_steps=options.max_steps,
            left_out=left_out,
        )
        gathered.spool(category).append(block_of_category)
    for reason, num in left_out.items():
        gathered.reports[-1].leave_out(reason, num)


def _refuse_useless(path: Path, report: ReadReport) -> None:
    """Refuse a source that gave no drawing, saying what was wrong with the first line."""
    if report.read == 0:
        raise DatasetError(f"source `{path.name}` must hold drawings", got="an empty file")
    if report.first_wrong is None:
        reason, num = report.left_out.most_common(1)[0]
        raise DatasetError(f"source `{path.name}` must hold drawings; {num} left out: {reason}")
    number, message = report.first_wrong
    raise DatasetError(f"source `{path.name}` must hold drawings; line {number}: {message}")
