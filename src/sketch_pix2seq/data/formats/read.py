"""Any source of drawings: finds out its layout and reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from sketch_pix2seq.data.formats import npz
from sketch_pix2seq.data.formats.binary import read_binary
from sketch_pix2seq.data.formats.lines import read_lines
from sketch_pix2seq.data.formats.npz import read_npz
from sketch_pix2seq.data.formats.reading import Reading, ReadReport
from sketch_pix2seq.data.formats.svg_folder import read_svg_folder
from sketch_pix2seq.data.sources import Source, SourceEndedError, SourceFile, SourceFolder
from sketch_pix2seq.errors import DatasetError
from sketch_pix2seq.io.ndjson import SimplifiedDrawing


def read_drawings(
    source: Path | Source,
    *,
    strict: bool = False,
    report: ReadReport | None = None,
    skip: Callable[[bytes], bool] | None = None,
) -> Iterator[SimplifiedDrawing]:
    """Read the drawings of a file or of a folder of SVGs.

    Convention:
        An npz is known by its first bytes, a binary file by its name (`.bin`), everything else
        is ndjson: simplified, raw, or both. Any file may be gzipped, whatever its name.

    Args:
        source: Where from.
        strict: Refuse a wrong record instead of counting it.
        report: Where to count records and what is wrong with them.
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
    reading = Reading(
        name=source.path.name, strict=strict, report=report or ReadReport(), skip=skip
    )
    if report is not None:
        reading.report = report
    try:
        if isinstance(source, SourceFolder):
            yield from read_svg_folder(source, reading)
        else:
            yield from _read_file(source, reading)
    except SourceEndedError as error:
        reading.ended(error)


def _read_file(source: SourceFile, reading: Reading) -> Iterator[SimplifiedDrawing]:
    with source.content() as blocks:
        first = next(blocks, b"")
        content = chain([first], blocks)
        if first.startswith(npz.MAGIC):
            try:
                yield from read_npz(content, reading)
            except DatasetError as error:
                raise DatasetError(f"`{source.path.name}`: {error}") from error
        elif source.path.name.removesuffix(".gz").endswith(".bin"):
            yield from read_binary(content, reading)
        else:
            yield from read_lines(content, reading)
