from __future__ import annotations

import gzip
import io
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io import reading
from sketch_pix2seq.io.ndjson import format_record
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.sketch.sketch import Sketch

CAT = Sketch.from_points([[(0, 0), (40, 30), (80, 0)], [(10, 60), (70, 60)]], category="cat")
LINE = format_record(CAT, word="cat")


def test_an_svg_is_one_input(tmp_path: Path) -> None:
    (sketch,) = read_sketches(CAT.save(tmp_path / "my.cat.svg"))
    assert sketch.name == "my.cat"
    assert len(sketch.strokes) == 2


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "bmp"])
def test_a_picture_is_one_input(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"cat.{suffix}"
    CAT.to_image(200, line_width=6).save(path)
    (sketch,) = read_sketches(str(path))
    assert (sketch.name, len(sketch.strokes)) == ("cat", 2)


def test_each_line_of_an_ndjson_is_an_input(tmp_path: Path) -> None:
    path = tmp_path / "pets.ndjson"
    other = format_record(CAT.truncated(3))
    path.write_bytes(b"\xef\xbb\xbf" + LINE + b"\r\n  \n" + other + b"\n\n")
    first, second = read_sketches(path)
    assert (first, first.category, first.name) == (CAT, "cat", "pets-000001")
    assert (second, second.category, second.name) == (CAT.truncated(3), None, "pets-000003")
    packed = tmp_path / "pets.ndjson.gz"
    packed.write_bytes(gzip.compress(LINE))
    assert [sketch.name for sketch in read_sketches(packed)] == ["pets-000001"]


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="this system has no /dev/stdin")
@pytest.mark.parametrize("content", [LINE, gzip.compress(LINE, mtime=0)], ids=["plain", "gzipped"])
def test_a_pipe_is_read_just_once(content: bytes) -> None:
    code = "from sketch_pix2seq.io.reading import read_sketches; "
    code += "(one,) = read_sketches('/dev/stdin'); print(one.name, len(one.strokes))"
    done = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True)
    assert done.stdout.split() == [b"stdin-000001", b"2"], done.stderr


def test_content_counts_and_not_the_suffix(tmp_path: Path) -> None:
    wrong = tmp_path / "cat.png"
    wrong.write_text("\n" + CAT.to_svg(), encoding="utf-8")
    assert len(read_sketches(wrong)[0].strokes) == 2
    wrong.write_bytes(LINE)
    assert read_sketches(wrong) == [CAT]
    packed = tmp_path / "cat.svgz"
    packed.write_bytes(gzip.compress(CAT.to_svg().encode()))
    assert len(read_sketches(packed)[0].strokes) == 2
    nameless = tmp_path / ".svg"
    nameless.write_text(CAT.to_svg(), encoding="utf-8")
    assert read_sketches(nameless)[0].name == ".svg"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "`it.ndjson`: an input must hold a drawing; got an empty file"),
        (b" \n \n", "`it.ndjson`: an input must hold a drawing; got an empty file"),
        (b"a cat", "`it.ndjson`: line 1: a line must be a JSON object"),
        (
            b"%PDF-1.7",
            "`it.ndjson`: a file must be of a kind that is read; got a PDF. Save the page",
        ),
        (bytes(range(256)), "`it.ndjson`: an input must be an SVG"),
        (b"[[1, 2]]", "`it.ndjson`: drawing 1: stroke 0 of `drawing` must be two lists"),
        (b"<svg", "`it.ndjson`: an SVG must be well-formed XML"),
        (b"<html></html>", "`it.ndjson`: an SVG must begin with `<svg>`; got <html>"),
        (b"\x89PNG\r\n\x1a\n", "`it.ndjson`: a picture must be"),
        (b"{}", "`it.ndjson`: line 1: a record must have a list `drawing`"),
        (LINE + b"\n" + LINE[:-3], "`it.ndjson`: line 2: a line must be a JSON object; got `"),
        (gzip.compress(b"", mtime=0), "got an empty file"),
        (
            gzip.compress(LINE, mtime=0)[:-12],
            "`it.ndjson`: a gzipped file must be whole; got a damaged",
        ),
        (b"\x1f\x8b\x08", "`it.ndjson`: a gzipped file must be whole"),
        (b"\x1f\x8bxxxxxxxxxxxxxxxxx", "`it.ndjson`: a gzipped file must be whole"),
    ],
)
def test_bad_files_say_what_is_wrong(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "it.ndjson"
    path.write_bytes(content)
    with pytest.raises(DrawingError, match=message) as caught:
        read_sketches(path)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"[]", b"drawing,word\n", b'{"train": []}'])
