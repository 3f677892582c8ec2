"""The documents tell the truth: code in them runs, and nothing is left undocumented."""

from __future__ import annotations

import csv
import doctest
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from benchmarks.synthetic import write_synthetic
from misbehaving_server import File, misbehaving_server
from sketch_pix2seq.bundle.architectures import (
    ARCHITECTURES,
    AttentionArchitecture,
    ClassifierArchitecture,
    RecurrentArchitecture,
)
from sketch_pix2seq.bundle.bundle import WEIGHTS_FILE
from sketch_pix2seq.bundle.card import CLASSIFIER_FILE, MODEL_FILE, BundleCard, ClassifierCard
from sketch_pix2seq.bundle.classifier import CLASSIFIER_WEIGHTS_FILE
from sketch_pix2seq.bundle.gallery import GALLERY_FILE
from sketch_pix2seq.bundle.latents import LATENTS_FILE
from sketch_pix2seq.cli.app import VERBS, main
from sketch_pix2seq.evaluation.turing.trials import COLUMNS

ROOT = Path(__file__).parents[1]
COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
LOG = ROOT / "docs" / "LOG.md"
DOCUMENTS = (
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
CALLS = (
    *("draw", "complete", "generate", "mix", "trace"),
    *("data download", "data prepare", "data convert", "data info"),
    *("train", "recipes", "export", "evaluate", "reproduce", "studio"),
    *(
        "turing create",
        "turing edit",
        "turing preview",
        "turing serve",
        "turing results",
        "turing power",
    ),
)

RETIRED = r"""
\bEyes\b
\bseen_along\b
\bLOOKED_AT_ONCE\b
\bSAID_BY_CODE\b
\bNATS_OF_DISTANCE\b
\bcan_name\b
\bNOT_BEGUN\b
\bbeginning_of\b
\bTOLD_STEPS\b
\bContest\b
\bContestants?\b
\btaught_by\b
\bmain_ways\b
\bintrusions\b
\bcli\.ours\b
\b_is_ours\b
\bMailbox\b
\b_?Hanging\b
\b_Freedom\b
\btell_errors_alike\b
\b_to_the_door\b
/api/finish\b
/api/name\b
New luck\b
cannot name drawings
""".strip().split("\n")
"""Words that must not come back: patterns of private ones for which plain ones stand."""

RETIRED_IN_DOCUMENTS = r"""
\b[Ll]uck\b
\b[Tt]rembl(e|es|ing)\b
\bpractis(e|ed|es|ing)\b
\btold apart\b
\bthird (things?|categor(y|ies))\b
\bin front of the others\b
""".strip().split("\n")
"""The same for Markdown alone: in code some of them are names of the past that are answered."""


def blocks(text: str, language: str) -> Iterator[str]:
    """The fenced blocks of a Markdown text in one language."""
    yield from re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def section(call: str) -> str:
    """What `commands.md` says of a verb."""
    return COMMANDS.partition(f"\n## {call}\n")[2].partition("\n## ")[0]


def test_every_verb_is_documented() -> None:
    assert {call.split()[0] for call in CALLS} == {verb.name for verb in VERBS}
    assert set(re.findall(r"^## (.+)$", COMMANDS, re.MULTILINE)) == set(CALLS)


@pytest.mark.parametrize("call", CALLS)
def test_every_flag_is_documented_and_every_documented_flag_exists(
    call: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*call.split(), "--help"]) == 0
    text = capsys.readouterr().out
    exist = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))
    everywhere = {"-h", "--help", "--version", "--debug"}
    positional = {"--categories", "--inputs", "--sources", "--folder", "--recipe", "--run"}
    if call.startswith("turing"):
        positional = {"--study"}
    if call == "reproduce":
        positional = set()
    documented = set(re.findall(r"`(--?[a-z][a-z-]*)", section(call)))
    assert documented == exist - everywhere - positional


def test_every_field_of_a_bundle_is_documented() -> None:
    architectures = (RecurrentArchitecture, AttentionArchitecture, ClassifierArchitecture)
    cards = (BundleCard, ClassifierCard, *architectures)
    text = (ROOT / "docs" / "bundles.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`([a-z_.]+)`", text))
    assert {item.name for card in cards for item in fields(card)} <= documented
    assert {MODEL_FILE, WEIGHTS_FILE, LATENTS_FILE, GALLERY_FILE} <= documented
    assert {CLASSIFIER_FILE, CLASSIFIER_WEIGHTS_FILE} <= documented
    assert set(ARCHITECTURES) <= documented


def test_the_tour_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = doctest.testfile(str(ROOT / "docs" / "tour.md"), module_relative=False)
    assert result.attempted > 20
    assert result.failed == 0


def readme_commands() -> list[list[str]]:
    """What follows the command's name, of every call of it."""
    lines = [line for block in blocks(README, "sh") for line in block.splitlines()]
    calls = [shlex.split(line, comments=True) for line in lines]
    return [
        [path for word in words[1:] for path in braces(word)]
        for words in calls
        if words[:1] == ["sketch-pix2seq"]
    ]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder that looks like one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").symlink_to(ROOT / "src")
    return tmp_path


