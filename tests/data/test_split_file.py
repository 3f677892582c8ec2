from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from sketch_pix2seq.data.split_file import (
    ROWS_PER_BATCH,
    SCHEMA,
    DrawingRows,
    SplitFile,
    SplitWriter,
)
from sketch_pix2seq.errors import DatasetError


def rows(rng: np.random.Generator, num: int) -> DrawingRows:
    lengths = rng.integers(1, 6, size=num)
    steps = rng.integers(-300, 300, size=(int(lengths.sum()), 3)).astype(np.int16)
    steps[:, 2] = rng.integers(0, 2, size=len(steps))
    steps[np.cumsum(lengths) - 1, 2] = 1
    return DrawingRows(steps, lengths, rng.integers(0, 2**64, size=num, dtype=np.uint64))


@pytest.mark.parametrize("sizes", [[1], [ROWS_PER_BATCH], [5000, 0, 3000, 192], [3, 9000]])
def test_what_is_written_is_found(
    tmp_path: Path, rng: np.random.Generator, sizes: list[int]
) -> None:
    path = tmp_path / "train.arrow"
    parts = [rows(rng, num) for num in sizes]
    with SplitWriter(path) as writer:
        for number, part in enumerate(parts):
            writer.append(part, number)
    assert writer.num_drawings == sum(sizes)
    assert writer.longest == max(int(part.lengths.max(initial=0)) for part in parts)
    file = SplitFile(path, sizes)
    stored = [file.batch(index) for index in range(-(-sum(sizes) // ROWS_PER_BATCH))]
    steps = np.concatenate([batch.steps for batch in stored])
    np.testing.assert_array_equal(steps, np.concatenate([part.steps for part in parts]))
    lengths = np.concatenate([np.diff(batch.boundaries) // 3 for batch in stored])
    np.testing.assert_array_equal(lengths, np.concatenate([part.lengths for part in parts]))
    keys = np.concatenate([batch.key_ids for batch in stored])
    np.testing.assert_array_equal(keys, np.concatenate([part.key_ids for part in parts]))
    table = pa.ipc.open_file(str(path)).read_all()
    assert table.column("category").to_pylist() == np.repeat(range(len(sizes)), sizes).tolist()


def test_every_record_batch_but_the_last_is_full(tmp_path: Path, rng: np.random.Generator) -> None:
    path = tmp_path / "train.arrow"
    with SplitWriter(path) as writer:
        for _ in range(10):
            writer.append(rows(rng, 1000), 0)
    reader = pa.ipc.open_file(str(path))
    sizes = [reader.get_batch(index).num_rows for index in range(reader.num_record_batches)]
    assert sizes == [4096, 4096, 1808]


def test_views_cannot_be_written_to(tmp_path: Path, rng: np.random.Generator) -> None:
    path = tmp_path / "train.arrow"
    with SplitWriter(path) as writer:
        writer.append(rows(rng, 2), 0)
    with pytest.raises(ValueError, match="read-only"):
        SplitFile(path, [2]).batch(0).steps[0, 0] = 1


@pytest.mark.parametrize("where", [0.05, 0.3, 0.5])
def test_damage_inside_is_found_when_it_is_first_read(
    tmp_path: Path, rng: np.random.Generator, where: float
) -> None:
    path = tmp_path / "train.arrow"
    with SplitWriter(path) as writer:
        writer.append(rows(rng, 3000), 0)
    content = bytearray(path.read_bytes())
    begin = int(where * len(content))
    content[begin : begin + 3000] = b"\x7f" * 3000
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"`train\.arrow` is damaged"):
        SplitFile(path, [3000]).batch(0)


def test_a_drawing_longer_than_the_card_says_is_damage(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    path = tmp_path / "train.arrow"
    drawings = rows(rng, 50)
    with SplitWriter(path) as writer:
        writer.append(drawings, 0)
    longest = int(drawings.lengths.max())
    assert len(SplitFile(path, [50], longest).batch(0).key_ids) == 50
    with pytest.raises(DatasetError, match=r"`train\.arrow` is damaged"):
        SplitFile(path, [50], longest - 1).batch(0)


def batch_of(rng: np.random.Generator, num: int) -> pa.RecordBatch:
    drawings = rows(rng, num)
    offsets = np.concatenate([[0], np.cumsum(3 * drawings.lengths)]).astype(np.int32)
    steps = pa.ListArray.from_arrays(pa.array(offsets), pa.array(drawings.steps.reshape(-1)))
    columns = [steps.cast(SCHEMA.field("steps").type), pa.array(np.zeros(num, np.int16))]
    return pa.record_batch([*columns, pa.array(drawings.key_ids)], schema=SCHEMA)


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_a_compressed_file_is_refused_before_it_is_unpacked(
    tmp_path: Path, rng: np.random.Generator, codec: str
) -> None:
    path = tmp_path / "train.arrow"
    batch = batch_of(rng, 50)
    for packed in (None, codec):
        options = pa.ipc.IpcWriteOptions(compression=packed)
        with pa.ipc.new_file(str(path), SCHEMA, options=options) as writer:
            writer.write_batch(batch)
        if packed is None:
            assert len(SplitFile(path, [50]).batch(0).key_ids) == 50
        else:
            with pytest.raises(DatasetError, match=r"`train\.arrow` must not be compressed"):
                SplitFile(path, [50])


@pytest.mark.parametrize("offset", [2**31 - 1, -3, 2**30])
def test_an_offset_that_leads_out_is_damage(
    tmp_path: Path, rng: np.random.Generator, offset: int
) -> None:
    path = tmp_path / "train.arrow"
    batch = batch_of(rng, 500)
    with pa.ipc.new_file(str(path), SCHEMA) as writer:
        writer.write_batch(batch)
    offsets = batch.column("steps").offsets.to_numpy()
    content = path.read_bytes()
    place = content.index(offsets[200:260].tobytes())
    path.write_bytes(content[:place] + struct.pack("<i", offset) + content[place + 4 :])
    with pytest.raises(DatasetError, match=r"`train\.arrow` is damaged"):
        SplitFile(path, [500]).batch(0)


def test_any_byte_may_be_wrong(tmp_path: Path, rng: np.random.Generator) -> None:
    path = tmp_path / "train.arrow"
    with SplitWriter(path) as writer:
        writer.append(rows(rng, 20), 0)
    content = path.read_bytes()
    for place in range(0, len(content), 7):
        changed = bytearray(content)
        changed[place] ^= int(rng.integers(1, 256))
        path.write_bytes(changed)
        with contextlib.suppress(DatasetError):
            SplitFile(path, [20], 5).batch(0)


def test_drawings_of_another_category_than_the_card_says_are_refused(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    path = tmp_path / "train.arrow"
    with SplitWriter(path) as writer:
        writer.append(rows(rng, 5000), 0)
        writer.append(rows(rng, 50), 1)
    file = SplitFile(path, [4999, 51])
    assert len(file.batch(0).key_ids) == ROWS_PER_BATCH
    with pytest.raises(DatasetError, match="as many drawings of each category as the card says"):
        file.batch(1)


def test_files_that_do_not_fit_are_refused(tmp_path: Path, rng: np.random.Generator) -> None:
    path = tmp_path / "valid.arrow"
    with pytest.raises(DatasetError, match=r"must have a file `valid\.arrow`"):
        SplitFile(path, [2])
    path.write_bytes(b"not arrow at all")
    with pytest.raises(DatasetError, match=r"`valid\.arrow` must be an Arrow IPC file"):
        SplitFile(path, [2])
    with SplitWriter(path) as writer:
        writer.append(rows(rng, 5000), 0)
    for wrong in (0, 4999, 904, 5001, 9000):
        with pytest.raises(DatasetError, match=f"must hold {wrong} drawings"):
            SplitFile(path, [wrong])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatasetError, match="must be an Arrow IPC file"):
        SplitFile(path, [5000])
    schema = pa.schema([("steps", pa.int16())])
    with pa.ipc.new_file(str(path), schema):
        pass
    with pytest.raises(DatasetError, match="has other columns"):
        SplitFile(path, [])


def test_a_record_batch_in_the_middle_that_is_not_full_is_damage(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    path = tmp_path / "train.arrow"
    with SplitWriter(path) as writer:
        writer.append(rows(rng, 3 * ROWS_PER_BATCH), 0)
    reader = pa.ipc.open_file(str(path))
    first, second, third = (reader.get_batch(index) for index in range(3))
    with pa.ipc.new_file(str(path), reader.schema) as shortened:
        for batch in (first.slice(0, 4000), second, third):
            shortened.write_batch(batch)
    file = SplitFile(path, [3 * ROWS_PER_BATCH])  # as many of them, and the last is whole
    with pytest.raises(DatasetError):
        file.batch(0)
