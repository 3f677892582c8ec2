"""Drawings as they are kept for being shown: whole numbers in QuickDraw's layout."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from sketch_pix2seq.sketch.sketch import Sketch

ShownSketch: TypeAlias = list[list[list[int]]]
"""For each stroke its x and its y."""


def as_shown(sketch: Sketch) -> ShownSketch:
    """Keep a drawing, in whole numbers.

    Args:
        sketch: Of any size; it is kept as QuickDraw would, its longest side 255.
    """
    if sketch.bounds is None:
        return []
    low, high = np.array(sketch.bounds[:2]), np.array(sketch.bounds[2:])
    scale = 255 / max(float((high - low).max()), 1e-6)
    return [np.rint((stroke - low) * scale).astype(int).T.tolist() for stroke in sketch.strokes]


def from_shown(shown: ShownSketch) -> Sketch:
    """Return a drawing that was kept."""
    return Sketch.from_points([np.array(stroke, np.float32).T for stroke in shown])
