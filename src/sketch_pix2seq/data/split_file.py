"""One split of a data set on disk: an Arrow IPC file, written once, then memory-mapped.

*Convention*:
    Columns `steps` (list of int16: stroke-3, row after row), `category` (int16) and
    `key_id` (uint64, 0 = unknown); record batches of exactly `ROWS_PER_BATCH` drawings
    except the last, so that the position of a drawing follows from its number.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from jaxtyping import Int16, Int32, Int64, UInt64

from sketch_pix2seq.errors import DatasetError
from sketch_pix2seq.sketch.pen import LIFT

ROWS_PER_BATCH = 4096
_ADVICE = "Prepare the data set again."
SCHEMA = pa.schema(
    [
        pa.field("steps", pa.list_(pa.field("item", pa.int16(), nullable=False)), nullable=False),
        pa.field("category", pa.int16(), nullable=False),
        pa.field("key_id", pa.uint64(), nullable=False),
    ]
)


@dataclass(frozen=True, eq=False)
class DrawingRows:
    """Some drawings as they are stored.

    Args:
        steps: Stroke-3 of all drawings, one after another, (N, 3) int16.
        lengths: Rows of each drawing, (B,).
        key_ids: QuickDraw's key of each drawing, 0 = unknown, (B,).
    """

    steps: Int16[np.ndarray, "N 3"]
    lengths: Int64[np.ndarray, " B"]
    key_ids: UInt64[np.ndarray, " B"]


class SplitWriter:
    """Writes one split; holds at most one record batch."""

    def __init__(self, path: Path) -> None:
        self._writer = pa.ipc.new_file(pa.OSFile(str(path), "wb"), SCHEMA)
        self._parts: list[tuple[DrawingRows, int]] = []
        self._pending = 0
        self.num_drawings = 0
        self.longest = 0

    def __enter__(self) -> SplitWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Write what is pending and close the file; after an error just close it."""
        if kind is None and self._pending:
            self._flush()
        self._writer.close()

    def append(self, rows: DrawingRows, category_id: int) -> None:
        """Add drawings of one category."""
        num = len(rows.lengths)
        self.longest = max(self.longest, int(rows.lengths.max(initial=0)))
        self.num_drawings += num
        start = 0
        while start < num:
            stop = min(num, start + ROWS_PER_BATCH - self._pending)
            first, last = int(rows.lengths[:start].sum()), int(rows.lengths[:stop].sum())
            part = rows.steps[first:last], rows.lengths[start:stop], rows.key_ids[start:stop]
            self._parts.append((DrawingRows(*part), category_id))
            self._pending += stop - start
            start = stop
            if self._pending == ROWS_PER_BATCH:
                self._flush()

    def _flush(self) -> None:
        steps = np.concatenate([rows.steps for rows, _ in self._parts]).reshape(-1)
        lengths = np.concatenate([rows.lengths for rows, _ in self._parts])
        category = np.concatenate([np.full(len(r.lengths), c, np.int16) for r, c in self._parts])
        offsets = np.zeros(len(lengths) + 1, np.int32)
        np.cumsum(3 * lengths, out=offsets[1:])
        steps_column = pa.ListArray.from_arrays(
            pa.array(offsets), pa.array(steps), type=SCHEMA.field("steps").type
        )
        key_ids = pa.array(np.concatenate([rows.key_ids for rows, _ in self._parts]))
        columns = [steps_column, pa.array(category), key_ids]
        self._writer.write_batch(pa.record_batch(columns, schema=SCHEMA))
        self._parts, self._pending = [], 0


@dataclass(frozen=True, eq=False)
class StoredBatch:
    """Views into one record batch on disk.

    Args:
        boundaries: Where each drawing begins, and the last ends, in numbers: three a
            row, (B + 1,).
        steps: Stroke-3 of all its drawings, (N, 3).
        key_ids: QuickDraw's keys, (B,).
    """

    boundaries: Int32[np.ndarray, " num_boundaries"]
    steps: Int16[np.ndarray, "N 3"]
    key_ids: UInt64[np.ndarray, " B"]


