"""How long the drawings of a data set are."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.synthetic import write_synthetic
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.data.lengths import lengths_of
from sketch_pix2seq.data.prepare import prepare


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
        assert (found.least, found.most) == (lengths[0], lengths[-1])
        assert found.median == lengths[(len(lengths) - 1) // 2]
        assert (lengths <= found.most_have).mean() >= 0.99
        assert (lengths < found.most_have).mean() < 0.99
