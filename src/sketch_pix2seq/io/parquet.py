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
from sketch_pix2seq.io.ndjson import Record, SimplifiedDrawing, record_of
from sketch_pix2seq.io.opened import Content, SourceEndedError

if TYPE_CHECKING:
    import pyarrow as pa

MAX_ROW_GROUP_BYTES = 2**31
"""Rows that are stored together must unpack to fewer bytes."""
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
        # its directory stands at the end
        seekable = io.BytesIO(file.read()) if isinstance(file, gzip.GzipFile) else file
        found = pq.ParquetFile(seekable)
        columns = [name for name in _COLUMNS if name in found.schema_arrow.names]
        if "drawing" not in columns:
            raise DrawingError("a Parquet file must have a column `drawing`")
        metadata = found.metadata
        groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
        if any(group.total_byte_size > MAX_ROW_GROUP_BYTES for group in groups):
            raise DrawingError(f"rows in a group must have at most {MAX_ROW_GROUP_BYTES} bytes")
        words = _class_names(found.schema_arrow.metadata)
        for batch in found.iter_batches(_ROWS_AT_ONCE, columns=columns):
            for row in batch.to_pylist():
                yield _record(row, words)
    except (pa.ArrowException, OSError) as error:
        raise SourceEndedError("it is no whole Parquet file") from error


def write_parquet(path: Path, drawings: Iterable[tuple[str, SimplifiedDrawing]]) -> int:
    """Write drawings behind their categories; return how many they were."""
    with needs_extra("data"):
        import pyarrow.parquet as pq
    count, rest = 0, iter(drawings)
    with pq.ParquetWriter(path, _schema(), compression="zstd") as writer:
        while block := list(islice(rest, _ROWS_AT_ONCE)):
            writer.write_batch(_batch(block))
            count += len(block)
    return count


def _record(row: dict[str, Any], words: Sequence[str]) -> Record | DrawingError:
    fields = {name: value for name, value in row.items() if value is not None}
    try:
        fields["drawing"] = _strokes(fields.get("drawing"))
        word, key_id = fields.get("word"), fields.get("key_id")
        if isinstance(word, int) and 0 <= word < len(words):
            fields["word"] = words[word]
        if isinstance(key_id, int):
            fields["key_id"] = str(key_id)
        return record_of(fields)
    except DrawingError as error:
        return error


def _strokes(drawing: Any) -> Any:
    """Strokes of x and y, whatever the column holds; `record_of` checks them."""
    if isinstance(drawing, str | bytes):
        try:
            return orjson.loads(drawing)
        except orjson.JSONDecodeError:
            raise DrawingError("`drawing` must be lists, or JSON") from None
    if isinstance(drawing, dict):
        xs, ys = drawing.get("x"), drawing.get("y")
        if isinstance(xs, list) and isinstance(ys, list) and len(xs) == len(ys):
            return [[x, y] for x, y in zip(xs, ys, strict=True)]
    if isinstance(drawing, list) and drawing and all(isinstance(one, dict) for one in drawing):
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
    x_place = np.arange(len(points)) + starts  # all x of a stroke, then all y
    values = np.empty(2 * len(points), np.int16)
    values[x_place] = points[:, 0]
    values[x_place + np.repeat(lengths, lengths)] = points[:, 1]
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
