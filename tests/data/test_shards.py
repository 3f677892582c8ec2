"""Shards, whoever reads them, and however many: the same bytes."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.synthetic import write_synthetic
from sketch_pix2seq.data import shards
from sketch_pix2seq.data.encode import CategoryBuffer
from sketch_pix2seq.data.options import PrepareOptions
from sketch_pix2seq.data.prepare import merge_shards, prepare
from sketch_pix2seq.data.shards import (
    ShardResult,
    check_workers,
    read_shard,
    read_shards,
    shards_of,
)
from sketch_pix2seq.data.sources import SourceFile, find_sources
from sketch_pix2seq.errors import DatasetError, UsageError


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
    options = PrepareOptions(limit=7, min_drawings=3)
    (part,) = read_all(tmp_path, [written(tmp_path, "a.ndjson", *lines)], options)
    assert [len(CategoryBuffer(path).identities().digests) for path in part.buffers.values()] == [
        7,
        1,
    ]
    assert (part.report.read, part.report.skipped) == (8, 2)


def test_a_full_category_named_elsewhere_in_a_line_keeps_nobody_out(tmp_path: Path) -> None:
    lines = [line("cat", number) for number in range(5)]
    dogs = [line("dog", number)[:-1] + ', "meta": {"word":"cat"}}' for number in range(4)]
    path = written(tmp_path, "a.ndjson", *lines, *dogs)
    found = num_drawings(tmp_path, [path], PrepareOptions(limit=3, min_drawings=3))
    assert found == {"cat": 3, "dog": 3}


def test_blocks_of_many_categories_are_sorted_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sketch_pix2seq.data.shards._BLOCK", 7)
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


@pytest.mark.parametrize("size", [1, 40, 47, 48, 49, 100, 500])
def test_parts_of_a_file_together_are_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    lines = [line("cat" if number % 3 else None, number) for number in range(20)]
    lines[17] = "{"
    path = written(tmp_path, "a.ndjson", *lines)
    whole = read_all(tmp_path, [path], PrepareOptions())
    monkeypatch.setattr("sketch_pix2seq.data.shards.SHARD_BYTES", size)
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


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_synthetic(folder, num=200, seed=0, categories=["house", "zigzag"])
    (folder / "zz.ndjson").write_bytes((folder / "house.ndjson").read_bytes()[:-30])
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_number_of_workers_changes_nothing(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "SHARD_BYTES", 10_000)
    for workers in (1, 2, 3):
        prepare([files], tmp_path / str(workers), limit=50, workers=workers)
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
    for path in list(many.iterdir())[5:]:
        path.unlink()  # what is prepared anew may be little
    prepare([many], tmp_path / "set", workers=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["many", "prepare.py", "set"]


INTERRUPTED = """
import signal
import sys
from pathlib import Path
from sketch_pix2seq.data.shards import read_shards
from sketch_pix2seq.data.shards import Shard
from sketch_pix2seq.data.options import PrepareOptions
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
    path = Path(sys.argv[1])
    read_shards([
        Shard(number=number, num_shards=2, source=number, path=path, files=None, span=None, size=1,
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
    arguments = [sys.executable, str(script), str(endless)]
    with subprocess.Popen(
        arguments, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        end = time.monotonic() + 60
        while len(list(tmp_path.glob("[01]"))) < 2:
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does at Ctrl-C
        try:
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode != 0
    assert err.count("Traceback") == 1, err


@pytest.mark.skipif(sys.platform == "win32", reason="no kill -9 on this system")
@pytest.mark.xdist_group("kill")
def test_a_worker_that_is_killed_is_one_clear_error(tmp_path: Path) -> None:
    endless = tmp_path / "endless.ndjson"
    os.mkfifo(endless)  # whoever opens it waits
    (shard,) = shards_of([SourceFile(endless)], tmp_path, PrepareOptions())
    two = [replace(shard, folder=tmp_path / str(number)) for number in range(2)]

    def kill_a_worker() -> None:
        end = time.monotonic() + 60
        while len(list(tmp_path.glob("[01]"))) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)

    killer = threading.Thread(target=kill_a_worker)
    killer.start()
    with pytest.raises(DatasetError, match=r"a worker ended before its work was done\. Ask"):
        read_shards(two, workers=2)
    killer.join()


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


@pytest.mark.slow
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
