"""Sources of drawings: files of every layout, folders of files of one drawing each."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sketch_pix2seq.data.reading import ReadReport, parts_notice, read_drawings
from sketch_pix2seq.data.sources import SourceFile, find_sources
from sketch_pix2seq.errors import DatasetError
from sketch_pix2seq.io.kinds import Kind
from sketch_pix2seq.io.ndjson import RawDrawing
from sketch_pix2seq.io.records import read_records
from sketch_pix2seq.sketch.sketch import Sketch

LINE = (
    '<svg xmlns="http://www.w3.org/2000/svg">'
    '<path d="M{x} 0 L{x} 500 L30 500" fill="none" stroke="black"/></svg>'
)
BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]><svg xmlns="http://www.w3.org/2000/svg">&c;</svg>'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corners").mkdir()
    for number in range(70):
        (tmp_path / "corners" / f"{number:02}.svg").write_text(LINE.format(x=10 + number % 7))
    return tmp_path / "corners"


def test_each_file_is_a_drawing_simplified_like_quickdraws(folder: Path) -> None:
    report = ReadReport()
    found = list(read_drawings(folder, report=report))
    assert (len(found), report.read, report.left_out.total()) == (70, 70, 0)
    assert found[0].points.tolist() == [[0, 0], [0, 255], [10, 255]]
    assert found[0].points.dtype == np.int16
    assert found[0].lifts.tolist() == [False, False, True]


def test_wrong_files_are_counted_and_named(folder: Path) -> None:
    (folder / "03.svg").write_text("<svg")
    (folder / "04.svg").write_text(BOMB)
    (folder / "05.svg").write_bytes(b"\xff\xfe\x00")
    (folder / "06.svg").unlink()
    (folder / "06.svg").mkdir()
    report = ReadReport()
    assert len(list(read_drawings(folder, report=report))) == 66
    assert report.left_out.total() == 4
    assert report.first_wrong is not None and "03.svg" in report.first_wrong[1]
    with pytest.raises(DatasetError, match=r"`corners` file 4: .*`03\.svg`"):
        list(read_drawings(folder, strict=True))
    Image.new("L", (9, 9), 255).save(folder / "00.png")
    with pytest.raises(DatasetError, match=r"file 1: `00\.png`: .* lines on paper\. Leave out"):
        list(read_drawings(folder, strict=True))


def test_a_folder_of_pictures_is_traced(tmp_path: Path) -> None:
    cats = tmp_path / "cats"
    cats.mkdir()
    corner = Sketch.from_points([[(0, 0), (90, 0), (90, 60)]])
    for suffix in ("png", "jpg", "bmp"):
        corner.to_image(128, line_width=4).save(cats / f"a.{suffix}")
    corner.save(cats / "b.svg")
    (cats / "notes.txt").write_text("no drawing")
    (cats / "c.excalidraw").write_text('{"type": "excalidraw", "elements": []}')
    (source,) = find_sources([tmp_path])
    report = ReadReport()
    found = list(read_drawings(source, report=report))
    assert (source.category, len(found), report.read) == ("cats", 4, 5)
    assert report.first_wrong is not None and "`c.excalidraw`" in report.first_wrong[1]
    for drawing in found:
        assert np.ptp(drawing.points, axis=0).tolist() == pytest.approx([255, 170], abs=6)


def test_pictures_of_a_folder_are_in_the_order_of_a_hand(tmp_path: Path) -> None:
    eyes = [[(70, 30), (71, 45)], [(30, 30), (31, 45)]]
    head = [(50 + 45 * np.cos(t), 50 + 45 * np.sin(t)) for t in np.linspace(0, 6.28, 40)]
    face = Sketch.from_points([[(30, 75), (50, 85), (70, 75)], *eyes, head])
    path = face.save(tmp_path / "face.png", size=400)
    with path.open("rb") as file:
        ((_, alone),) = read_records(file, Kind.PICTURE)
    assert isinstance(alone, RawDrawing)
    (found,) = read_drawings(tmp_path)
    starts = np.cumsum([0, *alone.lengths[:-1]])
    scale = 255 / np.ptp(alone.points, axis=0).max()
    wanted = (alone.points - alone.points.min(axis=0))[starts] * scale
    is_start = np.concatenate(([True], found.lifts[:-1]))
    assert np.abs(found.points[is_start] - wanted).max() < 1.5


@pytest.mark.parametrize("suffix", [".csv", ".json", ".ndjson", ".ndjson.gz"])
def test_many_layouts_are_read_to_the_same_drawings(tmp_path: Path, suffix: str) -> None:
    drawing = "[[[0, 9], [0, 7]], [[3], [4]]]"
    line = f'{{"word": "cat", "key_id": "7", "recognized": true, "drawing": {drawing}}}'
    content = {
        ".csv": f'\ufeffword,key_id,recognized,drawing\ncat,7,True,"{drawing}"\n'.encode(),
        ".json": f"[\n{line}\n]".encode(),
        ".ndjson": f"\n{line}\n\n".encode("utf-16"),
        ".ndjson.gz": gzip.compress(b"\xef\xbb\xbf" + line.encode()),
    }[suffix]
    path = tmp_path / f"it{suffix}"
    path.write_bytes(content)
    (found,) = read_drawings(path, strict=True)
    assert (found.word, found.key_id, found.recognized) == ("cat", 7, True)
    assert found.points.tolist() == [[0, 0], [9, 7], [3, 4]]
    assert found.lifts.tolist() == [False, True, True]
    assert find_sources([tmp_path])[0].path == path


@pytest.mark.parametrize("key", ["5,06E+15", "5.06E+15", "5.060.000.000.000.000", "5,06e15"])
def test_keys_that_a_spreadsheet_rounded_are_unknown_and_said(tmp_path: Path, key: str) -> None:
    rows = f'cat;{key};"[[[0, 9], [0, 7]]]"\n' * 2
    path = tmp_path / "cats.csv"
    path.write_text(f'word;key_id;drawing\ncat;5060000000000000,0;"[[[0], [0]]]"\n{rows}')
    report = ReadReport()
    found = list(read_drawings(path, strict=True, report=report))
    assert [drawing.key_id for drawing in found] == [5060000000000000, None, None]
    notice = parts_notice([report])
    assert notice == "left out of 2 drawings, of the first: `key_id`, whose digits were rounded"


@pytest.mark.parametrize("words", [("true", "false"), ("WAHR", "FALSCH"), ("VRAI", "FAUX")])
def test_a_csv_may_say_in_other_languages_what_was_recognised(
    tmp_path: Path, words: tuple[str, str]
) -> None:
    rows = "".join(f"{word};[[[0, 9], [0, 7]]]\n" for word in words)
    path = tmp_path / "cats.csv"
    path.write_text(f"recognized;drawing\n{rows}")
    found = list(read_drawings(path, strict=True))
    assert [drawing.recognized for drawing in found] == [True, False]


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cats.zip"
    path.write_bytes(b"PK\x03\x04" + bytes(30))
    with pytest.raises(DatasetError, match=r"`cats.zip`: .* got a zip archive. Unpack it first"):
        list(read_drawings(path))


def test_lines_in_parts_are_numbered_from_the_beginning(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    line = b'{"drawing": [[[0, 9], [0, 7]]]}\n\n'
    path.write_bytes(line * 10 + b"{}\n" + line)
    whole, parts = ReadReport(), ReadReport()
    list(read_drawings(path, report=whole))
    for span in ((0, 5 * len(line)), (5 * len(line), path.stat().st_size)):
        part = ReadReport()
        list(read_drawings(SourceFile(path, span), report=part))
        parts.add(part)
    assert parts.first_wrong == whole.first_wrong and parts.number == whole.number == 23
    assert whole.first_wrong is not None and whole.first_wrong[0] == 21


def test_drawings_that_are_read_in_part_are_counted(folder: Path) -> None:
    page = LINE.format(x=12)
    (folder / "01.svg").write_text(page.replace("<path", "<text>a</text><text>b</text><path"))
    (folder / "02.svg").write_text(page.replace("<path", "<text>a</text><image/><path"))
    report = ReadReport()
    assert len(list(read_drawings(folder, report=report))) == 70
    assert (report.read_in_part, report.first_left_out) == (2, "2 x text")
    report.add(report)
    assert (report.read_in_part, report.first_left_out) == (4, "2 x text")
    assert report.left_out.total() == 0


def test_parts_of_every_kind_of_file_that_are_not_read_are_counted(tmp_path: Path) -> None:
    cats = tmp_path / "cats"
    cats.mkdir()
    element = '{"type": "freedraw", "x": 0, "y": 0, "points": [[0, 0], [9, 9]]}'
    page = '{"type": "excalidraw", "elements": [%s, {"type": "text"}]}'
    (cats / "a.excalidraw").write_text(page % element)
    above = '<trace type="penUp">1 1, 2 2</trace>'
    (cats / "b.inkml").write_text(f"<ink><trace>0 0, 9 9</trace>{above}</ink>")
    lines = Sketch.from_points([[(10, 10), (90, 10), (90, 60)], [(20, 80), (80, 80)]])
    dirty = np.array(lines.to_image(128, line_width=4).convert("L"))
    dirty[70, 50] = 0
    Image.fromarray(dirty).save(cats / "c.png")
    np.save(tmp_path / "bitmaps.npy", np.stack([dirty] * 3))
    (tmp_path / "pages.json").write_text(f"[{page % element}, {page % element}]")
    wanted = {"bitmaps": (3, "1 speck"), "cats": (3, "1 x text"), "pages": (2, "1 x text")}
    for source in find_sources([tmp_path]):
        report = ReadReport()
        list(read_drawings(source, report=report))
        assert (report.read_in_part, report.first_left_out) == wanted[source.path.stem]
