"""`turing` as users call it."""

from __future__ import annotations

import csv
import re
import signal
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.synthetic import write_synthetic
from bundles import write_bundle
from sketch_pix2seq.cli.app import main
from sketch_pix2seq.cli.evaluate import provenance
from sketch_pix2seq.cli.turing import VOTES_FILE
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.evaluation.turing.settings import StudySettings
from sketch_pix2seq.evaluation.turing.study import SKETCHES, Study
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
        (["serve", "STUDY", "--db", "no/such/folder/votes", "--port", "0"], "cannot be used", 1),
        (["create", "--data", "nowhere", "--out", "x"], "nowhere", 1),
        (
            ["create", "--data", "x", "--out", "x", "--closes", "soon"],
            "`--closes` must be a day",
            2,
        ),
        (["edit", "nowhere"], "`nowhere` is no study", 1),
        (["edit", "STUDY", "--per-participant", "13"], "`--per-participant` must be at most 12", 2),
        (["edit", "STUDY", "--completion-url", "x"], "`--completion-url` must begin with", 2),
        (["edit", "STUDY", "--id-parameter", "a b"], "`--id-parameter` must be names such as", 2),
        (["edit", "STUDY", "--consent", "nowhere"], "nowhere", 1),
        (["edit", "STUDY", "--drop", "cat-1"], "no human drawing of this label; got cat-1", 2),
        (["preview", "nowhere"], "`nowhere` is no study", 1),
        (["preview", "STUDY", "--out", "STUDY/study.json"], "`--out` must end in .html; got", 2),
        (["edit", "STUDY", "--contact", "Ada", "--db", "STUDY/study.json"], "cannot be used", 0),
        (["power", "--human", "1"], "`--human` must be between 0 and 1", 2),
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
        with urllib.request.urlopen(served[1], timeout=60) as page:
            assert b"You will see 12 sketches" in page.read()
        form = urllib.parse.urlencode({"token": opened[2]}).encode()
        with urllib.request.urlopen(opened[1], form, timeout=60) as page:
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


