from __future__ import annotations

import gzip
import hashlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest

from sketch_pix2seq.data import sources
from sketch_pix2seq.data.sources import SourceFile, SourceFolder, category_of_file, find_sources
from sketch_pix2seq.errors import DatasetError, UsageError
from sketch_pix2seq.io import opened
from sketch_pix2seq.io.opened import SourceEndedError, split_lines
from sketch_pix2seq.io.picture.decoding import MAX_PICTURE_BYTES
from sketch_pix2seq.sketch.sketch import Sketch

LINES = [b'{"line": %d}' % number for number in range(5000)]
TEXT = b"\n".join(LINES) + b"\n"


def written(path: Path, content: bytes) -> SourceFile:
    path.write_bytes(content)
    return SourceFile(path)


def lines(file: SourceFile) -> Iterator[bytes | None]:
    with file.content() as blocks:
        yield from split_lines(blocks)


@pytest.mark.parametrize("block", [1, 7, 1 << 18])
@pytest.mark.parametrize("packed", [False, True])
def test_lines_are_the_same_plain_and_gzipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, packed: bool
) -> None:
    monkeypatch.setattr(sources, "_BLOCK", max(block, 2))
    content = gzip.compress(TEXT) if packed else TEXT
    file = written(tmp_path / "misnamed.txt", content)
    assert list(lines(file)) == LINES
    assert file.sha256() == hashlib.sha256(content).hexdigest()
    assert file.bytes_read == len(content)


def test_gzip_members_follow_each_other(tmp_path: Path) -> None:
    content = gzip.compress(b"a\nb") + gzip.compress(b"c\nd\n") + b"\0" * 100
    file = written(tmp_path / "x.gz", content)
    assert list(lines(file)) == [b"a", b"bc", b"d"]
    assert file.sha256() == hashlib.sha256(content).hexdigest()


def test_the_last_line_needs_no_line_end(tmp_path: Path) -> None:
    assert list(lines(written(tmp_path / "x", b"a\n\nb"))) == [b"a", b"", b"b"]


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    assert list(lines(written(tmp_path / "x", b""))) == []
    assert list(lines(written(tmp_path / "y", gzip.compress(b"")))) == []


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
        deque(map(found.append, lines(file)))
    assert found == LINES[: len(found)]
    assert (len(found) > 100) == (damage != "header")
    assert file.sha256() == hashlib.sha256(bytes(content)).hexdigest()


def test_an_overlong_line_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "MAX_LINE_BYTES", 10)
    monkeypatch.setattr(opened, "_BLOCK", 4)
    content = b"short\n" + b"x" * 35 + b"\nshort again"[:11] + b"\n" + b"y" * 11
    assert list(lines(written(tmp_path / "x", content))) == [b"short", None, b"short agai", None]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"source `gone\.ndjson` cannot be read"):
        list(lines(SourceFile(tmp_path / "gone.ndjson")))


def test_folders_give_their_ndjson_files_by_name(tmp_path: Path) -> None:
    for name in ("b.ndjson.gz", "a.ndjson", "notes.txt"):
        (tmp_path / name).touch()
    names = [source.path.name for source in find_sources([tmp_path])]
    assert names == ["a.ndjson", "b.ndjson.gz"]


