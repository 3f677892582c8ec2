"""Reading whatever a user points at: SVG, pictures, ndjson; recognised by their content.

A suffix is a hint for the error message, no more: `cat.png` that holds an SVG is read as one.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.decoding import KINDS, MAX_PICTURE_BYTES, is_picture, refused_kind
from sketch_pix2seq.io.ndjson import MAX_LINE_BYTES, parse_sketch
from sketch_pix2seq.io.picture_in import read_picture
from sketch_pix2seq.io.splitting import split_drawings
from sketch_pix2seq.io.svg_in import MAX_SVG_BYTES, read_svg
from sketch_pix2seq.sketch.sketch import Sketch

MAX_INPUTS = 100_000
"""The most lines of an ndjson file that are read as inputs."""

_BOM = b"\xef\xbb\xbf"
_BLANK = _BOM + b" \t\r\n"
_GZIP = b"\x1f\x8b"
_MAX_BYTES = 200_000_000
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_sketches(
    source: str | os.PathLike[str] | bytes | BinaryIO,
    on_wrong_line: Callable[[DrawingError], None] | None = None,
    *,
    split: bool = False,
    on_left_out: Callable[[str], None] | None = None,
) -> list[Sketch]:
    r"""Read the drawings of one file.

    Args:
        source: A path, the content, or a file open for reading bytes: an SVG (also gzipped), a
            picture (PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF, JPEG 2000, PNM or TGA), or an ndjson
            of drawings (also gzipped), each line of which is one.
        on_wrong_line: Called for each line of an ndjson that is no drawing, which is then
            passed over; without it such a line is an error.
        split: Whether a page of drawings, in an SVG or a picture, is split into these, in reading
            order; they are named `stem-01` and so on.
        on_left_out: Called with the file's name and what was seen in a picture and left out.

    Returns:
        At least one sketch, unless every line was passed over; each in the frame of the file. Its
        name is the file's stem; drawings of an ndjson are named `stem-000001` after their line.
        Of content without a name a sketch has none, or that of its line.

    Raises:
        DrawingError: Saying what is wrong, with the file's name, and the line of an ndjson.

    Example:
        >>> line = b'{"drawing": [[[0, 9], [0, 5]]]}'
        >>> read_sketches(line + b"\n" + line)
        [Sketch(1 strokes, 2 points, name='000001'), Sketch(1 strokes, 2 points, name='000002')]
    """
    name = _file_name(source)
    place = "" if name is None else f"`{name}`: "
    try:
        data = _content(source)
        head = data[:256].lstrip(_BLANK)
        if head.startswith(b"{"):
            return list(_read_lines(data, name, on_wrong_line))
        sketch = _read_one(data, head, lambda what: on_left_out and on_left_out(f"{place}{what}"))
    except DrawingError as error:
        raise DrawingError(f"{place}{error}") from error.__cause__
    sketch = replace(sketch, name=None if name is None else _stem(name))
    drawings = split_drawings(sketch) if split else [sketch]
    if len(drawings) == 1:
        return drawings
    prefix = "" if name is None else f"{_stem(name)}-"
    return [replace(one, name=f"{prefix}{k:02d}") for k, one in enumerate(drawings, start=1)]


def read_drawing(data: bytes) -> Sketch:
    """Read one drawing, with a stroke, that is in memory already, as `read_sketches` does.

    Raises:
        DrawingError: Saying what is wrong.
    """
    head = data[:256].lstrip(_BLANK)
    if not head.startswith(b"{"):
        return _read_one(data, head)
    return parse_sketch(data.removeprefix(_BOM)[: MAX_LINE_BYTES + 1])


def _file_name(source: str | os.PathLike[str] | bytes | BinaryIO) -> str | None:
    """The name of a file, without its folders, if it has one."""
    if isinstance(source, str | os.PathLike):
        return Path(source).name
    name = getattr(source, "name", None)  # of an open file; a number if it has just that
    return Path(name).name if isinstance(name, str) else None


def _content(source: str | os.PathLike[str] | bytes | BinaryIO) -> bytes:
    """Read a file, unpacked if it is gzipped, up to the limit."""
    try:
        data = _at_most(source)
        if data.startswith(_GZIP) and len(data) <= _MAX_BYTES:
            with gzip.open(io.BytesIO(data)) as packed:  # a pipe can be read just once
                data = packed.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise DrawingError("there must be such a file", got="none") from None
    except IsADirectoryError:
        raise DrawingError("an input must be a file", got="a folder") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise DrawingError("a gzipped file must be whole", got="a damaged one") from None
    except OSError as error:
        raise DrawingError("an input must be readable", got=error.strerror) from None
    if len(data) > _MAX_BYTES:
        raise DrawingError(f"an input must have at most {_MAX_BYTES} bytes", got="more")
    if not data.strip():
        raise DrawingError("an input must hold a drawing", got="an empty file")
    return data


def _at_most(source: str | os.PathLike[str] | bytes | BinaryIO) -> bytes:
    """Read bytes up to one more than the limit."""
    if isinstance(source, bytes):
        return source
    if isinstance(source, str | os.PathLike):
        with Path(source).open("rb") as file:
            return file.read(_MAX_BYTES + 1)
    read = getattr(source, "read", None)
    data = read(_MAX_BYTES + 1) if callable(read) else None
    if not isinstance(data, bytes):
        raise DrawingError(
            "an input must be a path, bytes, or a file open for reading bytes",
            got=type(source).__name__ if data is None else "a file open for reading text",
        )
    return data


def _read_one(data: bytes, head: bytes, on_left_out: Callable[[str], None] | None = None) -> Sketch:
    """Read an SVG or a picture."""
    if head.startswith((b"<", *_UTF16)):
        return read_svg(data[: MAX_SVG_BYTES + 1])
    if is_picture(data[:32]):
        return read_picture(data[: MAX_PICTURE_BYTES + 1], on_left_out=on_left_out)
    what, do = refused_kind(data[:32]) or ("something else", None)
    raise DrawingError(
        f"an input must be an SVG, a picture ({KINDS}), or an ndjson of drawings", got=what, do=do
    )


def _read_lines(
    data: bytes, name: str | None, on_wrong_line: Callable[[DrawingError], None] | None
) -> Iterator[Sketch]:
    """Read every line of an ndjson; empty lines at its end are no drawings."""
    place, stem = ("", "") if name is None else (f"`{name}`: ", f"{_stem(name)}-")
    lines = data.removeprefix(_BOM).rstrip().split(b"\n")
    if len(lines) > MAX_INPUTS:
        raise DrawingError(f"an input must have at most {MAX_INPUTS} lines", got=len(lines))
    for number, line in enumerate(lines, start=1):
        try:
            sketch = parse_sketch(line[: MAX_LINE_BYTES + 1])
        except DrawingError as error:
            if on_wrong_line is None:
                raise DrawingError(f"line {number}: {error}") from None
            on_wrong_line(DrawingError(f"{place}line {number}: {error}"))
        else:
            yield replace(sketch, name=f"{stem}{number:06d}")


def _stem(name: str) -> str:
    return name.split(".")[0] or name
