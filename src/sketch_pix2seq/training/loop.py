"""The training loop. Read it top to bottom.

A run is a pure function of its recipe and its data: the drawings of step n, their
augmentation, the latent noise and the dropout are all seeded by (seed, n). To
resume is therefore to put weights and moments back and go on counting.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from sketch_pix2seq.data.batches import Batch, BatchSource, validation_batches
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.data.prefetch import prefetch
from sketch_pix2seq.errors import DamagedCheckpointError, DrawingError, RunError
from sketch_pix2seq.models import Losses, SketchAutoencoder
from sketch_pix2seq.training.build import build_model
from sketch_pix2seq.training.checkpoint import (
    BEST,
    checkpoint_path,
    checkpoints,
    load_checkpoint,
    rotate,
    save_checkpoint,
)
from sketch_pix2seq.training.interrupt import hold_interrupts
from sketch_pix2seq.training.memory import keep_freed_memory
from sketch_pix2seq.training.optimiser import Optimiser, learning_rate
from sketch_pix2seq.training.recipe import KLSettings, Recipe
from sketch_pix2seq.training.run import RUN_FILE, MetricLog, Run
from sketch_pix2seq.training.settings import describe_settings
from sketch_pix2seq.training.sheet import redrawing_sheet

MAX_SKIPPED_IN_A_ROW = 20


@dataclass(frozen=True)
class Progress:
    """What the loop tells its caller after each step."""

    step: int
    num_steps: int
    loss: float
    drawings_per_second: float
    valid_loss: float | None
    skipped: int


@dataclass(frozen=True)
class Outcome:
    """How a session of training ended."""

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
    device: str = "cpu",
    on_progress: Callable[[Progress], None] = lambda progress: None,
    on_notice: Callable[[str], None] = lambda notice: None,
) -> Outcome:
    """Train a recipe on a prepared data set.

    Args:
        recipe: what to train. When resuming it must be the run's own.
        data: folder of the data set.
        out: folder of the run.
        resume: go on where an earlier session stopped, if there was one.
        device: a torch device.
        on_progress: called after each step.
        on_notice: called with a line that a person should read.

    Raises:
        DatasetError: if the data set cannot be used.
        RunError: if the run cannot be started or continued, or its gradients stay
            not finite.
    """
    keep_freed_memory()
    dataset = Dataset.open(data)
    run = _open_run(recipe, dataset, out, resume)
    with run.lock():
        return _train(_Session(recipe, dataset, run, device), on_progress, on_notice)


def _train(
    session: _Session,
    on_progress: Callable[[Progress], None],
    on_notice: Callable[[str], None],
) -> Outcome:
    """The loop itself."""
    recipe = session.recipe
    session.restore(on_notice)
    first = session.memory.step
    with (
        MetricLog(session.run, first) as log,
        hold_interrupts() as interrupted,
        closing(prefetch(session.source, first, recipe.num_steps)) as batches,
    ):
        for batch in batches:
            loss = session.train_step(batch, log)
            if session.due(recipe.validate_every):
                session.validate(log)
            if recipe.sheet_every and session.due(recipe.sheet_every):
                session.draw_sheet()
            on_progress(session.progress(loss))
            stopping = interrupted.is_set()
            if stopping or session.due(recipe.checkpoint_every):
                session.save()
            if stopping:
                break
    return Outcome(
        session.memory.step, recipe.num_steps, session.memory.best_valid_loss, interrupted.is_set()
    )


@dataclass
class _Memory:
    """What goes on from one session of a run to the next, beside the weights."""

    step: int = 0
    best_valid_loss: float = math.inf
    skipped: int = 0


class _Session:
    """One sitting of a run: model, optimiser, data and memory together."""

    def __init__(self, recipe: Recipe, dataset: Dataset, run: Run, device: str) -> None:
        self.recipe = recipe
        self.dataset = dataset
        self.run = run
        self.device = torch.device(device)
        self.model = build_model(recipe).to(self.device)
        self.optimiser = Optimiser(self.model, recipe.optimiser, recipe.num_steps)
        self.memory = _Memory()
        self.source = BatchSource(
            dataset.split("train"),
            offset_scale=dataset.card.offset_scale,
            batch_size=recipe.batch_size,
            seed=recipe.seed,
            augmentation=recipe.augmentation,
            raster=recipe.raster,
            balance=recipe.balance,
            pad_to=dataset.card.longest if recipe.loss == "magenta" else None,
        )
        self._speed = _Speed()
        self._valid_loss: float | None = None
        self._skipped_in_a_row = 0

    def restore(self, on_notice: Callable[[str], None]) -> None:
        """Take up the newest whole checkpoint, if there is one; put damaged newer ones aside.

        Raises:
            RunError: if there are checkpoints, but none that can be used.
        """
        damaged: list[Path] = []
        for path in reversed(checkpoints(self.run.checkpoints)):
            try:
                tensors, facts = load_checkpoint(path)
                self.optimiser.load_tensors(tensors)
            except DamagedCheckpointError as error:
                on_notice(str(error))
                damaged.append(path)
                continue
            self.memory = _Memory(**facts)
            for path in damaged:
                aside = path.rename(path.with_suffix(".damaged"))
                on_notice(f"going on from step {self.memory.step}; kept {aside.name} aside")
            return
        if damaged:
            raise RunError(
                f"none of the {len(damaged)} checkpoints of `{self.run.folder}` is whole",
                do="Begin a new run, or put a whole checkpoint back.",
            )

    def train_step(self, batch: Batch, log: MetricLog) -> float:
        """Learn from one batch; returns its loss."""
        self.model.train()
        losses = self._losses(self.model, batch)
        total = losses.total(self.recipe.kl.weight_at(self.memory.step), self.recipe.kl.free_nats)
        total.backward()
        moved, norm = self.optimiser.step(self.memory.step)
        self._count_skipped(moved)
        self.memory.step += 1
        self._speed.add(len(batch.lengths))
        loss = float(total.detach())
        if self.due(self.recipe.log_every):
            values = {
                "loss": loss,
                "stroke_nll": float(losses.stroke_nll.detach()),
                "pen_ce": float(losses.pen_ce.detach()),
                **self._kl_metrics(losses),
                "gradient_norm": norm,
                "learning_rate": learning_rate(
                    self.memory.step - 1, self.recipe.num_steps, self.recipe.optimiser
                ),
                "drawings_per_second": self._speed.rate,
                "skipped_steps": float(self.memory.skipped),
            }
            log.write(self.memory.step, "train", values)
        return loss

    def due(self, every: int) -> bool:
        """Whether something that happens every so many steps happens now; always at the end."""
        return self.memory.step % every == 0 or self.memory.step == self.recipe.num_steps

    @torch.no_grad()
    def validate(self, log: MetricLog) -> None:
        """Losses on drawings never trained on, without noise; keeps the best weights."""
        model = self.optimiser.averaged
        model.eval()
        means = _Means()
        for batch in validation_batches(
            self.dataset.split("valid"),
            offset_scale=self.dataset.card.offset_scale,
            batch_size=self.recipe.batch_size,
            raster=self.recipe.raster,
            limit=self.recipe.validate_drawings,
            pad_to=self.source.pad_to,
        ):
            means.add(self._losses(model, batch))
        self._valid_loss = means.loss(self.recipe.kl)
        if not math.isfinite(self._valid_loss):
            raise self._diverged("the validation loss is not finite")
        log.write(self.memory.step, "valid", means.values())
        if self._valid_loss < self.memory.best_valid_loss:
            self.memory.best_valid_loss = self._valid_loss
            save_checkpoint(
                self.run.checkpoints / BEST, self.optimiser.tensors(), asdict(self.memory)
            )
        self._speed.restart()

    def draw_sheet(self) -> None:
        """Draw drawings never trained on again, for a person to look at."""
        try:
            sheet = redrawing_sheet(
                self.optimiser.averaged,
                self.dataset.split("valid"),
                self.dataset.card.offset_scale,
                self.recipe.raster,
            )
        except DrawingError as error:
            raise self._diverged("the model draws numbers that are not finite") from error
        self.run.sheets.mkdir(exist_ok=True)
        sheet.save(self.run.sheets / f"step-{self.memory.step:08d}.png")
        self._speed.restart()

    def save(self) -> None:
        """Write a checkpoint and let the oldest one go."""
        path = checkpoint_path(self.run.checkpoints, self.memory.step)
        save_checkpoint(path, self.optimiser.tensors(), asdict(self.memory))
        rotate(self.run.checkpoints, self.recipe.keep_checkpoints)
        self._speed.restart()

    def progress(self, loss: float) -> Progress:
        """What to tell the caller now."""
        return Progress(
            self.memory.step,
            self.recipe.num_steps,
            loss,
            self._speed.rate,
            self._valid_loss,
            self.memory.skipped,
        )

    def _losses(self, model: SketchAutoencoder, batch: Batch) -> Losses:
        generator = torch.Generator(self.device)
        seeds = np.random.SeedSequence([self.recipe.seed, self.memory.step])
        generator.manual_seed(int(seeds.generate_state(1)[0]))
        losses: Losses = model(
            torch.from_numpy(batch.pictures).to(self.device, non_blocking=True),
            torch.from_numpy(batch.steps).to(self.device, non_blocking=True),
            torch.from_numpy(batch.lengths),
            generator,
        )
        return losses

    def _kl_metrics(self, losses: Losses) -> dict[str, float]:
        if losses.kl is None:
            return {}
        weight = self.recipe.kl.weight_at(self.memory.step - 1)
        return {"kl": float(losses.kl.detach()), "kl_weight": weight}

    def _count_skipped(self, moved: bool) -> None:
        self._skipped_in_a_row = 0 if moved else self._skipped_in_a_row + 1
        self.memory.skipped += not moved
        if self._skipped_in_a_row >= MAX_SKIPPED_IN_A_ROW:
            raise self._diverged(
                f"the gradient was not finite {self._skipped_in_a_row} steps in a row"
            )

    def _diverged(self, what: str) -> RunError:
        return RunError(
            f"{what}, at step {self.memory.step}",
            do="Lower `optimiser.learning_rate` and begin a new run.",
        )


class _Means:
    """Losses averaged over batches of different sizes."""

    def __init__(self) -> None:
        self._sums = {"stroke_nll": 0.0, "pen_ce": 0.0, "kl": 0.0}
        self._rows = 0
        self._drawings = 0
        self._has_kl = False

    def add(self, losses: Losses) -> None:
        """Count a batch."""
        self._sums["stroke_nll"] += float(losses.stroke_nll) * losses.num_rows
        self._sums["pen_ce"] += float(losses.pen_ce) * losses.num_rows
        self._rows += losses.num_rows
        self._drawings += losses.num_drawings
        if losses.kl is not None:
            self._has_kl = True
            self._sums["kl"] += float(losses.kl) * losses.num_drawings

    def values(self) -> dict[str, float]:
        """What is logged."""
        strokes, pens = (self._sums[name] / self._rows for name in ("stroke_nll", "pen_ce"))
        found = {"stroke_nll": strokes, "pen_ce": pens, "reconstruction": strokes + pens}
        if self._has_kl:
            found["kl"] = self._sums["kl"] / self._drawings
        return found

    def loss(self, kl: KLSettings) -> float:
        """What decides which weights are best: reconstruction, and KL at its last weight."""
        values = self.values()
        return values["reconstruction"] + kl.weight * max(values.get("kl", 0.0), kl.free_nats)


class _Speed:
    """Drawings a second, over the steps since something else took time."""

    WINDOW = 50

    def __init__(self) -> None:
        self.rate = 0.0
        self.restart()

    def restart(self) -> None:
        self._began = time.perf_counter()
        self._drawings = 0
        self._steps = 0

    def add(self, drawings: int) -> None:
        self._drawings += drawings
        self._steps += 1
        self.rate = self._drawings / max(time.perf_counter() - self._began, 1e-9)
        if self._steps >= self.WINDOW:
            self.restart()


def _open_run(recipe: Recipe, dataset: Dataset, out: Path, resume: bool) -> Run:
    if not resume or not (out / RUN_FILE).exists():
        return Run.create(out, recipe, dataset)
    run = Run(out)
    run.check_data(dataset)
    if run.recipe != recipe:
        differ = [
            f"{name} is {now}, was {began}"
            for (name, now, _), (_, began, _) in zip(
                describe_settings(recipe), describe_settings(run.recipe), strict=True
            )
            if now != began
        ]
        raise RunError(
            f"`{out}` was begun with other settings: {', '.join(differ)}",
            do="Resume with its own (leave --set out), or begin a new run.",
        )
    return run