class SplitFile:
    """One split, memory-mapped: record batches are read when they are needed.

    Args:
        path: The file.
        counts: How many drawings of each category the card says it holds.
        longest: Rows of the longest drawing, as the card says; None: not known.

    Raises:
        DatasetError: If the file is missing, is no such file, or holds another number.
    """

    def __init__(self, path: Path, counts: Sequence[int], longest: int | None = None) -> None:
        self._name = path.name
        self._longest = longest
        self._ends = np.cumsum(counts, dtype=np.int64)
        if not path.is_file():
            raise DatasetError(f"the data set must have a file `{path.name}`", do=_ADVICE)
        try:
            mapped = pa.memory_map(str(path), "r").read_buffer()
            self._reader = pa.ipc.open_file(mapped)
        except (pa.ArrowException, OSError) as error:
            raise DatasetError(f"`{path.name}` must be an Arrow IPC file", do=_ADVICE) from error
        if self._reader.schema != SCHEMA:
            raise DatasetError(f"`{path.name}` has other columns than a data set", do=_ADVICE)
        self._bytes = memoryview(mapped)
        self._batches: dict[int, StoredBatch] = {}
        num_drawings = sum(counts)
        expected = -(-num_drawings // ROWS_PER_BATCH)
        count = self._reader.num_record_batches
        last = self._read(count - 1).num_rows if count else 0
        if count != expected or max(count - 1, 0) * ROWS_PER_BATCH + last != num_drawings:
            raise DatasetError(
                f"`{path.name}` must hold {num_drawings} drawings as the card says", do=_ADVICE
            )

    def batch(self, index: int) -> StoredBatch:
        """Return the record batch with this number: drawings from index * ROWS_PER_BATCH on."""
        if index not in self._batches:
            self._batches[index] = self._checked(index)
        return self._batches[index]

    def _checked(self, index: int) -> StoredBatch:
        batch = self._read(index)
        steps = batch.column("steps")
        try:
            stored = StoredBatch(
                steps.offsets.to_numpy(zero_copy_only=True),
                steps.values.to_numpy(zero_copy_only=True).reshape(-1, 3),
                batch.column("key_id").to_numpy(zero_copy_only=True),
            )
            categories = batch.column("category").to_numpy(zero_copy_only=True)
        except (pa.ArrowException, ValueError) as error:
            raise self._damaged() from error
        first = index * ROWS_PER_BATCH
        numbers = np.arange(first, first + len(categories))
        is_last = index == self._reader.num_record_batches - 1
        is_whole = is_last or len(categories) == ROWS_PER_BATCH
        if not (is_whole and _is_valid(stored, self._longest)):
            raise self._damaged()
        if not np.array_equal(categories, np.searchsorted(self._ends, numbers, side="right")):
            raise DatasetError(
                f"`{self._name}` must hold as many drawings of each category as the card says",
                do=_ADVICE,
            )
        return stored

    def _read(self, index: int) -> pa.RecordBatch:
        """Return views of a record batch, after checking all that they rely on."""
        try:
            if is_compressed(self._bytes, index):
                raise DatasetError(f"`{self._name}` must not be compressed")
            batch = self._reader.get_batch(index)
            batch.validate(full=True)
        except (pa.ArrowException, OSError, ValueError, struct.error) as error:
            raise self._damaged() from error
        return batch

    def _damaged(self) -> DatasetError:
        return DatasetError(f"`{self._name}` is damaged", do=_ADVICE)


def is_compressed(file: memoryview, index: int) -> bool:
    """Whether a record batch is compressed, before pyarrow allocates what it claims.

    Raises:
        struct.error: If an offset is outside of the file.

    *Source*: the Arrow columnar format (`File.fbs`, `Message.fbs`); pyarrow does not say.
    """
    end = len(file) - 10  # the footer's size and the magic word
    footer = _follow(file, end - _number("<i", file, end))
    blocks = _follow(file, _field(file, footer, 3))  # Footer.recordBatches
    message = _follow(file, _number("<q", file, blocks + 4 + 24 * index) + 8)
    batch = _follow(file, _field(file, message, 2))  # Message.header
    return _field(file, batch, 3) != 0  # RecordBatch.compression


def _number(kind: str, file: memoryview, position: int) -> int:
    if position < 0:
        raise struct.error("an offset before the file")
    return int(struct.unpack_from(kind, file, position)[0])


def _follow(file: memoryview, position: int) -> int:
    """The target of an offset of a flatbuffer."""
    return position + _number("<I", file, position)


def _field(file: memoryview, table: int, number: int) -> int:
    """The position of a field of a flatbuffer's table; 0: it is left out."""
    vtable = table - _number("<i", file, table)
    if 4 + 2 * number >= _number("<H", file, vtable):
        return 0
    offset = _number("<H", file, vtable + 4 + 2 * number)
    return table + offset if offset else 0


def _is_valid(stored: StoredBatch, longest: int | None) -> bool:
    """Whether the rows are whole drawings, none too long: checked once, when first read."""
    boundaries, lifts = stored.boundaries, stored.steps[:, LIFT]
    sizes = np.diff(boundaries)
    return bool(
        boundaries[0] == 0
        and boundaries[-1] == stored.steps.size
        and (sizes > 0).all()
        and (longest is None or sizes.max(initial=0) <= 3 * longest)
        and (boundaries % 3 == 0).all()
        and ((lifts == 0) | (lifts == 1)).all()
        and (lifts[boundaries[1:] // 3 - 1] == 1).all()
    )
