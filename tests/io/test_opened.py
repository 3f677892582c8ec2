"""Lines of files, whatever ends them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from sketch_pix2seq.data.reading import read_drawings
from sketch_pix2seq.io import opened
from sketch_pix2seq.io.opened import split_lines
from sketch_pix2seq.io.reading import read_sketches


def lines_of(content: bytes, stop: int | None = None) -> list[bytes | None]:
    return list(split_lines(io.BufferedReader(io.BytesIO(content)), stop))


def test_a_line_ends_with_any_of_the_three_ends() -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        assert lines_of(end.join([b"one", b"two", b"three"])) == [b"one", b"two", b"three"]
        assert lines_of(end.join([b"one", b"two", b""])) == [b"one", b"two"]
        assert lines_of(end.join([b"one", b"", b"two"])) == [b"one", b"", b"two"]
    assert lines_of(b"") == []


def test_more_lines_than_are_read_at_once_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "MAX_LINE_BYTES", 8)
    words = [b"a", b"bcd", b"efghijkl", b"mn", b"", b"op", b"qrstuvwx", b"y"]
    for end in (b"\n", b"\r"):
        assert lines_of(end.join(words)) == words
        assert lines_of(end.join(words), stop=1) == (words if end == b"\r" else words[:1])
    assert lines_of(b"a\nbcdefghij\nk") == [b"a", None, b"k"]
    assert lines_of(b"a\rbcdefghij\rk") == [b"a", None]


def test_an_ndjson_and_a_csv_of_an_old_mac_are_read(tmp_path: Path) -> None:
    line = b'{"word":"cat","drawing":[[[0,3],[0,4]]]}'
    path = tmp_path / "cats.ndjson"
    path.write_bytes(b"\r".join([line] * 400))
    assert len(read_sketches(path)) == 400
    assert [drawing.word for drawing in read_drawings(path, strict=True)] == ["cat"] * 400
    rows = b"\r".join([b"drawing,word", *[b'"[[[0,3],[0,4]]]",cat'] * 3])
    assert [sketch.category for sketch in read_sketches(rows)] == ["cat"] * 3
