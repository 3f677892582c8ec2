"""Which strokes are folds of the paper."""

from __future__ import annotations

import numpy as np

from sketch_pix2seq.io.picture.folds import folds


def level(row: float, first: float = 0.5, last: float = 89.5) -> np.ndarray:
    return np.array([(first, row), (last, row)])


def test_contrast_is_that_of_the_pixel_in_which_a_point_lies() -> None:
    for dark in (10, 11, 30, 31):  # both even and odd rows
        contrast = np.zeros((60, 90), np.uint8)
        contrast[dark], contrast[50] = 200, 200
        lines = [level(dark + 0.5), level(50.5)]
        assert folds(lines, contrast, width=1).tolist() == [False, False]


def test_where_all_strokes_are_mostly_pale_none_is_a_fold() -> None:
    contrast = np.zeros((60, 90), np.uint8)
    contrast[30, :30], contrast[30, 30:] = 200, 80  # light falls off along it
    assert folds([level(30.5)], contrast, width=3).tolist() == [False]


def test_two_folds_in_one_direction() -> None:
    contrast = np.zeros((60, 90), np.uint8)
    contrast[20], contrast[40], contrast[10, :40] = 50, 50, 200
    contrast[5, :80] = 200
    lines = [level(20.5), level(40.5), level(10.5, last=39.5), level(5.5, last=70.5)]
    assert folds(lines, contrast, width=3).tolist() == [True, True, False, False]