def test_a_study_is_edited_and_previewed(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = Study.open(folder).digest
    (tmp_path / "consent.md").write_text("# Our lab\n", encoding="utf-8-sig")
    words = ["--per-participant", "4", "--one-per-original", "--swap-sides", "--record-times"]
    words += ["--id-parameter", "PROLIFIC_PID", "--id-parameter", "survey_code"]
    words += ["--completion-url", "https://x.org/?p={id}", "--min-age", "18"]
    words += ["--consent", str(tmp_path / "consent.md"), "--contact", "Ada", "--participants", "60"]
    assert main(["turing", "edit", str(folder), *words]) == 0
    assert capsys.readouterr().out.startswith("4 of 12 pictures a person\n")
    study = Study.open(folder)
    assert study.digest == digest
    assert study.settings == StudySettings(
        per_participant=4,
        one_per_original=True,
        swap_sides=True,
        record_times=True,
        id_parameters=("PROLIFIC_PID", "survey_code"),
        completion_url="https://x.org/?p={id}",
        min_age=18,
        consent="# Our lab\n",
        contact="Ada",
        participants=60,
    )
    words = ["--per-participant", "0", "--no-one-per-original", "--no-swap-sides", "--min-age", "0"]
    words += ["--id-parameter", "", "--completion-url", "", "--participants", "0"]
    assert main(["turing", "edit", str(folder), *words, "--drop", study.of("human")[0].name]) == 0
    assert "9 of 9 pictures a person" in capsys.readouterr().out
    changed = Study.open(folder)
    assert changed.settings == StudySettings(
        record_times=True, consent="# Our lab\n", contact="Ada"
    )
    assert changed.digest != digest
    page = tmp_path / "sheet.html"
    assert main(["turing", "preview", str(folder), "--out", str(page)]) == 0
    assert page.read_text().count('class="frame"') == 9
    Store.open(str(folder / VOTES_FILE), changed.digest).close()
    dropped = changed.of("human")[-1].name
    store = Store.open(str(folder / VOTES_FILE), changed.digest)
    participant = store.find(store.join())
    assert participant is not None
    assert store.vote(participant, changed.sketches[0].name, human=True)
    store.close()
    assert main(["turing", "edit", str(folder), "--drop", dropped]) == 2
    assert "`--drop` must come before the first answer; got 1 answers" in capsys.readouterr().err
    assert main(["turing", "edit", str(folder), "--contact", "Bob"]) == 0
    assert "1 answer was given before: a site that is served " in capsys.readouterr().err
    (folder / VOTES_FILE).unlink()
    Store.open(str(folder / VOTES_FILE), changed.digest).close()
    backup = folder / f"{VOTES_FILE}.bak"
    backup.write_bytes(b"answers of a pilot")
    assert main(["turing", "edit", str(folder), "--drop", dropped]) == 0
    assert not (folder / VOTES_FILE).exists()  # nobody had answered: it belongs to no study now
    assert backup.read_bytes() == b"answers of a pilot"


def test_before_it_is_served_a_study_with_a_database_can_be_edited(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = str(tmp_path / "votes" / "elsewhere.sqlite")
    (tmp_path / "votes").mkdir()
    dropped = Study.open(folder).of("human")[0].name
    for change in (["--contact", "Ada"], ["--drop", dropped]):
        assert main(["turing", "edit", str(folder), "--db", db, *change]) == 0
        assert capsys.readouterr().err == ""
    assert Study.open(folder).settings.contact == "Ada"
    assert len(Study.open(folder).sketches) == 9
    assert list((tmp_path / "votes").iterdir()) == []


def test_a_report_shows_no_password_of_a_database(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    words = ["turing", "results", "s", "--db", "postgresql://ada:s3cr@t@host/votes"]
    monkeypatch.setattr(sys, "argv", ["sketch-pix2seq", *words, "--db=postgresql://ada@host/x"])
    command = provenance(tmp_path).command
    assert "s3cr" not in command
    assert "postgresql://ada:***@host/votes" in command and "=postgresql://ada@host/x" in command


def test_ids_are_written_for_their_owner_alone(folder: Path, tmp_path: Path) -> None:
    assert main(["turing", "edit", str(folder), "--id-parameter", "PROLIFIC_PID"]) == 0
    store = Store.open(str(folder / VOTES_FILE), Study.open(folder).digest)
    store.join("5f1")
    store.close()
    out = tmp_path / "out"
    assert main(["turing", "results", str(folder), "--out", str(out)]) == 0
    assert (out / "ids.csv").read_text().splitlines()[1] == "0001,5f1,0,no"
    assert (out / "ids.csv").stat().st_mode & 0o077 == 0
    assert (out / "codebook.csv").is_file()


def test_power_says_how_many_people_are_needed(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--people-sd", "0", "--sketch-sd", "0", "--sketches", "20", "--half-width", "0.04"]
    assert main(["turing", "power", *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8
    found = re.fullmatch(r"a share to ± 4 points: (\d+) people", lines[6])
    assert found is not None
    assert int(found[1]) == pytest.approx(3 * 0.68 * 0.32 * (1.96 / 0.04) ** 2 / 20, rel=0.2)
    assert re.fullmatch(r"\+10 points found at 80 % power: \d+ people", lines[7])


@pytest.mark.parametrize(
    "wrong",
    ["port", "--allow-host=a b", "--proxy=me", "--host=nowhere.invalid", "picture", "settings"],
)
def test_a_site_that_cannot_start_leaves_nothing_behind(
    folder: Path, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    words = [wrong] if wrong.startswith("--") else []
    if wrong == "picture":
        next((folder / SKETCHES).iterdir()).write_bytes(b"")
    if wrong == "settings":
        study = Study.open(folder)
        replace(study, settings=StudySettings(per_participant=1000)).save(folder)
    before = sorted(folder.iterdir())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1] if wrong == "port" else 0
        assert main(["turing", "serve", str(folder), "--port", str(port), *words]) in (1, 2)
    assert sorted(folder.iterdir()) == before
    assert capsys.readouterr().err.count("\n") == 1
