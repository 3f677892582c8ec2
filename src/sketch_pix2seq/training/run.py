"""The folder of a run: configuration, metrics, checkpoints, sheets.

run.json            recipe, data set, versions: what is needed to repeat it
metrics.jsonl       a line per logged step and per validation
tensorboard/        the same for TensorBoard
checkpoints/        step-*.safetensors and best.safetensors
sheets/             redrawings of validation drawings as the model learns
"""

from __future__ import annotations

import json
import math
import platform
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch
from torch.utils.tensorboard import SummaryWriter

from sketch_pix2seq import __version__
from sketch_pix2seq.data.batches import check_oversample
from sketch_pix2seq.data.card import DatasetCard
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import RunError, SketchPix2SeqError
from sketch_pix2seq.io.atomic import atomic_write
from sketch_pix2seq.training.cards import check_exportable
from sketch_pix2seq.training.checkpoint import checkpoints
from sketch_pix2seq.training.initial_weights import InitialWeights
from sketch_pix2seq.training.process_group import threads_per_process
from sketch_pix2seq.training.recipe import Recipe
from sketch_pix2seq.training.settings import describe_settings

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FORMAT_VERSION = 1
RUN_FILE = "run.json"


class Run:
    """A run's folder.

    Args:
        folder: It must hold a `run.json`.

    Raises:
        RunError: If it is not the folder of a run of this version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.checkpoints = folder / "checkpoints"
        self.sheets = folder / "sheets"
        path = folder / RUN_FILE
        try:
            self.facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            version = self.facts["format_version"]
            if version == FORMAT_VERSION:
                self.recipe = Recipe.from_dict(self.facts["recipe"])
                self.data = DatasetCard.from_json(json.dumps(self.facts["data"]).encode())
                _ = self.offset_scale
        except FileNotFoundError as error:
            raise RunError(
                f"`{folder}` is not a training run: it has no run.json",
                do="Name a folder that `sketch-pix2seq train` wrote.",
            ) from error
        except (
            *(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError),
            SketchPix2SeqError,
        ) as error:
            raise RunError(f"`{path}` cannot be read", got=repr(error)[:200]) from error
        if version != FORMAT_VERSION:
            raise RunError(f"`{path}` must be of format {FORMAT_VERSION}", got=version)

    @classmethod
    def create(
        cls,
        folder: Path,
        recipe: Recipe,
        dataset: Dataset,
        devices: int = 1,
        initial_weights: InitialWeights | None = None,
    ) -> Run:
        """Make the folder of a new run.

        Args:
            folder: It does not exist, or is empty.
            recipe: What is trained.
            dataset: On which data set.
            devices: Number of processes, on all machines together; kept as a fact.
            initial_weights: See `train`.

        Raises:
            RunError: If something is there already.
            UsageError: If the initial weights or `oversample` do not fit, or no bundle could hold
                the networks.
        """
        data = _checked_card(recipe, dataset)
        if initial_weights is not None:
            initial_weights.check(recipe, dataset.card.categories)
        _check_new(folder)
        facts = {
            "format_version": FORMAT_VERSION,
            "recipe": recipe.to_dict(),
            "data": data,
            "command": sys.argv,
            "versions": {
                "sketch_pix2seq": __version__,
                "python": platform.python_version(),
                "torch": torch.__version__,
                "platform": platform.platform(),
            },
            "devices": devices,
            "started_from": None if initial_weights is None else initial_weights.facts,
            "threads": threads_per_process(devices),
        }
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            _check_new(folder)  # again: another process may have made its run here meanwhile
            atomic_write(folder / RUN_FILE, (json.dumps(facts, indent=2) + "\n").encode())
        return cls(folder)

    @classmethod
    def resume(
        cls,
        folder: Path,
        recipe: Recipe,
        dataset: Dataset,
        initial_weights: InitialWeights | None = None,
    ) -> Run:
        """Open a run to train it on; recipe, data set and initial weights must be its own.

        Raises:
            RunError: Naming what differs, or if it was trained with rewards.
        """
        run = cls(folder)
        run.check_data(dataset, "Resume with the data set that the run was started with.")
        if run.facts.get("judge") is not None:
            raise RunError(
                f"`{folder}` was trained with rewards, which are gone",
                do="Export it, and start a new run from its bundle with --start-from.",
            )
        if run.recipe != recipe:
            differ = [
                f"{name} is {now}, was {before}"
                for (name, now, _), (_, before, _) in zip(
                    describe_settings(recipe), describe_settings(run.recipe), strict=True
                )
                if now != before
            ]
            raise RunError(
                f"`{folder}` was started with other settings: {', '.join(differ)}",
                do="Resume with its own (leave --set out), or start a new run.",
            )
        started_from = run.facts.get("started_from") or {}
        if initial_weights is None:
            if started_from and not checkpoints(run.checkpoints):
                raise RunError(
                    f"`{folder}` lost the weights that it was started from",
                    do="Name them again with --start-from.",
                )
        elif initial_weights.facts["sha256"] != started_from.get("sha256"):
            raise RunError(
                f"`{folder}` was not started from the weights of `{initial_weights.facts['name']}`",
                do="Leave --start-from out, or start a new run.",
            )
        return run

    @classmethod
    def check(cls, folder: Path, recipe: Recipe, dataset: Dataset) -> None:
        """Check what `create`, or `resume` if there is a run, would refuse of recipe and data."""
        if (folder / RUN_FILE).exists():
            cls.resume(folder, recipe, dataset)
        else:
            _checked_card(recipe, dataset)

    @property
    def offset_scale(self) -> float:
        """Pixels to a unit of offsets: the data set's, or that of the initial weights."""
        started_from = self.facts.get("started_from") or {}
        return float(started_from.get("offset_scale", self.data.offset_scale))

    def check_data(self, dataset: Dataset, do: str) -> None:
        """Check that a data set is the one that the run was started with.

        Raises:
            RunError: Naming what differs.
        """
        for key in ("categories", "counts", "offset_scale"):
            if getattr(self.data, key) != getattr(dataset.card, key):
                raise RunError(
                    f"the data set does not fit `{self.folder}`: its `{key}` is another one",
                    do=do,
                )

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the run against other processes (where the system can).

        Raises:
            RunError: If another process is training it.
        """
        with _locked(self.folder):
            yield


def _check_new(folder: Path) -> None:
    """Check that a run can be made in a folder: it does not exist, or is empty."""
    if (folder / RUN_FILE).exists():
        raise RunError(
            f"`{folder}` exists already",
            do="Add --resume to continue that run, or name another folder.",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.glob("[!.]*"))):
        raise RunError(f"`{folder}` must be a new folder", do="Name another one.")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """See `Run.lock`."""
    with (folder / ".lock").open("w") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RunError(f"another process is training `{folder}`") from error
        yield


def _checked_card(recipe: Recipe, dataset: Dataset) -> dict[str, Any]:
    """Return a data set's card, as JSON has it, if a recipe can be trained on it."""
    check_oversample(recipe.oversampled, dataset.card.categories)
    data: dict[str, Any] = json.loads(dataset.card.to_json())
    check_exportable(recipe, data, dataset.card.offset_scale)
    return data


