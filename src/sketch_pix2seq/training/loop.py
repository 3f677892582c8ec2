"""The training loop. Read it top to bottom.

A run is a pure function of its recipe and its data: the drawings of step n, their
augmentation, the latent noise and the dropout are all seeded by (seed, n). To
resume is therefore to restore weights and moments and continue counting.

Several processes may share the work: each takes its part of every batch, and the
gradients are summed. The main process alone reads, validates, writes and reports.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import closing, nullcontext
from dataclasses import asdict, astuple, dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from sketch_pix2seq.data.batches import (
    Batch,
    BatchSource,
    prefetch,
    validation_batches,
)
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import DamagedCheckpointError, DrawingError, RunError
from sketch_pix2seq.models import AttentionModel, Losses, SketchAutoencoder, SketchClassifier
from sketch_pix2seq.models.attention import Conditions
from sketch_pix2seq.training.build import build
from sketch_pix2seq.training.checkpoint import (
    BEST,
    checkpoint_path,
    checkpoints,
    clear_partial,
    load_checkpoint,
    rotate,
    save_checkpoint,
)
from sketch_pix2seq.training.initial_weights import InitialWeights
from sketch_pix2seq.training.machine import (
    Speed,
    hold_interrupts,
    keep_freed_memory,
    out_of_memory_errors,
    precision_of,
)
from sketch_pix2seq.training.optimiser import Optimiser, learning_rate
from sketch_pix2seq.training.process_group import (
    ProcessGroup,
    check_devices,
    group_size,
    is_main_process,
    join_processes,
)
from sketch_pix2seq.training.recipe import Recipe
from sketch_pix2seq.training.run import RUN_FILE, MetricLog, Run
from sketch_pix2seq.training.sheet import redrawing_sheet

MAX_SKIPPED_IN_A_ROW = 20


@dataclass(frozen=True)
class TrainingProgress:
    """The argument of `on_progress`, after each step."""

    step: int
    num_steps: int
    loss: float
    drawings_per_second: float
    valid_loss: float | None


OnProgress: TypeAlias = Callable[[TrainingProgress], None]
OnNotice: TypeAlias = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """How a call of `train` ended."""

    step: int
    num_steps: int
    best_valid_loss: float
    interrupted: bool


def train(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    resume: bool = False,
    devices: int = 1,
    initial_weights: InitialWeights | None = None,
    on_progress: OnProgress = lambda progress: None,
    on_notice: OnNotice = lambda notice: None,
) -> Outcome:
    """Train a recipe on a prepared data set.

    Args:
        recipe: What to train. When resuming it must be the run's own.
        data: Folder of the data set.
        out: Folder of the run.
        resume: Continue the run in `out`, if there is one.
        devices: Processes that share each batch, a GPU each where there are so many.
        initial_weights: Weights of a trained model, with its `offset_scale`; None: random weights
            from the recipe's seed, and the data set's `offset_scale`. Of a run that is resumed
            those it was started from, needed again if it was stopped before it had kept any.
        on_progress: Called after each step.
        on_notice: Called with a line for the user.

    Raises:
        DatasetError: If the data set cannot be used.
        RunError: If the run cannot be started or continued, or its gradients stay not finite.
        UsageError: If there are fewer devices, or more than a batch has drawings, or
            `initial_weights` does not fit the recipe.
    """
    check_devices(devices, recipe.batch_size)
    keep_freed_memory()
    dataset = Dataset.open(data)
    run = None
    if is_main_process():
        if resume and (out / RUN_FILE).exists():
            run = Run.resume(out, recipe, dataset, initial_weights)
        else:
            run = Run.create(out, recipe, dataset, group_size(devices), initial_weights)
    with (
        nullcontext() if run is None else run.lock(),
        join_processes(devices, partial(_work, recipe, data)) as group,
        out_of_memory_errors(),
    ):
        trainer = Trainer(recipe, dataset, run, group)
        if initial_weights is not None and run is not None and not checkpoints(run.checkpoints):
            trainer.optimiser.load_weights(initial_weights.weights)
            trainer.save(on_notice)  # a run that is killed at once keeps them
        return _train(trainer, on_progress, on_notice)


def _work(recipe: Recipe, data: Path, group: ProcessGroup) -> None:
    keep_freed_memory()
    with out_of_memory_errors():
        trainer = Trainer(recipe, Dataset.open(data), None, group)
        _train(trainer, lambda progress: None, lambda notice: None)


def _train(trainer: Trainer, on_progress: OnProgress, on_notice: OnNotice) -> Outcome:
    recipe = trainer.recipe
    trainer.restore(on_notice)
    first = trainer.state.step
    log = MetricLog(trainer.run, first) if trainer.group.is_main else None
    with (
        nullcontext() if log is None else closing(log),
        hold_interrupts() as interrupted,
        closing(prefetch(trainer.source, first, recipe.num_steps)) as batches,
    ):
        for batch in batches:
            loss = trainer.train_step(batch, log, stop=interrupted.is_set())
            if log is not None:
                if trainer.due(recipe.validate_every):
                    trainer.validate(log, on_notice)
                if recipe.sheet_every and trainer.due(recipe.sheet_every):
                    trainer.draw_sheet(on_notice)
                on_progress(trainer.progress(loss))
                if trainer.stopping or trainer.due(recipe.checkpoint_every):
                    trainer.save(on_notice)
            if trainer.stopping:
                break
    state = trainer.state
    stopped = trainer.stopping and state.step < recipe.num_steps
    return Outcome(state.step, recipe.num_steps, state.best_valid_loss, stopped)


@dataclass
class TrainState:
    """What a checkpoint holds besides the tensors."""

    step: int = 0
    best_valid_loss: float = math.inf
    skipped: int = 0


class Trainer:
    """Model, optimiser, data and state of a run, in one process."""

    def __init__(
        self, recipe: Recipe, dataset: Dataset, run: Run | None, group: ProcessGroup
    ) -> None:
        self.recipe = recipe
        self.dataset = dataset
        self.group = group
        _check_alike(recipe, dataset, group)
        offset_scale = 0.0 if run is None else run.offset_scale
        self.offset_scale = float(
            group.broadcast(torch.tensor([offset_scale], dtype=torch.float64))
        )
        model = build(recipe, len(dataset.card.categories), self.offset_scale)
        self.model = model.to(group.device)
        self.optimiser = Optimiser(self.model, recipe.optimiser, recipe.num_steps)
        self.state = TrainState()
        self._batches: dict[str, Any] = {
            "offset_scale": self.offset_scale,
            "batch_size": recipe.batch_size,
            "raster": recipe.raster,
            "pad_to": dataset.card.longest if recipe.loss == "magenta" else None,
            "framed": recipe.attends,
        }
        self.source = BatchSource(
            dataset.split("train"),
            seed=recipe.seed,
            augmentation=recipe.augmentation,
            balance=recipe.balance,
            oversample=recipe.oversampled,
            oversample_share=recipe.oversample_share,
            shard=(group.rank, group.size),
            **self._batches,
        )
        is_auto = recipe.precision == "auto"
        self.precision = precision_of(group.device) if is_auto else torch.float32
        self.stopping = False
        self._run = run
        self._speed = Speed()
        self._valid_loss: float | None = None
        self._skipped_in_a_row = 0

    @property
    def run(self) -> Run:
        """The run's folder, which only the main process touches."""
        assert self._run is not None
        return self._run

    def restore(self, on_notice: OnNotice) -> None:
        """Load the newest whole checkpoint, if there is one, in all processes.

        Raises:
            RunError: If there are checkpoints, but none that can be used.
        """
        if self.group.is_main:
            self._restore_from_disk(on_notice)
        facts = torch.tensor(astuple(self.state), dtype=torch.float64)
        step, best_valid_loss, skipped = self.group.broadcast(facts).tolist()
        self.state = TrainState(int(step), best_valid_loss, int(skipped))
        self.optimiser.broadcast(self.group)

    def _restore_from_disk(self, on_notice: OnNotice) -> None:
        """Load the newest whole checkpoint; rename damaged newer ones."""
        clear_partial(self.run.checkpoints)
        damaged: list[Path] = []
        for path in reversed(checkpoints(self.run.checkpoints)):
            try:
                tensors, facts = load_checkpoint(path)
                self.optimiser.load_tensors(tensors)
                self.state = TrainState(**facts)
                break
            except TypeError:
                raise RunError(f"`{path}` must be a checkpoint of a training run") from None
            except DamagedCheckpointError as error:
                on_notice(str(error))
                damaged.append(path)
        else:
            if damaged:
                raise RunError(
                    f"none of the {len(damaged)} checkpoints of `{self.run.folder}` is whole",
                    do="Start a new run, or restore a whole checkpoint.",
                )
        for path in damaged:
            aside = path.rename(path.with_suffix(".damaged"))
            on_notice(f"continuing from step {self.state.step}; {aside.name} is damaged")

    def train_step(self, batch: Batch, log: MetricLog | None, *, stop: bool) -> float:
        """Train on one batch; returns the loss of the whole batch.

        `stop` makes all processes stop after this step; see `stopping`.
        """
        step, kl = self.state.step, self.recipe.kl
        self.model.train()
        losses = self._losses(self.model, batch, *self._random_inputs())
        stops = torch.tensor([float(stop)], dtype=torch.float64)
        summed = self.group.all_reduce(torch.cat((losses.sums(), stops)))
        sums, self.stopping = summed[:-1], bool(summed[-1] > 0)
        weights = kl.weight_at(step), kl.free_nats
        losses.total(*weights, sums).backward()
        self.group.all_reduce_gradients(list(self.optimiser.parameters.values()))
        moved, norm = self.optimiser.step(step)
        self._count_skipped(moved)
        self.state.step += 1
        self._speed.add(self.recipe.batch_size)
        means = losses.means_of(sums)
        loss = means.total(*weights, self.recipe.model.class_weight)
        if log is not None and self.due(self.recipe.log_every):
            values = {
                "loss": loss,
                **means.values,
                **({"kl_weight": weights[0]} if kl.weight else {}),
                "gradient_norm": norm,
                "learning_rate": learning_rate(step, self.recipe.num_steps, self.recipe.optimiser),
                "drawings_per_second": self._speed.rate,
                "skipped_steps": float(self.state.skipped),
            }
            log.write(self.state.step, "train", values)
        return loss

    def due(self, every: int) -> bool:
        """Whether something that happens `every` steps is due; always at the end."""
        return self.state.step % every == 0 or self.state.step == self.recipe.num_steps

    @torch.no_grad()
    def validate(self, log: MetricLog, on_notice: OnNotice) -> None:
        """Compute the losses of validation drawings, without noise; save the best weights.

        The best are those that draw best: the term of categories does not count.
        """
        model = self.optimiser.averaged
        model.eval()
        split, limit = self.dataset.split("valid"), self.recipe.validate_drawings
        batches = validation_batches(split, limit=limit, **self._batches)
        learned = model.shares.learned if isinstance(model, AttentionModel) else []
        condition_names: tuple[str | None, ...] = (None, *learned)
        losses: dict[str | None, list[Losses]] = {condition: [] for condition in condition_names}
        for number, batch in enumerate(batches):
            for condition in condition_names:
                generator = _generator(self.group.device, number)
                conditions = self._conditions(len(batch.lengths), generator, condition)
                losses[condition].append(self._losses(model, batch, None, conditions, generator))
        means = {
            condition: some[0].means_of(torch.stack([loss.sums() for loss in some]).sum(0))
            for condition, some in losses.items()
        }
        self._valid_loss = means[None].total(self.recipe.kl.weight, self.recipe.kl.free_nats)
        if not math.isfinite(self._valid_loss):
            raise self._diverged("the validation loss is not finite")
        values = dict(means[None].values)
        for condition in condition_names[1:]:
            values[f"reconstruction_{condition}"] = means[condition].total()
        log.write(self.state.step, "valid", values)
        if self._valid_loss < self.state.best_valid_loss:
            state = replace(self.state, best_valid_loss=self._valid_loss)
            best = self.run.checkpoints / BEST
            try:
                save_checkpoint(best, self.optimiser.tensors(), asdict(state))
                self.state = state
            except RunError as error:
                on_notice(f"{error}. Training goes on without it.")
        self._speed.restart()

    def draw_sheet(self, on_notice: OnNotice) -> None:
        """Save a sheet of validation drawings and their redrawings."""
        model = self.optimiser.averaged
        assert not isinstance(model, SketchClassifier)  # its recipe asks for no sheets
        try:
            valid = self.dataset.split("valid")
            sheet = redrawing_sheet(model, valid, self.offset_scale, self.recipe.raster)
        except DrawingError as error:
            raise self._diverged("the model draws numbers that are not finite") from error
        try:
            self.run.sheets.mkdir(exist_ok=True)
            sheet.save(self.run.sheets / f"step-{self.state.step:08d}.png")
        except OSError as error:
            on_notice(f"a sheet could not be written ({error.strerror}). Training goes on without.")
        self._speed.restart()

    def save(self, on_notice: OnNotice) -> None:
        """Write a checkpoint and delete the oldest one.

        If a checkpoint cannot be written during training, a notice says so: there are older
        ones, and the next may succeed.

        Raises:
            RunError: If the last one cannot be written.
        """
        path = checkpoint_path(self.run.checkpoints, self.state.step)
        try:
            save_checkpoint(path, self.optimiser.tensors(), asdict(self.state))
        except RunError as error:
            if self.stopping or self.state.step == self.recipe.num_steps:
                raise
            on_notice(f"{error}. Training goes on without it.")
        rotate(self.run.checkpoints, self.recipe.keep_checkpoints)
        self._speed.restart()

    def progress(self, loss: float) -> TrainingProgress:
        """The progress after a step with this loss."""
        step, num_steps = self.state.step, self.recipe.num_steps
        return TrainingProgress(step, num_steps, loss, self._speed.rate, self._valid_loss)

    def _losses(
        self,
        model: SketchAutoencoder | AttentionModel | SketchClassifier,
        batch: Batch,
        noise: Tensor | None,
        conditions: Conditions | None,
        generator: torch.Generator,
    ) -> Losses:
        """Losses of a batch; `conditions` are those of an `attention` model."""

        def moved(values: np.ndarray) -> Tensor:
            return torch.from_numpy(values).to(self.group.device, non_blocking=True)

        losses: Losses
        pictures, lengths = moved(batch.pictures), torch.from_numpy(batch.lengths)
        if isinstance(model, SketchClassifier):
            losses = model(pictures, moved(batch.category_ids), generator)
            return losses
        steps = moved(batch.steps)
        device, precision = self.group.device.type, self.precision
        with torch.autocast(device, precision, enabled=precision != torch.float32):
            if isinstance(model, SketchAutoencoder):
                losses = model(pictures, steps, lengths, noise, generator)
            else:
                assert batch.covered is not None
                targets = None if batch.targets is None else moved(batch.targets)
                inputs = (pictures, steps, lengths, moved(batch.category_ids))
                covered = moved(batch.covered)
                losses = model(*inputs, covered, conditions, noise, targets, generator)
        return losses

    def _conditions(
        self, batch: int, generator: torch.Generator, condition: str | None = None
    ) -> Conditions | None:
        """What an `attention` model is given: `condition`, or drawn at random."""
        model = self.model
        if not isinstance(model, AttentionModel):
            return None
        if condition is None:
            return Conditions.sample(batch, model.picture_size, model.shares, generator)
        return Conditions.fixed(batch, model.picture_size, generator.device, condition=condition)

    def _random_inputs(self) -> tuple[Tensor, Conditions | None, torch.Generator]:
        """Latent noise and conditions of this process's part of the batch, and dropout's generator.

        Noise and conditions of a drawing are the same however many processes there are; the
        dropout is each process's own.
        """
        group, step = self.group, self.state.step
        generator = _generator(group.device, self.recipe.seed, step)
        size = (self.recipe.batch_size, self.recipe.model.latent_dim)
        noise = torch.empty(size, device=group.device).normal_(generator=generator)
        conditions = self._conditions(self.recipe.batch_size, generator)
        if conditions is not None:
            conditions = conditions.shard(group.rank, group.size)
        if not group.is_main:
            generator = _generator(group.device, self.recipe.seed, step, group.rank)
        return noise[group.rank :: group.size], conditions, generator

    def _count_skipped(self, moved: bool) -> None:
        in_a_row = self._skipped_in_a_row = 0 if moved else self._skipped_in_a_row + 1
        self.state.skipped += not moved
        if in_a_row >= MAX_SKIPPED_IN_A_ROW and self.group.is_main:
            raise self._diverged(f"the gradient was not finite {in_a_row} steps in a row")

    def _diverged(self, what: str) -> RunError:
        return RunError(
            f"{what}, at step {self.state.step}",
            do="Lower `optimiser.learning_rate` and start a new run.",
        )


def _check_alike(recipe: Recipe, dataset: Dataset, group: ProcessGroup) -> None:
    """Refuse another recipe or data set than the main process has; torchrun's read their own."""
    text = json.dumps(recipe.to_dict()) + dataset.card.digest
    own = torch.tensor(list(sha256(text.encode()).digest()), dtype=torch.uint8)
    if not torch.equal(own, group.broadcast(own)):
        raise RunError(
            "all processes of a run must have the same recipe and data set",
            do="Give all of them the same settings, and each machine a copy of the data set.",
        )


def _generator(device: torch.device, *seeds: int) -> torch.Generator:
    state = np.random.SeedSequence(seeds).generate_state(1)
    return torch.Generator(device).manual_seed(int(state[0]))
