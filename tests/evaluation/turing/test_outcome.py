"""The numbers of a report, against ones worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sketch_pix2seq.evaluation.turing.outcome import StudyOutcome
from sketch_pix2seq.evaluation.turing.settings import StudySettings
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
    assert outcome.reasons == {"0003": "nearly always the same answer"}
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


def test_without_votes_nothing_is_known(study: Study) -> None:
    outcome = StudyOutcome(study=study, votes=[])
    assert outcome.share("human") is None
    assert outcome.above_human("cnn") is None
    assert outcome.num_votes("cnn") == 0


def test_who_misses_checks_or_answers_too_few_is_left_out(study: Study) -> None:
    settings = StudySettings(allowed_misses=1, least_answers=8)
    checked = replace(study, checks={"c1": "human", "c2": "computer"}, settings=settings)
    tags = {name: {"human": 0.6, "cnn": 0.4} for name in ("0001", "0002", "0003")}
    votes = [
        *cast(study, tags),
        *(Vote("0001", "c1", True), Vote("0001", "c2", False)),
        *(Vote("0002", "c1", False), Vote("0002", "c2", False)),  # one miss may be
        *(Vote("0003", "c1", False), Vote("0003", "c2", True)),
    ]
    for person, count in (("0004", 7), ("0005", 8)):
        some = enumerate(study.sketches[:count])
        votes += [Vote(person, sketch.name, place % 2 == 0) for place, sketch in some]
    outcome = StudyOutcome(study=checked, votes=votes)
    assert outcome.reasons == {"0003": "missed attention checks", "0004": "too few answers"}
    assert set(outcome.counted.participants) == {"0001", "0002", "0005"}
    assert outcome.everybody.cast.sum() == 3 * 20 + 7 + 8  # checks are no sketches
    assert outcome.num_trials == 32
    assert outcome.num_finished == 0


def test_who_saw_their_part_has_finished(study: Study) -> None:
    part = replace(study, settings=StudySettings(per_participant=6))
    votes = [Vote("1", sketch.name, True) for sketch in study.sketches[:6]]
    votes += [Vote("2", sketch.name, True) for sketch in study.sketches[:5]]
    assert StudyOutcome(study=part, votes=votes).num_finished == 1
