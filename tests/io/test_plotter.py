"""Our SVGs in vpype, which plotter owners use: sizes, strokes and their order."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pytest

from sketch_pix2seq.sketch.sketch import Sketch

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    vpype = pytest.importorskip("vpype")

FACE = Sketch.from_points(
    [[(0, 0), (90, 5), (80, 70), (5, 60), (0, 0)], [(30, 30)], [(40, 50), (45, 55), (60, 50)]]
)
MM = 96 / 25.4
"""Of vpype's pixels to a millimetre."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("curves", [False, True])
@pytest.mark.parametrize("animate", [False, True])
def test_strokes_arrive_whole_in_order_and_in_size(curves: bool, animate: bool) -> None:
    text = FACE.to_svg(size_mm=150, margin=16, curves=curves, animate=animate)
    lines, width, height = vpype.read_svg(io.StringIO(text), quantization=0.1)
    assert width == pytest.approx(150 * MM, rel=1e-4) and height == pytest.approx(width)
    assert len(lines) == len(FACE.strokes) - 1  # a dot has no length, and is no line there
    drawn = [stroke for stroke in FACE.strokes if len(stroke) > 1]
    scale = (256 - 2 * 16) / 90 * 150 * MM / 256
    for line, stroke in zip(lines, drawn, strict=True):
        ends = (stroke[[0, -1]] - [45, 35]) * scale + 75 * MM
        np.testing.assert_allclose(line[[0, -1]], ends[:, 0] + 1j * ends[:, 1], atol=0.1)
    box = lines.bounds()
    assert box is not None
    assert box[0] > 0 and box[3] < height


@pytest.mark.filterwarnings("ignore")
def test_a_file_of_the_command(tmp_path: Path) -> None:
    path = FACE.save(tmp_path / "face.svg", size_mm=99.5)
    _, width, _ = vpype.read_svg(str(path), quantization=1)
    assert width == pytest.approx(99.5 * MM, rel=1e-4)
