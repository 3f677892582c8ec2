"""The notebooks run from top to bottom, here with fewer drawings and steps, and hold no output."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from sketch_pix2seq.cli.app import main

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
SMALL = {"NUM_STEPS": 3, "NUM_DRAWINGS": 12}


def cells(name: str) -> list[str]:
    """The source of each cell of code."""
    notebook = json.loads((NOTEBOOKS / f"{name}.ipynb").read_bytes())
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def run(name: str) -> dict[str, Any]:
    """Run a notebook in the current folder; `!` before a line is the shell."""
    names: dict[str, Any] = {"_command": command}
    for cell in cells(name):
        source = re.sub(r"^!sketch-pix2seq (.*)$", r"_command(f'\1')", cell, flags=re.MULTILINE)
        for setting, value in SMALL.items():
            source = re.sub(
                rf"^{setting} = \d+", f"{setting} = {value}", source, flags=re.MULTILINE
            )
        exec(compile(source, name, "exec"), names)
    return names


def command(line: str) -> None:
    """Run a line of the shell that calls this package's command."""
    words = [
        path
        for word in shlex.split(line)
        for path in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
    ]
    assert main(words) == 0, line


def test_notebooks_hold_no_output_and_no_path_of_a_machine() -> None:
    paths = sorted(NOTEBOOKS.glob("*.ipynb"))
    assert len(paths) == 3
    for path in paths:
        for cell in json.loads(path.read_bytes())["cells"]:
            assert not cell.get("outputs"), path.name
            assert cell.get("execution_count") is None
        assert not re.search(r"/(home|root|tmp|work|Users)/", path.read_text(encoding="utf-8"))


def test_every_notebook_is_named_in_the_documents() -> None:
    text = (NOTEBOOKS.parent / "docs" / "notebooks.md").read_text(encoding="utf-8")
    assert all(path.name in text for path in NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.slow
def test_playing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = run("play")
    assert names["owl"].num_points > 1
    assert (tmp_path / "owl.gif").read_bytes()[:3] == b"GIF"


@pytest.mark.slow
def test_training_and_comparing_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run("train-on-your-doodles")
    names = run("compare-models")
    assert set(names["drawn"]) >= {"people", "my-bundle"}
    assert "my-bundle" in capsys.readouterr().out
