"""How long the drawings of a data set are, in four numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sketch_pix2seq.data.card import SPLITS
from sketch_pix2seq.data.dataset import Dataset


class Lengths(NamedTuple):
    """Steps of drawings.

    Args:
        least: Of the shortest.
        median: Half of them have no more.
        most_have: 99 of 100 have no more.
        most: Of the longest.
    """

    least: int
    median: int
    most_have: int
    most: int


def lengths_of(dataset: Dataset, category_id: int | None = None) -> Lengths:
    """Look at the lengths of a category, or of all, in all splits; no stroke is read.

    Args:
        dataset: Where.
        category_id: Which category; None: all.

    Returns:
        The four numbers; zeros if there is no drawing.
    """
    counts = np.zeros(dataset.card.longest + 1, np.int64)
    chosen = range(len(dataset.card.categories)) if category_id is None else [category_id]
    for name in SPLITS:
        split = dataset.split(name)
        for number in chosen:
            lengths = split.lengths(np.arange(*split.category_range(number)))
            counts += np.bincount(lengths, minlength=len(counts))
    total = int(counts.sum())
    if total == 0:
        return Lengths(0, 0, 0, 0)
    shares = np.cumsum(counts) / total
    median, most_have = (int(np.searchsorted(shares, share)) for share in (0.5, 0.99))
    met = np.flatnonzero(counts)
    return Lengths(int(met[0]), median, most_have, int(met[-1]))
