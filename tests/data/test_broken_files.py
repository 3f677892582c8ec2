"""Broken files: a clear error or a counted skip, in bounded time and memory, nothing left."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import pytest

from broken_files import GOOD, broken_files, write_svgs
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.errors import DatasetError

SECONDS = 20
BYTES = 1_500_000_000


BROKEN = {broken.name: broken for broken in broken_files()}


def test_there_are_many() -> None:
    assert len(BROKEN) >= 90


def names(*, refused: bool) -> list[str]:
    return [name for name, broken in BROKEN.items() if (broken.kept is None) == refused]


@pytest.mark.parametrize("name", names(refused=True))
def test_some_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BROKEN[name].content)
    began = time.process_time()
    with pytest.raises(DatasetError) as caught:
        prepare([tmp_path / name], tmp_path / "set")
    assert time.process_time() - began < SECONDS
    assert len(str(caught.value)) < 600
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", names(refused=False))
def test_of_some_the_rest_is_kept(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BROKEN[name].content)
    began = time.process_time()
    (account,) = prepare([tmp_path / name], tmp_path / "set").sources
    assert time.process_time() - began < SECONDS
    assert account.kept == BROKEN[name].kept
    assert account.read == account.kept + sum(account.left_out.values())
    assert all(account.left_out)


def test_broken_svgs_are_counted(tmp_path: Path) -> None:
    num = write_svgs(tmp_path / "lines")
    card = prepare([tmp_path / "lines"], tmp_path / "set")
    (account,) = card.sources
    assert account.kept == num
    assert account.read == num + 11  # links that lead nowhere are no files
    assert sum(account.left_out.values()) == 11


def test_links_and_odd_places_are_refused(tmp_path: Path) -> None:
    (tmp_path / "nowhere.ndjson").symlink_to(tmp_path / "gone")
    (tmp_path / "itself.ndjson").symlink_to(tmp_path / "itself.ndjson")
    (tmp_path / "empty").mkdir()
    for name in ("nowhere.ndjson", "itself.ndjson", "empty", "gone"):
        with pytest.raises(DatasetError):
            prepare([tmp_path / name], tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_all_together_are_bounded_in_memory() -> None:
    """This process has read them all."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert peak * (1 if sys.platform == "darwin" else 1024) < 4 * BYTES
    assert GOOD >= 40
