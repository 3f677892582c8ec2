from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sketch_pix2seq.evaluation import redrawing
from sketch_pix2seq.evaluation.evaluation import (
    EvaluatedDrawings,
    Evaluation,
    Results,
    drawing_seeds,
)
from sketch_pix2seq.evaluation.redrawing import SamplingConfig, ranks
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.sketch.sketch import Sketch

EXAMPLES: dict[str, object] = {
    f"{label}: examples": [[]] * 16 for label in ("cnn", "rnn", "theirs")
}


def test_ranks_count_what_is_nearer(rng: np.random.Generator) -> None:
    codes = rng.normal(size=(700, 5)).astype(np.float32)  # more than are compared at once
    queries = codes + 0.3 * rng.normal(size=codes.shape).astype(np.float32)
    distance = np.linalg.norm(queries[:, None] - codes[None], axis=2)
    expected = (distance < np.diagonal(distance)[:, None]).sum(1)
    np.testing.assert_array_equal(ranks(queries, codes), expected)
    assert (ranks(codes, codes) == 0).all()


def test_equal_codes_are_no_misses() -> None:
    alike = np.ones((5, 2), np.float32)
    assert ranks(alike, alike).tolist() == [2] * 5  # drawings that are all one find nothing


def test_ways_are_each_seed_each_temperature_and_the_best(evaluation: Evaluation) -> None:
    assert redrawing.sampling_configs(evaluation) == [
        SamplingConfig(0.5, 1, 0),
        SamplingConfig(0.5, 1, 1),
        SamplingConfig(1.0, 1, 0),
        SamplingConfig(0.5, 2, 0),
    ]


def test_what_is_measured_is_what_was_drawn(evaluation: Evaluation) -> None:
    model = evaluation.models[0]
    parts = {part.name: part for part in redrawing.parts(evaluation)}
    assert len(parts) == len(evaluation.models) * (4 + 2)
    found = parts[redrawing.part_name(model, SamplingConfig(1.0, 1, 0))].measure()
    count = len(evaluation.held_out.sketches)
    seeds = drawing_seeds(0, count)
    drawn = [one for (one,) in model.sketcher.redraw(evaluation.held_out.sketches, 1, 1.0, seeds)]
    assert found["predicted"] == evaluation.classify(drawn)[0].tolist()
    assert all(len(found[name]) == count for name in ("predicted", "rank", "rank_by_judge"))
    assert all(0 <= rank < count for rank in found["rank"])


def test_an_empty_redrawing_is_wrong_by_every_measure(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the judge takes a dot for, and whichever drawing is the nearest to one."""
    count = len(evaluation.held_out.sketches)
    nothing = [Sketch(())] * count
    monkeypatch.setattr(Sketcher, "redraw", lambda *args, **kwargs: [[each] for each in nothing])
    drawings = EvaluatedDrawings("theirs", "digest", "", lambda repeat: nothing)
    several = Evaluation(
        evaluation.models, evaluation.judge, evaluation.held_out, evaluation.settings, [drawings]
    )
    found = {
        part.name: part.measure()
        for part in redrawing.parts(several)
        if "distorted" not in part.name and "examples" not in part.name
    }
    results = Results(several, found)
    for entry in several.entries:
        assert not redrawing.recognised(results, entry).any()
        names = ["rank_by_judge", "rank_back", *(["rank"] if entry is not drawings else [])]
        for name in names:
            assert (redrawing.values_of(results, entry, name) == count - 1).all()
    section = redrawing.recognition_section(replace(results, measured=found | EXAMPLES))
    confusion = {tuple(row[:2]): row[2:] for row in section.tables[2].rows}
    assert confusion["theirs", "cat"] == [0, 0, 0, 0]
    assert np.sum(np.array(confusion["human", "cat"], float)) == pytest.approx(1)


def test_distorted_drawings_are_found_again(evaluation: Evaluation) -> None:
    parts = {part.name: part for part in redrawing.parts(evaluation)}
    found = parts[redrawing.distorted_name("cnn")].measure()
    # even a judge without training sees more in a drawing than chance: 1 in 40
    assert np.mean(np.array(found["rank_by_judge"]) == 0) > 0.1
    assert parts[redrawing.distorted_name("cnn")].measure() == found


def test_facts_tell_apart_what_differs(evaluation: Evaluation) -> None:
    names = [part.file_name for part in redrawing.parts(evaluation)]
    assert len(set(names)) == len(names)


def test_of_many_categories_the_first_are_shown(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redrawing, "MANY", 3)
    kinds = evaluation.held_out.category_ids[redrawing.examples(evaluation)]
    assert sorted(set(kinds.tolist())) == [0, 1, 2]


def test_examples_are_the_first_of_each_category(evaluation: Evaluation) -> None:
    numbers = redrawing.examples(evaluation)
    assert len(numbers) == 4 * redrawing.SHOWN
    kinds = evaluation.held_out.category_ids[numbers].tolist()
    assert sorted(set(kinds)) == [0, 1, 2, 3]