def test_the_readmes_commands_that_draw_run_as_written(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = [words for words in readme_commands() if "rehearsal-bundle" not in words]
    verbs = ("draw", "complete", "generate", "mix", "trace")
    drawing = [words for words in commands if words[0] in verbs]
    assert len(drawing) == 6
    for words in drawing:
        assert main(words) == 0, words
        printed = capsys.readouterr().out
        if words[0] == "generate":
            assert printed == next(blocks(README, "text"))
    assert len(list((checkout / "redrawn").glob("*.svg"))) == 6 * 4
    assert len(list((checkout / "completed").glob("*.svg"))) == 4
    assert (checkout / "traced" / "pig-traced.svg").is_file()


@pytest.mark.slow
def test_the_readmes_commands_run_as_written(checkout: Path) -> None:
    """All of them, one after another, the bucket being a server here."""
    shutil.copy(ROOT / "src" / "sketch_pix2seq" / "examples" / "cat.svg", checkout)
    bucket = {}
    for name, shape in (("cat", "circle"), ("pig", "spiral"), ("car", "square")):
        (file,) = write_synthetic(checkout, num=60, seed=0, categories=[shape])
        bucket[f"/full/simplified/{name}.ndjson"] = File(file.read_bytes())
        file.unlink()
    commands = readme_commands()
    assert len(commands) == 14
    commands.remove(["studio"])  # it runs until it is ended: tests/cli/test_studio.py
    for words in commands:
        words = [word.replace("num_steps=300", "num_steps=3") for word in words]
        with misbehaving_server() as server:
            server.files = bucket
            if words[1] == "download":
                words += ["--base-url", server.address]
            assert main(words) == 0, words
    assert len(list((checkout / "rehearsal-drawings").glob("*.svg"))) == 1


def braces(word: str) -> list[str]:
    """What a shell makes of a{b,c}d."""
    found = re.fullmatch(r"(.*)\{(.*)\}(.*)", word)
    if found is None:
        return [word]
    before, inside, after = found.groups()
    return [before + part + after for part in inside.split(",")]


def test_the_readmes_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").symlink_to(ROOT / "src")
    for block in blocks(README, "python"):
        exec(compile(block, "README.md", "exec"), {})
    assert len(list(tmp_path.glob("pig-*.svg"))) == 4


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 150


def test_the_changelog_has_one_section_of_each_kind_in_order() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.split(r"^## \[.*$", text, flags=re.MULTILINE)[1:]
    assert versions
    for version in versions:
        kinds = re.findall(r"^### (.+)$", version, re.MULTILINE)
        order = ("Added", "Changed", "Removed", "Fixed", "Security")
        assert kinds == [kind for kind in order if kind in kinds]


def test_no_placeholder_is_left() -> None:
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^[A-Z]+_[A-Z_]+$", text, re.MULTILINE), path.name


def anchors(path: Path) -> set[str]:
    """The anchors that a Markdown renderer gives to the headings of a file."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_in_the_documents_lead_somewhere() -> None:
    for path in DOCUMENTS:
        for link in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
            target, _, anchor = link.partition("#")
            if "://" not in link:
                file = path.parent / target if target else path
                assert file.exists(), f"{path.name}: {link}"
                assert not anchor or anchor in anchors(file), f"{path.name}: {link}"


def test_the_log_has_short_entries_newest_first() -> None:
    entries = re.split(r"^## ", LOG.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    headings = [entry.splitlines()[0] for entry in entries]
    assert len(set(headings)) == len(headings) > 50
    dates = [re.match(r"(\d{4}-\d\d-\d\d): \S", heading) for heading in headings]
    days = [date[1] for date in dates if date]
    assert len(days) == len(headings)
    assert days == sorted(days, reverse=True)
    for entry in entries:
        heading, *lines = filter(None, entry.splitlines())
        assert 1 <= len(lines) <= 12, heading
        assert max(map(len, (heading, *lines))) <= 140, heading
        assert not any(line.startswith("|") for line in lines), f"{heading}: a table belongs in CSV"


def test_tables_of_results_have_one_number_a_cell() -> None:
    pages = (ROOT / "benchmarks" / "README.md", *sorted((ROOT / "docs" / "results").glob("*.md")))
    for path in pages:
        rows = re.findall(r"^\|(.+)\|$", text_of(path), re.MULTILINE)
        assert rows, path.name
        for row in rows:
            cells = row.split("|")
            assert len(cells) <= 6, f"{path.name}: {row}"
            assert not re.search(r"\d ?/ ?[\d.]+ ?%?|\d to \d|\d \(\d", row), f"{path.name}: {row}"


def test_the_logs_tables_are_named_in_it_and_hold_one_value_a_cell() -> None:
    log = LOG.read_text(encoding="utf-8")
    for path in sorted((ROOT / "docs").rglob("*.csv")):
        if path.parent.name == "log":
            assert f"log/{path.name}" in log
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        assert rows, path.name
        assert len(set(header)) == len(header), path.name
        assert all(len(row) == len(header) for row in rows), path.name
        cells = [cell for row in rows for cell in row]
        ranges = [
            cell for cell in cells if re.fullmatch(r"[-.\d]+( ?/ ?| to |, )[-.\d]+ ?%?", cell)
        ]
        assert not ranges, path.name


def test_no_retired_word_has_come_back() -> None:
    sources = (ROOT / "src").rglob("*")
    kinds = (".py", ".js", ".jinja", ".md")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in (*DOCUMENTS, *sources)
        if path.suffix in kinds
        for match in re.finditer("|".join(RETIRED), text_of(path))
    ]
    found += [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in DOCUMENTS
        for match in re.finditer("|".join(RETIRED_IN_DOCUMENTS), text_of(path))
    ]
    assert not found


def text_of(path: Path) -> str:
    """The text of a file; of a document without old names, which stand in brackets and code."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"\(`[^)]*`\)", "", text) if path.suffix == ".md" else text


def test_every_column_of_the_votes_is_documented() -> None:
    text = (ROOT / "docs" / "turing.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|$", text, re.MULTILINE))
    assert {name: documented[name] for name in COLUMNS} == COLUMNS
