"""Drawings between two latent codes: what they show, and how evenly they change."""

from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.evaluation import interpolation
from sketch_pix2seq.evaluation.evaluation import Evaluation, drawing_seeds
from sketch_pix2seq.evaluation.interpolation import (
    FINE_STEPS,
    STEPS,
    off_category_rates,
    smoothness,
)


def test_off_category_drawings_are_of_neither_end() -> None:
    found = off_category_rates(
        {"categories": [[0, 1], [2, 0]], "predicted": [[0, 0, 2, 3, 1], [1, 2, 2, 0, 0]]}
    )
    assert found["between"].tolist() == pytest.approx([2 / 3, 0.0])
    assert found["at_ends"].tolist() == [0.0, 0.5]
    assert found["excess"].tolist() == pytest.approx([2 / 3, -0.5])
    assert "best" not in found
    best = {"categories": [[0, 1]], "predicted": [[0, 2, 1]], "predicted_of_best": [[2, 1, 2]]}
    assert off_category_rates(best)["best"].tolist() == [0.0]


def test_a_jump_is_one_long_step_and_a_way_round_is_a_detour() -> None:
    jump = np.array([0, 0, 0, 4, 4], np.float32)[None, :, None]
    assert smoothness(jump)["longest_step"].tolist() == [1.0]
    assert smoothness(jump)["detour"].tolist() == [1.0]
    around = np.array([[0, 0], [0, 3], [4, 3]], np.float32)[None]
    assert smoothness(around)["detour"].tolist() == pytest.approx([7 / 5])
    still = np.ones((1, 5, 2), np.float32)
    assert {name: values.tolist() for name, values in smoothness(still).items()} == {
        "longest_step": [0.25],
        "detour": [1.0],
    }


def test_ends_are_of_their_categories_and_the_same_for_all(evaluation: Evaluation) -> None:
    ends = interpolation.ends(evaluation)
    kinds = evaluation.held_out.category_ids[ends]
    paths = evaluation.settings.paths
    assert kinds[::paths].tolist() == [list(pair) for pair in evaluation.groups.pairs]
    assert (kinds == np.repeat(kinds[::paths], paths, axis=0)).all()
    np.testing.assert_array_equal(ends, interpolation.ends(evaluation))


def test_no_drawing_is_an_end_again_before_all_of_its_category_were(evaluation: Evaluation) -> None:
    ends = interpolation.ends(evaluation)
    for kind in evaluation.groups.all:
        used = ends[evaluation.held_out.category_ids[ends] == kind]
        times = np.unique(used, return_counts=True)[1]
        assert times.max() - times.min() <= 1


def test_what_is_between_is_drawn_and_judged(evaluation: Evaluation) -> None:
    model = evaluation.models[0]
    (part, _) = interpolation.parts(evaluation)
    found = part.measure()
    pairs = interpolation.ends(evaluation)
    assert np.array(found["predicted"]).shape == (len(pairs), STEPS)
    assert [len(row) for row in found["shown"]] == [STEPS] * 4
    assert [len(row) for row in found["fine"]] == [FINE_STEPS] * 2
    # the first and the last are the redrawings of the ends, with the same noise
    settings = evaluation.settings
    ends = [evaluation.held_out.sketches[number] for number in pairs[0]]
    seed = drawing_seeds(settings.seed, len(pairs))[0]
    drawn = model.sketcher.mix(ends, STEPS, settings.temperature, seed)
    assert found["predicted"][0] == evaluation.classify(drawn)[0].tolist()
    best = model.sketcher.mix(ends, STEPS, settings.temperature, seed, best_of=2)
    assert found["predicted_of_best"][0] == evaluation.classify(best)[0].tolist()
