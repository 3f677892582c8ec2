"""Ctrl-C and SIGTERM: one line, nothing left half written, never a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bundles import write_bundle
from sketch_pix2seq.cli.app import main
from sketch_pix2seq.sketch.sketch import Sketch

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT and SIGTERM to send")

HOUSE = Sketch.from_points([[(0, 60), (50, 0), (100, 60)], [(10, 60), (10, 120), (90, 120)]])
STATUS = {signal.SIGINT: (130, "interrupted"), signal.SIGTERM: (143, "terminated")}


@pytest.fixture(autouse=True)
def as_a_shell_starts_it() -> Iterator[None]:
    """Signals as a process of a shell has them, however the tests were started."""
    before = {number: signal.getsignal(number) for number in STATUS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STATUS)
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("words", ["draw house.svg", "trace house.svg", "mix house.svg house.svg"])
def test_a_signal_while_writing_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    number: signal.Signals,
    times: int,
) -> None:
    def stopped(self: Path, target: Path) -> None:
        assert any(".sketch-pix2seq-" in str(path) for path in Path().rglob("*"))
        os.kill(os.getpid(), number)

    monkeypatch.chdir(tmp_path)
    HOUSE.save("house.svg")
    bundle = [] if words.startswith("trace") else ["--bundle", str(write_bundle(tmp_path / "b"))]
    before = set(tmp_path.rglob("*"))
    monkeypatch.setattr(Path, "replace", stopped)
    if times == 2 and number == signal.SIGTERM:  # to the process, and to its group
        unlink = Path.unlink

        def again(self: Path, *arguments: Any, **named: Any) -> None:
            os.kill(os.getpid(), number)
            unlink(self, *arguments, **named)

        monkeypatch.setattr(Path, "unlink", again)
    status, word = STATUS[number]
    assert main([*words.split(), *bundle]) == status
    assert capsys.readouterr() == ("", f"sketch-pix2seq: {word}\n")
    assert set(tmp_path.rglob("*")) == before
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_while_exporting_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: object) -> None:
        assert any(".partial" in str(path) for path in Path().rglob("*"))
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.chdir(tmp_path)
    Path("cat.ndjson").write_text('{"word": "cat", "drawing": [[[0, 9], [0, 255]]]}\n')
    monkeypatch.setattr("sketch_pix2seq.data.convert._ndjson", stopped)
    assert main(["data", "convert", "cat.ndjson", "--out", "new"]) == 143
    assert capsys.readouterr().err == "sketch-pix2seq: terminated\n"
    assert [path.name for path in tmp_path.iterdir()] == ["cat.ndjson"]


def test_a_signal_that_is_ignored_stays_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Sketch.save

    def ignoring(*arguments: Any, **named: Any) -> Path:
        os.kill(os.getpid(), signal.SIGINT)
        return save(*arguments, **named)

    monkeypatch.chdir(tmp_path)
    HOUSE.save("house.svg")
    monkeypatch.setattr(Sketch, "save", ignoring)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    assert main(["trace", "house.svg"]) == 0


EARLY = """
class Finder:
    def find_spec(self, name, path, target=None):
        if name == "cyclopts":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
"""
LATE = "import atexit; atexit.register(os.kill, os.getpid(), signal.SIGINT)"


@pytest.mark.parametrize("when", [EARLY, LATE], ids=["early", "late"])
def test_no_traceback_before_and_after_the_command(when: str) -> None:
    code = "import os, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += f"{when}\nfrom sketch_pix2seq.__main__ import run; run()"
    ended = subprocess.run(
        [sys.executable, "-c", code, "--version"], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, "")
