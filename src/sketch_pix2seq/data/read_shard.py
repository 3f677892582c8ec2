"""The first pass of preparing: each shard is read once, into one buffer file a category.

Shards are independent of each other: `read_shard` may run on any machine that sees the files, and
its result can be pickled. Filters drawings; knows no splits.
"""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from sketch_pix2seq.data.buffer_file import CategoryBuffer
from sketch_pix2seq.data.encode import encode
from sketch_pix2seq.data.formats.read import read_drawings
from sketch_pix2seq.data.formats.reading import ReadReport
from sketch_pix2seq.data.options import PrepareOptions
from sketch_pix2seq.data.sources import Source, SourceFile, SourceFolder
from sketch_pix2seq.errors import DatasetError
from sketch_pix2seq.io.ndjson import SimplifiedDrawing

Progress = Callable[[int, int], None]
"Called with the bytes of the sources that are read, and with their total."
Notice = Callable[[str], None]
"Called with a sentence or two for the user."

SHARD_BYTES = 64_000_000
"A larger ndjson that is not gzipped is read in parts of this size."
_NOT_RECOGNISED = "a drawing must be one that Quick, Draw! recognised"
_BLOCK = 1024
_MOST_CATEGORIES = np.iinfo(np.int16).max


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A source or a part of one, to be read by one worker.

    Args:
        number: Its number, from 0.
        of: How many shards there are.
        source: Number of its source.
        path: The source.
        files: The files to read, if the source is a folder.
        span: First byte and the byte after the last, if it is a part of the source.
        size: In bytes.
        folder: Folder for the buffer files; emptied first.
        options: What to keep.
    """

    number: int
    of: int
    source: int
    path: Path
    files: tuple[Path, ...] | None
    span: tuple[int, int] | None
    size: int
    folder: Path
    options: PrepareOptions

    def open(self) -> Source:
        """The source, ready to be read."""
        if self.files is not None:
            return SourceFolder(self.path, list(self.files))
        return SourceFile(self.path, self.span)


@dataclass(frozen=True, kw_only=True)
class ShardResult:
    """The result of reading a shard.

    Args:
        shard: The shard.
        sha256: Digest of its source; of a later part of one, of nothing.
        report: How many records were kept, and why others were not.
        buffers: A buffer file for each category, in the order of their first drawings.
    """

    shard: Shard
    sha256: str
    report: ReadReport
    buffers: dict[str, Path]


def shards_of(sources: Sequence[Source], folder: Path, options: PrepareOptions) -> list[Shard]:
    """Split sources into shards, the same ones for every engine.

    Args:
        sources: The sources, in order.
        folder: Folder in which each shard makes one for its buffers.
        options: What to keep.

    Returns:
        The shards, in the order of the sources.
    """
    parts = [
        (number, source, span)
        for number, source in enumerate(sources)
        for span in _spans(source, options)
    ]
    return [
        Shard(
            number=place,
            of=len(parts),
            source=number,
            path=source.path,
            files=tuple(source.files) if isinstance(source, SourceFolder) else None,
            span=span,
            size=source.size if span is None else span[1] - span[0],
            folder=folder / f"{place:06d}",
            options=options,
        )
        for place, (number, source, span) in enumerate(parts)
    ]


def _spans(source: Source, options: PrepareOptions) -> list[tuple[int, int] | None]:
    """The parts of a source: one, unless it is large and can be cut."""
    if isinstance(source, SourceFolder) or source.size <= SHARD_BYTES:
        return [None]
    if options.strict or not source.can_be_cut():  # a wrong line is refused by its number
        return [None]
    starts = range(0, source.size, SHARD_BYTES)
    return [(start, min(start + SHARD_BYTES, source.size)) for start in starts]


def read_shard(shard: Shard, progress: Callable[[int], None] | None = None) -> ShardResult:
    """Read a shard. If it fails, it can be read again from the start.

    Args:
        shard: The shard.
        progress: Called with the bytes of it that are read.

    Returns:
        Its buffer files, and a report.

    Raises:
        DatasetError: If its source cannot be read, or has too many categories.
    """
    shutil.rmtree(shard.folder, ignore_errors=True)
    shard.folder.mkdir()
    source, report = shard.open(), ReadReport()
    writer = _CategoryWriter(shard, report)
    drawings = _wanted(source, report, shard.options)
    while block := list(islice(drawings, _BLOCK)):
        writer.add(block)
        if progress:
            progress(source.bytes_read)
    return ShardResult(shard=shard, sha256=source.sha256, report=report, buffers=writer.buffers)


@dataclass
class _CategoryWriter:
    """Writes the drawings of a shard into a buffer file for each category."""

    shard: Shard
    report: ReadReport
    buffers: dict[str, Path] = field(default_factory=dict)

    def add(self, block: list[tuple[str, SimplifiedDrawing]]) -> None:
        """Encode drawings and add them to the buffers of their categories."""
        by_category: defaultdict[str, list[SimplifiedDrawing]] = defaultdict(list)
        for category, drawing in block:
            by_category[category].append(drawing)
        left_out: Counter[str] = Counter()
        for category, drawings in by_category.items():
            if category not in self.buffers:
                check_number(len(self.buffers) + 1)
                self.buffers[category] = self.shard.folder / f"{len(self.buffers)}.buffer"
            encoded = encode(
                drawings, source=self.shard.source, options=self.shard.options, left_out=left_out
            )
            CategoryBuffer(self.buffers[category]).append(encoded)
        for reason, num in left_out.items():
            self.report.leave_out(reason, num)


def check_number(num_categories: int) -> None:
    """Refuse more categories than a data set can have.

    Raises:
        DatasetError: If there are more.
    """
    if num_categories > _MOST_CATEGORIES:
        raise DatasetError(f"a data set may have at most {_MOST_CATEGORIES} categories")


def _wanted(
    source: Source, report: ReadReport, options: PrepareOptions
) -> Iterator[tuple[str, SimplifiedDrawing]]:
    """Yield a source's drawings with their categories, up to the limit of each category."""
    limit = options.limit
    taken: Counter[str] = Counter()
    full: list[bytes] = []

    def is_full(line: bytes) -> bool:
        return any(word in line for word in full)

    nameless = source.category
    for drawing in read_drawings(source, strict=options.strict, report=report, skip=is_full):
        if options.recognized_only and drawing.recognized is False:
            report.leave_out(_NOT_RECOGNISED)
            continue
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
