"""Reading whatever a user points at: SVG, pictures, ndjson; told apart by their content.

A suffix is a hint for the error message, no more: `cat.png` that holds an SVG is read as one.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.sketch.ndjson import MAX_LINE_BYTES, parse_record
from sketch_pix2seq.sketch.picture_in import MAX_PICTURE_BYTES, read_picture
from sketch_pix2seq.sketch.sketch import Sketch
from sketch_pix2seq.sketch.svg_in import MAX_SVG_BYTES, read_svg

MAX_INPUTS = 100_000
"""The most lines of an ndjson file that are read as inputs."""

_BOM = b"\xef\xbb\xbf"
_BLANK = _BOM + b" \t\r\n"
_GZIP = b"\x1f\x8b"
_MAX_BYTES = 200_000_000
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_inputs(
    path: str | os.PathLike[str], on_wrong_line: Callable[[DrawingError], None] | None = None
) -> list[Sketch]:
    """Read the drawings of one file.

    Args:
        path: An SVG (also gzipped), a PNG, JPEG, WebP, GIF or BMP, or an ndjson of drawings
            (also gzipped), each line of which is one.
        on_wrong_line: Called for each line of an ndjson that is no drawing, which is then
            passed over; without it such a line is an error.

    Returns:
        At least one sketch, unless every line was passed over. Its name is the file's stem;
        drawings of an ndjson are named `stem-000001` after their line.

    Raises:
        DrawingError: Saying what is wrong, with the file's name, and the line of an ndjson.
    """
    path = Path(path)
    try:
        data = _content(path)
        head = data[:256].lstrip(_BLANK)
        if head.startswith(b"{"):
            return list(_read_lines(data, path, on_wrong_line))
        sketch = _read_one(data, head)
    except DrawingError as error:
        raise DrawingError(f"`{path.name}`: {error}") from error.__cause__
    return [Sketch(sketch.strokes, sketch.category, _stem(path))]


def read_drawing(data: bytes) -> Sketch:
    """Read one drawing that is in memory already.

    Args:
        data: An SVG, a PNG, JPEG, WebP, GIF or BMP, or one line of ndjson.

    Returns:
        The sketch, with a stroke.

    Raises:
        DrawingError: Saying what is wrong.
    """
    head = data[:256].lstrip(_BLANK)
    if not head.startswith(b"{"):
        return _read_one(data, head)
    record = parse_record(data.removeprefix(_BOM)[: MAX_LINE_BYTES + 1])
    return Sketch(record.strokes, record.word)


def is_picture(path: str | os.PathLike[str]) -> bool:
    """Tell whether a file is a picture of pixels, by how it begins.

    Args:
        path: A file that can be read.
    """
    with Path(path).open("rb") as file:
        return _begins_as_picture(file.read(16))


def _begins_as_picture(head: bytes) -> bool:
    return head.startswith(_PICTURES) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP")


def _content(path: Path) -> bytes:
    """Read a file, unpacked if it is gzipped, up to the limit."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
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


def _read_one(data: bytes, head: bytes) -> Sketch:
    """Read an SVG or a picture."""
    if head.startswith((b"<", *_UTF16)):
        return read_svg(data[: MAX_SVG_BYTES + 1])
    if _begins_as_picture(head):
        return read_picture(data[: MAX_PICTURE_BYTES + 1])
    raise DrawingError(
        "an input must be an SVG, a PNG, JPEG, WebP, GIF or BMP, or an ndjson of drawings",
        got="something else",
    )


def _read_lines(
    data: bytes, path: Path, on_wrong_line: Callable[[DrawingError], None] | None
) -> Iterator[Sketch]:
    """Read every line of an ndjson; empty lines at its end are no drawings."""
    lines = data.removeprefix(_BOM).rstrip().split(b"\n")
    if len(lines) > MAX_INPUTS:
        raise DrawingError(f"an input must have at most {MAX_INPUTS} lines", got=len(lines))
    for number, line in enumerate(lines, start=1):
        try:
            record = parse_record(line[: MAX_LINE_BYTES + 1])
        except DrawingError as error:
            if on_wrong_line is None:
                raise DrawingError(f"line {number}: {error}") from None
            on_wrong_line(DrawingError(f"`{path.name}`: line {number}: {error}"))
        else:
            yield Sketch(record.strokes, record.word, f"{_stem(path)}-{number:06d}")


def _stem(path: Path) -> str:
    return path.name.split(".")[0] or path.name