class MetricLog:
    """Writes metrics as JSON lines and for TensorBoard.

    Args:
        run: Whose metrics.
        start: First step to write; lines of later steps, left by a process that was killed,
            are dropped.
    """

    def __init__(self, run: Run, start: int) -> None:
        path = run.folder / "metrics.jsonl"
        _drop_lines_from(path, start)
        self._has_failed = False
        self._file = path.open("ab", buffering=0)  # nothing that failed is kept to fail again
        self._board = SummaryWriter(str(run.folder / "tensorboard"), purge_step=start + 1)

    def write(self, step: int, kind: str, values: dict[str, float]) -> None:
        """Log values after `step` steps; `kind` is `train` or `valid`."""
        finite = {name: v if math.isfinite(v) else None for name, v in values.items()}
        line = json.dumps({"step": step, "kind": kind, **finite}) + "\n"
        try:
            self._file.write(line.encode())
            for name, value in values.items():
                self._board.add_scalar(f"{kind}/{name}", value, step)
        except OSError as error:  # such as a full disk; training continues
            if not self._has_failed:
                warnings.warn(f"metrics are not written: {error}", stacklevel=2)
            self._has_failed = True

    def close(self) -> None:
        """Close both."""
        self._file.close()
        with suppress(OSError):
            self._board.close()


def _drop_lines_from(path: Path, start: int) -> None:
    if not path.exists():
        return
    lines = []
    for line in path.read_bytes().splitlines(keepends=True):
        try:
            if line.endswith(b"\n") and json.loads(line)["step"] <= start:
                lines.append(line)
        except (ValueError, KeyError, TypeError):
            continue  # the line that was being written when the run was killed
    atomic_write(path, b"".join(lines))
