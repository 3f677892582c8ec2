"""Parquet files of drawings: what DuckDB, pandas and Hugging Face's `datasets` read and write.

A row is a drawing, in columns named as the fields of Quick, Draw!'s ndjson: `drawing` holds strokes
of x and y. A `drawing` may also be JSON text, or `x` and `y` apart, and a `word` the number of a
class, as in the data set `google/quickdraw` of Hugging Face.

Needs the extra `data`.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.extras import needs_extra
from sketch_pix2seq.io.ndjson import MAX_LINE_BYTES, Record, SimplifiedDrawing, record_of
from sketch_pix2seq.io.opened import Content, SourceEndedError
from sketch_pix2seq.sketch.geometry import MAX_POINTS

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAX_PACKED_BYTES = 200_000_000
"""The most bytes of a gzipped file, unpacked: it is read whole."""
MAX_VALUES = 2**27
"""The most numbers or texts of a column in rows that are stored together."""
MAX_VALUES_OF_A_ROW = 2 * MAX_POINTS
"""The most numbers of a drawing, and on average of those that are stored together."""
_COLUMNS = ("drawing", "word", "key_id", "recognized", "countrycode")
_ROWS_AT_ONCE = 1024


def read_parquet(file: Content) -> Iterator[Record | DrawingError]:
    """Read the drawings of a Parquet file, some at a time.

    Raises:
        MissingExtraError: If pyarrow is not installed.
        DrawingError: If it has no column of drawings, or too much in one group of rows.
        SourceEndedError: If it is damaged.
    """
    with needs_extra("data"):
        import pyarrow as pa
        import pyarrow.parquet as pq
    try:
        source = _seekable(file)
        schema = pq.read_schema(source)
        columns = {
            name.lower(): name for name in reversed(schema.names) if name.lower() in _COLUMNS
        }
        if "drawing" not in columns:
            raise DrawingError("a Parquet file must have a column `drawing`")
        if twice := [name for name in columns.values() if schema.names.count(name) > 1]:
            raise DrawingError(f"a Parquet file must have one column `{twice[0]}`", got="several")
        # texts stay in their dictionary, where one that occurs often is held once
        texts = [
            name
            for name in columns.values()
            if schema.field(name).type in (pa.string(), pa.binary())
        ]
        parquet = pq.ParquetFile(source, read_dictionary=texts)
        _check_values(parquet.metadata)
        words = _class_names(schema.metadata)
        for batch in parquet.iter_batches(_ROWS_AT_ONCE, columns=[*columns.values()]):
            for row in range(batch.num_rows):
                cells = {name: batch.column(own)[row] for name, own in columns.items()}
                yield _record(cells, words)
    except (pa.ArrowException, OSError) as error:
        raise SourceEndedError("it is no whole Parquet file") from error


def _seekable(file: Content) -> Content | io.BytesIO:
    """The file, or what is in it if it is gzipped: the directory of its parts stands at the end."""
    if not isinstance(file, gzip.GzipFile):
        return file
    data = file.read(MAX_PACKED_BYTES + 1)
    if len(data) > MAX_PACKED_BYTES:
        raise DrawingError(
            f"a gzipped file must have at most {MAX_PACKED_BYTES} bytes",
            got="more",
            do="Unpack it first.",
        )
    return io.BytesIO(data)


def _check_values(metadata: pq.FileMetaData) -> None:
    """Refuse groups of rows that would not fit into memory, however small they are packed."""
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        values = max((group.column(i).num_values for i in range(group.num_columns)), default=0)
        if values > MAX_VALUES or values > MAX_VALUES_OF_A_ROW * max(group.num_rows, 1):
            raise DrawingError("rows of a Parquet file must hold drawings", got=f"{values} numbers")


def write_parquet(path: Path, drawings: Iterable[tuple[str, SimplifiedDrawing]]) -> int:
    """Write drawings behind their categories; return how many they were."""
    with needs_extra("data"):
        import pyarrow.parquet as pq
    count, remaining = 0, iter(drawings)
    with pq.ParquetWriter(path, _schema(), compression="zstd") as writer:
        while block := list(islice(remaining, _ROWS_AT_ONCE)):
            writer.write_batch(_batch(block))
            count += len(block)
    return count


def _record(cells: dict[str, pa.Scalar], words: Sequence[str]) -> Record | DrawingError:
    try:
        values = {name: _value(name, cell) for name, cell in cells.items()}
        fields = {name: value for name, value in values.items() if value is not None}
        fields["drawing"] = _strokes(fields.get("drawing"))
        word, key_id = fields.get("word"), fields.get("key_id")
        if isinstance(word, int) and 0 <= word < len(words):
            fields["word"] = words[word]
        if isinstance(key_id, int):
            fields["key_id"] = str(key_id)
        return record_of(fields)
    except DrawingError as error:
        return error


def _value(name: str, cell: pa.Scalar) -> Any:
    """The value of a cell, refused if it is too large."""
    import pyarrow as pa

    inside = cell.values if isinstance(cell, pa.ListScalar | pa.LargeListScalar) else None
    while isinstance(inside, pa.ListArray | pa.LargeListArray):
        inside = inside.flatten()
    if inside is not None and len(inside) > MAX_VALUES_OF_A_ROW:
        raise DrawingError(f"a drawing must have at most {MAX_POINTS} points")
    try:
        return cell.as_py()
    except (ValueError, OverflowError, pa.ArrowException):
        raise DrawingError(f"`{name}` must be readable") from None


def _strokes(drawing: Any) -> Any:
    """Strokes of x and y, whatever the column holds; `record_of` checks them."""
    if isinstance(drawing, str | bytes):
        if len(drawing) > MAX_LINE_BYTES:
            raise DrawingError(f"`drawing` must have at most {MAX_LINE_BYTES} letters")
        try:
            return orjson.loads(drawing)
        except orjson.JSONDecodeError:
            raise DrawingError("`drawing` must be lists, or JSON") from None
    if isinstance(drawing, dict):
        xs, ys = drawing.get("x"), drawing.get("y")
        if isinstance(xs, list) and isinstance(ys, list) and len(xs) == len(ys):
            return [[x, y] for x, y in zip(xs, ys, strict=True)]
    if (
        isinstance(drawing, list)
        and drawing
        and all(isinstance(stroke, dict) for stroke in drawing)
    ):
        return [[stroke.get("x"), stroke.get("y")] for stroke in drawing]
    return drawing


def _class_names(metadata: dict[bytes, bytes] | None) -> list[str]:
    """Categories of which a numeric `word` is the number, as `datasets` stores them."""
    try:
        info = orjson.loads((metadata or {}).get(b"huggingface", b"{}"))
        names = info["info"]["features"]["word"]["names"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def _schema() -> pa.Schema:
    import pyarrow as pa

    strokes = pa.list_(pa.list_(pa.list_(pa.int16())))
    fields = [("word", pa.string()), ("key_id", pa.string()), ("recognized", pa.bool_())]
    return pa.schema([*fields, ("drawing", strokes)])


def _batch(block: Sequence[tuple[str, SimplifiedDrawing]]) -> pa.RecordBatch:
    import pyarrow as pa

    drawings = [drawing for _, drawing in block]
    points = np.concatenate([drawing.points for drawing in drawings])
    lifts = np.concatenate([drawing.lifts for drawing in drawings])
    ends = np.flatnonzero(lifts) + 1
    lengths = np.diff(ends, prepend=0)
    starts = np.repeat(ends - lengths, lengths)
    x_index = np.arange(len(points)) + starts  # all x of a stroke, then all y
    values = np.empty(2 * len(points), np.int16)
    values[x_index] = points[:, 0]
    values[x_index + np.repeat(lengths, lengths)] = points[:, 1]
    num_strokes = [int(drawing.lifts.sum()) for drawing in drawings]
    coordinates = _lists(pa.array(values), np.repeat(lengths, 2))
    strokes = _lists(coordinates, np.full(len(lengths), 2))
    keys = [None if drawing.key_id is None else str(drawing.key_id) for drawing in drawings]
    columns = [
        pa.array([category for category, _ in block], pa.string()),
        pa.array(keys, pa.string()),
        pa.array([drawing.recognized for drawing in drawings], pa.bool_()),
        _lists(strokes, np.array(num_strokes)),
    ]
    return pa.record_batch(columns, schema=_schema())


def _lists(values: pa.Array, lengths: np.ndarray) -> pa.ListArray:
    """Cut values into lists of these lengths."""
    import pyarrow as pa

    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)
