"""Results of verbs that draw: none takes the place of another file, all are written or none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sketch_pix2seq.cli.app import main
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.sketch.sketch import Sketch

HOUSE = Sketch.from_points([[(0, 60), (50, 0), (100, 60)], [(10, 60), (10, 120), (90, 120)]])


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def never(*_: object, **__: object) -> None:
    raise AssertionError("nothing may be drawn")


def test_inputs_of_the_same_name_do_not_overwrite_each_other(
    inputs: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inputs / "more").mkdir()
    HOUSE.save(inputs / "more" / "house.png")
    HOUSE.save(inputs / "two-000002.svg")
    words = ["draw", "house.svg", "more/house.png", "two-000002.svg", "two.ndjson"]
    assert main([*words, "--bundle", str(bundle), "--out", "out"]) == 0
    assert capsys.readouterr().out.split() == [
        "out/house-redrawn.svg",
        "out/house-2-redrawn.svg",
        "out/two-000002-redrawn.svg",
        "out/two-2-000001-redrawn.svg",
        "out/two-2-000002-redrawn.svg",
    ]


def test_an_input_is_never_overwritten(
    inputs: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: (inputs / path).read_bytes() for path in files(inputs)}
    words = ["draw", "house.svg", "two.ndjson", "--bundle", str(bundle), "--format", "ndjson"]
    assert main(words) == 2
    assert main([*words, "--out", "../work/."]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert (
        "must not take the place of the input `two.ndjson`. Name another place with `--out`" in err
    )
    assert main([*words, "--overwrite"]) == 2
    assert {path: (inputs / path).read_bytes() for path in files(inputs)} == before


def test_a_result_that_cannot_be_written_leaves_nothing(
    inputs: Path, bundle: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(sketch: Sketch, path: Path) -> None:
        path.write_bytes(b"<svg")
        raise OSError(28, "No space left on device")

    before = files(inputs)
    monkeypatch.setattr(Sketch, "save", full)
    assert main(["draw", "house.svg", "--bundle", str(bundle)]) == 1
    assert capsys.readouterr().err == "sketch-pix2seq: No space left on device\n"
    assert files(inputs) == before


@pytest.mark.parametrize(
    ("out", "status", "line"),
    [
        ("house.svg", 2, "must not take the place of the input `house.svg`"),
        ("thick.png/new.svg", 2, "`--out` must be a folder, and `thick.png` is not one"),
        ("house.svg/deep/er", 2, "`--out` must be a folder, and `house.svg` is not one"),
        ("dangling", 2, "`--out` must be a folder, and `dangling` is not one"),
        ("locked/deep", 1, "`locked`: Permission denied"),
        ("taken", 2, "must not take the place of the folder `taken/house-redrawn.svg`"),
    ],
)
def test_a_place_that_cannot_be_written_to_is_refused_before_drawing(
    inputs: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    out: str,
    status: int,
    line: str,
) -> None:
    (inputs / "taken" / "house-redrawn.svg").mkdir(parents=True)
    (inputs / "dangling").symlink_to("nowhere")
    (inputs / "locked").mkdir()
    monkeypatch.setattr("os.access", lambda path, mode: Path(path).name != "locked")
    monkeypatch.setattr(Sketcher, "load", never)
    assert main(["draw", "house.svg", "--out", out]) == status
    printed, err = capsys.readouterr()
    assert printed == ""
    assert line in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("form", ["svg", "ndjson"])
def test_a_file_that_exists_is_replaced_only_with_overwrite(
    inputs: Path,
    bundle: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    words = ["draw", "house.svg", "--bundle", str(bundle), "--out", "out", "--format", form]
    assert main(words) == 0
    (place,) = (inputs / "out").iterdir()
    place.write_text("mine")
    capsys.readouterr()
    with monkeypatch.context() as patched:
        patched.setattr(Sketcher, "load", never)
        assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == "" and f"the file `out/{place.name}`" in err and "give `--overwrite`" in err
    assert place.read_text() == "mine"
    assert main([*words, "--overwrite"]) == 0
    assert place.read_text() != "mine"


def test_a_file_that_appears_while_drawing_is_kept(
    inputs: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    redraw = Sketcher.redraw

    def slowly(*arguments: Any, **named: Any) -> Any:
        (inputs / "house-redrawn.svg").write_text("somebody else's")
        return redraw(*arguments, **named)

    monkeypatch.setattr(Sketcher, "redraw", slowly)
    before = files(inputs)
    assert main(["draw", "house.svg", "--bundle", str(bundle)]) == 2
    assert (inputs / "house-redrawn.svg").read_text() == "somebody else's"
    assert files(inputs) == before | {"house-redrawn.svg"}


@pytest.mark.skipif(os.name == "nt", reason="links need administrator rights on Windows")
@pytest.mark.parametrize(
    ("verb", "place", "more"),
    [
        ("draw", "house-redrawn.svg", []),
        ("draw", "house.ndjson", ["--format", "ndjson"]),
        ("mix", "mixed.svg", ["two.ndjson", "--steps", "2", "--out", "out/mixed.svg"]),
        ("mix", "mixed.ndjson", ["two.ndjson", "--steps", "2", "--out", "out/mixed.ndjson"]),
        ("mix", "mixed.gif", ["two.ndjson", "--steps", "2", "--out", "out/mixed.gif"]),
    ],
)
def test_every_writer_follows_links_and_only_with_overwrite(
    inputs: Path, bundle: Path, verb: str, place: str, more: list[str]
) -> None:
    words = [verb, "house.svg", *more, "--bundle", str(bundle)]
    words += ["--out", "out"] if verb == "draw" else []
    link, target = inputs / "out" / place, inputs / "far" / "target"
    link.parent.mkdir()
    target.parent.mkdir()
    link.symlink_to(target)
    assert main(words) == 2  # a link to nowhere is somebody's as well
    target.write_text("mine")
    assert main(words) == 2
    assert target.read_text() == "mine"
    assert main([*words, "--overwrite"]) == 0
    assert link.is_symlink()
    assert target.read_bytes() not in (b"mine", b"")
    assert files(inputs / "out") == {place}
    link.unlink()
    link.symlink_to(inputs / "house.svg")
    assert main([*words, "--overwrite"]) == 2  # an input by another name
    assert read_sketches(inputs / "house.svg")[0].num_points == HOUSE.num_points


def test_names_that_a_file_system_takes_for_one_are_numbered(
    inputs: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inputs / "more").mkdir()
    HOUSE.save(inputs / "more" / "House.svg")
    HOUSE.save(inputs / "caf\u00e9.svg")
    HOUSE.save(inputs / "more" / "cafe\u0301.svg")
    words = ["draw", "house.svg", "more/House.svg", "caf\u00e9.svg", "more/cafe\u0301.svg"]
    assert main([*words, "--bundle", str(bundle), "--out", "out"]) == 0
    assert capsys.readouterr().out.split() == [
        "out/house-redrawn.svg",
        "out/House-2-redrawn.svg",
        "out/caf\u00e9-redrawn.svg",
        "out/cafe\u0301-2-redrawn.svg",
    ]


def test_out_may_be_the_file_of_one_result(
    inputs: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["draw", "house.svg", "--bundle", str(bundle), "--out"]
    for name in ("new.svg", "deep/er/new.png", "new.GIF"):
        assert main([*words, name]) == 0
        assert capsys.readouterr().out == f"{name}\n"
        assert (inputs / name).is_file()
    assert (inputs / "deep/er/new.png").read_bytes().startswith(b"\x89PNG")
    assert main([*words, "new.svg"]) == 2  # it is there now
    assert "give `--overwrite`" in capsys.readouterr().err
    assert main([*words, "other.svg", "--format", "png"]) == 2
    assert "`--out` must end in .png, as `--format` says" in capsys.readouterr().err
    assert main([*words, "other.svg", "-n", "2"]) == 2
    assert "`--out` must be a folder for more than one result; got `other.svg` for 2" in (
        capsys.readouterr().err
    )
    (inputs / "folder.svg").mkdir()
    assert main([*words, "folder.svg"]) == 0
    assert files(inputs / "folder.svg") == {"house-redrawn.svg"}


def test_an_ndjson_may_hold_all_results(inputs: Path, bundle: Path) -> None:
    words = ["draw", "house.svg", "two.ndjson", "-n", "2", "--bundle", str(bundle)]
    assert main([*words, "--out", "all.ndjson"]) == 0
    assert len(read_sketches(inputs / "all.ndjson")) == 6


@pytest.mark.parametrize("verb", ["draw", "trace", "mix"])
def test_results_may_go_to_standard_output(
    inputs: Path, bundle: Path, capfdbinary: pytest.CaptureFixture[bytes], verb: str
) -> None:
    before = files(inputs)
    words = {
        "draw": ["draw", "house.svg", "--bundle", str(bundle)],
        "trace": ["trace", "house.svg"],
        "mix": ["mix", "house.svg", "thick.png", "--steps", "2", "--bundle", str(bundle)],
    }[verb]
    assert main([*words, "--out", "-"]) == 0
    out, err = capfdbinary.readouterr()
    assert out.startswith(b"<svg") and out.rstrip().endswith(b"</svg>") and err == b""
    if verb != "mix":
        assert main([*words, "--out", "-", "--format", "ndjson"]) == 0
        assert len(read_sketches(capfdbinary.readouterr().out)) == 1
    assert files(inputs) == before
    if verb == "trace":
        assert main(["trace", "thick.png", "--out", "-", "--stages", "stages"]) == 0
        assert capfdbinary.readouterr().out.startswith(b"<svg")
        assert Path("stages/thick-1-picture.png").is_file()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--size-mm", "-1"], "size_mm"),
        (["--size-mm", "nan"], "size_mm"),
        (["--format", "png", "--size", "100000"], "size"),
        (["--out", "house.jpg"], "must be a folder, or end in one of .svg"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_drawn(
    inputs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    message: str,
) -> None:
    monkeypatch.setattr(Sketcher, "redraw", never)
    before = files(inputs)
    assert main(["draw", "house.svg", *flags]) == 2
    assert message.replace("_", "-") in capsys.readouterr().err.replace("_", "-")
    assert files(inputs) == before


@pytest.mark.parametrize("verb", ["draw", "complete", "trace"])
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--format", "png", "--animate"], "`--animate` is for SVGs"),
        (["--size", "0"], "`--size` must be at least 1"),
        (["--format", "gif", "--size", "1025"], "`--size` of an animation must be at most 1024"),
        (["--out", "new.apng", "--size", "1025"], "`--size` of an animation must be at most 1024"),
        (["--out", "house.jpg"], "must be a folder, or end in one of .svg"),
        (["--out", "house.hpgl"], "must be a folder, or end in one of .svg"),
        (["--out", "house.excalidrawlib"], "must be a folder, or end in one of .svg"),
        (["--out", "thick.png/deep"], "`thick.png` is not one"),
        (["--out", "there.svg"], "must not take the place of the file `there.svg`"),
    ],
)
def test_what_needs_no_input_is_refused_before_one_is_read(
    inputs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verb: str,
    flags: list[str],
    message: str,
) -> None:
    (inputs / "there.svg").touch()
    monkeypatch.setattr("sketch_pix2seq.io.reading.read_sketches", never)
    assert main([verb, "house.svg", *flags]) == 2
    assert message in capsys.readouterr().err


def test_a_name_too_long_for_a_result_is_refused_before_anything_is_drawn(
    inputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Sketcher, "redraw", never)
    most_letters = "x" * 200 + ".svg"
    HOUSE.save(inputs / most_letters)
    for name in ("x" * 245 + ".svg", "\u00e9" * 122 + ".svg"):  # two bytes each
        HOUSE.save(inputs / name)
        assert main(["draw", most_letters, name]) == 2
        assert "at most 255 bytes" in capsys.readouterr().err
