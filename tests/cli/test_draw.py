"""`draw`: what it writes and prints, and that nothing is left half done."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bundles import tiny_attention_bundle, tiny_bundle, write_bundle
from sketch_pix2seq.cli.app import main
from sketch_pix2seq.data.reading import read_drawings
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.sketch.sketch import Sketch

HOUSE = Sketch.from_points([[(0, 60), (50, 0), (100, 60)], [(10, 60), (10, 120), (90, 120)]])


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_one_svg_beside_the_input(
    inputs: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (inputs / "house.svg").read_bytes()
    assert main(["draw", "house.svg", "--bundle", str(bundle)]) == 0
    assert capsys.readouterr() == ("house-redrawn.svg\n", "")
    assert files(inputs) == {"house.svg", "thick.png", "two.ndjson", "house-redrawn.svg"}
    assert (inputs / "house.svg").read_bytes() == before
    (expected,) = Sketcher(tiny_bundle()).redraw(inputs / "house.svg")
    assert len(read_sketches(inputs / "house-redrawn.svg")[0].strokes) == len(expected.strokes)


def test_every_kind_of_input_several_drawings_of_each(
    inputs: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["draw", "house.svg", "thick.png", "two.ndjson", "--bundle", str(bundle)]
    assert main([*words, "--out", "a/b", "--format", "png", "-n", "11"]) == 0
    names = ("house", "thick", "two-000001", "two-000002")
    expected = [f"a/b/{name}-redrawn-{index:02d}.png" for name in names for index in range(11)]
    assert capsys.readouterr().out.split() == expected
    assert files(inputs / "a") == {name.removeprefix("a/") for name in expected}
    with Image.open(inputs / expected[0]) as picture:
        assert picture.format == "PNG"
        assert np.asarray(picture.convert("L")).min() < 100


def test_json_is_quickdraws_layout_with_how_it_was_made(
    inputs: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["draw", "two.ndjson", "house.svg", "--bundle", str(bundle), "--format", "ndjson"]
    assert main([*words, "--out", "out", "-n", "3", "--seed", "5", "--temperature", "0.5"]) == 0
    assert capsys.readouterr().out.split() == ["out/two.ndjson", "out/house.ndjson"]
    lines = [json.loads(line) for line in (inputs / "out/two.ndjson").read_bytes().splitlines()]
    named = [(line["input"], line["index"]) for line in lines]
    assert named == [(f"two-00000{number}", index) for number in (1, 2) for index in range(3)]
    assert {(line["seed"], line["temperature"]) for line in lines} == {(5, 0.5)}
    assert set(lines[0]) == {"input", "index", "seed", "temperature", "drawing", "distance"}
    assert all(0 < line["distance"] <= 10 for line in lines)
    sketches = read_sketches(inputs / "two.ndjson")
    drawn = Sketcher(tiny_bundle()).redraw(sketches, n=3, seed=5, temperature=0.5)
    for line, sketch in zip(lines, [one for some in drawn for one in some], strict=True):
        for (x, y), stroke in zip(line["drawing"], sketch.strokes, strict=True):
            assert all(isinstance(value, int) for value in x + y)
            assert [round(float(value)) for value in stroke[:, 0]] == x
    assert len(list(read_drawings(inputs / "out/two.ndjson", strict=True))) == 6


def test_the_models_own_temperature_is_written(inputs: Path, bundle: Path) -> None:
    words = ["draw", "house.svg", "--bundle", str(bundle), "--format", "ndjson", "--best-of", "3"]
    assert main(words) == 0
    line = json.loads((inputs / "house.ndjson").read_bytes())
    assert line["temperature"] == tiny_bundle().card.temperature
    assert line["best_of"] == 3


def test_the_same_seed_gives_the_same_bytes(inputs: Path, bundle: Path) -> None:
    words = ["draw", "house.svg", "two.ndjson", "--bundle", str(bundle), "-n", "4"]
    for out, seed in (("a", "0"), ("b", "0"), ("c", "1")):
        assert main([*words, "--out", out, "--seed", seed]) == 0
    contents = {
        out: [path.read_bytes() for path in sorted((inputs / out).iterdir())] for out in "abc"
    }
    assert contents["a"] == contents["b"] != contents["c"]


def test_default_names_the_model_in_the_package(inputs: Path) -> None:
    assert main(["draw", "house.svg", "--out", "a"]) == 0
    assert main(["draw", "house.svg", "--out", "b", "--bundle", "default"]) == 0
    a, b = ((inputs / out / "house-redrawn.svg").read_bytes() for out in "ab")
    assert a == b


def test_a_bad_input_among_good_ones(
    inputs: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inputs / "bad.svg").write_text("no drawing")
    words = ["draw", "bad.svg", "house.svg", "none.png", "thick.png", "--bundle", str(bundle)]
    assert main([*words, "--out", "out"]) == 1
    out, err = capsys.readouterr()
    assert out.split() == ["out/house-redrawn.svg", "out/thick-redrawn.svg"]
    bad, none = err.splitlines()
    assert bad.startswith("sketch-pix2seq: `bad.svg`: ")
    assert none.startswith("sketch-pix2seq: `none.png`: ")


def test_wrong_lines_of_an_ndjson_cost_only_themselves(
    inputs: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = (inputs / "two.ndjson").read_text().splitlines()
    lines = [good[0], *['{"drawing": 3}'] * 12, good[1]]
    (inputs / "mixed.ndjson").write_text("\n".join(lines))
    assert main(["draw", "mixed.ndjson", "--bundle", str(bundle), "--out", "out"]) == 1
    out, err = capsys.readouterr()
    names = ["out/mixed-000001-redrawn.svg", "out/mixed-000014-redrawn.svg"]
    assert out.split() == names
    assert err.startswith("sketch-pix2seq: `mixed.ndjson`: line 2: ")
    assert len(err.splitlines()) == 10
    assert "(2 more are not listed)" in err


def test_nothing_but_bad_inputs(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(inputs)
    assert main(["draw", "none.svg", "--bundle", "none", "--out", "out"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert files(inputs) == before
    assert not (inputs / "out").exists()


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["house.svg", "-n", "0"],
        ["house.svg", "--best-of", "0"],
        ["house.svg", "--seed", "-1"],
        ["house.svg", "--temperature", "-0.5"],
        ["house.svg", "--temperature", "nan"],
        ["house.svg", "--format", "bmp"],
        ["house.svg", "--colour", "red"],
    ],
)
def test_wrong_flags_are_usage_errors(
    words: list[str], inputs: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(inputs)
    assert main(["draw", *words, "--bundle", str(bundle)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("sketch-pix2seq: ")
    assert err.count("\n") == 1
    assert files(inputs) == before


def test_a_bundle_that_is_not_there_or_broken(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = write_bundle(tmp_path / "broken")
    (broken / "weights.safetensors").write_bytes(b"nothing")
    before = files(inputs)
    for place in (tmp_path / "none", broken):
        assert main(["draw", "house.svg", "--bundle", str(place), "--out", "out"]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
    assert files(inputs) == before


def never(*_: object, **__: object) -> None:
    raise AssertionError("nothing may be drawn")


@pytest.mark.parametrize("words", [["-n", "1000001"], ["-n", "1001", "--best-of", "1000"]])
def test_too_many_drawings_are_refused_before_drawing(
    inputs: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
) -> None:
    monkeypatch.setattr(Sketcher, "load", never)
    monkeypatch.setattr("sketch_pix2seq.cli.draw.ResultFiles", never)
    monkeypatch.setattr("sketch_pix2seq.cli.draw.read_inputs", never)
    assert main(["draw", "house.svg", *words]) == 2
    err = capsys.readouterr().err
    assert "at most 1,000,000 drawings at once; got 1 input x `-n` 1,00" in err
    assert "another `--seed` each time" in err
    assert ("`--best-of`" in err) == ("--best-of" in words)


def test_the_amount_counts_every_drawing_of_a_file(
    inputs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sketcher, "load", never)
    monkeypatch.setattr(
        "sketch_pix2seq.cli.outputs._file_names", lambda sources, *_: never() if sources else []
    )
    assert main(["draw", "two.ndjson", "-n", "500001"]) == 2
    assert "got 2 inputs x `-n` 500,001" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("form", "more", "starts"),
    [
        ("gif", ["--size", "64", "--curves"], b"GIF89a"),
        ("apng", ["--size", "64"], b"\x89PNG"),
        ("svg", ["--animate", "--size-mm", "90"], b"<svg"),
    ],
)
def test_drawings_that_draw_themselves(
    inputs: Path, bundle: Path, form: str, more: list[str], starts: bytes
) -> None:
    words = ["draw", "house.svg", "--bundle", str(bundle), "--format", form, *more]
    assert main(words) == 0
    content = (inputs / f"house-redrawn.{form}").read_bytes()
    assert content.startswith(starts)
    assert (b'width="90mm"' in content) == (form == "svg")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--animate", "--format", "gif"], "`--animate` is for SVGs; got gif"),
        (["--size-mm", "9", "--format", "ndjson"], "`--size-mm` is for SVGs and DXFs; got ndjson"),
        (["--curves", "--format", "ndjson"], "`--curves` is for pictures; got ndjson"),
        (["--size", "4000", "--format", "gif"], "must be at most 1024; got 4000"),
        (["--size-mm", "nan"], "`--size-mm` must be above 0"),
        (["--size", "0"], "`--size` must be at least 1"),
    ],
)
def test_looks_that_cannot_be_are_refused(
    inputs: Path, bundle: Path, more: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(inputs)
    assert main(["draw", "house.svg", "--bundle", str(bundle), *more]) == 2
    assert message in capsys.readouterr().err
    assert files(inputs) == before


def test_completed_drawings_begin_with_what_was_given(
    inputs: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["complete", "house.svg", "two.ndjson", "--bundle", str(bundle), "-n", "2"]
    assert main([*words, "--format", "ndjson", "--out", "out"]) == 0
    assert capsys.readouterr().out.split() == ["out/house.ndjson", "out/two.ndjson"]
    lines = [json.loads(line) for line in (inputs / "out/house.ndjson").read_bytes().splitlines()]
    assert [line["index"] for line in lines] == [0, 1]
    assert len(lines[0]["drawing"]) >= len(HOUSE.strokes)
    assert main([*words, "--out", "out"]) == 0
    assert (inputs / "out" / "house-completed-1.svg").is_file()
    (finished,) = read_sketches(inputs / "out" / "house-completed-0.svg")
    assert len(finished.strokes) >= len(HOUSE.strokes)


def test_a_beginning_that_is_too_long_is_told_and_the_others_are_completed(
    inputs: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    xs, ys = np.arange(400) % 256, np.where(np.arange(400) % 2, 0, 255)
    line = json.dumps({"drawing": [[xs.tolist(), ys.tolist()]]})
    short = json.dumps({"drawing": [[[0, 9], [0, 255]]]})
    (inputs / "long.ndjson").write_text(f"{short}\n{line}\n")
    words = ["complete", "house.svg", "long.ndjson", "--bundle", str(bundle), "--out", "out"]
    assert main(words) == 1
    out, err = capsys.readouterr()
    assert out.split() == ["out/house-completed.svg", "out/long-000001-completed.svg"]
    assert "`long-000002`: a started drawing must have fewer than" in err
    alone = (inputs / "out/house-completed.svg").read_bytes()
    assert main(["complete", "house.svg", "--bundle", str(bundle), "--out", "alone"]) == 0
    assert (inputs / "alone/house-completed.svg").read_bytes() == alone


@pytest.fixture(scope="module")
def attending(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle whose decoder sees the picture."""
    return write_bundle(tmp_path_factory.mktemp("attending") / "bundle", tiny_attention_bundle())


