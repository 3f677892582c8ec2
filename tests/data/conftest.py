"""Made-up drawings and a data set of them, made once for all tests of this room."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.synthetic import write_synthetic
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.data.prepare import prepare

CATEGORIES = ("circle", "house", "zigzag")


@pytest.fixture(scope="session")
def synthetic_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("synthetic")
    return write_synthetic(folder, num=120, seed=0, categories=CATEGORIES)


@pytest.fixture(scope="session")
def dataset(synthetic_files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("prepared") / "set"
    prepare(synthetic_files, folder)
    return Dataset.open(folder)
