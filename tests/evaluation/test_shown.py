from __future__ import annotations

from sketch_pix2seq.evaluation.shown import as_shown, from_shown
from sketch_pix2seq.sketch.sketch import Sketch


def test_drawings_are_kept_in_quickdraws_frame() -> None:
    sketch = Sketch.from_points([[(10, 5), (12, 6)], [(11, 5.5)]])
    assert as_shown(sketch) == [[[0, 255], [0, 128]], [[128], [64]]]
    kept = from_shown(as_shown(sketch))
    assert as_shown(kept) == as_shown(sketch)


def test_nothing_and_a_dot_are_kept_too() -> None:
    assert as_shown(Sketch(())) == []
    assert from_shown([]) == Sketch(())
    assert as_shown(Sketch.from_points([[(7, 7)]])) == [[[0], [0]]]
