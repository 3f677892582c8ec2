"""Which candidates are kept."""

from __future__ import annotations

from sketch_pix2seq.inference.best_of import num_drawn_again
from sketch_pix2seq.sketch.sketch import Sketch


def test_a_stroke_over_a_given_one_is_drawn_again() -> None:
    head, eye = [(0, 0), (90, 0), (90, 90), (0, 90)], [(20, 20), (30, 20), (30, 30), (20, 30)]
    started = Sketch.from_points([head, eye])
    drawn = {
        "nothing": [],
        "beside": [[(60, 20), (70, 20), (70, 30), (60, 30)]],
        "pupil": [[(25, 25)]],
        "over": [[(21, 20), (31, 20), (31, 31), (21, 31)]],
        "round": [[(-5, -5), (95, -5), (95, 95), (-5, 95)], [(45, 60), (50, 61)]],
    }
    found = {
        name: num_drawn_again(started, Sketch.from_points([head, eye, *strokes]))
        for name, strokes in drawn.items()
    }
    assert found == {"nothing": 0, "beside": 0, "pupil": 0, "over": 1, "round": 1}
