"""Diversity where redrawings hold no line; the rest is beside the summary."""

from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.evaluation import diversity
from sketch_pix2seq.evaluation.evaluation import Evaluation
from sketch_pix2seq.sketch.sketch import Sketch


def test_a_redrawing_without_lines_counts_as_a_dot(
    evaluation: Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn, label = evaluation.held_out.sketches, evaluation.entries[0].label
    empty, dot = Sketch(()), Sketch.from_points([[(0, 0)]])

    def num_apart(first: Sketch, second: Sketch) -> int:
        """How many pairs differ, if these two are the first one."""

        def redrawn(
            self: Evaluation, entry: object, numbers: list[int], repeat: int = 0
        ) -> list[Sketch]:
            return [(first, second)[repeat] if not number else drawn[number] for number in numbers]

        monkeypatch.setattr(Evaluation, "redrawn", redrawn)
        name = diversity.part_name(label)
        (part,) = (part for part in diversity.parts(evaluation) if part.name == name)
        return int(np.count_nonzero(part.measure()["distances"]))

    assert num_apart(empty, empty) == 0
    assert num_apart(empty, dot) == 0
    assert num_apart(empty, drawn[0]) == num_apart(drawn[0], empty) == 1
