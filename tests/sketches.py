"""Small drawings for tests, and their bytes to compare them."""

from __future__ import annotations

from sketch_pix2seq.sketch.sketch import Sketch

HOUSE = Sketch.from_points([[(0, 60), (50, 0), (100, 60)], [(10, 60), (10, 120), (90, 120)]])
FACE = Sketch.from_points([[(0, 0), (90, 5), (80, 70), (5, 60), (0, 0)], [(30, 30)], [(60, 30)]])
LINE = Sketch.from_points([[(0, 0), (10, 3)]])


def as_bytes(sketches: list[Sketch]) -> list[bytes]:
    return [b"|".join(stroke.tobytes() for stroke in sketch.strokes) for sketch in sketches]
