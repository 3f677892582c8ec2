from __future__ import annotations

import pytest

from sketch_pix2seq.data.contact_sheet import contact_sheet
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.sketch.sketch import Sketch


def test_each_category_has_its_row(dataset: Dataset) -> None:
    sheet = contact_sheet(dataset, per_category=6)
    assert [len(row.cells) for row in sheet.rows] == [6, 6, 6]
    for row, category in zip(sheet.rows, dataset.card.categories, strict=True):
        for cell in row.cells:
            assert isinstance(cell, Sketch)
            assert cell.category == category
    assert sheet.rows[0].label == f"circle ({dataset.card.counts['train']['circle']:,})"


def test_the_seed_chooses_the_drawings(dataset: Dataset) -> None:
    sheets = [contact_sheet(dataset, per_category=6, seed=seed) for seed in (1, 1, 2)]
    rows = [[row.cells for row in sheet.rows] for sheet in sheets]
    assert rows[0] == rows[1]
    assert rows[0] != rows[2]


def test_a_thin_category_shows_what_it_has(dataset: Dataset) -> None:
    sheet = contact_sheet(dataset, per_category=1000, split="valid")
    counts = dataset.card.counts["valid"]
    assert [len(row.cells) for row in sheet.rows] == [counts[c] for c in dataset.card.categories]


def test_no_drawings_are_refused(dataset: Dataset) -> None:
    with pytest.raises(UsageError, match="`per_category` must be at least 1"):
        contact_sheet(dataset, per_category=0)


def test_a_negative_seed_is_refused(dataset: Dataset) -> None:
    with pytest.raises(UsageError, match="`seed` must be 0 or more; got -1"):
        contact_sheet(dataset, seed=-1)
