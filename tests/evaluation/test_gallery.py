"""Hanging test drawings on a map."""

from __future__ import annotations

from pathlib import Path

import pytest

from bundles import tiny_bundle
from sketch_pix2seq import Sketcher
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.evaluation.gallery import build_gallery


def test_the_gallery_holds_test_drawings(drawings: Path) -> None:
    dataset = Dataset.open(drawings)
    sketcher = Sketcher(tiny_bundle(), num_threads=1)
    gallery = build_gallery(sketcher, dataset, per_category=4)
    assert gallery.categories == sorted(dataset.card.categories)
    assert len(gallery.items) == 4 * len(dataset.card.categories)
    assert ((gallery.places >= 0) & (gallery.places <= 1)).all()
    split = dataset.split("test")
    there = {split.sketch(number) for number in range(len(split))}
    assert {one.sketch for one in gallery.items} <= there
    assert build_gallery(sketcher, dataset, per_category=4).to_bytes() == gallery.to_bytes()
    (first, *_) = dataset.card.categories
    assert build_gallery(sketcher, dataset, per_category=9, categories=[first]).categories == [
        first
    ]


def test_a_gallery_that_cannot_be_built_is_refused(drawings: Path) -> None:
    dataset = Dataset.open(drawings)
    sketcher = Sketcher(tiny_bundle(), num_threads=1)
    with pytest.raises(UsageError, match="must be of the data set; got unicorn"):
        build_gallery(sketcher, dataset, per_category=4, categories=["unicorn"])
    with pytest.raises(UsageError, match="two test drawings or more; got 0"):
        build_gallery(sketcher, dataset, per_category=0)
