from __future__ import annotations

import pytest

from sketch_pix2seq.evaluation.groups import EACH, LIVING, groups_of


def test_the_papers_second_setting_is_animals_against_vehicles() -> None:
    groups = groups_of(["cat", "pig", "rabbit", "bus", "truck", "car"])
    assert (groups.first, groups.second, groups.is_meaningful) == ((0, 1, 2), (3, 4, 5), True)
    assert len(groups.pairs) == 9
    assert groups.pairs[0] == (0, 3)


def test_of_many_categories_the_first_three_of_each_are_taken() -> None:
    groups = groups_of([*sorted(LIVING), "axe", "bed", "car", "door"])
    assert len(groups.first) == len(groups.second) == EACH
    assert groups.all == groups.first + groups.second


def test_categories_of_one_kind_are_cut_in_two_halves() -> None:
    groups = groups_of(["axe", "bed", "car", "door", "eye"])
    assert (groups.first, groups.second, groups.is_meaningful) == ((0, 1), (2, 3, 4), False)
    assert groups_of(["cat", "dog"]).pairs == [(0, 1)]
    assert groups_of(list("abcdefghi")).all == (0, 1, 2, 3, 4, 5)


@pytest.mark.parametrize("count", range(2, 7))
def test_up_to_six_categories_of_one_kind_are_all_in_a_group(count: int) -> None:
    groups = groups_of([f"thing {number}" for number in range(count)])
    assert groups.all == tuple(range(count))
    assert groups.first