def test_a_file_of_no_drawings_is_refused_by_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "it.csv"
    path.write_bytes(content)
    for on_wrong_line in (None, lambda error: None):
        with pytest.raises(DrawingError, match="an input must hold a drawing; got none"):
            read_sketches(path, on_wrong_line)


def test_wrong_lines_can_be_passed_over(tmp_path: Path) -> None:
    line = '{"drawing": [[[0, 9], [3, 4]]]}'
    (tmp_path / "two.ndjson").write_text(f"{line}\n{{}}\n{line}\n")
    wrong: list[DrawingError] = []
    sketches = read_sketches(tmp_path / "two.ndjson", wrong.append)
    assert [sketch.name for sketch in sketches] == ["two-000001", "two-000003"]
    assert [str(error).startswith("`two.ndjson`: line 2: ") for error in wrong] == [True]


def test_no_file_and_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DrawingError, match="`cat.svg`: there must be such a file; got none"):
        read_sketches(tmp_path / "cat.svg")
    with pytest.raises(DrawingError, match="an input must be readable; got embedded null byte"):
        read_sketches("a\0b")
    with pytest.raises(DrawingError, match="an input must be a file; got a folder"):
        read_sketches(tmp_path)


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pets.ndjson"
    path.write_bytes((LINE + b"\n") * 4)
    monkeypatch.setattr(reading, "MAX_INPUTS", 3)
    with pytest.raises(DrawingError, match="at most 3 drawings; got more"):
        read_sketches(path)
    monkeypatch.setattr(reading, "MAX_BYTES", 100)
    with pytest.raises(DrawingError, match="at most 100 bytes"):
        read_sketches(path)
    path.write_bytes(gzip.compress(b" " * 100_000))
    with pytest.raises(DrawingError, match="at most 100 bytes"):
        read_sketches(path)


def test_real_drawings_are_read(quickdraw: Path) -> None:
    path = sorted(quickdraw.glob("*.ndjson.gz"))[7]
    sketches = read_sketches(path)
    assert len(sketches) > 100
    assert {sketch.category for sketch in sketches} == {path.name.split(".")[0]}


def test_a_path_its_bytes_and_an_open_file_hold_the_same(tmp_path: Path) -> None:
    sketch = Sketch.from_points([[(3, 4), (90, 7)], [(50, 50)]])
    svg, picture = sketch.save(tmp_path / "a.svg"), sketch.save(tmp_path / "a.png", size=300)
    lines = tmp_path / "a.ndjson"
    lines.write_bytes(b'{"drawing": [[[0, 9], [0, 9]]]}\n{"drawing": [[[5], [6]]]}\n')
    packed = tmp_path / "a.ndjson.gz"
    packed.write_bytes(gzip.compress(lines.read_bytes()))
    for path in (svg, picture, lines, packed):
        expected = read_sketches(path)
        assert read_sketches(path.read_bytes()) == expected
        with path.open("rb") as file:
            found = read_sketches(file)
        assert found == expected
        assert [one.name for one in found] == [one.name for one in expected]
    assert [one.name for one in read_sketches(lines.read_bytes())] == ["000001", "000002"]
    assert read_sketches(svg.read_bytes())[0].name is None
    text = svg.read_text()
    content = bytearray(text.encode())
    for same in (content, memoryview(content), text, "\n" + text, "\ufeff" + text):
        assert read_sketches(same) == [Sketch.open(same)] == [Sketch.open(svg)]
    assert Sketch.open(svg) == read_sketches(svg)[0]


@pytest.mark.parametrize("source", [io.StringIO("<svg/>"), 3, None, [b"<svg/>"]])
def test_what_is_no_source_is_refused(
    source: Any, unchecked_shapes: Callable[[], AbstractContextManager[None]]
) -> None:
    with unchecked_shapes(), pytest.raises(DrawingError, match="must be a path, bytes, or a file"):
        read_sketches(source)


def test_open_wants_one_drawing(tmp_path: Path) -> None:
    (tmp_path / "two.ndjson").write_bytes(b'{"drawing": [[[5], [6]]]}\n' * 2)
    with pytest.raises(DrawingError, match="must hold one drawing; got 2. Read all with"):
        Sketch.open(tmp_path / "two.ndjson")
    with pytest.raises(DrawingError, match=r"`none.svg`: there must be such a file"):
        Sketch.open(tmp_path / "none.svg")


def test_a_text_that_is_no_unicode_is_read_but_for_that() -> None:
    (sketch,) = read_sketches('<svg><title>\ud800</title><path d="M0 0L3 4" stroke="red"/></svg>')
    assert sketch.bounds == (0, 0, 3, 4)
