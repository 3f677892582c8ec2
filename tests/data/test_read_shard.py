from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sketch_pix2seq.data.buffer_file import CategoryBuffer
from sketch_pix2seq.data.engine import read_shards
from sketch_pix2seq.data.merge import merge_shards
from sketch_pix2seq.data.options import PrepareOptions
from sketch_pix2seq.data.read_shard import ShardResult, read_shard, shards_of
from sketch_pix2seq.data.sources import find_sources
from sketch_pix2seq.errors import DatasetError


def line(word: str | None, number: int) -> str:
    named = f'"word":"{word}",' if word else ""
    return f'{{{named}"drawing":[[[0,{number}],[0,9]]]}}'


def written(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines))
    return path


def read_all(
    folder: Path, paths: list[Path], options: PrepareOptions, **how: Any
) -> list[ShardResult]:
    buffers = folder / "buffers"
    buffers.mkdir()
    return read_shards(shards_of(find_sources(paths), buffers, options), **how)


def num_drawings(folder: Path, paths: list[Path], options: PrepareOptions) -> dict[str, int]:
    merged = merge_shards(read_all(folder, paths, options))
    return {name: len(buffer.identities().digests) for name, buffer in merged.buffers.items()}


def test_the_word_is_the_category_or_else_the_files_name(tmp_path: Path) -> None:
    path = written(tmp_path, "barn.ndjson", line("cat", 1), line(None, 2), line("dog", 3))
    found = num_drawings(tmp_path, [path], PrepareOptions())
    assert found == {"cat": 1, "barn": 1, "dog": 1}


@pytest.mark.parametrize("word", ["cat", None, "the \\u0022Mona Lisa\\u0022", "caf\u00e9"])
def test_no_more_than_the_limit_is_read_of_a_file(tmp_path: Path, word: str | None) -> None:
    lines = [*(line(word, number) for number in range(9)), line("dog", 1)]
    (part,) = read_all(tmp_path, [written(tmp_path, "a.ndjson", *lines)], PrepareOptions(limit=7))
    assert [len(CategoryBuffer(path).identities().digests) for path in part.buffers.values()] == [
        7,
        1,
    ]
    assert (part.report.read, part.report.skipped) == (8, 2)


def test_blocks_of_many_categories_are_sorted_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sketch_pix2seq.data.read_shard._BLOCK", 7)
    lines = [line(f"category {number % 5}", number) for number in range(50)]
    found = num_drawings(tmp_path, [written(tmp_path, "a.ndjson", *lines)], PrepareOptions())
    assert found == {f"category {number}": 10 for number in range(5)}


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    paths = [written(tmp_path, f"{name}.ndjson", line(name, 1)) for name in ("a", "b")]
    calls: list[tuple[int, int]] = []
    read_all(tmp_path, paths, PrepareOptions(), progress=lambda *now: calls.append(now))
    size = sum(path.stat().st_size for path in paths)
    assert calls == [(size // 2, size)] * 2 + [(size, size)] * 2


def test_only_recognised_ones_can_be_asked_for(tmp_path: Path) -> None:
    lines = [
        line("cat", number).replace("{", f'{{"recognized":{flag},', 1)
        for number, flag in enumerate(["true", "false", "null", "true"])
    ]
    path = written(tmp_path, "a.ndjson", *lines)
    (part,) = read_all(tmp_path, [path], PrepareOptions(recognized_only=True))
    assert part.report.left_out == {"a drawing must be one that Quick, Draw! recognised": 1}
    assert part.report.kept == 3


@pytest.mark.parametrize("size", [1, 40, 47, 48, 49, 100, 1000])
def test_parts_of_a_file_together_are_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    lines = [line("cat" if number % 3 else None, number) for number in range(40)]
    lines[17] = "{"
    path = written(tmp_path, "a.ndjson", *lines)
    whole = read_all(tmp_path, [path], PrepareOptions())
    monkeypatch.setattr("sketch_pix2seq.data.read_shard.SHARD_BYTES", size)
    (tmp_path / "cut").mkdir()
    parts = read_all(tmp_path / "cut", [path], PrepareOptions())
    assert len(parts) == -(-path.stat().st_size // size) or len(parts) == 1
    one, many = merge_shards(whole), merge_shards(parts)
    assert many.digests == one.digests
    assert vars(many.reports[0]) == vars(one.reports[0])
    assert one.reports[0].first_wrong is not None and one.reports[0].first_wrong[0] == 18
    for category, buffer in one.buffers.items():
        ours, theirs = many.buffers[category].identities(), buffer.identities()
        assert all(map(np.array_equal, ours, theirs))


def test_a_shard_may_be_tried_again(tmp_path: Path) -> None:
    path = written(tmp_path, "a.ndjson", *(line("cat", number) for number in range(9)))
    (shard,) = shards_of(find_sources([path]), tmp_path, PrepareOptions())
    once = read_shard(shard)
    (shard.folder / "left over").touch()
    assert read_shard(shard) == once
    assert not (shard.folder / "left over").exists()
    merged = merge_shards([once])
    assert len(merged.buffers["cat"].identities().digests) == 9


def test_results_are_merged_whatever_their_order_but_none_may_miss(tmp_path: Path) -> None:
    paths = [written(tmp_path, f"{name}.ndjson", line(name, 1)) for name in ("a", "b", "c")]
    parts = read_all(tmp_path, paths, PrepareOptions())
    assert list(merge_shards(parts[::-1]).buffers) == ["a", "b", "c"]
    for wrong in (parts[:2], parts[1:], [*parts, parts[1]], [parts[0], parts[0], parts[2]]):
        with pytest.raises(DatasetError, match="one result of each of the 3 shards; got"):
            merge_shards(wrong)


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
