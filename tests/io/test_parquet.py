"""Parquet files of drawings, written by us and by others."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sketch_pix2seq import DrawingError, read_sketches
from sketch_pix2seq.data.convert import convert_drawings
from sketch_pix2seq.io.ndjson import SimplifiedDrawing, record_of_strokes
from sketch_pix2seq.io.opened import SourceEndedError
from sketch_pix2seq.io.parquet import read_parquet, write_parquet

STROKES = [[[0, 3, 255], [0, 4, 9]], [[7], [250]]]


def _read(table: pa.Table) -> list[Any]:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return list(read_parquet(io.BufferedReader(io.BytesIO(buffer.getvalue()))))


def test_what_is_written_is_read_again(tmp_path: Path, rng: np.random.Generator) -> None:
    drawings = []
    for number in range(1030):  # more than are written at once
        sizes = rng.integers(1, 6, size=rng.integers(1, 5))
        strokes = [rng.integers(0, 256, (size, 2)) for size in sizes]
        known = [None, True, False][number % 3]
        drawings.append(record_of_strokes(strokes, f"word {number % 7}", number or None, known))
    path = tmp_path / "drawings.parquet"
    assert write_parquet(path, ((str(one.word), one) for one in drawings)) == 1030
    with path.open("rb") as file:
        again = list(read_parquet(file))
    for one, two in zip(drawings, again, strict=True):
        assert isinstance(two, SimplifiedDrawing)
        assert np.array_equal(one.points, two.points)
        assert np.array_equal(one.lifts, two.lifts)
        assert one[2:] == two[2:]


@pytest.mark.parametrize(
    "drawing",
    [
        STROKES,
        json.dumps(STROKES),
        {"x": [stroke[0] for stroke in STROKES], "y": [stroke[1] for stroke in STROKES]},
        [{"x": stroke[0], "y": stroke[1]} for stroke in STROKES],
    ],
)
def test_strokes_may_be_written_in_several_ways(drawing: Any) -> None:
    (found,) = _read(pa.table({"drawing": [drawing], "word": ["cat"], "more": [1]}))
    assert found.points.tolist() == [[0, 0], [3, 4], [255, 9], [7, 250]]
    assert found.lifts.tolist() == [False, False, True, True]
    assert found.word == "cat"


def test_a_word_may_be_the_number_of_a_class() -> None:
    features = {"word": {"names": ["ant", "bee"], "_type": "ClassLabel"}}
    table = pa.table({"drawing": [STROKES, STROKES], "word": [1, 0]})
    table = table.replace_schema_metadata(
        {"huggingface": json.dumps({"info": {"features": features}})}
    )
    assert [one.word for one in _read(table)] == ["bee", "ant"]


def test_wrong_rows_are_told_one_by_one() -> None:
    wrong = ["[", json.dumps([[["a"], [0]]]), None, json.dumps(STROKES)]
    found = _read(pa.table({"drawing": wrong}))
    assert [isinstance(one, DrawingError) for one in found] == [True, True, True, False]
    numbered = _read(pa.table({"drawing": [STROKES], "word": [3]}))  # of which nothing is known
    assert isinstance(numbered[0], DrawingError)


def test_other_and_damaged_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DrawingError, match="column `drawing`"):
        _read(pa.table({"strokes": [1]}))
    path = tmp_path / "cut.parquet"
    write_parquet(path, [("cat", record_of_strokes([np.array([[0, 0], [1, 2]])]))])
    path.write_bytes(path.read_bytes()[:-9])
    with path.open("rb") as file, pytest.raises(SourceEndedError, match="no whole Parquet"):
        list(read_parquet(file))


def test_what_is_small_packed_and_large_unpacked_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    many = pa.array([[[[0] * 300_000, [0] * 300_000]]], pa.list_(pa.list_(pa.list_(pa.int16()))))
    with pytest.raises(DrawingError, match="must hold drawings; got 600000 numbers"):
        _read(pa.table({"drawing": many}))
    one_of_ten = pa.table({"drawing": pa.concat_arrays([many, pa.array([STROKES] * 9, many.type)])})
    found = _read(one_of_ten)
    assert isinstance(found[0], DrawingError) and not isinstance(found[1], DrawingError)
    monkeypatch.setattr("sketch_pix2seq.io.parquet.MAX_PACKED_BYTES", 100)
    path = tmp_path / "cats.parquet.gz"
    path.write_bytes(gzip.compress(bytes(b"PAR1" + bytes(200))))
    with gzip.open(path) as file, pytest.raises(DrawingError, match="at most 100 bytes"):
        list(read_parquet(file))


def test_a_value_that_is_no_text_or_time_is_told_of_its_row() -> None:
    words = pa.Array.from_buffers(pa.string(), 3, pa.array([b"cat", b"\xff", b"pig"]).buffers())
    found = _read(pa.table({"drawing": [STROKES] * 3, "word": words}))
    assert [isinstance(one, DrawingError) for one in found] == [False, True, False]
    times = pa.array([2**62], pa.timestamp("us"))
    (late,) = _read(pa.table({"drawing": [STROKES], "word": times}))
    assert "`word` must be readable" in str(late)


def test_all_verbs_read_it_gzipped_too(tmp_path: Path) -> None:
    path = tmp_path / "cats.parquet"
    write_parquet(path, [("cat", record_of_strokes([np.array([[0, 0], [1, 2]])]))] * 2)
    (tmp_path / "cats.parquet.gz").write_bytes(gzip.compress(path.read_bytes()))
    for name in ("cats.parquet", "cats.parquet.gz"):
        found = read_sketches(tmp_path / name)
        assert [one.category for one in found] == ["cat", "cat"]
    assert convert_drawings([path], tmp_path / "lines") == {"cat": 2}


def test_case_of_columns_does_not_count_and_keys_may_be_floats() -> None:
    table = pa.table({"Drawing": [STROKES] * 2, "WORD": ["cat"] * 2, "key_id": [12.0, None]})
    found = _read(table)
    assert [(one.word, one.key_id) for one in found] == [("cat", 12), ("cat", None)]


def test_two_columns_of_one_name_are_refused() -> None:
    drawings = pa.array([json.dumps(STROKES)] * 2)
    with pytest.raises(DrawingError, match="one column `drawing`"):
        _read(pa.Table.from_arrays([drawings, drawings], names=["drawing", "drawing"]))
