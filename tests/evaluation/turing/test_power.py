"""The simulation against closed forms, where there are any."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
import scipy.special
import scipy.stats

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.evaluation.turing.power import MAX_PEOPLE, PlannedStudy
from sketch_pix2seq.evaluation.turing.statistics import VoteTable

all_alike = partial(PlannedStudy, people_sd=0.0, sketch_sd=0.0)


def test_where_all_are_alike_it_is_the_binomials_formula() -> None:
    planned = all_alike(sketches=10, human=0.6, difference=0.1)
    for people in (8, 30):
        found = planned.precision(people)
        votes = 10 * people
        share = 0.7 * 0.3 / votes
        difference = share + 0.6 * 0.4 / votes
        # the bootstrap counts the variance of an answer three times
        assert found.share == pytest.approx(1.96 * math.sqrt(3 * share), rel=0.1)
        assert found.difference == pytest.approx(1.96 * math.sqrt(3 * difference), rel=0.1)
        power = scipy.stats.norm.sf(1.96 * math.sqrt(3) - 0.1 / math.sqrt(difference))
        assert found.power == pytest.approx(power, abs=0.06)


def test_widths_are_those_that_the_results_of_such_a_study_have() -> None:
    rng, people, sketches = np.random.default_rng(4), 20, 30
    originals, redrawings = ([f"{kind}-{k}" for k in range(sketches)] for kind in ("a", "b"))
    names = [str(number) for number in range(people)]
    halves = []
    for _ in range(12):
        person, common = rng.normal(0, 0.5, (people, 1)), rng.normal(0, 0.8 * 0.5**0.5, sketches)
        logits = [
            person + common + rng.normal(mean, 0.8 * 0.5**0.5, sketches)
            for mean in (0.369, 0.862)  # which give shares of 0.58 and 0.68
        ]
        chances = scipy.special.expit(np.concatenate(logits, axis=1))
        said = rng.random(chances.shape) < chances
        table = VoteTable(names, [*originals, *redrawings], np.ones_like(said), said)
        found = table.difference(redrawings, originals)
        assert found is not None
        halves.append((found.high - found.low) / 2)
    planned = PlannedStudy(sketches=sketches).precision(people)
    assert np.mean(halves) == pytest.approx(planned.difference, rel=0.1)


def test_people_needed_are_those_of_the_formula() -> None:
    planned = all_alike(sketches=20, human=0.5, difference=0.1)
    needed = planned.people_needed(lambda found: found.share <= 0.04)
    assert needed == pytest.approx(3 * 0.6 * 0.4 * (1.96 / 0.04) ** 2 / 20, rel=0.2)
    needed = planned.people_needed(lambda found: found.power >= 0.8)
    both = (1.96 * math.sqrt(3) + 0.8416) ** 2
    assert needed == pytest.approx(both * (0.25 + 0.24) / 0.1**2 / 20, rel=0.25)


def test_many_people_cannot_make_up_for_few_sketches() -> None:
    few = PlannedStudy(sketches=10, people_sd=0.0, likeness=0.0)
    # for a normal logit of mean m, by quadrature: how much the sketches' own shares differ
    quadrature = [
        scipy.stats.norm.expect(
            lambda logit, power=power: scipy.special.expit(logit) ** power,
            loc=math.log(0.68 / 0.32) * math.sqrt(1 + 0.3460 * 0.64),
            scale=0.8,
        )
        for power in (1, 2)
    ]
    assert quadrature[0] == pytest.approx(0.68, abs=0.005)
    least = 1.96 * math.sqrt((quadrature[1] - quadrature[0] ** 2) / 10)
    assert few.precision(MAX_PEOPLE).share == pytest.approx(least, rel=0.1)
    assert few.people_needed(lambda found: found.share < 0.8 * least) is None


def test_people_who_differ_widen_shares_and_not_differences() -> None:
    alike, unlike = (PlannedStudy(people_sd=sd, sketch_sd=0.0) for sd in (0.0, 1.0))
    assert unlike.precision(30).share > 1.4 * alike.precision(30).share
    assert unlike.precision(30).difference < 1.2 * alike.precision(30).difference


def test_redrawings_like_their_originals_make_differences_exact() -> None:
    apart, together = (PlannedStudy(likeness=likeness) for likeness in (0.0, 1.0))
    assert together.precision(60).difference < 0.6 * apart.precision(60).difference


def test_fewer_answers_of_each_need_more_people() -> None:
    all_of_them, part = all_alike(), all_alike(answers=6)
    assert part.precision(50).share == pytest.approx(all_of_them.precision(10).share, rel=0.12)


def test_the_same_seed_gives_the_same_and_another_nearly() -> None:
    first, again, other = (PlannedStudy(seed=seed).precision(20) for seed in (1, 1, 2))
    assert first == again != other
    assert other.share == pytest.approx(first.share, rel=0.2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sketches": 0}, "`sketches` must be from 1 to"),
        ({"sketches": 5, "answers": 6}, "`answers` must be from 1 to"),
        ({"human": 1.0}, "`human` must be between"),
        ({"human": 0.95}, "`difference` must leave"),
        ({"people_sd": -1.0}, "`people_sd` must be from 0"),
        ({"likeness": 1.5}, "`likeness` must be from 0 to 1"),
        ({"sketches": 1_000_000}, "`sketches` must be from 1 to 10,000"),
        ({"difference": 0.0}, "`difference` must not be 0"),
        ({"seed": -1}, "`seed` must be 0 or more"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(given: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        PlannedStudy(**given)  # type: ignore[arg-type]
