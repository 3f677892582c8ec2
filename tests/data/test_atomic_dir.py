from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sketch_pix2seq.data.atomic_dir import atomic_dir
from sketch_pix2seq.errors import DatasetError

posix = pytest.mark.skipif(
    os.name != "posix", reason="what a killed process left is cleared on POSIX alone"
)
HOLD = """
import sys
from pathlib import Path
from sketch_pix2seq.data.atomic_dir import atomic_dir
with atomic_dir(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("half")
    print(folder.name, flush=True)
    sys.stdin.read()
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def dead_process() -> int:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return gone.pid


def test_it_is_hidden_until_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "set"
    with atomic_dir(out) as folder:
        (folder / "file").write_text("all")
        assert names(out.parent) == [folder.name]
        assert folder.name.startswith(f".set-{os.getpid()}-")
    assert names(out.parent) == ["set"]
    assert names(out) == ["file"]
    with pytest.raises(DatasetError, match="must not exist yet"), atomic_dir(out):
        raise AssertionError


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_it_vanishes_if_something_goes_wrong(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), atomic_dir(tmp_path / "set"):
        raise error
    assert names(tmp_path) == []


@posix
def test_what_a_killed_process_left_is_cleared_and_what_a_running_one_writes_is_not(
    tmp_path: Path,
) -> None:
    out = tmp_path / "set"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(out)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        theirs = other.stdout.readline().strip()
        with atomic_dir(out) as mine:
            assert names(tmp_path) == sorted([theirs, mine.name])
        assert (tmp_path / theirs / "half").exists()
        other.send_signal(signal.SIGKILL)
        other.wait()
    out.rmdir()
    assert names(tmp_path) == [theirs]
    with atomic_dir(out) as mine:
        assert names(tmp_path) == [mine.name]


@posix
def test_only_what_is_surely_abandoned_is_cleared(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    gone, running = dead_process(), os.getppid()
    kept = [
        f".set-{running}-0123abcd.partial",  # somebody's
        f".set-{gone}-01234567.partial",  # locked: of a process that we cannot see
        f".other-{gone}-0123abcd.partial",
        f".set-{gone}-0123abcd",
        f".set-{gone}-0123abcdef.partial",
        ".set-0123abcd.partial",
        f".set-5-{gone}-0123abcd.partial",
        f".sxt-{gone}-0123abcd.partial",
    ]
    for name in [*kept, f".set-{gone}-0123abcd.partial"]:
        (tmp_path / name).mkdir()
    (tmp_path / f".set-{gone}-76543210.partial").write_text("a file, not ours")
    lock = os.open(tmp_path / kept[1], os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with atomic_dir(tmp_path / "set"):
            pass
    finally:
        os.close(lock)
    assert names(tmp_path) == sorted([*kept, f".set-{gone}-76543210.partial", "set"])
