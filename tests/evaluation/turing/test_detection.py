"""d' and criterion against numbers worked out by hand and by SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from sketch_pix2seq.evaluation.estimates import student
from sketch_pix2seq.evaluation.turing.detection import Detection, detections
from sketch_pix2seq.evaluation.turing.outcome import StudyOutcome
from sketch_pix2seq.evaluation.turing.statistics import Vote
from studies import scribbles


def test_they_are_those_of_the_corrected_rates() -> None:
    one = Detection("1", "cnn", hits=15, human_sketches=20, false_alarms=6, source_sketches=10)
    hit, false_alarm = scipy.stats.norm.ppf([15.5 / 21, 6.5 / 11])
    assert one.sensitivity == pytest.approx(hit - false_alarm)
    assert one.criterion == pytest.approx(-(hit + false_alarm) / 2)
    sure = Detection("1", "cnn", 20, 20, 0, 10)
    assert np.isfinite([sure.sensitivity, sure.criterion]).all()
    same = Detection("1", "cnn", 5, 10, 10, 20)
    assert same.sensitivity == pytest.approx(0, abs=1e-12)
    assert same.criterion == pytest.approx(0, abs=1e-12)


def test_an_observer_of_known_sensitivity_is_found(rng: np.random.Generator) -> None:
    evidence = rng.normal(size=(2, 4000))
    said = evidence + np.array([[1.3], [0.0]]) > 0.4  # so d' is 1.3 and c is 0.4 - 0.65
    one = Detection("1", "cnn", int(said[0].sum()), 4000, int(said[1].sum()), 4000)
    assert one.sensitivity == pytest.approx(1.3, abs=0.08)
    assert one.criterion == pytest.approx(-0.25, abs=0.05)


def test_each_participant_is_measured_on_what_they_saw() -> None:
    study = scribbles(4)
    human, cnn = study.of("human"), study.of("cnn")
    votes = [Vote("1", one.name, place < 3) for place, one in enumerate(human[:5])]
    votes += [Vote("1", one.name, place < 1) for place, one in enumerate(cnn)]
    votes += [Vote("2", one.name, True) for one in cnn]  # without the signal there is no d'
    votes += [Vote("2", study.of("rnn")[0].name, False)]
    found = list(detections(study, StudyOutcome(study=study, votes=votes).everybody))
    assert found == [Detection("1", "cnn", 3, 5, 1, 8)]


@pytest.mark.parametrize("people", [5, 10, 20])
def test_means_over_few_people_cover_the_truth(people: int, rng: np.random.Generator) -> None:
    """People differ, and each answers on 20 sketches of either side."""
    size = (1000, people)
    tendency, finds = rng.normal(0, 0.5, size), rng.normal(0.4, 0.4, size)
    rates = scipy.stats.norm.cdf([tendency + finds / 2, tendency - finds / 2])
    hits, false_alarms = rng.binomial(20, rates)
    found = [
        [Detection("", "", hit, 20, false_alarm, 20).sensitivity for hit, false_alarm in study]
        for study in np.stack([hits, false_alarms], axis=2).tolist()
    ]
    truth = float(np.mean(found))  # of as many people as there are in all studies together
    intervals = [student(np.array(study)) for study in found]
    covered = sum(one.low <= truth <= one.high for one in intervals)
    assert 0.93 <= covered / len(found) <= 0.98
