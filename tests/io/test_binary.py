"""QuickDraw's binary files, whole, cut and out of step."""

from __future__ import annotations

import gzip
import struct
from io import BufferedReader, BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sketch_pix2seq.data.reading import ReadReport, read_drawings
from sketch_pix2seq.errors import DatasetError, DrawingError
from sketch_pix2seq.io.binary import read_binary, write_binary
from sketch_pix2seq.io.ndjson import SimplifiedDrawing, record_of_strokes

CAT = struct.pack("<Q2sbIHH", 7, b"DE", 1, 1_490_000_000, 2, 3) + bytes([0, 9, 9, 0, 0, 255])
CAT += struct.pack("<H", 1) + bytes([4, 5])


def opened(content: bytes) -> BufferedReader:
    return BufferedReader(BytesIO(content))


def test_the_layout_is_googles() -> None:
    (drawing,) = read_binary(opened(CAT))
    assert isinstance(drawing, SimplifiedDrawing)
    assert drawing.points.tolist() == [[0, 0], [9, 0], [9, 255], [4, 5]]
    assert drawing.lifts.tolist() == [False, False, True, True]
    assert (drawing.word, drawing.key_id, drawing.recognized) == (None, 7, True)
    assert drawing.country == "DE"


@pytest.mark.parametrize("name", ["cat.bin", "cat.bin.gz"])
def test_files_are_read_and_a_cut_one_keeps_its_beginning(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    pack = gzip.compress if name.endswith("gz") else bytes
    path.write_bytes(pack(CAT * 5))
    assert len(list(read_drawings(path, strict=True))) == 5
    for cut in range(1, len(CAT)):
        path.write_bytes(pack(CAT * 3 + CAT[:-cut]))
        report = ReadReport()
        assert len(list(read_drawings(path, report=report))) == 3
        assert report.cut_short == "its last drawing is cut short"
    with pytest.raises(DatasetError, match=r"`cat\.bin.* drawing 4: its last drawing is cut short"):
        list(read_drawings(path, strict=True))


def test_a_file_in_another_layout_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cat.bin"
    swapped = struct.pack(">Q2sbIHH", 7, b"DE", 1, 1_490_000_000, 2, 3) + CAT[19:]
    for content in (b'{"drawing":[[[0,3],[0,4]]]}' * 9, b"\xff" * 900, swapped):
        path.write_bytes(CAT + content)
        report = ReadReport()
        assert len(list(read_drawings(path, report=report))) == 1
        assert report.cut_short is not None


def test_drawings_of_nothing_are_counted() -> None:
    empty = struct.pack("<Q2sbIH", 7, b"\0\0", 0, 0, 0)
    no_point = struct.pack("<Q2sbIHH", 7, b"\0\0", 0, 0, 1, 0)
    *wrong, drawing = read_binary(opened(empty + no_point + CAT))
    assert isinstance(drawing, SimplifiedDrawing)
    assert [str(error) for error in wrong] == ["`drawing` must have strokes, and each a point"] * 2


def test_a_drawing_of_too_many_points_is_not_held() -> None:
    endless = struct.pack("<Q2sbIH", 7, b"\0\0", 1, 0, 65_535)
    endless += (struct.pack("<H", 65_535) + bytes(2 * 65_535)) * 3
    with pytest.raises(Exception, match="binary layout"):
        list(read_binary(opened(endless)))


def test_what_does_not_fit_is_refused() -> None:
    wide = record_of_strokes([np.array([[0, 0], [256, 0]])])
    with pytest.raises(DrawingError, match="at most 255 wide and high; got 256"):
        list(write_binary([wide]))


points = arrays(np.uint8, st.tuples(st.integers(1, 9), st.just(2)))


@given(st.lists(st.tuples(st.lists(points, min_size=1, max_size=4), st.integers(1, 2**64 - 1))))
def test_what_is_written_is_read(made: list[tuple[list[np.ndarray], int]]) -> None:
    drawings = [
        record_of_strokes(strokes, None, key_id, bool(key_id % 2)) for strokes, key_id in made
    ]
    content = b"".join(write_binary(drawings))
    found = list(read_binary(BufferedReader(BytesIO(content), 13)))
    assert len(found) == len(drawings)
    for ours, given_ in zip(found, drawings, strict=True):
        assert isinstance(ours, SimplifiedDrawing)
        assert np.array_equal(ours.points, given_.points - given_.points.min(axis=0))
        assert np.array_equal(ours.lifts, given_.lifts)
        assert ours[3:] == given_[3:]
