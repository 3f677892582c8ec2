"""From models to the page, on four models that know nothing."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest

from bundles import tiny_bundle, tiny_classifier
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.evaluation import likeness, redrawing
from sketch_pix2seq.evaluation.evaluation import EvaluatedModel, Evaluation
from sketch_pix2seq.evaluation.report.layout import Provenance, render
from sketch_pix2seq.evaluation.run import evaluate
from sketch_pix2seq.inference.sketcher import Sketcher

pytestmark = pytest.mark.xdist_group("report")  # its drawings are measured once

MADE = Provenance(command="a <b> & c", commit="abc", data="set", machine="m", date="2026-01-01")
LABELS = ("cnn", "cnn_kl", "rnn_small", "rnn_kl")
CARTOONS = ("cat-head.svg", "odd-creature.svg")


@pytest.fixture(scope="module")
def write_report(
    drawings: Path,
    evaluation: Evaluation,
    evaluated_models: tuple[EvaluatedModel, EvaluatedModel],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Path], Path]:
    """Evaluate the four models on few paths and two of the package's cartoons."""
    cartoons = resources.files("sketch_pix2seq.evaluation").joinpath("cartoons")
    folder = tmp_path_factory.mktemp("cartoons")
    for name in CARTOONS:
        (folder / name).write_bytes(cartoons.joinpath(name).read_bytes())
    settings = replace(evaluation.settings, paths=1)
    models, dataset = _four(evaluated_models), Dataset.open(drawings)

    def write(out: Path) -> Path:
        return evaluate(models, dataset, evaluation.judge, out, MADE, settings, folder)

    return write


