"""No telemetry: nothing is written but what was asked for, and no name is looked up."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

import sketch_pix2seq

PACKAGE = Path(sketch_pix2seq.__file__).parent
COMMAND = [sys.executable, "-c", "from sketch_pix2seq.cli.app import run; run()"]
PLACES = {
    "HOME": "home",
    "XDG_CACHE_HOME": "cache",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_STATE_HOME": "state",
    "XDG_RUNTIME_DIR": "runtime",
    "TMPDIR": "tmp",
}
WATCH = """
import os, socket

def refused(name):
    def refuse(*arguments, **named):
        with open(os.environ["CALLS_OF_SOCKET"], "a") as file:
            file.write(f"{name}{arguments[:2]}\\\\n")
        raise OSError("no network in this test")
    return refuse

for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo"):
    setattr(socket, name, refused(name))
for name in ("connect", "connect_ex", "sendto", "sendmsg"):
    setattr(socket.socket, name, refused(name))
""".replace("\\\\n", "\\n")


class Fresh:
    """An account that nothing was ever run in, and what a process does there.

    Args:
        root: An empty folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.work = root / "work"
        self._calls = root.parent / "calls.txt"
        self._strace = root.parent / "strace.txt"
        for folder in ("work", "watch", *PLACES.values()):
            (root / folder).mkdir(parents=True)
        (root / "runtime").chmod(0o700)
        (root / "watch" / "sitecustomize.py").write_text(WATCH)
        shutil.copy(PACKAGE / "examples" / "cat.svg", self.work)
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join((str(root / "watch"), str(PACKAGE.parent))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "CALLS_OF_SOCKET": str(self._calls),
            **{variable: str(root / folder) for variable, folder in PLACES.items()},
        }
        self._before = self._files()

    def _files(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*")}

    def command(self, *words: str, traced: bool) -> list[str]:
        """A call of the command line, under strace or not."""
        if not traced:
            return [*COMMAND, *words]
        calls = "trace=openat,open,creat,connect,sendto,sendmsg,mkdir,mkdirat"
        return ["strace", "-f", "-qq", "-e", calls, "-o", str(self._strace), *COMMAND, *words]

    def left(self) -> set[str]:
        """Files and folders that were not there before."""
        return self._files() - self._before

    def looked_up(self) -> str:
        """Names and addresses that Python's sockets were asked for."""
        return self._calls.read_text() if self._calls.exists() else ""

    def written(self) -> set[str]:
        """Files and folders that any part of the process opened for writing, and wherever to it
        connected."""
        text = self._strace.read_text()
        paths = re.findall(
            r'(?:open|openat|creat)\([^"]*"([^"]*)", [^)]*O_(?:WRONLY|RDWR|CREAT)[^)]*\) = \d', text
        )
        paths += re.findall(r'mkdir(?:at)?\([^"]*"([^"]*)", \d+\) = 0', text)
        far = re.findall(r"(?:connect|sendto|sendmsg)\(.*AF_INET6?.*", text)
        return {path for path in paths if not path.startswith("/dev/")} | set(far)


@pytest.fixture(params=[False, True], ids=["sockets", "strace"])
def traced(request: pytest.FixtureRequest) -> bool:
    """Whether system calls are watched as well, where that is possible."""
    wanted = bool(request.param)
    if wanted:
        strace = shutil.which("strace")
        if not strace or subprocess.run([strace, "-o", os.devnull, "true"], check=False).returncode:
            pytest.skip("no strace here, or it may not watch")
    return wanted


def test_the_watch_sees_a_look_up(tmp_path: Path) -> None:
    fresh = Fresh(tmp_path / "fresh")
    code = "import socket; socket.create_connection(('example.org', 80))"
    ended = subprocess.run(
        [sys.executable, "-c", code], env=fresh.environment, capture_output=True, check=False
    )
    assert ended.returncode == 1
    assert "example.org" in fresh.looked_up()


def test_draw_leaves_the_drawing_alone(tmp_path: Path, traced: bool) -> None:
    fresh = Fresh(tmp_path / "fresh")
    words = ("draw", "cat.svg", "--out", "redrawn", "--best-of", "2")
    ended = subprocess.run(
        fresh.command(*words, traced=traced),
        cwd=fresh.work,
        env=fresh.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert fresh.left() == {"work/redrawn", "work/redrawn/cat-redrawn.svg"}
    assert fresh.looked_up() == ""
    if traced:
        written = fresh.written()
        assert any("redrawn" in path for path in written)
        assert [path for path in written if "redrawn" not in path] == []


def test_the_studio_leaves_nothing(tmp_path: Path, traced: bool) -> None:
    fresh = Fresh(tmp_path / "fresh")
    with subprocess.Popen(
        fresh.command("studio", "--port", "0", "--threads", "1", traced=traced),
        cwd=fresh.work,
        env=fresh.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[-1]
            body = json.dumps({"drawing": [[[0, 120, 240], [100, 0, 100]]], "n": 2}).encode()
            request = Request(f"{address}api/redraw", body, {"Content-Type": "application/json"})
            with urlopen(request) as answer:
                assert len(json.loads(answer.read())["drawings"]) == 2
            os.killpg(process.pid, signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, errors) == (0, "")
    assert fresh.left() == set()
    assert fresh.looked_up() == ""
    if traced:
        assert fresh.written() == set()
