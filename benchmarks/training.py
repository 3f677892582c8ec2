"""Training speed as a share of what the processor's matrix products allow."""

from __future__ import annotations

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
from sketch_pix2seq.training.optimiser import Optimiser
from sketch_pix2seq.training.recipes import cnn

GEMM_SIDE = 1024
NUM_BATCHES = 8


def measure(data: Path) -> list[Figure]:
    """The paper's model, LSTM-512, batch 100: one whole training step, input included."""
    recipe = replace(cnn(), loss="valid")
    dataset = Dataset.open(data)
    source = BatchSource(
        dataset.split("train"),
        offset_scale=dataset.card.offset_scale,
        batch_size=recipe.batch_size,
        seed=0,
        augmentation=recipe.augmentation,
        raster=recipe.raster,
    )
    batches = [source.batch(step) for step in range(NUM_BATCHES)]
    model = build_model(recipe).train()
    optimiser = Optimiser(model, recipe.optimiser, recipe.num_steps)
    square = torch.randn(GEMM_SIDE, GEMM_SIDE)
    product = torch.empty_like(square)
    library = nn.LSTM(5 + recipe.model.latent_dim, recipe.model.decoder_size, batch_first=True)
    tensors = [_tensors(batch) for batch in batches]
    noise = torch.randn(recipe.batch_size, recipe.model.latent_dim)

    def train() -> None:
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
            "train": train,
            "input": lambda: [source.batch(step) for step in range(NUM_BATCHES)],
            "peak": lambda: [torch.mm(square, square, out=product) for _ in range(20)],
            "plain": plain_lstm,
        },
        rounds=5,
    )
    peak = 20 * 2 * GEMM_SIDE**3 / seconds["peak"]
    drawings = sum(len(batch.lengths) for batch in batches)
    rows = sum(int(batch.lengths.sum()) + len(batch.lengths) for batch in batches)
    floor = peak / (rows / drawings * _flops_a_row(recipe.model.decoder_size))
    rate = drawings / (seconds["train"] + seconds["input"])
    plain = drawings / seconds["plain"]
    return [
        Figure(
            work=f"training, cnn, LSTM-512, batch 100 ({rows / drawings:.0f} rows a drawing)",
            value=rate,
            unit="drawings/s",
            peer=f"floor: {peak / 1e9:.0f} GFLOPS of matrix products",
            peer_value=floor,
            bar=">= 70 %",
            met=rate >= 0.7 * floor,
        ),
        Figure(
            work="the same, against the library's LSTM alone (no dropout, loss or encoder)",
            value=rate,
            unit="drawings/s",
            peer="torch.nn.LSTM, forward and backward",
            peer_value=plain,
            bar="none",
            met=True,
        ),
        Figure(
            work="input pipeline: augmentation and pictures, share of a training step",
            value=seconds["input"] / drawings * 1e6,
            unit="us a drawing",
            peer="the whole step, us a drawing",
            peer_value=(seconds["train"] + seconds["input"]) / drawings * 1e6,
            bar="<= 10 %",
            met=seconds["input"] <= 0.1 * (seconds["train"] + seconds["input"]),
        ),
    ]


def _flops_a_row(size: int) -> float:
    """Forward and backward matrix products of a decoder step that cannot be left out."""
    weights = 4 * size * (size + 5) + size * output_dim(20)
    return 3 * 2 * weights


def _tensors(batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return (
        torch.from_numpy(batch.pictures),
        torch.from_numpy(batch.steps),
        torch.from_numpy(batch.lengths),
    )
