"""What is read of simulated sheets and notes is what is drawn on them."""

from __future__ import annotations

import numpy as np
import pytest
from measure_paper import Photograph, folded, measured, note, plain, taped

from sketch_pix2seq import Sketch

ROOF = Sketch.from_points([[(0, 90), (50, 0), (100, 90)], [(20, 90), (80, 90)]])


@pytest.mark.parametrize("photograph", [plain, folded, taped, note])
def test_a_drawing_is_read_from_every_paper(
    photograph: Photograph, rng: np.random.Generator
) -> None:
    precision, recall, num_traced, num_true, is_refused = measured(ROOF, photograph, rng)
    assert min(precision, recall) > 0.98
    assert abs(num_traced - num_true) <= 1
    assert not is_refused
