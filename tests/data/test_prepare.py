from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import numpy as np
import pytest

from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.errors import DatasetError, UsageError


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_data_set_is_four_files(synthetic_files: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "deep" / "set"
    card = prepare(synthetic_files, out)
    assert left_behind(out) == ["dataset.json", "test.arrow", "train.arrow", "valid.arrow"]
    assert left_behind(out.parent) == ["set"]
    assert Dataset.open(out).card == card
    assert card.categories == ("circle", "house", "zigzag")
    for source, path in zip(card.sources, synthetic_files, strict=True):
        assert (source.name, source.read, source.kept) == (path.name, 120, 120)
        assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_sources_give_the_same_bytes(synthetic_files: list[Path], tmp_path: Path) -> None:
    for name in ("one", "two"):
        prepare(synthetic_files, tmp_path / name)
    for name in ("dataset.json", "train.arrow", "valid.arrow", "test.arrow"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_drawings_split_does_not_depend_on_what_else_is_prepared(
    synthetic_files: list[Path], dataset: Dataset, tmp_path: Path
) -> None:
    prepare(synthetic_files[:1], tmp_path / "alone", epsilon=5.0)
    alone = Dataset.open(tmp_path / "alone")
    for name in ("train", "valid", "test"):
        start, stop = dataset.split(name).category_range(0)
        together = [dataset.split(name).key_id(index) for index in range(start, stop)]
        assert together == [alone.split(name).key_id(i) for i in range(len(alone.split(name)))]


def test_epsilon_simplifies_further(
    synthetic_files: list[Path], dataset: Dataset, tmp_path: Path
) -> None:
    prepare(synthetic_files, tmp_path / "coarse", epsilon=8.0)
    fine, coarse = dataset.split("train"), Dataset.open(tmp_path / "coarse").split("train")
    every = np.arange(len(fine))
    assert coarse.lengths(every).sum() < 0.8 * fine.lengths(every).sum()
    assert (coarse.lengths(every) <= fine.lengths(every)).all()


def test_wrong_lines_are_counted_and_strict_refuses(
    synthetic_files: list[Path], tmp_path: Path
) -> None:
    dirty = tmp_path / "circle.ndjson"
    lines = synthetic_files[0].read_bytes().splitlines()
    lines[3], lines[50] = lines[3][:40], b"{}"
    dirty.write_bytes(b"\n".join(lines))
    card = prepare([dirty], tmp_path / "set")
    assert (card.sources[0].read, card.sources[0].kept) == (120, 118)
    assert card.sources[0].left_out == {
        "a line must be a JSON object": 1,
        "a line must have a list `drawing`": 1,
    }
    assert card.sources[0].first_wrong_line == 4
    with pytest.raises(DatasetError, match=r"`circle\.ndjson` line 4: "):
        prepare([dirty], tmp_path / "strict", strict=True)
    assert left_behind(tmp_path) == ["circle.ndjson", "set"]


def test_what_is_there_is_never_touched(synthetic_files: list[Path], tmp_path: Path) -> None:
    for name in ("file", "folder", "link"):
        out = tmp_path / name
        if name == "file":
            out.write_text("mine")
        elif name == "folder":
            out.mkdir()
        else:
            out.symlink_to(tmp_path / "nowhere")
        with pytest.raises(DatasetError, match="must not exist yet"):
            prepare(synthetic_files, out)
    assert left_behind(tmp_path) == ["file", "folder", "link"]
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_leaves_nothing_behind(
    synthetic_files: list[Path], tmp_path: Path, error: type[BaseException]
) -> None:
    def interrupt(done: int, total: int) -> None:
        assert any(name.endswith(".partial") for name in left_behind(tmp_path))
        raise error

    with pytest.raises(error):
        prepare(synthetic_files, tmp_path / "set", progress=interrupt)
    assert left_behind(tmp_path) == []


def test_a_full_disk_is_one_clear_line(
    synthetic_files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: object, rows: object, category_id: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sketch_pix2seq.data.split_file.SplitWriter.append", full)
    with pytest.raises(DatasetError, match="cannot be written; got No space left on device"):
        prepare(synthetic_files, tmp_path / "set")
    assert left_behind(tmp_path) == []


def test_a_place_that_cannot_be_written_to_is_one_clear_line(
    synthetic_files: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match="cannot be made"):
        prepare(synthetic_files, tmp_path / "file" / "set")


def test_options_are_checked_first_and_recorded(
    synthetic_files: list[Path], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="`max_steps` must be at least 1"):
        prepare([tmp_path / "gone"], tmp_path / "set", max_steps=0)
    card = prepare(synthetic_files, tmp_path / "set", limit=100, max_steps=150)
    assert (card.options["limit"], card.options["max_steps"]) == (100, 150)
    assert [source.read for source in card.sources] == [100] * 3


def test_real_drawings(quickdraw: Path, tmp_path: Path) -> None:
    files = [quickdraw / f"{name}.ndjson.gz" for name in ("cat", "pig")]
    card = prepare(files, tmp_path / "set", limit=1500)
    assert card.categories == ("cat", "pig")
    assert sum(source.kept for source in card.sources) > 2900
    assert 20 < card.offset_scale < 50
    assert card.longest <= 250
    split = Dataset.open(tmp_path / "set").split("train")
    sides = [np.ptp(np.concatenate(split.sketch(i).strokes), axis=0).max() for i in range(50)]
    assert 240 <= min(sides) <= max(sides) == 255
