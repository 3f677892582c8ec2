"""Any source of drawings: finds out its layout and reads it, folders of SVGs here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from sketch_pix2seq.data.formats import npz
from sketch_pix2seq.data.formats.binary import read_binary
from sketch_pix2seq.data.formats.lines import read_lines
from sketch_pix2seq.data.formats.npz import read_npz
from sketch_pix2seq.data.formats.reading import Reading, ReadReport, joined
from sketch_pix2seq.data.sources import Source, SourceEndedError, SourceFile, SourceFolder
from sketch_pix2seq.errors import DatasetError, DrawingError
from sketch_pix2seq.io.ndjson import SimplifiedDrawing
from sketch_pix2seq.io.svg_in import read_svg
from sketch_pix2seq.sketch.geometry import Stroke
from sketch_pix2seq.sketch.normalise import quickdraw_normalise_all

_SVGS_AT_ONCE = 64


def read_drawings(
    source: Path | Source,
    *,
    strict: bool = False,
    report: ReadReport | None = None,
    skip: Callable[[bytes], bool] | None = None,
) -> Iterator[SimplifiedDrawing]:
    """Read the drawings of a file or of a folder of SVGs.

    *Convention*:
        An npz is known by its first bytes, a binary file by its name (`.bin`), everything else
        is ndjson: simplified, raw, or both. Any file may be gzipped, whatever its name.

    Args:
        source: The file or folder.
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
    try:
        if isinstance(source, SourceFolder):
            yield from _read_svg_folder(source, reading)
        else:
            yield from _read_file(source, reading)
    except SourceEndedError as error:
        reading.ended(error)


def _read_file(source: SourceFile, reading: Reading) -> Iterator[SimplifiedDrawing]:
    with source.content() as file:
        if file.peek(len(npz.MAGIC)).startswith(npz.MAGIC):
            try:
                yield from read_npz(file, reading)
            except DatasetError as error:
                raise DatasetError(f"`{source.path.name}`: {error}") from error
        elif source.path.name.removesuffix(".gz").endswith(".bin"):
            yield from read_binary(file, reading)
        else:
            yield from read_lines(file, reading, source.span[1] if source.span else None)


def _read_svg_folder(folder: SourceFolder, reading: Reading) -> Iterator[SimplifiedDrawing]:
    """Read a folder of SVGs, simplified as QuickDraw simplified its drawings."""
    waiting: list[tuple[Stroke, ...]] = []
    reading.unit = "file"
    for name, content in folder.documents():
        reading.begin()
        try:
            if content is None:
                raise DrawingError("an SVG must be readable, and not too large")
            waiting.append(tuple(read_svg(content).strokes))
        except DrawingError as error:
            reading.wrong(DrawingError(f"{error}; got it in `{name}`"))
        if len(waiting) == _SVGS_AT_ONCE:
            yield from map(joined, quickdraw_normalise_all(waiting))
            waiting.clear()
    yield from map(joined, quickdraw_normalise_all(waiting))
