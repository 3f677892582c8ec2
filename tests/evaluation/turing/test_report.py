"""The report: whole with many votes, with few and with none."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from sketch_pix2seq.evaluation.estimates import Estimate
from sketch_pix2seq.evaluation.parts import as_file_name
from sketch_pix2seq.evaluation.report.layout import Provenance
from sketch_pix2seq.evaluation.turing.detection import detections
from sketch_pix2seq.evaluation.turing.outcome import StudyOutcome
from sketch_pix2seq.evaluation.turing.report import results_page, write_results
from sketch_pix2seq.evaluation.turing.sections import sections
from sketch_pix2seq.evaluation.turing.statistics import Vote
from sketch_pix2seq.evaluation.turing.study import Study
from studies import scribbles

MADE = Provenance(
    command="turing results", commit="abc", data="study", machine="a machine", date="2026-01-02"
)


@pytest.fixture
def study() -> Study:
    return scribbles(3, ("cnn", "<i>mine</i>"))


def random_votes(study: Study, rng: np.random.Generator, count: int) -> list[Vote]:
    return [
        Vote(f"{person:04d}", sketch.name, bool(rng.random() < 0.6))
        for person in range(count)
        for sketch in study.sketches
    ]


def test_the_report_holds_page_tables_figures_and_votes(
    study: Study, rng: np.random.Generator, tmp_path: Path
) -> None:
    outcome = StudyOutcome(study=study, votes=random_votes(study, rng, 8), period="2026-01-02")
    page = write_results(outcome, MADE, tmp_path / "out")
    text = page.read_text(encoding="utf-8")
    assert "8 people said of 18 sketches (cat, pig)" in text
    assert "<i>mine</i>" not in text
    assert "&lt;i&gt;mine&lt;/i&gt;" in text
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:|https://github)""", text)  # offline
    assert "<script" not in text
    names = {str(path.relative_to(page.parent)) for path in page.parent.rglob("*.*")}
    assert names >= {
        "results.json",
        "votes.csv",
        "tables/turing.csv",
        "codebook.csv",
        "tables/turing-detection.csv",
        "tables/turing-detection-participants.csv",
        "tables/turing-categories.csv",
        "tables/turing-sketches.csv",
        "tables/turing-participants.csv",
        "figures/turing-categories.svg",
        "figures/turing-category-1-cat.svg",
        "figures/turing-category-2-pig.svg",
    }
    with (page.parent / "tables" / "turing.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["drawn by"] for row in rows] == ["human", "cnn", "<i>mine</i>"]
    assert [row["the paper"] for row in rows] == ["0.58", "0.6", ""]
    for row in rows:
        share = outcome.share(row["drawn by"])
        assert share is not None
        assert float(row["tagged human"]) == pytest.approx(share.value, abs=1e-6)
        assert float(row["tagged human low"]) <= share.value <= float(row["tagged human high"])
    results = json.loads((page.parent / "results.json").read_text())
    assert results["study"]["digest"] == study.digest
    assert len(results["tables"]["turing-participants"]) == 8


def test_the_page_begins_with_the_drawings_most_often_mistaken(study: Study) -> None:
    model, human = study.of("cnn")[0], study.of("human")[1]
    barely = study.of("cnn")[1]
    wrong = {(model.name, number) for number in range(9)} | {(barely.name, 0)}
    votes = [
        Vote(
            str(number), sketch.name, (sketch.source == "human") != ((sketch.name, number) in wrong)
        )
        for number in range(10)
        for sketch in study.sketches
        if number == 0 or sketch is not barely
    ]
    votes = [
        vote._replace(human=int(vote.participant) >= 5) if vote.sketch == human.name else vote
        for vote in votes
    ]
    first, *_, last = sections(StudyOutcome(study=study, votes=votes))
    assert first.figures[0].name == "turing-mistaken"
    assert (
        "most often mistaken: cat by cnn, 90 % (10); cat by human, 50 % (10); cat by cnn, 100 % (1)"
        in (first.here)
    )
    assert "pigeonhole" in last.how
    assert "pigeonhole" not in first.how


def test_sensitivity_has_students_interval_over_people(
    study: Study, rng: np.random.Generator
) -> None:
    outcome = StudyOutcome(study=study, votes=random_votes(study, rng, 9))
    *_, section = sections(outcome)
    row = section.tables[0].rows[0]
    own = [one for one in detections(study, outcome.counted) if one.source == row[0]]
    assert row[3] == len(own) >= 5
    for cell, values in (
        (row[1], [one.sensitivity for one in own]),
        (row[2], [one.criterion for one in own]),
    ):
        assert isinstance(cell, Estimate)
        theirs = scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95)
        assert cell.value == pytest.approx(np.mean(values), abs=0.006)
        assert (cell.low, cell.high) == pytest.approx((theirs.low, theirs.high), abs=0.006)
    assert "Student" in section.how


