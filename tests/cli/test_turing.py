"""`turing` as users call it."""

from __future__ import annotations

import csv
import re
import signal
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from benchmarks.synthetic import write_synthetic
from bundles import write_bundle
from sketch_pix2seq.cli.app import main
from sketch_pix2seq.cli.turing import VOTES_FILE
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.evaluation.turing.study import Study
from sketch_pix2seq.web.turing.store import Store
from studies import write_study

SHAPES = ["circle", "square"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_study(tmp_path / "study")
    return tmp_path / "study"


def test_create_makes_a_study_that_can_be_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = write_synthetic(tmp_path / "files", num=60, seed=0, categories=SHAPES)
    prepare(sources, tmp_path / "set")
    bundle, out = write_bundle(tmp_path / "bundle"), tmp_path / "study"
    words = ["turing", "create", "--data", str(tmp_path / "set"), "--out", str(out)]
    words += ["--bundle", f"cnn={bundle}", "--bundle", str(bundle), "--per-category", "2"]
    assert main([*words, "--categories", "square", "--seed", "3", "--temperature", "0.5"]) == 0
    assert capsys.readouterr().out == f"6 sketches by human, cnn, bundle\n{out}\n"
    study = Study.open(out)
    assert study.categories == ["square"]
    assert study.made["seed"] == 3
    assert study.made["temperatures"] == {"cnn": 0.5, "bundle": 0.5}
    assert main([*words]) == 1
    assert "must not exist yet" in capsys.readouterr().err


def test_results_are_written_where_asked(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = Study.open(folder)
    store = Store.open(str(folder / VOTES_FILE), study.digest)
    for person in range(3):
        participant = store.find(store.join())
        assert participant is not None
        for place, sketch in enumerate(study.sketches):
            store.vote(participant, sketch.name, human=(place + person) % 2 == 0)
    store.close()
    out = tmp_path / "out"
    assert main(["turing", "results", str(folder), "--out", str(out)]) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{out / 'report.html'}\n"
    assert captured.err == ""
    with (out / "votes.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 36


@pytest.mark.parametrize(
    ("words", "told", "status"),
    [
        (["results", "nowhere"], "`nowhere` is no study", 1),
        (["results", "STUDY"], "there are no votes at", 1),
        (["results", "STUDY", "--db", "mysql://x"], "`--db` must be a file for SQLite", 2),
        (["serve", "nowhere"], "`nowhere` is no study", 1),
        (["serve", "STUDY", "--results-token", "short"], "must have 12 letters or more", 2),
        (["serve", "STUDY", "--port", "-1"], "must be an address of this machine", 2),
        (["serve", "STUDY", "--db", "no/such/folder/votes"], "cannot be used", 1),
        (["create", "--data", "nowhere", "--out", "x"], "nowhere", 1),
    ],
)
def test_what_does_not_fit_is_one_clear_line(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str, status: int
) -> None:
    words = [word.replace("STUDY", str(folder)) for word in words]
    assert main(["turing", *words]) == status
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_study_is_served_until_it_is_told_to_end(folder: Path) -> None:
    code = "from sketch_pix2seq.cli.app import run; run()"
    command = [sys.executable, "-W", "error", "-c", code, "turing", "serve", str(folder)]
    with subprocess.Popen(
        [*command, "--port", "0"], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        first, second = process.stdout.readline(), process.stdout.readline()
        served = re.fullmatch(r"12 sketches at (http://127\.0\.0\.1:\d+/)\n", first)
        opened = re.fullmatch(r"results at (\S+), token (\S{22})\n", second)
        assert served and opened
        with urllib.request.urlopen(served[1], timeout=20) as page:
            assert b"You will see 12 sketches" in page.read()
        form = urllib.parse.urlencode({"token": opened[2]}).encode()
        with urllib.request.urlopen(opened[1], form, timeout=20) as page:
            assert b"Nobody has voted yet" in page.read()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, 130)
        assert process.stderr.read() in ("", "sketch-pix2seq: interrupted\n")
    assert (folder / VOTES_FILE).is_file()


def test_without_the_extra_it_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "alembic.operations", None)
    for name in [name for name in sys.modules if name.startswith("sketch_pix2seq.web.turing")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["turing", "serve", str(folder)]) == 1
    assert "the extra `web`" in capsys.readouterr().err
