from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks.synthetic import generate
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import DatasetError, UsageError


def test_drawings_are_those_of_the_files(dataset: Dataset) -> None:
    """Every drawing of every split is one of those written, where its key says."""
    for category in dataset.card.categories:
        written = generate(category, num=120, seed=0)
        met = set()
        for name in ("train", "valid", "test"):
            split = dataset.split(name)
            start, stop = split.category_range(dataset.card.categories.index(category))
            for index in range(start, stop):
                original = written[split.key_id(index) - 1]
                sketch = split.sketch(index)
                assert sketch.category == category
                assert [len(s) for s in sketch.strokes] == [len(s) for s in original.strokes]
                points, before = np.concatenate(sketch.strokes), np.concatenate(original.strokes)
                np.testing.assert_array_equal(points - points[0], before - before[0])
                np.testing.assert_array_equal(
                    points[0] - before[0], -((before.min(axis=0) + before.max(axis=0)) // 2)
                )
                met.add(split.key_id(index))
        assert met == set(range(1, 121))


def test_lengths_and_categories_come_without_strokes(
    dataset: Dataset, rng: np.random.Generator
) -> None:
    split = dataset.split("train")
    indices = rng.integers(0, len(split), size=50)
    lengths = [len(split.stroke3(index)) for index in indices.tolist()]
    assert split.lengths(indices).tolist() == lengths
    ids = [split.category_id(index) for index in indices.tolist()]
    assert split.category_ids(indices).tolist() == ids
    assert split.lengths(indices[:0]).shape == (0,)


def test_categories_lie_next_to_each_other(dataset: Dataset) -> None:
    split = dataset.split("test")
    ranges = [split.category_range(number) for number in range(3)]
    assert ranges[0][0] == 0
    assert [stop for _, stop in ranges[:-1]] == [start for start, _ in ranges[1:]]
    assert ranges[-1][1] == len(split) == dataset.card.total("test")
    for number, (start, stop) in enumerate(ranges):
        assert split.category_id(start) == split.category_id(stop - 1) == number


@pytest.mark.parametrize("index", [-1, 10**6])
def test_drawings_that_are_not_there_are_index_errors(dataset: Dataset, index: int) -> None:
    split = dataset.split("valid")
    for ask in (split.stroke3, split.sketch, split.category_id, split.key_id):
        with pytest.raises(IndexError, match="`index` must be from 0 to"):
            ask(index)


def test_an_unknown_split_is_a_usage_error(dataset: Dataset) -> None:
    with pytest.raises(UsageError, match="must be train, valid or test; got dev"):
        dataset.split("dev")


def test_reprs_are_short(dataset: Dataset) -> None:
    assert repr(dataset) == "Dataset('set', 3 categories)"
    assert repr(dataset.split("train")).startswith("Split('train', ")


def test_a_data_set_that_misses_a_file_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(dataset.folder, copy)
    (copy / "valid.arrow").unlink()
    with pytest.raises(DatasetError, match=r"copy`: the data set must have a file `valid\.arrow`"):
        Dataset.open(copy)


def test_files_of_another_data_set_are_refused(dataset: Dataset, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(dataset.folder, copy)
    shutil.copy(copy / "valid.arrow", copy / "test.arrow")
    with pytest.raises(DatasetError, match="drawings as the card says"):
        Dataset.open(copy)
