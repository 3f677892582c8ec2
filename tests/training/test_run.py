"""The folder of a run."""

from __future__ import annotations

import errno
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import RunError, UsageError
from sketch_pix2seq.io.atomic import atomic_write
from sketch_pix2seq.training import run as run_module
from sketch_pix2seq.training.recipe import Recipe
from sketch_pix2seq.training.recipes import find_recipe
from sketch_pix2seq.training.run import RUN_FILE, MetricLog, Run


@pytest.fixture
def run(shapes: Path, tiny_recipe: Recipe, tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", tiny_recipe, Dataset.open(shapes))


@pytest.mark.parametrize(
    ("setting", "rule"),
    [
        ("model.latent_dim=1025", "`latent_dim` must be a whole number from 1 to 1,024, got 1025"),
        ("raster.size=520", "`size` of the raster must be at most 512"),
        ("model.decoder_size=4000", "`decoder_size` must be a whole number from 1 to 2,048"),
    ],
)
def test_what_no_bundle_could_hold_is_refused_before_it_is_trained(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path, setting: str, rule: str
) -> None:
    recipe = tiny_recipe.with_settings([setting])
    with pytest.raises(UsageError, match=f"must fit into a bundle; got `model.json`: {rule}"):
        Run.create(tmp_path / "run", recipe, Dataset.open(shapes))
    judge = find_recipe("judge").with_settings(["raster.size=512"])
    with pytest.raises(UsageError, match="got `classifier.json`: `width` times the pixels"):
        Run.create(tmp_path / "run", judge, Dataset.open(shapes))
    assert list(tmp_path.iterdir()) == []


def test_of_runs_begun_at_once_in_one_folder_one_has_it(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_slowly(path: Path, content: bytes) -> None:
        time.sleep(0.05)
        atomic_write(path, content)

    monkeypatch.setattr(run_module, "atomic_write", write_slowly)
    dataset, folder, all_are_there = Dataset.open(shapes), tmp_path / "run", Barrier(4)

    def create(seed: int) -> int | str:
        recipe = tiny_recipe.with_settings([f"seed={seed}"])
        all_are_there.wait()
        try:
            Run.create(folder, recipe, dataset)
        except RunError as error:
            return str(error)
        return seed

    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(create, range(1, 5)))
    assert [end for end in ends if isinstance(end, int)] == [Run(folder).recipe.seed]
    refused = ("another process is training", "exists already")
    assert all(end for end in ends if isinstance(end, int) or any(why in end for why in refused))


def test_a_folder_that_is_refused_stays_as_it_is(
    shapes: Path, tiny_recipe: Recipe, tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("Dear")
    with pytest.raises(RunError, match="must be a new folder"):
        Run.create(tmp_path, tiny_recipe, Dataset.open(shapes))
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


class _FullDisk:
    """A file on a disk that has no room left."""

    def write(self, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        """Nothing is held."""


def test_a_full_disk_does_not_end_a_training(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(MetricLog(run, 0)) as log:
        log.write(1, "train", {"loss": 1.0})
        with monkeypatch.context() as patch:
            patch.setattr(log, "_file", _FullDisk())
            with pytest.warns(UserWarning, match="metrics are not written: .*No space left"):
                log.write(2, "train", {"loss": 2.0})
            log.write(3, "train", {"loss": 3.0})  # is told once
        log.write(4, "train", {"loss": float("nan")})
    lines = (run.folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"step": 1, "kind": "train", "loss": 1.0},
        {"step": 4, "kind": "train", "loss": None},
    ]


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        *(("started_from", odd) for odd in (3, [1], "x", {"offset_scale": "x"})),
        *(("recipe", odd) for odd in (None, 5, {"kl": 3}, {"kl": None})),
        *(("data", odd) for odd in (None, 5, {"format_version": 1}, {"format_version": "x"})),
    ],
    ids=repr,
)
def test_odd_facts_of_a_run_are_one_line(run: Run, name: str, odd: object) -> None:
    path = run.folder / RUN_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), name: odd}))
    with pytest.raises(RunError, match=r"run\.json` cannot be read"):
        Run(run.folder)


@pytest.mark.parametrize("text", ["[]", "3", "null", "[" * 100_000, '{"format_version": []}'])
def test_another_file_is_no_run(run: Run, text: str) -> None:
    (run.folder / RUN_FILE).write_text(text)
    with pytest.raises(RunError, match=r"run\.json` (cannot be read|must be of format)"):
        Run(run.folder)
