"""`generate`: what it writes and prints, and one clear line for what it cannot draw."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bundles import tiny_attention_bundle, tiny_bundle, write_bundle
from sketch_pix2seq.cli.app import main
from sketch_pix2seq.cli.generate import _sources
from sketch_pix2seq.data.reading import read_drawings
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.io.reading import read_sketches


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("generate") / "bundle", tiny_attention_bundle())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def test_a_file_for_each_drawing(
    folder: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "cat", "--bundle", str(bundle)]) == 0
    assert capsys.readouterr() == ("cat-generated.svg\n", "")
    words = ["generate", "clock", "cat", "clock", "--bundle", str(bundle), "--out", "a/b"]
    assert main([*words, "-n", "2", "--format", "png", "--size", "64"]) == 0
    expected = [f"a/b/{name}-generated-{k}.png" for name in ("clock", "cat") for k in (0, 1)]
    assert capsys.readouterr().out.split() == expected
    assert all((folder / name).read_bytes().startswith(b"\x89PNG") for name in expected)
    drawn = read_sketches(folder / "cat-generated.svg")[0]
    (wanted,) = Sketcher(tiny_attention_bundle()).generate("cat")
    assert len(drawn.strokes) == len(wanted.strokes)


def test_case_does_not_count(
    folder: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("CAT", "cat"):
        assert main(["generate", name, "--bundle", str(bundle), "--out", f"{name}.ndjson"]) == 0
    assert capsys.readouterr() == ("CAT.ndjson\ncat.ndjson\n", "")
    upper, lower = (json.loads((folder / f"{name}.ndjson").read_bytes()) for name in ("CAT", "cat"))
    assert upper["word"] == "cat"
    assert upper["drawing"] == lower["drawing"]


def test_lines_say_what_they_show_and_how_they_were_made(
    folder: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["generate", "dog", "cat", "--bundle", str(bundle), "--format", "ndjson", "-n", "3"]
    for more in ([], ["--overwrite"]):
        assert main([*words, "--seed", "5", "--temperature", "0.3", *more]) == 0
        assert capsys.readouterr().out.split() == ["dog.ndjson", "cat.ndjson"]
    lines = [json.loads(line) for line in (folder / "dog.ndjson").read_bytes().splitlines()]
    made = {"word": "dog", "input": "dog", "seed": 5, "temperature": 0.3}
    for index, line in enumerate(lines):
        assert line.items() >= (made | {"index": index}).items()
    drawn = Sketcher(tiny_attention_bundle()).generate("dog", 3, temperature=0.3, seed=5)
    assert {sketch.category for sketch in drawn} == {"dog"}
    for line, sketch in zip(lines, drawn, strict=True):
        for (x, _), stroke in zip(line["drawing"], sketch.strokes, strict=True):
            assert [round(float(value)) for value in stroke[:, 0]] == x
    assert len(list(read_drawings(folder / "dog.ndjson", strict=True))) == 3


def test_files_are_named_so_that_none_replaces_another() -> None:
    def names(*categories: str) -> list[str]:
        return [source.name for source in _sources(categories)]

    clocks = names("alarm clock", "alarm-clock", "The Eiffel Tower", "Alarm clock")
    assert clocks == ["alarm-clock", "alarm-clock-2", "The-Eiffel-Tower", "Alarm-clock-3"]
    assert names("../x", "x", "..", "") == ["x", "x-2", "unnamed", "unnamed-2"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "there must be a category"),
        (
            ["cat", "clok"],
            "`category` must be one that the model knows; got clok. Did you mean clock?",
        ),
        (["zebra"], "`category` must be one that the model knows; got zebra."),
        (["cat", "-n", "0"], "`-n` must be 1 or more; got 0"),
        (["cat", "dog", "-n", "500001"], "at most 1,000,000 drawings at once; got 2 inputs"),
        (["cat", "--temperature", "-1"], "`--temperature` must be a number from 0"),
        (["cat", "--seed", "-1"], "`--seed` must be 0 or more"),
        (["cat", "--animate", "--format", "png"], "`--animate` is for SVGs; got png"),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(
    folder: Path,
    bundle: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    line: str,
) -> None:
    assert main(["generate", *words, "--bundle", str(bundle)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and line in err and err.count("\n") == 1
    assert not list(folder.iterdir())


def test_a_model_that_cannot_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = write_bundle(folder.parent / "recurrent", replace(tiny_bundle(), latents_file=None))
    assert main(["generate", "noise", "--bundle", str(place)]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "cannot complete drawings or draw by name" in err and err.count("\n") == 1
    (folder / "cat.ndjson").write_text('{"drawing": [[[0, 9], [3, 4]]]}')
    assert main(["generate", "cat", "--format", "ndjson"]) == 2
    assert "the file `cat.ndjson`" in capsys.readouterr().err


def test_a_category_named_twice_is_drawn_once_and_that_is_said(
    folder: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "cat", "Cat", "dog", "--bundle", str(bundle)]) == 0
    out, err = capsys.readouterr()
    assert out.split() == ["cat-generated.svg", "dog-generated.svg"]
    assert "named twice is drawn once" in err
    assert len(list(folder.iterdir())) == 2


def test_all_categories_can_be_listed(
    folder: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", "--list", "--bundle", str(bundle)]) == 0
    assert capsys.readouterr() == ("cat\nclock\ndog\n", "")
    assert list(folder.iterdir()) == []
    assert main(["generate", "", "--bundle", str(bundle)]) == 2
    assert "got nothing. `card.categories` and" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [["cat"], ["-n", "2"], ["--seed", "7"], ["--best-of", "2"], ["--out", "x"], ["--size", "64"]],
    ids=" ".join,
)
def test_beside_a_list_of_names_nothing_can_be_asked_for(
    folder: Path, bundle: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert main(["generate", "--list", "--bundle", str(bundle), *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "`--list` draws nothing" in err and err.count("\n") == 1
    assert not list(folder.iterdir())
