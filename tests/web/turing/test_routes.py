from __future__ import annotations

from sketch_pix2seq.web.turing.routes import place_in


def test_a_place_is_the_first_without_an_answer() -> None:
    order = ("c", "a", "b")
    assert place_in(order, []) == (0, 3, "c", "a")
    assert place_in(order, ["a"]) == (1, 3, "c", "b")
    assert place_in(order, ["c", "a"]) == (2, 3, "b", None)
    assert place_in(order, ["b", "c", "a"]) == (3, 3, None, None)
    assert place_in(order, ["of another study"]) == (0, 3, "c", "a")