@pytest.fixture(scope="module")
def report(write_report: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "new" / "folder"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(likeness, "TREES", 1)  # most of the time goes into them
        page = write_report(out)
    assert page == out / "report.html"
    return out


def _four(evaluated_models: tuple[EvaluatedModel, EvaluatedModel]) -> list[EvaluatedModel]:
    cnn, rnn = evaluated_models
    places = zip(LABELS, (cnn, cnn, rnn, rnn), strict=True)
    return [
        EvaluatedModel(label, _of_recipe(label, model), f"digest of {label}")
        for label, model in places
    ]


def _of_recipe(name: str, model: EvaluatedModel) -> Sketcher:
    bundle = tiny_bundle("picture" if model.reads_pictures else "strokes")
    return Sketcher(replace(bundle, card=replace(bundle.card, name=name)))


def test_the_page_is_well_formed_and_needs_nothing_else(report: Path) -> None:
    text = (report / "report.html").read_text(encoding="utf-8")

    class Parser(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []
            self.ids: set[str] = set()
            self.links: set[str] = set()

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            named = dict(attrs)
            assert not {"src", "onclick"} & named.keys()
            if "id" in named:
                self.ids.add(str(named["id"]))
            if str(named.get("href", "")).startswith("#"):
                self.links.add(str(named["href"])[1:])
            if tag not in ("meta", "br", "link"):
                self.open.append(tag)

        def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            pass

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    parser = Parser()
    parser.feed(text)
    assert parser.open == []
    assert parser.links <= parser.ids
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    assert "<script" not in text
    assert "a &lt;b&gt; &amp; c" in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert "nan" not in re.sub(r"<[^>]*>", "", text).lower().split()


def test_every_section_says_what_it_must(report: Path) -> None:
    text = (report / "report.html").read_text(encoding="utf-8")
    parts = re.findall(r'<section id="(\w+)">(.*?)</section>', text, re.DOTALL)
    names = [name for name, _ in parts]
    assert names == [
        *("claims", "summary", "recognition", "retrieval", "latent", "interpolation", "pictures"),
        *("likeness", "likelihood", "models", "words"),
    ]
    for name, part in parts[1:-2]:
        for what in ("How", "The paper", "Here"):
            assert f"<dt>{what}</dt>" in part, name
        assert "Commit abc, seed 0." in part
        assert 'class="see"' in part


def test_verdicts_say_how_many_tests_there_are(report: Path) -> None:
    text = (report / "report.html").read_text(encoding="utf-8")
    results = json.loads((report / "results.json").read_text())
    assert sum(len(claim["comparisons"]) for claim in results["claims"]) == 12
    assert "Each of the 12 intervals is 95&nbsp;% by itself" in text


def test_the_page_names_hashes_whole_and_the_licence(report: Path) -> None:
    text = (report / "report.html").read_text(encoding="utf-8")
    assert '<code title="digest of cnn_kl">digest of cn</code>' in text
    assert "<footer>Made by" in text  # these bundles name nobody
    facts = dict.fromkeys(("lead", "made", "title"), "") | dict.fromkeys(
        ("facts", "sections", "models", "model_columns"), ()
    )
    assert "<footer>Drawings: licence not stated<br>" in render(**facts, attribution="not stated")
    assert "<footer>Drawings: CC BY 4.0<br>" in render(**facts, attribution="CC BY 4.0")


def test_figures_stand_alone_in_light_and_dark(report: Path) -> None:
    files = sorted((report / "figures").glob("*.svg"))
    assert {file.stem for file in files} >= {
        *("redrawings", "recognition", "confusion", "latent", "off-category", "pictures"),
        "fine-interpolation",
        *(f"interpolation-{label}" for label in LABELS),
    }
    for file in files:
        ET.parse(file)
        assert "prefers-color-scheme: dark" in file.read_text(encoding="utf-8")


def test_numbers_lie_beside_the_page(report: Path) -> None:
    results = json.loads((report / "results.json").read_text())
    assert [claim["claim"][:7] for claim in results["claims"]] == [
        *("Looking", "Without", "Without", "With th"),
    ]
    assert results["made"]["commit"] == "abc"
    assert results["settings"]["num_repeats"] == 2
    summary = {row["drawings"]: row for row in results["tables"]["summary"]}
    assert summary["copy"]["diversity"]["value"] == 0
    assert summary["copy"]["lines off"]["value"] < 0.01
    assert summary["nearest"]["Ret 1"]["value"] < summary["copy"]["Ret 1"]["value"]
    assert summary["cnn"]["paper: taken for human"] == 0.6
    assert summary["copy"]["paper: taken for human"] is None
    assert results["tables"]["retrieval-own"][0].keys() == {"drawings", "top 1", "top 10"}
    rec = {row["model"]: row["all"] for row in results["tables"]["recognition"]}
    assert rec.keys() == {"human", *LABELS, "copy", "nearest"}
    assert rec["cnn"] == rec["cnn_kl"]  # the same model under two names
    assert {file.stem for file in (report / "tables").glob("*.csv")} == set(results["tables"])


def test_of_many_categories_the_page_shows_the_first(
    report: Path,
    write_report: Callable[[Path], Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(redrawing, "MANY", 3)
    (tmp_path / "parts").symlink_to(report / "parts")
    write_report(tmp_path)
    assert not (tmp_path / "figures" / "confusion.svg").exists()
    assert "teapot" in (tmp_path / "tables" / "recognition.csv").read_text()
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert ">pig</th>" in text
    assert ">teapot</th>" not in text
    assert "Columns left out: 1. They are in <code>tables/recognition.csv</code>" in text
    assert "<code>tables/confusion.csv</code>" in text


def test_a_second_time_nothing_is_measured_and_the_page_is_the_same(
    report: Path,
    write_report: Callable[[Path], Path],
) -> None:
    before = (report / "report.html").read_bytes()
    times = {file: file.stat().st_mtime_ns for file in (report / "parts").iterdir()}
    write_report(report)
    assert {file: file.stat().st_mtime_ns for file in (report / "parts").iterdir()} == times
    assert (report / "report.html").read_bytes() == before


def test_a_judge_of_other_things_is_refused_before_anything_is_drawn(
    drawings: Path, evaluated_models: tuple[EvaluatedModel, EvaluatedModel], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="judge must know every category"):
        evaluate(
            evaluated_models, Dataset.open(drawings), tiny_classifier(("a", "b")), tmp_path, MADE
        )
    with pytest.raises(UsageError, match="there must be a model to measure"):
        evaluate([], Dataset.open(drawings), tiny_classifier(("a", "b")), tmp_path, MADE)
    assert list(tmp_path.iterdir()) == []