def test_fidelity_is_what_the_sketcher_makes_of_it(inputs: Path, attending: Path) -> None:
    words = ["draw", "house.svg", "--bundle", str(attending), "--format", "ndjson", "--out", "out"]
    sketcher = Sketcher(tiny_attention_bundle())
    for flags, fidelity in (([], None), (["--fidelity", "0"], 0.0), (["--fidelity", "0.5"], 0.5)):
        assert main([*words, *flags, "--overwrite"]) == 0
        line = json.loads((inputs / "out" / "house.ndjson").read_bytes())
        assert line.get("fidelity") == fidelity
        (drawn,) = sketcher.redraw(inputs / "house.svg", fidelity=fidelity)
        found = [stroke for (x, _) in line["drawing"] for stroke in x]
        assert found == [round(float(v)) for stroke in drawn.strokes for v in stroke[:, 0]]


def test_a_category_decides_what_a_beginning_becomes(inputs: Path, attending: Path) -> None:
    words = ["complete", "house.svg", "--bundle", str(attending), "--format", "ndjson", "-n", "4"]
    contents = []
    for flags in ([], ["--category", "cat"], ["--category", "dog"]):
        assert main([*words, *flags, "--out", "out", "--overwrite"]) == 0
        lines = [
            json.loads(line) for line in (inputs / "out/house.ndjson").read_text().splitlines()
        ]
        assert {line.get("category") for line in lines} == {flags[1] if flags else None}
        contents.append([line["drawing"] for line in lines])
    assert contents[1] != contents[2]


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (["draw", "--fidelity", "1.5"], 2, "`--fidelity` must be a number from 0 to 1; got 1.5"),
        (["draw", "--fidelity", "nan"], 2, "`--fidelity` must be a number from 0 to 1"),
        (["draw", "--fidelity", "all"], 2, "Invalid value"),
        (["complete", "--category", "dig"], 2, "`--category` must be one that the model knows"),
        (["complete", "--category", "dig"], 2, "Did you mean dog?"),
    ],
)
def test_fidelities_and_categories_that_do_not_fit(
    inputs: Path,
    attending: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    status: int,
    line: str,
) -> None:
    before = files(inputs)
    assert main([words[0], "house.svg", "--bundle", str(attending), *words[1:]]) == status
    out, err = capsys.readouterr()
    assert out == "" and line in err and err.count("\n") == 1
    assert files(inputs) == before


def test_a_model_that_draws_from_its_code_refuses_what_it_cannot(
    inputs: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(inputs)
    assert main(["draw", "house.svg", "--bundle", str(bundle), "--fidelity", "0.5"]) == 2
    assert "`--fidelity` must be 0 or left out" in capsys.readouterr().err
    (bundle / "latents.safetensors").unlink()
    assert main(["complete", "house.svg", "--bundle", str(bundle), "--category", "noise"]) == 1
    assert "cannot complete drawings or draw by name" in capsys.readouterr().err
    assert files(inputs) == before
