"""`evaluate` and `reproduce` as users call them."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from benchmarks.synthetic import write_synthetic
from bundles import write_bundle, write_classifier
from sketch_pix2seq.cli.app import main
from sketch_pix2seq.cli.evaluate import models_of
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.evaluation import likeness

SHAPES = ["circle", "square"]
LITTLE = ["--per-category", "10", "--repeats", "1", "--best-of", "1", "--paths", "1"]
LITTLE += ["--temperature", "0.5"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shapes")
    prepare(write_synthetic(folder / "files", num=90, seed=0, categories=SHAPES), folder / "set")
    return folder / "set"


def test_bundles_have_names_of_their_own(tmp_path: Path) -> None:
    odd = tmp_path / "a=b"
    odd.mkdir()
    assert models_of((Path("x/cat.zip"), Path("mine=y/bundle"), odd)) == {
        "cat": (Path("x/cat.zip"),),
        "mine": (Path("y/bundle"),),
        "a=b": (odd,),
    }
    assert models_of((Path("cnn=x"), Path("cnn=y"))) == {"cnn": (Path("x"), Path("y"))}
    with pytest.raises(UsageError, match="two of `bundle` are called cat"):
        models_of((Path("x/cat"), Path("y/cat.zip")))


def test_default_is_the_model_in_the_package_unless_a_folder_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = (Path("default"), Path("ours=default"), Path("x/default.zip"))
    assert models_of(given[:2]) == {"default": (None,), "ours": (None,)}
    Path("default").mkdir()
    assert models_of(given[:2]) == {"default": (given[0],), "ours": (given[0],)}
    with pytest.raises(UsageError, match="two of `bundle` are called default"):
        models_of(given)


def test_models_and_what_another_program_drew_are_lines_of_the_report(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(likeness, "TREES", 1)  # most of the time goes into them
    inputs, mine = tmp_path / "inputs", tmp_path / "mine.ndjson"
    assert main(["data", "convert", str(data), "--split", "test", "--out", str(inputs)]) == 0
    lines = [line for path in inputs.glob("*.ndjson") for line in path.read_text().splitlines()]
    redrawn = [{name: json.loads(line)[name] for name in ("id", "drawing")} for line in lines]
    mine.write_text("".join(json.dumps(redrawing) + "\n" for redrawing in redrawn))
    judge = write_classifier(tmp_path / "judge", tuple(SHAPES))
    bundle, out = write_bundle(tmp_path / "bundle"), tmp_path / "report"
    words = ["evaluate", "--data", str(data), "--judge", str(judge), "--out", str(out), *LITTLE]
    words += ["--bundle", f"ours={bundle}", "--drawings", f"theirs={mine}"]
    capsys.readouterr()
    assert main(words) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{out / 'report.html'}\n"
    assert captured.err == ""
    results = json.loads((out / "results.json").read_text())
    assert list(results["models"]) == ["ours"]
    assert results["settings"]["temperatures"] == [0.5]
    assert results["made"]["data"] == "set"
    summary = results["tables"]["summary"]
    rows = {row["drawings"]: row for row in summary}
    assert list(rows) == ["human", "ours", "theirs", "copy", "nearest"]
    assert rows["theirs"]["Rec"] == rows["human"]["Rec"]  # they are the drawings themselves
    assert rows["theirs"]["lines off"]["value"] == pytest.approx(0, abs=1e-6)
    page = (out / "report.html").read_text()
    assert "<h1>Redrawing sketches: ours, theirs</h1>" in page
    assert "redrawn by 1 model and 1 other program and classified" in page
    mine.write_text("".join(json.dumps(redrawing) + "\n" for redrawing in redrawn[5:]))
    assert main(words) == 2
    assert "must hold a redrawing of each of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told", "status"),
    [
        (["--drawings", "mine.ndjson"], "must be NAME=FILE", 2),
        (["--drawings", "a=x", "--drawings", "a=y"], "two of `--drawings` are called a", 2),
        (["--drawings", "mine=nowhere"], "nowhere", 1),
        (["--drawings", "human=nowhere"], "must not be called human", 2),
        (["--seeds", "3"], "now `--repeats`", 2),
        (["--temperature", "-1"], "`--temperature` must be a number from 0", 2),
        (["--per-category", "3"], "`--per-category` must be 10 or more", 2),
        (["--repeats", "0"], "`--repeats` must be 1 or more", 2),
        (["--pictures", "nowhere"], "`--pictures` must be a folder", 2),
        (["--bundle", "nowhere"], "there is no bundle `nowhere`", 1),
        (["--judge", "nowhere"], "there is no bundle `nowhere`", 1),
        (["--data", "nowhere"], "nowhere", 1),
    ],
)
def test_what_does_not_fit_is_one_clear_line(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    told: str,
    status: int,
) -> None:
    judge = write_classifier(tmp_path / "judge", tuple(SHAPES))
    given = {"--data": str(data), "--judge": str(judge), "--out": str(tmp_path / "out")}
    others = [word for pair in given.items() for word in pair if pair[0] not in words]
    assert main(["evaluate", *others, *words]) == status
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_help_says_how_few_drawings_a_category_may_have(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["evaluate", "--help"]) == 0
    assert "10 or more" in re.sub(r"[\s│]+", " ", capsys.readouterr().out)


def test_without_the_extra_it_says_what_to_install(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    words = ["evaluate", "--data", str(data), "--judge", "j", "--out", str(tmp_path / "out")]
    assert main(words) == 1
    assert "the extra `eval`" in capsys.readouterr().err


@pytest.mark.slow
def test_reproduce_goes_from_the_data_to_the_page_and_goes_on_where_it_was(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    unchecked_shapes: Callable[[], AbstractContextManager[None]],
) -> None:
    out = tmp_path / "report"
    fifth = write_bundle(tmp_path / "fifth")
    words = ["reproduce", "--data", str(data), "--out", str(out), "--bundle", str(fifth), *LITTLE]
    words += ["--set", "num_steps=2", "--set", "model.decoder_size=24", "--set", "batch_size=8"]
    words += ["--set-judge", "num_steps=3", "--set-judge", "model.encoder_width=8"]
    words += ["--seeds", "2"]
    with unchecked_shapes():  # torch cannot trace the checks
        assert main(words) == 0
    names = ["cnn", "cnn_kl", "rnn", "rnn_kl", "cnn_kl_0.1"]
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        *(f"{name}: trained 2 steps" for name in names),
        *(f"{name}-seed-1: trained 2 steps" for name in names[:4]),
        "judge: trained 3 steps",
        str(out / "report.html"),
    ]
    results = json.loads((out / "results.json").read_text())
    assert list(results["models"]) == [*names, "fifth"]
    assert len(results["claims"]) == 4
    assert list(results["trainings"]) == [f"{name}, training 1" for name in names[:4]]
    rows = {row["model"]: row for row in results["tables"]["likelihood"]}
    assert rows["cnn_kl"]["KL weight"] == 2.0
    assert rows["cnn_kl_0.1"]["KL weight"] == pytest.approx(0.2)
    assert all(rows[name]["LR (valid)"] > 0 and rows[name]["KL"] > 0 for name in names)
    assert rows["cnn"]["LR (magenta)"] != rows["cnn"]["LR (valid)"]
    assert rows["fifth"]["LR (valid)"] is None  # it was not exported with this data set
    times = {file: file.stat().st_mtime_ns for file in out.glob("[mp]*/*")}
    assert main(words) == 0
    assert {file: file.stat().st_mtime_ns for file in out.glob("[mp]*/*")} == times
    capsys.readouterr()
    assert main([*words, "--set", "num_steps=5"]) == 1
    assert "num_steps is 5, was 2" in capsys.readouterr().err
    assert main([*words, "--set-judge", "num_steps=5"]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and "num_steps is 5, was 3" in captured.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--set", "nothing=1"], "nothing"),
        (["--seeds", "0"], "`--seeds` must be 1 or more"),
        (["--bundle", "cnn=x"], "models must have names of their own"),
        (["--bundle", "judge=x"], "must not be called judge"),
        (["--pictures", "nowhere"], "`--pictures` must be a folder"),
        (["--judge", "x", "--set-judge", "num_steps=3"], "`--set-judge` are for a judge"),
        (["--preset", "huge"], "huge"),
        (["--recipe", "classifier"], "`--recipe` must be one that draws; got classifier"),
        (["--set-judge", "oversample=dog", "--set-judge", "oversample_share=1"], "got dog"),
        (["--set-judge", "model.encoder_width=8000"], "must fit into a bundle"),
        (["--best-of", "0"], "`--best-of` must be 1 or more"),
    ],
)
def test_reproduce_says_what_is_wrong_before_it_trains(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    told: str,
) -> None:
    assert main(["reproduce", "--data", str(data), "--out", str(tmp_path / "r"), *words]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_reproduce_reads_drawings_and_the_judge_before_it_trains(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "r"
    words = ["reproduce", "--data", str(data), "--out", str(out)]
    some = tmp_path / "some.ndjson"
    some.write_text("")
    other_judge = write_classifier(tmp_path / "judge", ("circle", "star"))
    assert main([*words, "--drawings", f"mine={some}"]) != 0
    assert "some.ndjson" in capsys.readouterr().err
    assert main([*words, "--drawings", f"cnn={some}"]) == 2
    assert "models must have names of their own" in capsys.readouterr().err
    assert main([*words, "--judge", str(other_judge)]) == 2
    assert "must know every category of the data set, and not `square`" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert main(words) == 1
    assert "the extra `eval`" in capsys.readouterr().err
    assert not out.exists()
