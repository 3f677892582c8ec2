"""Inputs of verbs: standard input, folders, names that do not collide."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from sketch_pix2seq.cli.app import main
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.sketch.sketch import Sketch

HOUSE = Sketch.from_points([[(0, 60), (50, 0), (100, 60)], [(10, 60), (10, 120), (90, 120)]])


def shown(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize(("suffix", "end"), [("svg", ""), ("png", ""), ("ndjson", "-000001")])
def test_standard_input_is_an_input(
    inputs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    suffix: str,
    end: str,
) -> None:
    names = {"svg": "house.svg", "png": "thick.png", "ndjson": "two.ndjson"}
    shown(monkeypatch, (inputs / names[suffix]).read_bytes())
    assert main(["trace", "-", "--out", "out"]) == 0
    assert capsys.readouterr().out.split()[0] == f"out/stdin{end}-traced.svg"
    shown(monkeypatch, (inputs / names[suffix]).read_bytes())
    assert main(["trace", "-", "house.svg", "--out", "-", "--format", "ndjson"]) == 0
    found = read_sketches(capsys.readouterr().out.encode())
    assert len(found) == (3 if suffix == "ndjson" else 2)


def test_what_is_wrong_with_standard_input_is_named(
    inputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown(monkeypatch, b"")
    assert main(["trace", "-"]) == 1
    assert capsys.readouterr().err.startswith("sketch-pix2seq: `stdin`: an input must hold a draw")


def test_a_folder_is_all_drawings_in_it(
    inputs: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (inputs / "notes.txt").write_text("not a drawing")
    (inputs / ".hidden.svg").write_text("not seen")
    (inputs / "below").mkdir()
    assert main(["trace", ".", "--out", "out"]) == 0
    printed = capsys.readouterr()
    assert printed.out.split() == [
        "out/house-traced.svg",
        "out/thick-traced.svg",
        "out/two-000001-traced.svg",
        "out/two-000002-traced.svg",
    ]
    assert printed.err == "sketch-pix2seq: `.`: left out: folders in it: `below`\n"
    (inputs / "wrong.svg").write_text("<svg")
    assert main(["trace", ".", "below", "--out", "again"]) == 1
    err = capsys.readouterr().err
    assert "`wrong.svg`: an SVG must be" in err
    assert "`below`: a folder must hold drawings; got none" in err
    assert len(list((inputs / "again").iterdir())) == 4


def test_names_keep_what_is_before_the_last_dot(
    inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["v1.0.svg", "v1.1.svg", "2024.05.01.svg", "scan", "more/v1.0.svg"]
    for name in names:
        (inputs / name).parent.mkdir(exist_ok=True)
        (inputs / name).write_text(HOUSE.to_svg())
    assert main(["trace", *names, "--out", "out"]) == 0
    stems = ["v1.0", "v1.1", "2024.05.01", "scan", "v1.0-2"]
    assert capsys.readouterr().out.split() == [f"out/{stem}-traced.svg" for stem in stems]


@pytest.mark.parametrize("form", ["svg", "png", "gif"])
def test_an_impossible_size_names_the_flag(
    inputs: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    assert main(["trace", "house.svg", "--size", "0", "--format", form]) == 2
    assert capsys.readouterr().err == "sketch-pix2seq: `--size` must be at least 1; got 0\n"


def test_of_many_wrong_inputs_ten_are_listed_and_the_others_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = [tmp_path / f"{number:02d}.png" for number in range(12)]
    for path in wrong:
        path.touch()
    assert main(["trace", *map(str, wrong), "--out", str(tmp_path / "out")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[-1].endswith("got an empty file (2 more are not listed)")


def test_parts_left_out_of_many_drawings_are_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    dirty = np.full((4, 64, 64), 255, np.uint8)
    dirty[:, 30:32, 10:54] = 0
    for number in range(3):
        dirty[number, 50, 10 : 14 + 4 * number : 4] = 0
    np.save("many.npy", dirty)
    assert main(["trace", "many.npy", "--out", "out"]) == 0
    wanted = "sketch-pix2seq: `many.npy`: left out of 3 of 4 drawings, of the first: 1 speck\n"
    assert capsys.readouterr().err == wanted
