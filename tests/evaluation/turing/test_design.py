"""Who sees what: balanced over participants, sources and categories, the same in every release."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import permutations

import pytest

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.evaluation.turing.design import Design, own_order
from sketch_pix2seq.evaluation.turing.settings import StudySettings
from sketch_pix2seq.evaluation.turing.study import Study
from studies import scribbles

NAMES = tuple("abcdefgh")


def designed(study: Study, **settings: object) -> Design:
    return Design(replace(study, settings=StudySettings(**settings)))  # type: ignore[arg-type]


def test_everybody_sees_everything_in_an_order_of_their_own() -> None:
    study = scribbles()
    design = designed(study)
    orders = {design.trials(number, seed=number * 99) for number in range(1, 51)}
    assert len(orders) == 50
    assert all(sorted(order) == [one.name for one in study.sketches] for order in orders)
    assert design.num_trials == len(study.sketches)
    assert all(design.human_left(number) for number in range(1, 9))


def test_no_order_is_likelier_than_another() -> None:
    counts = dict.fromkeys(permutations("abc"), 0)
    for seed in range(6000):
        counts[tuple(own_order("abc", seed))] += 1
    assert min(counts.values()) > 850  # 1000 each, give or take 29
    assert max(counts.values()) < 1150


def test_the_order_stays_in_every_release() -> None:
    assert own_order(("a", "b", "c", "d"), 2**62) == ["c", "a", "b", "d"]


@pytest.mark.parametrize(
    ("per_category", "labels", "categories", "number"),
    [
        (5, ("cnn", "rnn"), ("cat", "pig", "car"), 9),
        (6, ("cnn",), ("cat", "pig"), 5),
        (4, ("a", "b", "c", "d"), ("cat", "pig", "car", "bus"), 16),
        (3, ("a", "b", "c"), ("cat",), 2),
    ],
)
@pytest.mark.parametrize("swap_sides", [False, True])
def test_parts_are_balanced_and_hold_no_original_twice(
    per_category: int,
    labels: tuple[str, ...],
    categories: tuple[str, ...],
    number: int,
    swap_sides: bool,
) -> None:
    study = scribbles(per_category, labels, categories)
    design = designed(study, per_participant=number, one_per_original=True, swap_sides=swap_sides)
    by_name = {sketch.name: sketch for sketch in study.sketches}
    num_rounds = len(study.sketches) * (2 if swap_sides else 1)
    shown: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for participant in range(1, 1 + num_rounds):
        trials = [by_name[name] for name in design.trials(participant, seed=participant)]
        assert len(trials) == number == design.num_trials
        assert len({sketch.original for sketch in trials}) == number
        for kind, kinds in (("source", study.sources), ("category", study.categories)):
            counts = Counter(getattr(sketch, kind) for sketch in trials)
            each = [counts[one] for one in kinds]
            assert max(each) - min(each) <= 1 + (kind == "source" and number > len(kinds))
        shown.update(sketch.name for sketch in trials)
        if design.human_left(participant):
            left.update(sketch.name for sketch in trials)
    assert set(shown.values()) == {num_rounds * number // len(study.sketches)}
    if swap_sides:  # each sketch is seen as often with either side
        assert left == Counter({name: count // 2 for name, count in shown.items()})


def test_more_than_there_is_is_refused() -> None:
    study = scribbles()
    assert designed(study, one_per_original=True).num_sketches == 4
    with pytest.raises(UsageError, match="`per_participant` must be at most 4 in this study"):
        designed(study, per_participant=5, one_per_original=True)
    with pytest.raises(UsageError, match="at most 12 in this study; got 13"):
        designed(study, per_participant=13)


@pytest.mark.parametrize("number", [1, 2, 5])
def test_checks_are_spread_over_the_order_and_never_come_first(number: int) -> None:
    checks = {f"check{nth}": "human" for nth in range(number)}
    design = Design(replace(scribbles(10), checks=checks))  # type: ignore[arg-type]
    places: set[int] = set()
    for seed in range(60):
        order = design.trials(1, seed)
        assert len(order) == len(set(order)) == 60 + number == design.num_trials
        at = [place for place, name in enumerate(order) if name in checks]
        assert len(at) == number
        assert at[0] > 0
        for nth, place in enumerate(at):
            assert nth * 60 / number <= place - nth <= (nth + 1) * 60 / number + 1
        places.update(at)
    assert len(places) > 20