def test_files_of_many_drawings_in_folders_of_a_folder_are_passed_over_not_silently(
    tmp_path: Path,
) -> None:
    for name in ("a.ndjson", "more/b.ndjson", "more/c.bin", "more/d.svg", "rest/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    notices: list[str] = []
    found = find_sources([tmp_path], notices.append)
    assert [source.path.name for source in found] == ["a.ndjson", "more"]
    (notice,) = notices
    assert notice.startswith(f"folder `{tmp_path / 'more'}`: `b.ndjson` and 1 more are passed over")


def test_folders_of_svgs_are_one_source_each(tmp_path: Path) -> None:
    for name in ("cats/b.svg", "cats/a.SVG", "dogs/c.svgz", "dogs/notes.txt", "d.svg", "e.npz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(gzip.compress(b"packed") if "svgz" in name else b"plain")
    found = find_sources([tmp_path])
    assert [source.category for source in found] == [tmp_path.name, "e", "cats", "dogs"]
    cats, dogs = found[2:]
    assert isinstance(cats, SourceFolder) and isinstance(dogs, SourceFolder)
    assert list(cats.documents()) == [("a.SVG", b"plain"), ("b.svg", b"plain")]
    assert list(dogs.documents()) == [("c.svgz", b"packed")]
    assert (cats.size, cats.bytes_read) == (10, 10)
    again = find_sources([tmp_path / "cats" / "b.svg", tmp_path / "cats" / "a.SVG"])
    assert [source.category for source in again] == ["cats"]
    assert list(SourceFolder.of(tmp_path / "cats").documents()) == list(cats.documents())


def test_drawings_of_a_folder_may_be_gzipped_and_are_not_hidden(tmp_path: Path) -> None:
    for name in ("cats/a.svg.gz", "cats/._a.svg", "cats/b.PNG.GZ"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(gzip.compress(b"packed"))
    for given in (tmp_path, tmp_path / "cats"):
        (source,) = find_sources([given])
        assert isinstance(source, SourceFolder) and source.category == "cats"
        assert list(source.documents()) == [("a.svg.gz", b"packed"), ("b.PNG.GZ", b"packed")]


def test_an_svg_that_is_too_large_is_not_held(tmp_path: Path) -> None:
    bomb = gzip.compress(b" " * (MAX_PICTURE_BYTES + 1))
    for name, content in (("bomb.svg", bomb), ("cut.svg", b"\x1f\x8bxxxxxxxxxxxxxx")):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "gone.svg").symlink_to(tmp_path / "nowhere")
    found = list(SourceFolder.of(tmp_path).documents())
    assert found == [("bomb.svg", None), ("cut.svg", None), ("gone.svg", None)]


def test_sources_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least one source"):
        find_sources([])
    with pytest.raises(UsageError, match="`sources` must be a list; got one path, `drawings`"):
        find_sources("drawings")
    with pytest.raises(DatasetError, match="must be a file or a folder that exists"):
        find_sources([tmp_path / "gone.ndjson"])
    with pytest.raises(DatasetError, match="has no drawings"):
        find_sources([tmp_path])
    (tmp_path / "a.ndjson").touch()
    with pytest.raises(DatasetError, match="is named twice"):
        find_sources([tmp_path, tmp_path / "a.ndjson"])
    (tmp_path / "dataset.json").touch()
    with pytest.raises(DatasetError, match=r"must not be a prepared data set\. Name what"):
        find_sources([tmp_path])


@pytest.mark.parametrize(
    "name",
    [
        *("alarm clock.ndjson", "alarm clock.ndjson.gz", "alarm clock", "alarm clock.bin"),
        *("sketchrnn_alarm clock.npz", "alarm clock.full.npz", "full_binary_alarm clock.bin.gz"),
    ],
)
def test_the_stem_is_the_category(name: str) -> None:
    assert category_of_file(Path("folder", name)) == "alarm clock"


@pytest.mark.parametrize("name", ["x" * 101 + ".bin", "a\tb.ndjson", ".npz", "x" * 101])
def test_a_name_that_no_category_can_have_is_refused_at_its_first_drawing(
    tmp_path: Path, name: str
) -> None:
    if name.endswith("x"):
        (tmp_path / name).mkdir()
        Sketch.from_points([[(0, 0), (5, 5)]]).save(tmp_path / name / "a.svg")
    else:
        (tmp_path / name).write_bytes(b'{"word": "cat", "drawing": [[[0, 9], [0, 5]]]}')
    (source,) = find_sources([tmp_path / name])
    with pytest.raises(DatasetError, match=r"the name of source .* must be 1 to 100 printable"):
        _ = source.category


def test_suffixes_may_be_written_in_capitals() -> None:
    for name in ("cat.NDJSON", "cat.ndjson.GZ", "cat.Npz"):
        assert category_of_file(Path(name)) == "cat"


def test_folders_too_deep_are_passed_over_not_silently(tmp_path: Path) -> None:
    for name in ("cats/a.svg", "cats/more/b.svg", "cats/.hidden/c.svg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    notices: list[str] = []
    find_sources([tmp_path], notices.append)
    (notice,) = notices
    assert notice.startswith(f"folder `{tmp_path / 'cats'}`: `more` is passed over")
