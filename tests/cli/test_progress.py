from __future__ import annotations

import sys

import pytest

from sketch_pix2seq.cli.progress import progress_bar


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
