"""The long table: a row for each answer, nothing of the person, every column explained."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from sketch_pix2seq.evaluation.turing.outcome import StudyOutcome
from sketch_pix2seq.evaluation.turing.statistics import Vote
from sketch_pix2seq.evaluation.turing.study import Study
from sketch_pix2seq.evaluation.turing.trials import COLUMNS, codebook_csv, trials_csv
from studies import scribbles


def rows_of(outcome: StudyOutcome) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(trials_csv(outcome))))


@pytest.fixture
def study() -> Study:
    return replace(scribbles(3), checks={"c1": "human", "c2": "computer"})


def test_each_answer_is_a_row_with_all_of_the_sketch(study: Study) -> None:
    votes = [
        Vote("0001", sketch.name, place % 3 == 0, position=place + 1, response_ms=700 + place)
        for place, sketch in enumerate(study.sketches)
    ]
    votes += [Vote("0002", sketch.name, True, human_left=False) for sketch in study.sketches]
    rows = rows_of(StudyOutcome(study=study, votes=[*votes, Vote("0001", "of no study", True)]))
    assert len(rows) == 2 * len(study.sketches)
    sketches = {sketch.name: sketch for sketch in study.sketches}
    for vote, row in zip(votes, rows, strict=True):
        sketch = sketches[row["sketch"]]
        assert vote.sketch == sketch.name
        assert (row["source"], row["category"]) == (sketch.source, sketch.category)
        assert row["original"] == sketch.original
        assert row["answer"] == ("human" if vote.human else "computer")
        assert row["said_human"] == str(int(vote.human))
        assert row["correct"] == str(int((sketch.source == "human") == vote.human))
        first = row["participant"] == "0001"
        assert row["position"] == (str(vote.position) if first else "")
        assert row["response_ms"] == (str(vote.response_ms) if first else "")
        assert row["human_side"] == ("left" if first else "right")
        assert row["left_out"] == ("0" if first else "1")
        assert row["reason"] == ("" if first else "nearly always the same answer")


def test_attention_checks_are_rows_of_their_own_source(study: Study) -> None:
    votes = [Vote("0001", "c1", True), Vote("0001", "c2", True)]
    rows = rows_of(StudyOutcome(study=study, votes=votes))
    assert [(row["source"], row["correct"]) for row in rows] == [("check", "1"), ("check", "0")]


def test_the_codebook_explains_every_column(study: Study) -> None:
    header = trials_csv(StudyOutcome(study=study, votes=[])).splitlines()
    assert header == [",".join(COLUMNS)]
    book = list(csv.DictReader(io.StringIO(codebook_csv())))
    assert [row["column"] for row in book] == list(COLUMNS)
    assert all(row["meaning"] for row in book)
