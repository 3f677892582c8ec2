from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sketch_pix2seq.errors import BundleError, DatasetError
from sketch_pix2seq.io.atomic import atomic_dir, atomic_write

posix = pytest.mark.skipif(
    os.name != "posix", reason="what a killed process left is cleared on POSIX alone"
)
HOLD = """
import sys
from pathlib import Path
from sketch_pix2seq.io.atomic import atomic_dir
with atomic_dir(Path(sys.argv[1]), Exception) as folder:
    (folder / "half").write_text("half")
    print(folder.name, flush=True)
    sys.stdin.read()
"""


def test_all_of_it_or_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.svg"
    atomic_write(path, b"old")
    assert path.read_bytes() == b"old"

    def full(self: Path, target: Path) -> None:
        assert self.parent == target.parent
        assert self.read_bytes() == b"new"
        assert path.read_bytes() == b"old"
        raise OSError(28, "No space left on device", str(self))

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", full)
        with pytest.raises(OSError, match="No space left") as caught:
            atomic_write(path, b"new")
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    atomic_write(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_error_names_the_file_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        atomic_write(tmp_path / "no" / "a.svg", b"")
    assert caught.value.filename == str(tmp_path / "no" / "a.svg")


@pytest.mark.skipif(os.name == "nt", reason="links and modes of this system differ")
def test_links_and_modes_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.svg", tmp_path / "link.svg"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to("real.svg")
    atomic_write(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    fresh, plain = tmp_path / "fresh", tmp_path / "plain"
    atomic_write(fresh, b"")
    plain.touch()
    assert fresh.stat().st_mode == plain.stat().st_mode


@pytest.mark.skipif(os.name == "nt", reason="modes of this system differ")
def test_nobody_else_can_read_a_private_file_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ids.csv"
    path.touch(0o600)
    modes = []
    copymode = shutil.copymode

    def copied(source: Path, temporary: Path) -> None:
        modes.append(stat.S_IMODE(temporary.stat().st_mode))
        assert temporary.read_bytes() == b""
        copymode(source, temporary)

    monkeypatch.setattr(shutil, "copymode", copied)
    atomic_write(path, b"Ada")
    assert modes == [0o600]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == b"Ada"


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="this system has no /dev/null")
def test_what_is_no_file_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "a.svg").symlink_to("/dev/null")
    atomic_write(tmp_path / "a.svg", b"gone")
    assert not Path("/dev/null").is_file()
    assert Path("/dev/null").read_bytes() == b""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def dead_process() -> int:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return gone.pid


def test_it_is_hidden_until_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "set"
    with atomic_dir(out, DatasetError) as folder:
        (folder / "file").write_text("all")
        assert names(out.parent) == [folder.name]
        assert folder.name.startswith(f".set-{os.getpid()}-")
    assert names(out.parent) == ["set"]
    assert names(out) == ["file"]
    for error in (DatasetError, BundleError):
        with pytest.raises(error, match="must not exist yet"), atomic_dir(out, error):
            raise AssertionError


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, BrokenPipeError])
def test_it_vanishes_if_something_goes_wrong(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error, match="not ours"), atomic_dir(tmp_path / "set", DatasetError):
        raise error("not ours")
    assert names(tmp_path) == []


def test_a_place_that_is_taken_meanwhile_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(BundleError, match="cannot be written"),
        atomic_dir(tmp_path / "set", BundleError),
    ):
        (tmp_path / "set").write_text("somebody's")
    assert names(tmp_path) == ["set"]


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
        with atomic_dir(out, DatasetError) as mine:
            assert names(tmp_path) == sorted([theirs, mine.name])
        assert (tmp_path / theirs / "half").exists()
        other.send_signal(signal.SIGKILL)
        other.wait()
    out.rmdir()
    assert names(tmp_path) == [theirs]
    with atomic_dir(out, DatasetError) as mine:
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
        with atomic_dir(tmp_path / "set", DatasetError):
            pass
    finally:
        os.close(lock)
    assert names(tmp_path) == sorted([*kept, f".set-{gone}-76543210.partial", "set"])
