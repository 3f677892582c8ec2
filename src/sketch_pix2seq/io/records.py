"""Files of drawings of every kind, as records: what `data prepare` and all that draw read alike."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.array_files import read_npy, read_npz
from sketch_pix2seq.io.binary import read_binary
from sketch_pix2seq.io.documents import (
    MAX_DOCUMENT_BYTES,
    MAX_INK_BYTES,
    read_csv,
    read_inkml,
    read_json,
)
from sketch_pix2seq.io.kinds import HEAD, Kind, encoding_of
from sketch_pix2seq.io.ndjson import MAX_LINE_BYTES, Record, parse_line, raw_of
from sketch_pix2seq.io.opened import Content, split_lines
from sketch_pix2seq.io.parquet import read_parquet
from sketch_pix2seq.io.picture.decoding import MAX_PICTURE_BYTES
from sketch_pix2seq.io.picture.merging import merged
from sketch_pix2seq.io.picture.picture_in import read_picture
from sketch_pix2seq.io.svg.svg_in import MAX_SVG_BYTES, read_svg
from sketch_pix2seq.sketch.order import MAX_HAND_STROKES
from sketch_pix2seq.sketch.sketch import Sketch

Parse = Callable[[bytes], Record]


def read_records(
    file: Content,
    kind: Kind,
    *,
    stop: int | None = None,
    skip: Callable[[bytes], bool] = lambda line: False,
    parse: Parse = parse_line,
) -> Iterator[tuple[int, Record | DrawingError | None]]:
    """Read the drawings of an open file.

    Args:
        file: The file, at its beginning or, of lines, somewhere in it.
        kind: Its kind; see `kind_of`.
        stop: Of lines: where the part to read ends.
        skip: Says of a line, before it is parsed, that it is not wanted.
        parse: Reads a line.

    Yields:
        The number of each drawing (of its line, if it stands in one), from 1, and what it is, or
        what is wrong with it; None for a line that is blank or not wanted.

    Raises:
        DrawingError: If the file is damaged, or not what it seems.
        SourceEndedError: If a binary file stops early.
    """
    if kind is Kind.LINES:
        yield from _read_lines(as_utf8(file), stop, skip, parse)
    else:
        yield from enumerate(_read_drawings(file, kind), start=1)


def _read_drawings(file: Content, kind: Kind) -> Iterator[Record | DrawingError]:
    if kind is Kind.NPZ:
        return read_npz(file)
    if kind is Kind.NPY:
        return read_npy(file)
    if kind is Kind.BINARY:
        return read_binary(file)
    if kind is Kind.PARQUET:
        return read_parquet(file)
    if kind is Kind.CSV:
        return read_csv(split_lines(as_utf8(file)))
    if kind is Kind.JSON:
        return read_json(_read_document(as_utf8(file)))
    if kind is Kind.INKML:
        return iter([read_inkml(file.read(MAX_INK_BYTES + 1))])
    drawing = read_picture_or_svg(file, kind)
    if kind is Kind.PICTURE and len(drawing.strokes) <= MAX_HAND_STROKES:
        drawing = drawing.ordered("hand")  # what is learned from it is how a hand draws
    return iter([raw_of(drawing)])


def read_picture_or_svg(
    file: Content, kind: Kind, *, straighten: bool = True, merge_lines: bool = False
) -> Sketch:
    """Read a file that is one drawing; arguments as of `read_sketches`."""
    if kind is Kind.SVG:
        drawing = read_svg(file.read(MAX_SVG_BYTES + 1))
        return merged(drawing) if merge_lines else drawing
    data = file.read(MAX_PICTURE_BYTES + 1)
    return read_picture(data, straighten=straighten, merge_lines=merge_lines)


def _read_lines(
    file: Content, stop: int | None, skip: Callable[[bytes], bool], parse: Parse
) -> Iterator[tuple[int, Record | DrawingError | None]]:
    for number, line in enumerate(split_lines(file, stop), start=1):
        if line is None:
            yield number, DrawingError(f"a line must have at most {MAX_LINE_BYTES} bytes")
        elif not line.strip() or skip(line):
            yield number, None
        else:
            try:
                yield number, parse(line)
            except DrawingError as error:
                yield number, error


def as_utf8(file: Content) -> Content:
    """Return a text as UTF-8 without a byte order mark."""
    encoding = encoding_of(file.peek(HEAD))
    if encoding == "utf-8":
        return file
    if encoding == "utf-8-sig":
        file.read(3)
        return file
    text = _read_document(file).decode(encoding, "replace")
    return io.BufferedReader(io.BytesIO(text.encode()))


def _read_document(file: Content) -> bytes:
    data = file.read(MAX_DOCUMENT_BYTES + 1)
    if len(data) > MAX_DOCUMENT_BYTES:
        raise DrawingError(
            f"a document must have at most {MAX_DOCUMENT_BYTES} bytes",
            got="more",
            do="Write an ndjson: a drawing a line.",
        )
    return data
