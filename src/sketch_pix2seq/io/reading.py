"""Reading any file of drawings: SVG, pictures, files of many drawings; see `kinds`.

A suffix is a hint, no more: `cat.png` that holds an SVG is read as one.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TypeAlias

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.kinds import ALONE, HEAD, Kind, kind_of, stem
from sketch_pix2seq.io.ndjson import parse_alone, sketch_of
from sketch_pix2seq.io.opened import GZIP, SourceEndedError
from sketch_pix2seq.io.picture.merging import merged
from sketch_pix2seq.io.picture.splitting import split_drawings
from sketch_pix2seq.io.records import read_picture_or_svg, read_records
from sketch_pix2seq.sketch.sketch import Sketch

MAX_INPUTS = 100_000
"""The most drawings of a file that are read as inputs."""

Readable: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | io.BufferedIOBase | BinaryIO
)
"""A path, the content, the text of an SVG, or a file open for reading bytes."""

MAX_BYTES = 200_000_000
"""The most bytes of an input that are read, unpacked."""


def read_sketches(
    source: Readable,
    on_wrong_line: Callable[[DrawingError], None] | None = None,
    *,
    split: bool = False,
    straighten: bool = True,
    merge_lines: bool = False,
) -> list[Sketch]:
    r"""Read the drawings of one file.

    Args:
        source: A path, the content, the text of an SVG, or a file open for reading bytes. It may
            be an SVG, a picture, or of any layout that `data prepare` reads; also gzipped.
        on_wrong_line: Called for each line or record of a file that is no drawing, which is then
            passed over; without it this is an error.
        split: Whether a page of drawings, in an SVG or a picture, is split into these, in reading
            order; they are named `stem-01` and so on.
        straighten: Whether a tilted sheet on a darker table, in a photo, is straightened: it is
            then the frame of its drawing.
        merge_lines: Whether lines that are drawn over each other, or with less than 1.5 lines of
            paper between them, become one, as of a rough sketch.

    Returns:
        At least one sketch, unless every line was wrong and passed over; each in the frame of the
        file. Its name is the file's stem; drawings of files of many are named `stem-000001` after
        their line or number. Of content without a name a sketch has none, or that of its line.

    Raises:
        DrawingError: Saying what is wrong, with the file's name, and the line of an ndjson.

    Example:
        >>> line = b'{"drawing": [[[0, 9], [0, 5]]]}'
        >>> read_sketches(line + b"\n" + line)
        [Sketch(1 strokes, 2 points, name='000001'), Sketch(1 strokes, 2 points, name='000002')]
    """
    if isinstance(source, str) and source.lstrip("\ufeff").lstrip().startswith("<"):
        source = source.encode(errors="replace")  # no path: an SVG
    name = _file_name(source)
    label = "" if name is None else f"`{name}`: "
    sketches: dict[int, Sketch] = {}
    num_wrong = 0
    try:
        data = _content(source)
        kind = kind_of(data[:HEAD], name or "")
        file: io.BufferedReader = io.BufferedReader(io.BytesIO(data), HEAD)
        if kind in (Kind.SVG, Kind.PICTURE):
            drawing = read_picture_or_svg(
                file, kind, straighten=straighten, merge_lines=merge_lines
            )
            return _named(drawing, name, split=split)
        for number, record in read_records(file, kind, parse=parse_alone):
            if number > MAX_INPUTS:
                raise DrawingError(f"an input must have at most {MAX_INPUTS} drawings", got="more")
            if record is None:
                continue
            if not isinstance(record, DrawingError):
                drawn = sketch_of(record)
                sketches[number] = merged(drawn) if merge_lines else drawn
                continue
            unit = "line" if kind is Kind.LINES else "drawing"
            if on_wrong_line is None:
                raise DrawingError(f"{unit} {number}: {record}")
            num_wrong += 1
            on_wrong_line(DrawingError(f"{label}{unit} {number}: {record}"))
        if not sketches and not num_wrong:
            raise DrawingError("an input must hold a drawing", got="none")
    except (DrawingError, SourceEndedError) as error:
        raise DrawingError(f"{label}{error}") from error.__cause__
    if kind in ALONE or (kind is Kind.JSON and len(sketches) == 1):
        base = None if name is None else stem(name)
        return [replace(sketch, name=base) for sketch in sketches.values()]
    prefix = "" if name is None else f"{stem(name)}-"
    return [replace(sketch, name=f"{prefix}{number:06d}") for number, sketch in sketches.items()]


def _named(sketch: Sketch, name: str | None, *, split: bool) -> list[Sketch]:
    """Name the drawing of a file, or those of a page."""
    drawings = split_drawings(sketch) if split else [sketch]
    base = None if name is None else stem(name)
    if len(drawings) == 1:
        return [replace(sketch, name=base)]
    prefix = "" if base is None else f"{base}-"
    return [
        replace(drawing, name=f"{prefix}{k:02d}") for k, drawing in enumerate(drawings, start=1)
    ]


def _file_name(source: Readable) -> str | None:
    """The name of a file, without its folders, if it has one."""
    if isinstance(source, str | os.PathLike):
        return Path(source).name
    name = getattr(source, "name", None)  # of an open file; a number if it has just that
    return Path(name).name if isinstance(name, str) else None


def _content(source: Readable) -> bytes:
    """Read a file, unpacked if it is gzipped, up to the limit."""
    try:
        data = _at_most(source)
        if data.startswith(GZIP) and len(data) <= MAX_BYTES:
            with gzip.open(io.BytesIO(data)) as packed:  # a pipe can be read just once
                data = packed.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise DrawingError("there must be such a file", got="none") from None
    except IsADirectoryError:
        raise DrawingError("an input must be a file", got="a folder") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise DrawingError("a gzipped file must be whole", got="a damaged one") from None
    except (OSError, ValueError) as error:  # a path with a null byte is no OSError
        reason = getattr(error, "strerror", error)
        raise DrawingError("an input must be readable", got=reason) from None
    if len(data) > MAX_BYTES:
        raise DrawingError(f"an input must have at most {MAX_BYTES} bytes", got="more")
    if not data.strip():
        raise DrawingError("an input must hold a drawing", got="an empty file")
    return data


def _at_most(source: Readable) -> bytes:
    """Read bytes up to one more than the limit."""
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    if isinstance(source, str | os.PathLike):
        with Path(source).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    read = getattr(source, "read", None)
    data = read(MAX_BYTES + 1) if callable(read) else None
    if not isinstance(data, bytes):
        raise DrawingError(
            "an input must be a path, bytes, or a file open for reading bytes",
            got=type(source).__name__ if data is None else "a file open for reading text",
        )
    return data
