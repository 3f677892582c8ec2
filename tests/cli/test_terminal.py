"""Names that would command the terminal are shown, not obeyed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bundles import write_bundle
from sketch_pix2seq.cli.app import main
from sketch_pix2seq.cli.terminal import printable, progress_bar
from sketch_pix2seq.sketch.sketch import Sketch

LINE = Sketch.from_points([[(0, 0), (50, 9), (100, 60)]])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain name.svg", "plain name.svg"),
        ("猫 café\u00a0👩\u200d🎨", "猫 café\u00a0👩\u200d🎨"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\r\n\tb\x7f\x9b2J", r"a\r\n\tb\x7f\x9b2J"),
        ("gnp.\u202egvs\u2028", r"gnp.\u202egvs\u2028"),
        ("\udcff", r"\udcff"),
    ],
)
def test_controls_are_escaped_and_other_signs_kept(text: str, expected: str) -> None:
    assert printable(text) == expected


@pytest.mark.skipif(os.name == "nt", reason="Windows forbids control characters in names of files")
def test_names_of_files_in_results_errors_and_tracebacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    LINE.save("red\x1b[31m.svg")
    Path("no\x1b[2J\u202e.svg").write_text("nothing")
    bundle = str(write_bundle(tmp_path / "bundle"))
    words = ["red\x1b[31m.svg", "no\x1b[2J\u202e.svg", "--bundle", bundle]
    for verb in (["draw"], ["mix"], ["complete", "--out", "deep", "--debug"]):
        assert main([*verb, *words]) == 1
    assert main(["trace", words[0], "--stages", "seen"]) == 0
    assert main(["trace", words[0], "--out", "\x1b[31m/x", "--format", "bmp\x1b[31m"]) == 2
    out, err = capsys.readouterr()
    assert r"red\x1b[31m-redrawn.svg" in out
    assert r"`no\x1b[2J\u202e.svg`" in err
    assert "Traceback" in err
    assert "\x1b" not in out + err and "\u202e" not in out + err


def go_on() -> None:
    with progress_bar("reading") as show:
        for done in range(5):
            show(done, 4)


def test_no_bar_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    go_on()
    assert capsys.readouterr() == ("", "")


def test_a_bar_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    go_on()
    out, err = capsys.readouterr()
    assert out == ""
    assert "reading" in err
