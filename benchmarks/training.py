"""Training speed as a share of what the processor's matrix products allow."""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from benchmarks.figures import Figure, in_turn
from sketch_pix2seq.data.batches import Batch, BatchSource
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.models.mixture import output_dim
from sketch_pix2seq.training.build import build_model
from sketch_pix2seq.training.loop import Progress, train
from sketch_pix2seq.training.memory import keep_freed_memory
from sketch_pix2seq.training.optimiser import Optimiser
from sketch_pix2seq.training.recipe import ModelSettings, Recipe
from sketch_pix2seq.training.recipes import cnn

GEMM_SIDE = 1024
NUM_BATCHES = 8
WARM_UP = 4
NUM_STEPS = 16
ROUNDS = 3
BAR = 0.7
MODELS = {
    "cnn, LSTM-512": ModelSettings(),
    "rnn, LSTM-512": ModelSettings(encoder="rnn"),
    "cnn, layer-norm LSTM-512": ModelSettings(decoder="layer_norm"),
    "cnn, HyperLSTM-512": ModelSettings(decoder="hyper"),
}


def measure(data: Path) -> list[Figure]:
    """All models as a user trains them; the paper's beside the library's LSTM."""
    keep_freed_memory()
    recipe = replace(cnn(), loss="valid")
    figures = [_trained(name, replace(recipe, model=model), data) for name, model in MODELS.items()]
    if (devices := torch.get_num_threads()) > 1:
        figures.append(_trained(next(iter(MODELS)), recipe, data, devices))
    return figures + _alone(recipe, data)


def _trained(name: str, recipe: Recipe, data: Path, devices: int = 1) -> Figure:
    """`sketch-pix2seq train`: everything included."""
    source = _source(recipe, Dataset.open(data))
    num_steps = WARM_UP + NUM_STEPS
    rows = sum(_num_rows(source.batch(step)) for step in range(WARM_UP, num_steps))
    drawings = NUM_STEPS * recipe.batch_size
    short = replace(
        recipe,
        num_steps=num_steps + 1,  # the last one also validates
        validate_every=num_steps + 1,
        validate_drawings=1,
        checkpoint_every=num_steps + 1,
        sheet_every=0,
    )
    rates, peaks = [], [_peak()]
    for _ in range(ROUNDS):
        clock = _Clock()
        with tempfile.TemporaryDirectory() as scratch:
            train(
                short,
                data,
                Path(scratch) / "run",
                devices=devices,
                on_progress=clock.tick,
            )
        rates.append(drawings / (clock.ticks[num_steps - 1] - clock.ticks[WARM_UP - 1]))
        peaks.append(_peak())
    rate, peak = statistics.median(rates), statistics.median(peaks)
    floor = peak / (rows / drawings * _flops_a_row(recipe.model))
    has_bar = recipe.model == ModelSettings() and devices == 1
    shared = f", {devices} processes" if devices > 1 else ""
    return Figure(
        work=f"training {name}{shared} ({rows / drawings:.0f} rows a drawing)",
        value=rate,
        unit="drawings/s",
        peer=f"floor: {peak / 1e9:.0f} GFLOPS of matrix products",
        peer_value=floor,
        bar=f">= {BAR:.0%}" if has_bar else "none",
        met=not has_bar or rate >= BAR * floor,
    )


class _Clock:
    """When each step was done."""

    def __init__(self) -> None:
        self.ticks: list[float] = []

    def tick(self, progress: Progress) -> None:
        """Take the time of a step."""
        self.ticks.append(time.perf_counter())


def _alone(recipe: Recipe, data: Path) -> list[Figure]:
    """One process of all threads, in turn with what it is measured against."""
    dataset = Dataset.open(data)
    source = _source(recipe, dataset)
    batches = [source.batch(step) for step in range(NUM_BATCHES)]
    model = build_model(recipe).train()
    optimiser = Optimiser(model, recipe.optimiser, recipe.num_steps)
    library = nn.LSTM(5 + recipe.model.latent_dim, recipe.model.decoder_size, batch_first=True)
    tensors = [_tensors(batch) for batch in batches]
    noise = torch.randn(recipe.batch_size, recipe.model.latent_dim)

    def learn() -> None:
        for pictures, steps, lengths in tensors:
            model(pictures, steps, lengths, noise).total().backward()
            optimiser.step(0)

    def plain_lstm() -> None:
        for _, steps, lengths in tensors:
            wide = torch.cat((steps[:, :-1], steps.new_zeros(*steps[:, :-1].shape[:2], 128)), -1)
            packed = pack_padded_sequence(wide, lengths + 1, batch_first=True)
            library(packed)[0].data.sum().backward()
            library.zero_grad()

    seconds = in_turn(
        {
            "learn": learn,
            "input": lambda: [source.batch(step) for step in range(NUM_BATCHES)],
            "plain": plain_lstm,
        },
        rounds=5,
    )
    drawings = NUM_BATCHES * recipe.batch_size
    whole = seconds["learn"] + seconds["input"]
    return [
        Figure(
            work="training cnn against the library's LSTM alone (no dropout, loss or encoder)",
            value=drawings / whole,
            unit="drawings/s",
            peer="torch.nn.LSTM, forward and backward",
            peer_value=drawings / seconds["plain"],
            bar="none",
            met=True,
        ),
        Figure(
            work="input pipeline: augmentation and pictures, share of a training step",
            value=seconds["input"] / drawings * 1e6,
            unit="us a drawing",
            peer="the whole step, us a drawing",
            peer_value=whole / drawings * 1e6,
            bar="<= 10 %",
            met=seconds["input"] <= 0.1 * whole,
        ),
    ]


def _source(recipe: Recipe, dataset: Dataset) -> BatchSource:
    return BatchSource(
        dataset.split("train"),
        offset_scale=dataset.card.offset_scale,
        batch_size=recipe.batch_size,
        seed=0,
        augmentation=recipe.augmentation,
        raster=recipe.raster,
    )


def _num_rows(batch: Batch) -> int:
    """Rows that the decoder must run over."""
    return int(batch.lengths.sum()) + len(batch.lengths)


def _peak() -> float:
    """Floating point operations a second of a large matrix product."""
    square = torch.randn(GEMM_SIDE, GEMM_SIDE)
    product = torch.empty_like(square)
    taken = []
    for _ in range(30):
        began = time.perf_counter()
        torch.mm(square, square, out=product)
        taken.append(time.perf_counter() - began)
    return 2 * GEMM_SIDE**3 / statistics.median(taken)


def _flops_a_row(model: ModelSettings) -> float:
    """Forward and backward matrix products of a row that cannot be left out."""
    size, hyper, code = model.decoder_size, model.hyper_size, 12 * model.hyper_embedding
    weights = 4 * size * (size + 5) + size * output_dim(model.num_components)
    if model.decoder == "hyper":
        weights += 4 * hyper * (5 + size + hyper) + code * hyper + code * size
    if model.encoder == "rnn":
        weights += 2 * 4 * model.encoder_size * (model.encoder_size + 5)
    return 3 * 2 * weights


def _tensors(batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return (
        torch.from_numpy(batch.pictures),
        torch.from_numpy(batch.steps),
        torch.from_numpy(batch.lengths),
    )
