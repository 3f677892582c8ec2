from __future__ import annotations

import gzip
import hashlib
from collections import deque
from pathlib import Path

import pytest

from sketch_pix2seq.data import sources
from sketch_pix2seq.data.sources import SourceEndedError, SourceFile, find_sources, stem
from sketch_pix2seq.errors import DatasetError, UsageError

LINES = [b'{"line": %d}' % number for number in range(5000)]
TEXT = b"\n".join(LINES) + b"\n"


def written(path: Path, content: bytes) -> SourceFile:
    path.write_bytes(content)
    return SourceFile(path)


@pytest.mark.parametrize("block", [1, 7, 1 << 18])
@pytest.mark.parametrize("packed", [False, True])
def test_lines_are_the_same_plain_and_gzipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, packed: bool
) -> None:
    monkeypatch.setattr(sources, "_BLOCK", max(block, 2))
    content = gzip.compress(TEXT) if packed else TEXT
    file = written(tmp_path / "misnamed.txt", content)
    assert list(file.lines()) == LINES
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert file.bytes_read == len(content)


def test_gzip_members_follow_each_other(tmp_path: Path) -> None:
    content = gzip.compress(b"a\nb") + gzip.compress(b"c\nd\n") + b"\0" * 100
    file = written(tmp_path / "x.gz", content)
    assert list(file.lines()) == [b"a", b"bc", b"d"]
    assert file.sha256 == hashlib.sha256(content).hexdigest()


def test_the_last_line_needs_no_line_end(tmp_path: Path) -> None:
    assert list(written(tmp_path / "x", b"a\n\nb").lines()) == [b"a", b"", b"b"]


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    assert list(written(tmp_path / "x", b"").lines()) == []
    assert list(written(tmp_path / "y", gzip.compress(b"")).lines()) == []


@pytest.mark.parametrize(
    ("damage", "message"), [("cut", "cut short"), ("changed", "damaged"), ("header", "cut short")]
)
def test_a_broken_gzip_gives_its_whole_lines_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str, message: str
) -> None:
    monkeypatch.setattr(sources, "_BLOCK", 4096)
    content = bytearray(gzip.compress(TEXT))
    if damage == "cut":
        del content[len(content) // 2 :]
    elif damage == "header":
        del content[5:]
    else:
        content[-6] ^= 0xFF  # the checksum
    file = written(tmp_path / "x.gz", bytes(content))
    found: list[bytes | None] = []
    with pytest.raises(SourceEndedError, match=message):
        deque(map(found.append, file.lines()))
    assert found == LINES[: len(found)]
    assert (len(found) > 100) == (damage != "header")
    assert file.sha256 == hashlib.sha256(bytes(content)).hexdigest()


def test_an_overlong_line_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_LINE_BYTES", 10)
    monkeypatch.setattr(sources, "_BLOCK", 4)
    content = b"short\n" + b"x" * 35 + b"\nshort again"[:11] + b"\n" + b"y" * 11
    assert list(written(tmp_path / "x", content).lines()) == [b"short", None, b"short agai", None]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"source `gone\.ndjson` cannot be read"):
        list(SourceFile(tmp_path / "gone.ndjson").lines())


def test_folders_give_their_ndjson_files_by_name(tmp_path: Path) -> None:
    for name in ("b.ndjson.gz", "a.ndjson", "notes.txt"):
        (tmp_path / name).touch()
    names = [path.name for path in find_sources([tmp_path])]
    assert names == ["a.ndjson", "b.ndjson.gz"]


def test_sources_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least one source"):
        find_sources([])
    with pytest.raises(DatasetError, match="must be a file or a folder that exists"):
        find_sources([tmp_path / "gone.ndjson"])
    with pytest.raises(DatasetError, match="has no ndjson files"):
        find_sources([tmp_path])
    (tmp_path / "a.ndjson").touch()
    with pytest.raises(DatasetError, match="is named twice"):
        find_sources([tmp_path, tmp_path / "a.ndjson"])


@pytest.mark.parametrize("name", ["alarm clock.ndjson", "alarm clock.ndjson.gz", "alarm clock"])
def test_the_stem_is_the_category(name: str) -> None:
    assert stem(Path("folder", name)) == "alarm clock"
