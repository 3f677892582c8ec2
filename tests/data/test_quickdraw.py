"""Downloads from a server that breaks off, stalls, lies and refuses."""

from __future__ import annotations

import hashlib
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from misbehaving_server import File, Server, misbehaving_server
from sketch_pix2seq.data.quickdraw import RETRIES, download, find_categories, quickdraw_categories
from sketch_pix2seq.errors import DownloadError, UsageError

CONTENT = random.Random(0).randbytes(300_000)
CAT, CLOCK = "/full/simplified/cat.ndjson", "/full/simplified/alarm clock.ndjson"
QUICK = RETRIES.new(total=2, backoff_factor=0.01, backoff_max=0.1, backoff_jitter=0)


@pytest.fixture
def server() -> Iterator[Server]:
    with misbehaving_server() as running:
        running.files[CAT] = File(CONTENT)
        running.files[CLOCK] = File(CONTENT[::-1])
        yield running


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fetch(server: Server, dest: Path, *categories: str, **settings: Any) -> list[Path]:
    settings = {"base_url": server.address, "retries": QUICK, "read_seconds": 0.5, **settings}
    return download(categories or ("cat",), dest, **settings)


def test_files_come_whole_under_the_names_of_their_categories(
    server: Server, tmp_path: Path
) -> None:
    calls: list[tuple[str, int, int | None]] = []
    done: list[tuple[Path, bool]] = []
    paths = fetch(
        server,
        tmp_path / "new" / "folder",
        "Alarm_Clock",
        "cat",
        progress=lambda *now: calls.append(now),
        on_done=lambda *now: done.append(now),
    )
    assert [path.name for path in paths] == ["alarm clock.ndjson", "cat.ndjson"]
    assert [path.read_bytes() for path in paths] == [CONTENT[::-1], CONTENT]
    assert names(paths[0].parent) == ["alarm clock.ndjson", "cat.ndjson"]
    assert ("cat.ndjson", len(CONTENT), len(CONTENT)) in calls
    assert sorted(done) == sorted((path, True) for path in paths)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("simplified", "/full/simplified/cat.ndjson"),
        ("raw", "/full/raw/cat.ndjson"),
        ("binary", "/full/binary/cat.bin"),
        ("npz", "/sketchrnn/cat.npz"),
    ],
)
def test_each_layout_has_its_place(server: Server, tmp_path: Path, kind: str, path: str) -> None:
    server.files = {path: File(b"content")}
    (file,) = fetch(server, tmp_path, format=kind)
    assert file.name == Path(path).name
    assert file.read_bytes() == b"content"


@pytest.mark.parametrize(
    ("tricks", "asked"),
    [
        (["break:100000"], ["all", "bytes=100000-"]),
        (["break:0"], ["all", "all"]),
        (["stall:50000"], ["all", "bytes=50000-"]),
        (["break:100000", "no-range"], ["all", "bytes=100000-"]),
        (["break:100000", "other-part"], ["all", "bytes=100000-", "bytes=100000-"]),
        (["break:100000", "status:416"], ["all", "bytes=100000-", "all"]),
        (["claim:400000"], ["all", "bytes=300000-"]),
        (["status:500", "status:503"], ["all", "all", "all"]),
        (["retry-after:0", "status:408"], ["all", "all", "all"]),
        (["break:1000"] * 6, ["all", *(f"bytes={n}000-" for n in range(1, 7))]),
    ],
)
def test_it_goes_on_where_it_broke_off(
    server: Server, tmp_path: Path, tricks: list[str], asked: list[str]
) -> None:
    server.files[CAT].tricks = list(tricks)
    (path,) = fetch(server, tmp_path)
    assert path.read_bytes() == CONTENT
    assert server.requests[CAT] == asked
    assert names(tmp_path) == ["cat.ndjson"]


def test_two_versions_are_never_joined(server: Server, tmp_path: Path) -> None:
    server.files[CAT].tricks = ["break:100000", "change"]
    (path,) = fetch(server, tmp_path)
    assert path.read_bytes() == CONTENT[::-1]
    assert names(tmp_path) == ["cat.ndjson"]


def test_without_a_mark_it_begins_anew(server: Server, tmp_path: Path) -> None:
    server.files[CAT].with_mark = False
    server.files[CAT].tricks = ["break:100000"]
    (path,) = fetch(server, tmp_path)
    assert path.read_bytes() == CONTENT
    assert server.requests[CAT] == ["all", "all"]


def test_a_second_call_leaves_what_is_there(server: Server, tmp_path: Path) -> None:
    (path,) = fetch(server, tmp_path)
    done: list[tuple[Path, bool]] = []
    assert fetch(server, tmp_path, on_done=lambda *now: done.append(now)) == [path]
    assert done == [(path, False)]
    assert server.requests[CAT] == ["all"]


def test_the_digest_is_checked(server: Server, tmp_path: Path) -> None:
    server.files[CAT].md5 = hashlib.md5(CONTENT).digest()
    (path,) = fetch(server, tmp_path)
    path.unlink()
    server.files[CAT].md5 = hashlib.md5(b"else").digest()
    with pytest.raises(DownloadError, match="damaged: its MD5 is not what the server says"):
        fetch(server, tmp_path)
    assert not path.exists()