def test_people_who_are_all_alike_have_no_interval(study: Study) -> None:
    """Of few answers many people have the same d'; they are not sure of it."""
    shown = [study.of("human")[0], study.of("human")[1], *study.of("cnn")[:2]]
    votes = [
        Vote(str(person), sketch.name, place % 2 == 0)
        for person in range(6)
        for place, sketch in enumerate(shown)
    ]
    *_, section = sections(StudyOutcome(study=study, votes=votes))
    assert section.tables[0].rows[0] == ["cnn", 0.0, 0.0, 6]


@pytest.mark.parametrize("count", [0, 1, 2, 30])
def test_few_votes_and_none_make_a_clear_page(study: Study, count: int) -> None:
    votes = [
        Vote(f"{number % 2}", sketch.name, number % 3 == 0)
        for number, sketch in enumerate(study.sketches[:count])
    ]
    text = results_page(StudyOutcome(study=study, votes=votes))
    assert "nan" not in re.sub(r"<[^>]*>", "", text).lower().split()
    assert ("Nobody has voted yet" in text) == (count == 0)
    assert ("1 person said" in text) == (count == 1)
    assert ("Too few people yet to conclude anything: 2." in text) == (count == 30)


def test_redrawings_are_compared_with_what_they_redraw(study: Study) -> None:
    def here(names: list[str]) -> str:
        votes = [Vote("0000", name, name == names[0]) for name in names]
        outcome = StudyOutcome(study=study, votes=votes, period="2026-01-02")
        return next(section.here for section in sections(outcome) if section.name == "sketches")

    original = study.of("human")[0].name
    redrawing = next(one.name for one in study.of("cnn") if one.original == original)
    assert here([original]).endswith(
        "No pair of a redrawing and its human drawing has votes on both."
    )
    assert here([redrawing, original]).endswith(
        "Of 1 pair of a redrawing and its human drawing with votes on both, the redrawing is "
        "tagged human more often in 1."
    )


def test_everybody_left_out_is_no_crash(study: Study) -> None:
    votes = [Vote("1", sketch.name, True) for sketch in study.sketches]
    outcome = StudyOutcome(study=study, votes=votes)
    assert outcome.left_out == {"1"}
    passing = next(one for one in sections(outcome) if one.name == "passing")
    assert passing.here == "no votes that count yet."
    assert "1 person said" in results_page(outcome)


def test_a_category_may_be_called_like_anything_in_the_results(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    names = ["drawn by", "categories", "mistaken", "1-cat", "cat", "a b", "a-b"]
    study = scribbles(1, categories=names)
    outcome = StudyOutcome(study=study, votes=random_votes(study, rng, 8))
    all_sections = list(sections(outcome))
    figures = [as_file_name(figure.name) for part in all_sections for figure in part.figures]
    assert len(figures) == len(set(figures)) == len(names) + 2
    write_results(outcome, MADE, tmp_path / "out")
    assert len(list((tmp_path / "out" / "figures").iterdir())) == len(figures)
    with (tmp_path / "out" / "tables" / "turing-categories.csv").open() as file:
        first, *rows = csv.reader(file)
    assert len(first) == len(set(first)) == 1 + 3 * len(names)
    assert [row[0] for row in rows] == study.sources
    of_json = json.loads((tmp_path / "out" / "results.json").read_text())["tables"]
    for source, row in zip(study.sources, of_json["turing-categories"], strict=True):
        assert row["drawn by"] == source
        for name in names:
            share = outcome.share(source, name)
            assert share is not None
            column = "drawn by (category)" if name == "drawn by" else name
            assert row[column]["value"] == share.value
