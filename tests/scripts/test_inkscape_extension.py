"""The Inkscape extension, called as Inkscape calls it."""

from __future__ import annotations

import base64
import importlib.util
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from sketch_pix2seq.cli.app import main
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.sketch.sketch import Sketch

FOLDER = Path(__file__).parents[2] / "docs" / "inkscape"
HOUSE = Sketch.from_points([[(0, 60), (50, 0), (100, 60)], [(10, 70), (10, 120), (90, 120)]])
COMMAND = f"#!{sys.executable}\nfrom sketch_pix2seq.__main__ import run\nrun()\n"


@pytest.fixture(scope="module")
def extension() -> ModuleType:
    place = FOLDER / "sketch_pix2seq_trace.py"
    spec = importlib.util.spec_from_file_location("sketch_pix2seq_trace", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture beside the document, and one in it, each 50 x 50 units."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "command").write_text(COMMAND)
    (tmp_path / "command").chmod(0o755)
    HOUSE.save("a house.png", size=300)
    data = base64.b64encode(Path("a house.png").read_bytes()).decode()
    image = '<image id="{}" x="{}" y="20" width="50" height="60" xlink:href="{}"/>'
    path = tmp_path / "page.svg"
    path.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        ' viewBox="0 0 200 100"><g transform="translate(5 0)">'
        + image.format("one", 10, "a%20house.png")
        + image.format("two", 110, f"data:image/png;base64,{data}")
        + "</g></svg>"
    )
    return path


def called(
    extension: ModuleType,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> bytes:
    monkeypatch.setattr(sys, "argv", ["sketch_pix2seq_trace.py", *words])
    extension.main()
    sys.stdout.flush()
    return capfdbinary.readouterr().out


@pytest.mark.parametrize("chosen", [[], ["two"]])
def test_strokes_lie_where_the_pictures_lie(
    extension: ModuleType,
    document: Path,
    chosen: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    words = [f"--id={name}" for name in chosen]
    words += ["--command=./command", str(document)]
    content = called(extension, words, monkeypatch, capfdbinary)
    assert content.count(b"<image") == 2
    (found,) = read_sketches(content)
    assert main(["trace", "a house.png", "--no-curves"]) == 0
    (alone,) = read_sketches("a house-traced.svg")
    lefts = [115] if chosen else [15, 115]
    wanted = [
        (stroke[[0, -1]] / 6 + (left, 25)).round() for left in lefts for stroke in alone.strokes
    ]
    ends = [stroke[[0, -1]].round() for stroke in found.strokes]
    assert len(ends) == len(wanted)
    for one in wanted:
        assert min(np.abs(one - other).max() for other in ends) <= 1


def test_what_is_missing_is_said(
    extension: ModuleType, document: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words, message in (
        (["--id=three", str(document)], "Select a picture"),
        (["--command=./none", str(document)], "There is no command `./none`"),
    ):
        monkeypatch.setattr(sys, "argv", ["sketch_pix2seq_trace.py", *words])
        with pytest.raises(SystemExit, match=message):
            extension.main()


def test_the_menu_entry_names_the_script() -> None:
    root = ET.parse(FOLDER / "sketch_pix2seq_trace.inx").getroot()
    space = {"i": "http://www.inkscape.org/namespace/inkscape/extension"}
    command = root.find("i:script/i:command", space)
    assert command is not None and command.text is not None
    assert (FOLDER / command.text).is_file()
    params = {param.get("name") for param in root.findall("i:param", space)}
    assert params == {"command"}
