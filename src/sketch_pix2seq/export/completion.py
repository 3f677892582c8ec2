"""Fitting what completes started drawings, with nothing but a bundle and training drawings."""

from __future__ import annotations

import numpy as np

from sketch_pix2seq.bundle.affine_maps import CompletionMap
from sketch_pix2seq.data.dataset import Split
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.sketch.sketch import Sketch

SHARES = (0.2, 0.35, 0.5, 0.7)
"""Of a drawing's strokes, after which it is taken as a beginning."""
MOST_DRAWINGS = 12_000


def fit_completion(sketcher: Sketcher, split: Split, seed: int = 0) -> CompletionMap | None:
    """Fit the map from beginnings to whole drawings.

    Args:
        sketcher: Its encoder looks at both.
        split: The training drawings; at most `MOST_DRAWINGS` of them are used.
        seed: Decides which.

    Returns:
        The map; None if no drawing has several strokes: then there is nothing to complete.
    """
    order = np.random.default_rng(seed).permutation(len(split))[:MOST_DRAWINGS]
    drawings = [split.sketch(int(index)) for index in order]
    beginnings: list[Sketch] = []
    became: list[int] = []
    for number, drawing in enumerate(drawings):
        lengths = {max(1, round(share * len(drawing.strokes))) for share in SHARES}
        for length in sorted(lengths - {len(drawing.strokes)}):
            beginnings.append(Sketch(drawing.strokes[:length]))
            became.append(number)
    if not beginnings:
        return None
    return CompletionMap.fitted(sketcher.encode(beginnings), sketcher.encode(drawings)[became])
