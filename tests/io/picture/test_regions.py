from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sketch_pix2seq.io.picture.regions import Regions


def flooded(mask: np.ndarray) -> np.ndarray:
    """Labels found by walking from pixel to pixel."""
    labels = np.full(mask.shape, -1)
    count = 0
    for start in np.argwhere(mask).tolist():
        if labels[tuple(start)] >= 0:
            continue
        waiting = [start]
        while waiting:
            y, x = waiting.pop()
            is_inside = 0 <= y < mask.shape[0] and 0 <= x < mask.shape[1]
            if is_inside and mask[y, x] and labels[y, x] < 0:
                labels[y, x] = count
                waiting += [[y + dy, x + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
        count += 1
    return labels


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12)))
def test_regions_are_those_that_a_walk_finds(mask: np.ndarray) -> None:
    regions = Regions.of(mask)
    np.testing.assert_array_equal(regions.labels, flooded(mask))
    np.testing.assert_array_equal(
        regions.areas, np.bincount(regions.labels[mask], minlength=len(regions.areas))
    )


@given(arrays(bool, (9, 9)), arrays(bool, (9, 9)), st.data())
def test_some_of_them(mask: np.ndarray, seeds: np.ndarray, data: st.DataObject) -> None:
    regions = Regions.of(mask)
    kept = regions.only(regions.having(seeds))
    assert not (kept & ~mask).any()
    assert (kept & seeds & mask).sum() == (seeds & mask).sum()
    for label in set(regions.labels[kept].tolist()):
        assert (regions.labels[kept] == label).sum() == regions.areas[label]
    assert not regions.only(np.zeros(len(regions.areas), bool)).any()
