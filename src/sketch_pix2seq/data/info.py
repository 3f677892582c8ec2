"""What `sketch-pix2seq data info` says of a prepared data set: lengths, and a sheet of drawings."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sketch_pix2seq.data.card import SPLITS
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.io.sheet import Sheet, SheetRow

_CELL, _SMALL_CELL = 112, 48
_MANY_ROWS = 100


class Lengths(NamedTuple):
    """Steps of drawings."""

    shortest: int
    median: int
    percentile_99: int
    longest: int


def lengths_of(dataset: Dataset, category_id: int | None = None) -> Lengths:
    """Measure the lengths of a category, or of all (None), in all splits; no stroke is read."""
    counts = np.zeros(dataset.card.longest + 1, np.int64)
    every = range(len(dataset.card.categories))
    category_ids = every if category_id is None else [category_id]
    for name in SPLITS:
        split = dataset.split(name)
        for each in category_ids:
            lengths = split.lengths(np.arange(*split.category_range(each)))
            counts += np.bincount(lengths, minlength=len(counts))
    total = int(counts.sum())
    if total == 0:
        return Lengths(0, 0, 0, 0)
    shares = np.cumsum(counts) / total
    median, percentile_99 = (int(np.searchsorted(shares, share)) for share in (0.5, 0.99))
    present = np.flatnonzero(counts)
    return Lengths(int(present[0]), median, percentile_99, int(present[-1]))


def contact_sheet(
    dataset: Dataset, per_category: int = 10, seed: int = 0, split: str = "train"
) -> Sheet:
    """Show some drawings of each category, chosen at random, in the data set's order.

    Args:
        dataset: The data set.
        per_category: How many drawings in a row; fewer if the category has no more.
        seed: The same seed chooses the same drawings.
        split: "train", "valid" or "test".
    """
    if per_category < 1:
        raise UsageError("`per_category` must be at least 1", got=per_category)
    if seed < 0:
        raise UsageError("`seed` must be 0 or more", got=seed)
    drawings = dataset.split(split)
    rows = []
    for category_id, category in enumerate(dataset.card.categories):
        start, stop = drawings.category_range(category_id)
        rng = np.random.default_rng([seed, category_id])
        chosen = rng.permutation(stop - start)[:per_category] + start
        sketches = [drawings.sketch(index) for index in sorted(chosen.tolist())]
        rows.append(SheetRow(sketches, f"{category} ({stop - start:,})"))
    return Sheet(rows=rows, cell=_CELL if len(rows) <= _MANY_ROWS else _SMALL_CELL)
