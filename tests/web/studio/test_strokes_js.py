"""What the studio shows is what it saves: strokes.js under node, against Python's curves."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import sketch_pix2seq
from sketch_pix2seq.io.svg_out import curve_data, path_data
from sketch_pix2seq.sketch.smooth import curves_through

STATIC = Path(sketch_pix2seq.__file__).parent / "web" / "static" / "studio"
NODE = shutil.which("node")


def strokes(rng: np.random.Generator) -> list[np.ndarray]:
    """Corners on both sides of 60 degrees, uneven lengths, closed and open ends, ties, dots."""
    turns = [np.radians(degrees) for degrees in (0, 30, 59, 61, 64, 90, 179)]
    found = [np.array([(0, 0), (60, 0), (60 + 9 * np.cos(t), 9 * np.sin(t))]) for t in turns]
    angles = np.linspace(0, 2 * np.pi, 25)
    circle = 100 + 80 * np.stack((np.cos(angles), np.sin(angles)), axis=1)
    found += [circle, circle[:-1], circle[:-3], circle + np.linspace(0, 4, 25)[:, None]]
    found += [np.array([(0, 0), (60, 0), (90, 50), (60, 100)])]  # D2 of the findings
    found += [np.array([(5, 5)]), np.array([(5, 5), (5, 5)]), np.array([(5, 5), (5, 5), (9, 5)])]
    found += [np.array([(0, 0), (10, 3)]), np.array([(0, 0), (9, 0), (0, 0)])]
    found += [np.array([(0.125, 0.375), (-0.125, -0.375), (-0.001, 254.625)])]
    for _ in range(200):
        walk = rng.normal(0, 12, (rng.integers(2, 40), 2)).cumsum(axis=0)
        found.append(walk.round(1) if rng.random() < 0.5 else walk)
    return [np.asarray(stroke, np.float64) for stroke in found]


def curved(stroke: np.ndarray) -> str:
    """Path data of curves; a dot has none."""
    return curve_data(curves_through(stroke)) if len(stroke) > 1 else path_data(stroke)


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
def test_curves_and_lines_are_those_of_python(tmp_path: Path, rng: np.random.Generator) -> None:
    assert NODE is not None
    cases = [
        {"stroke": stroke.T.tolist(), "lines": path_data(stroke), "curves": curved(stroke)}
        for stroke in strokes(rng)
    ]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    (tmp_path / "package.json").write_text('{"type": "module"}')
    shutil.copy(STATIC / "strokes.js", tmp_path)
    shutil.copy(Path(__file__).with_name("strokes.test.js"), tmp_path)
    ended = subprocess.run(
        [NODE, "--test", "strokes.test.js"], cwd=tmp_path, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
