"""Lengths and sheets of a data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.synthetic import write_synthetic
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.data.info import contact_sheet, lengths_of
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.sketch.sketch import Sketch


def test_the_four_numbers_are_those_of_all_drawings(tmp_path: Path) -> None:
    write_synthetic(tmp_path / "files", num=120, seed=0, categories=["house", "spiral"])
    prepare([tmp_path / "files"], tmp_path / "set")
    dataset = Dataset.open(tmp_path / "set")
    for category_id in (0, 1, None):
        lengths = np.sort(
            [
                len(split.stroke3(index))
                for split in map(dataset.split, ("train", "valid", "test"))
                for index in range(len(split))
                if category_id is None or split.category_id(index) == category_id
            ]
        )
        found = lengths_of(dataset, category_id)
        assert (found.shortest, found.longest) == (lengths[0], lengths[-1])
        assert found.median == lengths[(len(lengths) - 1) // 2]
        assert (lengths <= found.percentile_99).mean() >= 0.99
        assert (lengths < found.percentile_99).mean() < 0.99


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
