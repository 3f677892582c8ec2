from __future__ import annotations

from itertools import permutations

from sketch_pix2seq.web.turing.order import own_order, place_in

NAMES = tuple("abcdefgh")


def test_everybody_sees_everything_in_an_order_of_their_own() -> None:
    orders = {own_order(NAMES, seed) for seed in range(50)}
    assert len(orders) == 50
    assert all(sorted(order) == list(NAMES) for order in orders)
    assert own_order(NAMES, 7) == own_order(NAMES, 7)


def test_no_order_is_likelier_than_another() -> None:
    counts = dict.fromkeys(permutations("abc"), 0)
    for seed in range(6000):
        counts[own_order(("a", "b", "c"), seed)] += 1
    assert min(counts.values()) > 850  # 1000 each, give or take 29
    assert max(counts.values()) < 1150


def test_the_order_stays_in_every_release() -> None:
    assert own_order(("a", "b", "c", "d"), 2**62) == ("c", "a", "b", "d")


def test_a_place_is_the_first_without_an_answer() -> None:
    order = ("c", "a", "b")
    assert place_in(order, []) == (0, 3, "c", "a")
    assert place_in(order, ["a"]) == (1, 3, "c", "b")
    assert place_in(order, ["c", "a"]) == (2, 3, "b", None)
    assert place_in(order, ["b", "c", "a"]) == (3, 3, None, None)
    assert place_in(order, ["of another study"]) == (0, 3, "c", "a")
