from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from sketch_pix2seq.data.reading import ReadReport, read_drawings
from sketch_pix2seq.errors import DatasetError
from sketch_pix2seq.io.kinds import Kind
from sketch_pix2seq.io.ndjson import RawDrawing, raw_of
from sketch_pix2seq.io.records import read_records
from sketch_pix2seq.sketch.sketch import Sketch

GOOD = b'{"word":"cat","key_id":"12","drawing":[[[0,3],[0,4]],[[7],[7]]]}'
RING = [(50 + 50 * np.cos(k / 5), 50 + 50 * np.sin(k / 5)) for k in range(32)]
WRONG = {
    b'{"word":"cat","drawing":[[[0,3],[0,4': "a line must be a JSON object",
    b'{"word":"cat"}': "a record must have a list `drawing`",
    b'{"drawing":[[[0,3],[0,4]],[[1,2],[1]]]}': "each stroke of `drawing` must have as many x as y",
    b'{"word":"","drawing":[[[0],[0]]]}': "`word` must be 1 to 100 printable characters",
    b'{"word":"a\\u0007","drawing":[[[0],[0]]]}': "`word` must be 1 to 100 printable characters",
}


def test_good_lines_are_read_and_blank_ones_are_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cat.ndjson"
    path.write_bytes(GOOD + b"\n\n  \n" + GOOD + b"\n")
    report = ReadReport()
    found = list(read_drawings(path, report=report))
    assert [drawing.word for drawing in found] == ["cat", "cat"]
    assert found[0].points.tolist() == [[0, 0], [3, 4], [7, 7]]
    assert (report.read, report.kept, report.first_wrong) == (2, 2, None)


def test_wrong_lines_are_counted_by_reason(tmp_path: Path) -> None:
    path = tmp_path / "cat.ndjson"
    path.write_bytes(b"\n".join([GOOD, *WRONG, GOOD]))
    report = ReadReport()
    assert len(list(read_drawings(path, report=report))) == 2
    assert set(report.left_out) == set(WRONG.values())
    assert (report.read, report.kept) == (7, 2)
    assert report.first_wrong is not None
    assert report.first_wrong[0] == 2


@pytest.mark.parametrize("line", WRONG)
def test_strict_names_file_and_line(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "cat.ndjson"
    path.write_bytes(GOOD + b"\n" + line)
    with pytest.raises(DatasetError, match=r"`cat\.ndjson` line 2: .*Leave out `strict`"):
        list(read_drawings(path, strict=True))


def test_a_gzip_that_is_cut_short_keeps_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "cat.ndjson.gz"
    lines = b"\n".join(GOOD.replace(b"12", b"%d" % number) for number in range(2000))
    path.write_bytes(gzip.compress(lines)[:-500])
    report = ReadReport()
    found = list(read_drawings(path, report=report))
    assert 100 < len(found) < 2000
    assert report.left_out == {"its gzip stream is cut short": 1}
    assert report.cut_short == "its gzip stream is cut short"
    with pytest.raises(DatasetError, match="cut short"):
        list(read_drawings(path, strict=True))


def test_unwanted_lines_are_skipped_unparsed(tmp_path: Path) -> None:
    path = tmp_path / "cat.ndjson"
    path.write_bytes(b"\n".join([GOOD, b"skip me", GOOD]))
    report = ReadReport()
    found = list(read_drawings(path, report=report, skip=lambda line: b"skip" in line))
    assert len(found) == 2
    assert (report.read, report.skipped, report.left_out.total()) == (2, 1, 0)


def test_reasons_beyond_a_score_are_counted_together() -> None:
    report = ReadReport()
    for number in range(50):
        report.leave_out(f"reason {number}")
    assert len(report.left_out) == 21
    assert report.left_out.total() == 50
    report.leave_out("nothing of it", 0)
    assert "nothing of it" not in report.left_out


RAW = b'{"word":"cat","drawing":[[[0.5,100,200],[0,0,50],[0,9,20]],[[3],[4],[30]]]}'


def test_raw_lines_are_simplified_where_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "cat.ndjson"
    path.write_bytes(b"\n".join([GOOD, RAW, GOOD, *[RAW] * 300, b"{", GOOD]))
    report = ReadReport()
    found = list(read_drawings(path, report=report))
    assert len(found) == 304
    assert (report.read, report.kept) == (305, 304)
    simple = [[0, 0], [127, 0], [255, 64], [3, 5], [3, 5]]
    assert [drawing.points.tolist() == simple for drawing in found[:3]] == [False, True, False]
    assert found[1].lifts.tolist() == [False, False, True, False, True]
    assert found[-1].points.tolist() == [[0, 0], [3, 4], [7, 7]]


def test_raw_lines_before_a_cut_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "cat.ndjson.gz"
    lines = b"\n".join(RAW.replace(b"100", b"1%d" % number) for number in range(3000))
    path.write_bytes(gzip.compress(lines)[:-2000])
    report = ReadReport()
    assert len(list(read_drawings(path, report=report))) == report.read - 1
    assert report.cut_short == "its gzip stream is cut short"


@pytest.mark.parametrize("value", ["null", '"3"', "[]", "1e999", "true e", "9e9"])
def test_raw_numbers_that_are_none_are_wrong(tmp_path: Path, value: str) -> None:
    path = tmp_path / "cat.ndjson"
    path.write_bytes(RAW + b"\n" + RAW.replace(b"200", value.encode()))
    report = ReadReport()
    assert len(list(read_drawings(path, report=report))) == 1
    assert report.left_out.total() == 1


def test_pictures_become_drawings_in_the_order_of_a_hand(tmp_path: Path) -> None:
    face = Sketch.from_points(
        [[(30, 75), (50, 85), (70, 75)], [(70, 30), (71, 45)], [(30, 30), (31, 45)], RING]
    )
    path = face.save(tmp_path / "face.png", size=400)
    with path.open("rb") as file:
        ((_, record),) = read_records(file, Kind.PICTURE)
    assert isinstance(record, RawDrawing)
    hand = raw_of(Sketch.open(path).ordered("hand"))
    assert np.array_equal(record.points, hand.points)
    assert not np.array_equal(record.points, raw_of(Sketch.open(path)).points)
