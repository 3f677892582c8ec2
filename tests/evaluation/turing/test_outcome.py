"""The numbers of a report, against ones worked out by hand."""

from __future__ import annotations

import csv
import io

import pytest

from sketch_pix2seq.evaluation.turing.outcome import StudyOutcome
from sketch_pix2seq.evaluation.turing.statistics import Vote
from sketch_pix2seq.evaluation.turing.study import Study
from studies import scribbles


def cast(study: Study, tags: dict[str, dict[str, float]]) -> list[Vote]:
    """Votes of people who tag so large a part of each source's sketches human, the first ones."""
    return [
        Vote(person, sketch.name, place < round(share * len(study.of(source))))
        for person, shares in tags.items()
        for source, share in shares.items()
        for place, sketch in enumerate(study.of(source))
    ]


@pytest.fixture
def study() -> Study:
    return scribbles(5)


@pytest.fixture
def outcome(study: Study) -> StudyOutcome:
    tags = {
        "0001": {"human": 0.6, "cnn": 0.8, "rnn": 0.2},
        "0002": {"human": 0.8, "cnn": 0.6, "rnn": 0.4},
        "0003": {"human": 1.0, "cnn": 1.0, "rnn": 1.0},  # did not look
        "0004": {"human": 0.5},
    }
    return StudyOutcome(study=study, votes=cast(study, tags))


def value_of(estimate: object) -> float:
    return float(estimate.value)  # type: ignore[attr-defined]


def test_shares_leave_out_whom_the_rule_leaves_out(outcome: StudyOutcome) -> None:
    assert outcome.left_out == {"0003"}
    assert value_of(outcome.share("human")) == pytest.approx((6 + 8 + 5) / 30)
    assert value_of(outcome.share("cnn")) == pytest.approx((8 + 6) / 20)
    assert value_of(outcome.share("rnn")) == pytest.approx((2 + 4) / 20)
    assert value_of(outcome.share_by_everybody("rnn")) == pytest.approx((2 + 4 + 10) / 30)
    assert value_of(outcome.above_human("cnn")) == pytest.approx(14 / 20 - 19 / 30)
    assert [outcome.num_votes(source) for source in ("human", "cnn", "rnn")] == [30, 20, 20]


def test_shares_of_a_category_are_of_its_sketches(outcome: StudyOutcome) -> None:
    # the first of 10 sketches by category are 5 cats: shares of .6, .8 and .5 are all five of them
    assert value_of(outcome.share("human", "cat")) == 1.0
    assert value_of(outcome.share("human", "pig")) == pytest.approx((1 + 3 + 0) / 15)


def test_votes_as_csv_tell_all_of_the_sketch_and_nothing_of_the_person(
    outcome: StudyOutcome, study: Study
) -> None:
    rows = list(csv.DictReader(io.StringIO(outcome.to_csv())))
    assert len(rows) == 30 + 30 + 30 + 10
    assert {row["participant"] for row in rows} == {"0001", "0002", "0003", "0004"}
    sketches = {sketch.name: sketch for sketch in study.sketches}
    for row in rows:
        sketch = sketches[row["sketch"]]
        assert (row["source"], row["category"]) == (sketch.source, sketch.category)
        assert row["original"] == sketch.original
        assert row["left out"] == ("yes" if row["participant"] == "0003" else "no")
    tagged = [row for row in rows if row["source"] == "cnn" and row["participant"] == "0001"]
    assert sum(row["tag"] == "human" for row in tagged) == 8


def test_without_votes_nothing_is_known(study: Study) -> None:
    outcome = StudyOutcome(study=study, votes=[])
    assert outcome.share("human") is None
    assert outcome.above_human("cnn") is None
    assert outcome.num_votes("cnn") == 0
    assert outcome.to_csv().count("\n") == 1
