"""Excalidraw files: what its schema wants, and the same points when they are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pytest

from sketch_pix2seq.io.excalidraw_out import to_excalidraw
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.sketch.sketch import Frame, Sketch

EACH = {
    *("id", "type", "x", "y", "width", "height", "angle", "strokeColor", "backgroundColor"),
    *("fillStyle", "strokeWidth", "strokeStyle", "roughness", "opacity", "groupIds", "frameId"),
    *("roundness", "seed", "version", "versionNonce", "isDeleted", "boundElements", "updated"),
    *("link", "locked", "points", "lastCommittedPoint"),
}


def test_the_same_points_come_back(rng: np.random.Generator) -> None:
    strokes = [rng.uniform(0, 400, (count, 2)).astype(np.float32) for count in (1, 2, 9, 1, 300)]
    sketch = Sketch(tuple(strokes), frame=Frame(400, 300, 3))
    (back,) = read_sketches(to_excalidraw(sketch))
    assert len(back.strokes) == len(strokes)
    for found, stroke in zip(back.strokes, strokes, strict=True):
        np.testing.assert_allclose(found, stroke, atol=0.011)


def test_a_document_is_what_excalidraw_wants(tmp_path: Path) -> None:
    lines = (np.array([(10, 20), (30, 5)], np.float32), np.array([(50, 60)], np.float32))
    sketch = Sketch(lines, frame=Frame(100, 100, 2.5), colours=("#c02020", "#2040c0"))
    document = orjson.loads(sketch.save(tmp_path / "one.excalidraw", curves=True).read_bytes())
    assert (document["type"], document["version"]) == ("excalidraw", 2)
    line, dot = document["elements"]
    assert set(line) & set(dot) >= EACH
    assert (line["type"], line["x"], line["y"]) == ("line", 10, 20)
    assert (line["points"], line["width"], line["height"]) == ([[0, 0], [20, -15]], 20, 15)
    assert (line["strokeColor"], line["strokeWidth"]) == ("#c02020", 2.5)
    assert line["roundness"] == {"type": 2}
    assert (dot["type"], dot["points"], dot["pressures"]) == ("freedraw", [[0, 0], [0, 0]], [])
    assert line["id"] != dot["id"]


def test_a_drawing_without_a_frame_is_fitted(rng: np.random.Generator) -> None:
    document = orjson.loads(to_excalidraw([rng.normal(size=(9, 2))], size=512))
    (line,) = document["elements"]
    assert max(line["width"], line["height"]) == pytest.approx(512 * 11 / 12, abs=0.02)
    assert line["strokeColor"] == "#1e1e1e" and line["roundness"] is None
