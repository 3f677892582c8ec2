from __future__ import annotations

from pathlib import Path

import pytest

from sketch_pix2seq.data.gather import gather
from sketch_pix2seq.data.options import PrepareOptions
from sketch_pix2seq.data.sources import find_sources
from sketch_pix2seq.errors import DatasetError


def line(word: str | None, number: int) -> str:
    named = f'"word":"{word}",' if word else ""
    return f'{{{named}"drawing":[[[0,{number}],[0,9]]]}}'


def written(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines))
    return path


def num_drawings(folder: Path, paths: list[Path], options: PrepareOptions) -> dict[str, int]:
    spools = folder / "spools"
    spools.mkdir()
    gathered = gather(find_sources(paths), spools, options)
    return {name: len(spool.identities()[0]) for name, spool in gathered.spools.items()}


def test_the_word_is_the_category_or_else_the_files_name(tmp_path: Path) -> None:
    path = written(tmp_path, "barn.ndjson", line("cat", 1), line(None, 2), line("dog", 3))
    found = num_drawings(tmp_path, [path], PrepareOptions())
    assert found == {"cat": 1, "barn": 1, "dog": 1}


@pytest.mark.parametrize("word", ["cat", None, "the \\u0022Mona Lisa\\u0022", "caf\u00e9"])
def test_the_limit_holds_over_all_files(tmp_path: Path, word: str | None) -> None:
    first = written(tmp_path, "a.ndjson", *(line(word, number) for number in range(5)))
    (tmp_path / "b").mkdir()
    second = written(
        tmp_path / "b", "a.ndjson", *(line(word, number) for number in range(5, 9)), line("dog", 1)
    )
    spools = tmp_path / "spools"
    spools.mkdir()
    gathered = gather(find_sources([first, second]), spools, PrepareOptions(limit=7))
    sizes = [len(spool.identities()[0]) for spool in gathered.spools.values()]
    assert sizes == [7, 1]
    assert [report.read for report in gathered.reports] == [5, 3]
    assert [report.skipped for report in gathered.reports] == [0, 2]


def test_a_file_of_full_categories_is_no_error(tmp_path: Path) -> None:
    first = written(tmp_path, "a.ndjson", line("cat", 1), line("cat", 2))
    second = written(tmp_path, "b.ndjson", line("cat", 3))
    assert num_drawings(tmp_path, [first, second], PrepareOptions(limit=2)) == {"cat": 2}


def test_blocks_of_many_categories_are_sorted_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sketch_pix2seq.data.gather._BLOCK", 7)
    lines = [line(f"category {number % 5}", number) for number in range(50)]
    found = num_drawings(tmp_path, [written(tmp_path, "a.ndjson", *lines)], PrepareOptions())
    assert found == {f"category {number}": 10 for number in range(5)}


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    paths = [written(tmp_path, f"{name}.ndjson", line(name, 1)) for name in ("a", "b")]
    told: list[tuple[int, int]] = []
    spools = tmp_path / "spools"
    spools.mkdir()
    gather(
        find_sources(paths),
        spools,
        PrepareOptions(),
        lambda done, total: told.append((done, total)),
    )
    size = sum(path.stat().st_size for path in paths)
    assert told == [(size // 2, size), (size, size)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"source `a\.ndjson` must hold drawings; got an empty file"),
        ("\n \n", "got an empty file"),
        ("not json\nneither", "must hold drawings; line 1: a line must be a JSON object"),
        (line("cat", 1), "must hold drawings; 1 left out: a drawing must have at most 1 points"),
    ],
)
def test_a_useless_source_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = written(tmp_path, "a.ndjson", content)
    with pytest.raises(DatasetError, match=message):
        num_drawings(tmp_path, [path], PrepareOptions(max_steps=1))
