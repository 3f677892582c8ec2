"""Finding the folds of a sheet: straight lines from border to border, paler than what is drawn."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, UInt8

from sketch_pix2seq.io.picture.printed_lines import lines_across
from sketch_pix2seq.sketch.geometry import arc_lengths, points_along

_STEP = 3.0  # pixels between the places where a line's contrast is measured
_DRAWN = 75  # percent of all places have less contrast than what is surely drawn
_PALE = 0.6  # of that contrast: folds have less
_MIN_PIECES = 2  # of a fold that the drawing crosses
_MIN_COVERED = 0.6  # of its length at least is found
_MIN_SHARE = 0.4  # of all pale strokes close by are its pieces; others are of another fold
_OFF = 2.0  # widths of lines, by which its pieces are off one line


def folds(
    strokes: Sequence[np.ndarray], contrast: UInt8[np.ndarray, "H W"], width: float
) -> Bool[np.ndarray, " S"]:
    """Which strokes are folds of the paper; where all are pale, none is.

    Args:
        strokes: (P, 2) in pixels of `contrast`, whose corner is (0, 0); at least one.
        contrast: (H, W), to the paper.
        width: Of lines.

    Example:
        >>> contrast = np.zeros((60, 90), np.uint8)
        >>> contrast[30], contrast[10, :40] = 50, 200
        >>> lines = [np.array([(0.5, 30.5), (89.5, 30.5)]), np.array([(0.5, 10.5), (39.5, 10.5)])]
        >>> folds(lines, contrast, width=3).tolist()
        [True, False]
    """
    along = [_contrast_along(stroke, contrast) for stroke in strokes]
    drawn = float(np.percentile(np.concatenate(along), _DRAWN))
    is_pale = np.array([np.median(values) < _PALE * drawn for values in along])
    found = np.zeros(len(strokes), bool)
    if is_pale.any() and not is_pale.all():
        pale = list(itertools.compress(strokes, is_pale))
        found[is_pale] = lines_across(
            pale,
            contrast.shape[::-1],
            _OFF * width,
            min_pieces=_MIN_PIECES,
            min_covered=_MIN_COVERED,
            min_share=_MIN_SHARE,
        )
    return found


def _contrast_along(
    stroke: np.ndarray, contrast: UInt8[np.ndarray, "H W"]
) -> UInt8[np.ndarray, " N"]:
    """The contrast at places along a stroke."""
    along = arc_lengths(stroke)
    points = points_along(stroke, np.arange(0.0, along[-1] + 1, _STEP), along)
    columns, rows = np.floor(points).astype(int).T
    height, width = contrast.shape
    return np.asarray(contrast[rows.clip(0, height - 1), columns.clip(0, width - 1)])
