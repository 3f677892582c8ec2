"""A look at a prepared data set: a row of its drawings for each category.

Chooses the drawings; how a sheet looks is known by `io.sheet`.
"""

from __future__ import annotations

import numpy as np

from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.io.sheet import Sheet, SheetRow

_CELL, _SMALL_CELL = 112, 48
_MANY_ROWS = 100


def contact_sheet(
    dataset: Dataset, per_category: int = 10, seed: int = 0, split: str = "train"
) -> Sheet:
    """Show some drawings of each category, chosen by chance.

    Args:
        dataset: The data set.
        per_category: How many drawings in a row; fewer if the category has no more.
        seed: The same seed chooses the same drawings.
        split: "train", "valid" or "test".

    Returns:
        A sheet, categories from top to bottom in the data set's order.

    Raises:
        UsageError: If `per_category` is below 1, `seed` is below 0 or there is no such split.
    """
    if per_category < 1:
        raise UsageError("`per_category` must be at least 1", got=per_category)
    if seed < 0:
        raise UsageError("`seed` must be 0 or more", got=seed)
    drawings = dataset.split(split)
    rows = []
    for number, category in enumerate(dataset.card.categories):
        start, stop = drawings.category_range(number)
        rng = np.random.default_rng([seed, number])
        chosen = rng.permutation(stop - start)[:per_category] + start
        sketches = [drawings.sketch(index) for index in sorted(chosen.tolist())]
        rows.append(SheetRow(sketches, f"{category} ({stop - start:,})"))
    return Sheet(rows=rows, cell=_CELL if len(rows) <= _MANY_ROWS else _SMALL_CELL)
