"""Training speed as a share of what the processor's matrix products allow."""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.figures import Figure, in_turn
from sketch_pix2seq.data.batches import Batch, BatchSource
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.models.attention import Conditions, ConditionShares
from sketch_pix2seq.sketch.network_layout import output_dim
from sketch_pix2seq.training.build import build
from sketch_pix2seq.training.loop import TrainingProgress, train
from sketch_pix2seq.training.machine import keep_freed_memory, precision_of
from sketch_pix2seq.training.optimiser import Optimiser
from sketch_pix2seq.training.recipe import ModelSettings, Recipe
from sketch_pix2seq.training.recipes import attention, cnn

GEMM_SIDE = 1024
NUM_BATCHES = 8
WARM_UP = 4
NUM_STEPS = 16
ROUNDS = 3
BAR = 0.6
GPU_BAR = 0.3
GPU_BATCH = 512
GPU_GEMM_SIDE = 8192
COUNTED = 40
"""One in so many drawings of a batch is counted, for the floor of `attention`."""
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
    ours = attention()
    if torch.cuda.is_available():
        ours = replace(ours, batch_size=GPU_BATCH)
    figures = [_trained("attention", ours, data)]
    figures += [
        _trained(name, replace(recipe, model=model), data) for name, model in MODELS.items()
    ]
    if (devices := torch.get_num_threads()) > 1:
        figures.append(_trained(next(iter(MODELS)), recipe, data, devices))
    return figures + _alone(recipe, data)


def _trained(name: str, recipe: Recipe, data: Path, devices: int = 1) -> Figure:
    """`sketch-pix2seq train`: everything included."""
    dataset = Dataset.open(data)
    source = _source(recipe, dataset)
    num_steps = WARM_UP + NUM_STEPS
    batches = [source.batch(step) for step in range(WARM_UP, num_steps)]
    drawings = NUM_STEPS * recipe.batch_size
    rows_a_drawing = sum(map(_num_rows, batches)) / drawings
    flops = rows_a_drawing * _flops_a_row(recipe.model)
    precision = torch.float32
    if recipe.attends:
        flops = _flops_of_attention(recipe, dataset, batches)
        precision = precision_of(_device())
    short = replace(
        recipe,
        num_steps=num_steps + 1,  # the last one also validates
        validate_every=num_steps + 1,
        validate_drawings=1,
        checkpoint_every=num_steps + 1,
        sheet_every=0,
    )
    rates, peaks = [], [_peak(precision)]
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
        peaks.append(_peak(precision))
    rate, peak = statistics.median(rates), statistics.median(peaks)
    has_bar = devices == 1 and (recipe.attends or recipe.model == ModelSettings())
    bar = GPU_BAR if recipe.attends and _device().type == "cuda" else BAR
    shared = f", {devices} processes" if devices > 1 else ""
    numbers = str(precision).removeprefix("torch.")
    return Figure(
        work=f"training {name}{shared} ({rows_a_drawing:.0f} rows a drawing)",
        value=rate,
        unit="drawings/s",
        peer=f"floor: {peak / 1e9:,.0f} GFLOPS of matrix products in {numbers}",
        peer_value=peak / flops,
        bar=f">= {bar:.0%}" if has_bar else "none",
        met=not has_bar or rate >= bar * peak / flops,
    )


class _Clock:
    """When each step was done."""

    def __init__(self) -> None:
        self.ticks: list[float] = []

    def tick(self, progress: TrainingProgress) -> None:
        """Take the time of a step."""
        self.ticks.append(time.perf_counter())


def _alone(recipe: Recipe, data: Path) -> list[Figure]:
    """One process of all threads, in turn with what it is measured against."""
    dataset = Dataset.open(data)
    source = _source(recipe, dataset)
    batches = [source.batch(step) for step in range(NUM_BATCHES)]
    model = build(recipe, len(dataset.card.categories)).train()
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
            bar="",
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
        balance=recipe.balance,
        framed=recipe.attends,
    )


def _num_rows(batch: Batch) -> int:
    """Rows that the decoder must run over."""
    return int(batch.lengths.sum()) + len(batch.lengths)


def _device() -> torch.device:
    """Where `train` computes."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _peak(precision: torch.dtype) -> float:
    """Floating point operations a second of a large matrix product."""
    device = _device()
    side = GPU_GEMM_SIDE if device.type == "cuda" else GEMM_SIDE
    square = torch.randn(side, side, device=device).to(precision)
    product = torch.empty_like(square)
    taken = []
    for _ in range(30):
        began = time.perf_counter()
        torch.mm(square, square, out=product)
        if device.type == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - began)
    return 2 * side**3 / statistics.median(taken)


def _flops_of_attention(recipe: Recipe, dataset: Dataset, batches: list[Batch]) -> float:
    """Matrix products and convolutions of a drawing, forward and backward, as torch counts them.

    Each drawing is counted by itself, so that rows that only fill up a batch are not. Conditions
    are drawn as in training. One in `COUNTED` drawings is counted.
    """
    model = build(recipe, len(dataset.card.categories), dataset.card.offset_scale).train()
    generator = torch.Generator().manual_seed(0)
    flops = []
    for batch in batches:
        assert batch.covered is not None
        for place in range(0, len(batch.lengths), COUNTED):
            one, length = slice(place, place + 1), int(batch.lengths[place])
            conditions = Conditions.sample(
                1, recipe.raster.size, ConditionShares(**asdict(recipe.conditions)), generator
            )
            with FlopCounterMode(display=False) as counter:
                losses = model(
                    torch.from_numpy(batch.pictures[one]),
                    torch.from_numpy(batch.steps[one, : length + 2]),
                    torch.from_numpy(batch.lengths[one]),
                    torch.from_numpy(batch.category_ids[one]),
                    torch.from_numpy(batch.covered[one]),
                    conditions,
                )
                losses.total().backward()
            flops.append(counter.get_total_flops())
    return float(statistics.mean(flops))


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