@pytest.mark.parametrize(
    ("tricks", "message"),
    [
        (["status:403"], "the server does not give this file .status 403.*/cat.ndjson"),
        (["status:429"] * 9, "come back later .status 429.. Call the command again later"),
        (["status:500"] * 9, "the server failed .status 500.. Call the command again later"),
        (["break:0"] * 9, "the connection broke off. Call the command again later"),
        (["stall:0"] * 9, "does not answer in time. Call the command again later"),
        (["claim:400000", *["other-part"] * 9], "another part than asked for. Call the command"),
    ],
)
def test_what_cannot_be_had_is_told_and_the_rest_comes(
    server: Server, tmp_path: Path, tricks: list[str], message: str
) -> None:
    server.files[CAT].tricks = list(tricks)
    with pytest.raises(DownloadError, match=f"1 of 2 files could not be fetched: .*{message}"):
        fetch(server, tmp_path, "cat", "alarm clock")
    assert not (tmp_path / "cat.ndjson").exists()
    assert (tmp_path / "alarm clock.ndjson").read_bytes() == CONTENT[::-1]


def test_a_file_that_is_not_there_is_not_asked_for_again(server: Server, tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(DownloadError, match="no such file .status 404"):
        fetch(server, tmp_path, "pig")
    assert time.monotonic() - began < 5
    assert names(tmp_path) == []


def test_a_redirection_is_followed_to_the_web_only(server: Server, tmp_path: Path) -> None:
    server.files["/elsewhere"] = File(CONTENT)
    server.files[CAT].tricks = [f"redirect:{server.address}/elsewhere"]
    server.files[CAT].with_mark = server.files["/elsewhere"].with_mark = False
    (path,) = fetch(server, tmp_path)
    assert path.read_bytes() == CONTENT
    path.unlink()
    server.files[CAT].tricks = ["redirect:file:///etc/passwd"]
    with pytest.raises(DownloadError):
        fetch(server, tmp_path)


def test_no_internet_is_one_clear_line(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(DownloadError, match="no connection to the server .is there internet"):
        download(["cat"], tmp_path, base_url=address, retries=QUICK)
    with pytest.raises(DownloadError, match="address is not known here .is there internet"):
        download(["cat"], tmp_path, base_url="http://no.such.host.invalid", retries=QUICK)


def test_wrong_arguments_are_all_told(
    tmp_path: Path, unchecked_shapes: Callable[[], AbstractContextManager[None]]
) -> None:
    wrong: dict[str, Any] = {"format": "svg", "base_url": "ftp://x", "parallel": 0}
    together = r"`format` must be .*`base_url` must .*`parallel` must"
    with unchecked_shapes(), pytest.raises(UsageError, match=together):
        download(["cat"], tmp_path, **wrong)
    with pytest.raises(UsageError, match=r"no category `kat` .did you mean hat or cat.*`pigg`"):
        download(["kat", "cat", "pigg"], tmp_path)
    with pytest.raises(UsageError, match="at least one category"):
        download([], tmp_path)
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_told(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match="cannot be made"):
        fetch(server, tmp_path / "file")


PROGRAM = """
import sys
from sketch_pix2seq.data.quickdraw import download
download(["cat"], sys.argv[1], base_url=sys.argv[2])
"""


def started(server: Server, dest: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(dest), server.address])


def until_bytes(dest: Path, wanted: int) -> None:
    end = time.monotonic() + 60
    while sum(path.stat().st_size for path in dest.glob(".*.part")) < wanted:
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform == "win32", reason="no kill -9 on this system")
def test_after_kill_9_it_goes_on(server: Server, tmp_path: Path) -> None:
    server.files[CAT].tricks = ["stall:200000"]
    with started(server, tmp_path) as process:
        until_bytes(tmp_path, 190_000)
        with pytest.raises(DownloadError, match="fetched by another process"):
            fetch(server, tmp_path)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "cat.ndjson").exists()
    server.files[CAT].tricks = []
    sent = server.bytes_sent
    (path,) = fetch(server, tmp_path)
    assert path.read_bytes() == CONTENT
    assert server.bytes_sent - sent < 120_000
    assert names(tmp_path) == ["cat.ndjson"]


def test_there_are_345_and_each_finds_itself() -> None:
    names = quickdraw_categories()
    assert len(set(names)) == 345
    assert find_categories(names) == list(names)
    assert find_categories(["all", "cat"]) == list(names)


def test_they_are_found_however_they_are_written() -> None:
    assert find_categories(["ALARM  clock", "t shirt", "the_eiffel-tower", "T-shirt"]) == [
        "alarm clock",
        "t-shirt",
        "The Eiffel Tower",
    ]


def test_wrong_ones_are_all_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="`catt` .did you mean cat.*; there is no .*`xyzzy`"):
        find_categories(["catt", "xyzzy", "dog"])
    with pytest.raises(UsageError, match="`all` stands for all"):
        find_categories([])
    with pytest.raises(UsageError, match="`categories` must be a list; got one name, `cat`"):
        find_categories("cat")
