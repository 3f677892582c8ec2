"""Whoever prepares, and however many: the same bytes."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.synthetic import write_synthetic
from sketch_pix2seq.data import read_shard
from sketch_pix2seq.data.engine import check_workers
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.errors import DatasetError, UsageError


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_synthetic(folder, num=200, seed=0)
    (folder / "zz.ndjson").write_bytes((folder / "house.ndjson").read_bytes()[:-30])
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_number_of_workers_changes_nothing(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_shard, "SHARD_BYTES", 10_000)
    for workers in (1, 2, 3):
        prepare([files], tmp_path / str(workers), limit=150, workers=workers)
    assert contents(tmp_path / "2") == contents(tmp_path / "1")
    assert contents(tmp_path / "3") == contents(tmp_path / "1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2", "3"]


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
def test_ray_changes_nothing(files: Path, tmp_path: Path) -> None:
    program = """
import sys
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.errors import DatasetError
import ray
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
prepare([sys.argv[1]], sys.argv[2], limit=150, workers=2, engine="ray")
try:
    prepare([sys.argv[1], sys.argv[3]], sys.argv[2] + "-wrong", engine="ray")
except DatasetError as error:
    print(error)
ray.shutdown()
"""
    wrong = tmp_path / "wrong.npz"
    wrong.write_bytes(b"PK\x03\x04")
    arguments = [str(files), str(tmp_path / "ray"), str(wrong)]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("`wrong.npz`: an npz must be a whole zip file")
    prepare([files], tmp_path / "local", limit=150)
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["local", "ray", "wrong.npz"]


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_a_cluster_that_is_not_there_is_told(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"{scheme}127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("RAY_ADDRESS", address)
        with pytest.raises(DatasetError, match=f"Ray cluster at `{address}` must answer; got"):
            prepare([files], tmp_path / "set", engine="ray")


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_is_the_same_whoever_meets_it(files: Path, tmp_path: Path, workers: int) -> None:
    with pytest.raises(DatasetError, match=r"`zz\.ndjson` line 200: .*Leave out `strict`"):
        prepare([files], tmp_path / "set", strict=True, workers=workers)
    assert list(tmp_path.iterdir()) == []


PROGRAM = """
import sys
from sketch_pix2seq.data.prepare import prepare
if __name__ == "__main__":
    prepare([sys.argv[1]], sys.argv[2], workers=2)
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc on this system")
@pytest.mark.xdist_group("kill")
def test_killed_it_leaves_no_process_and_begins_anew(files: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(300):
        shutil.copy(files / "house.ndjson", many / f"{number}.ndjson")
    script = tmp_path / "prepare.py"
    script.write_text(PROGRAM)
    with subprocess.Popen([sys.executable, script, many, tmp_path / "set"]) as process:
        end = time.monotonic() + 60
        while not (children := _children(process.pid)) or not list(tmp_path.glob(".set*/*/*")):
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    while any(Path(f"/proc/{child}/stat").exists() and _runs(child) for child in children):
        assert time.monotonic() < end, "a worker is still there"
        time.sleep(0.05)
    assert not (tmp_path / "set").exists()
    prepare([many], tmp_path / "set", workers=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["many", "prepare.py", "set"]


INTERRUPTED = """
import signal
import sys
from pathlib import Path
from sketch_pix2seq.data.engine import read_shards
from sketch_pix2seq.data.read_shard import Shard
from sketch_pix2seq.data.options import PrepareOptions
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
    path = Path(sys.argv[1])
    read_shards([
        Shard(number=number, of=2, source=number, path=path, files=None, span=None, size=1,
              folder=path.parent / str(number), options=PrepareOptions())
        for number in range(2)
    ], workers=2)
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc on this system")
@pytest.mark.xdist_group("kill")
def test_interrupted_it_does_not_wait_for_its_workers(files: Path, tmp_path: Path) -> None:
    script = tmp_path / "prepare.py"
    endless = tmp_path / "endless.ndjson"
    os.mkfifo(endless)  # whoever opens it waits
    script.write_text(INTERRUPTED)
    with subprocess.Popen([sys.executable, script, endless], stderr=subprocess.PIPE) as process:
        end = time.monotonic() + 60
        while len(list(tmp_path.glob("[01]"))) < 2:
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode != 0


def _children(process: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process:
            found.append(int(path.parent.name))
    return found


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_does_not_grow_with_the_input(tmp_path: Path) -> None:
    program = """
import resource, sys
from sketch_pix2seq.data.prepare import prepare
prepare([sys.argv[1]], sys.argv[2], max_steps=1000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    peaks = []
    for times in (1, 10):
        folder = tmp_path / str(times)
        write_synthetic(folder, num=400, seed=0, categories=["house"])
        lines = (folder / "house.ndjson").read_bytes()
        with (folder / "house.ndjson").open("wb") as file:
            for number in range(4 * times):  # each time with another first stroke
                file.write(lines.replace(b"[[[", b"[[[%d,0],[9,9]],[[" % number))
        done = subprocess.run(
            [sys.executable, "-c", program, folder, tmp_path / f"set-{times}"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        peaks.append(int(done.stdout))
    assert peaks[1] < 1.1 * peaks[0]


def test_odd_numbers_of_workers_are_refused(tmp_path: Path) -> None:
    for workers in (0, -1, 1025):
        with pytest.raises(UsageError, match="`workers` must be a whole number from 1"):
            check_workers(workers, "local")
    with pytest.raises(UsageError, match="`engine` must be local or ray"):
        check_workers(None, "spark")
