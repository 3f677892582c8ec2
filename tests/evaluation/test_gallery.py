"""Hanging test drawings on a map."""

from __future__ import annotations

from pathlib import Path

import pytest

from bundles import tiny_bundle
from sketch_pix2seq import Sketcher
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.evaluation.gallery import hang


def test_test_drawings_are_hung(drawings: Path) -> None:
    dataset = Dataset.open(drawings)
    sketcher = Sketcher(tiny_bundle(), num_threads=1)
    hung = hang(sketcher, dataset, per_category=4)
    assert hung.categories == sorted(dataset.card.categories)
    assert len(hung.items) == 4 * len(dataset.card.categories)
    assert ((hung.places >= 0) & (hung.places <= 1)).all()
    split = dataset.split("test")
    there = {split.sketch(number) for number in range(len(split))}
    assert {one.sketch for one in hung.items} <= there
    assert hang(sketcher, dataset, per_category=4).to_bytes() == hung.to_bytes()
    (first, *_) = dataset.card.categories
    assert hang(sketcher, dataset, per_category=9, categories=[first]).categories == [first]


def test_what_cannot_be_hung_is_told(drawings: Path) -> None:
    dataset = Dataset.open(drawings)
    sketcher = Sketcher(tiny_bundle(), num_threads=1)
    with pytest.raises(UsageError, match="must be of the data set; got unicorn"):
        hang(sketcher, dataset, per_category=4, categories=["unicorn"])
    with pytest.raises(UsageError, match="two test drawings or more; got 0"):
        hang(sketcher, dataset, per_category=0)
