"""Train the network that orders strokes as a person would draw them (`sketch.hand_order`).

    python scripts/train_hand_order.py DATA [--out FILE] [--drawings N] [--steps N] [--seed S]

DATA is a data set that `data prepare` made of Quick, Draw!'s simplified drawings. Learns from its
training split which of the remaining strokes comes next, and how it is drawn, and prints how
well it does on validation drawings: nats, and how often its first choice is the person's. Ends
that nearly meet count as closed or not at random, so that both are learned: what is traced of a
picture has no gap.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float16, Int64
from safetensors.numpy import save
from torch import Tensor, nn

from sketch_pix2seq.data.dataset import Dataset, Split
from sketch_pix2seq.sketch.geometry import is_closed
from sketch_pix2seq.sketch.hand_order import NUM_HEADS, NUM_RELATIONS, Candidates

WIDTH, FEED, HIDDEN, LAST_HIDDEN, NUM_LAYERS = 144, 288, 144, 72, 3
BATCH = 64
LEARNING_RATE = 2e-3
MAX_STROKES = 24
GAPS = (1 / 48, 0.06)  # of the longest side: nearer ends count as closed, one of these at random
SORTED_AT_ONCE = 40 * BATCH  # drawings that are sorted by length, so that batches pad little


@dataclass(frozen=True)
class Examples:
    """Drawings one after the other, and before each of their strokes what can be drawn next.

    A row is a candidate in a step.
    """

    alone: list[Float16[np.ndarray, "W F"]]
    relations: list[Float16[np.ndarray, "rows R"]]
    candidates: list[Int64[np.ndarray, " rows"]]  # which candidate a row is
    sizes: list[Int64[np.ndarray, " S"]]  # rows of each step
    truth: list[Int64[np.ndarray, " S"]]  # the candidate that the person drew


def examples(split: Split, num: int, generator: np.random.Generator) -> Examples:
    """Describe some drawings of a split."""
    data = Examples([], [], [], [], [])
    for index in generator.permutation(len(split))[:num].tolist():
        strokes = [stroke.astype(np.float64) for stroke in split.sketch(index).strokes]
        if len(strokes) > MAX_STROKES:
            continue
        side = np.ptp(np.concatenate(strokes), axis=0).max()
        gap = side * generator.choice(GAPS)
        candidates = Candidates(strokes, [is_closed(stroke, gap) for stroke in strokes])
        remaining = np.arange(len(candidates.stroke))
        drawn: list[int] = []
        relations, rows = [], []
        for number, stroke in enumerate(strokes):
            relations.append(candidates.relations(drawn, remaining))
            rows.append(remaining)
            drawn.append(_drawn_candidate(candidates, number, stroke))
            remaining = remaining[candidates.stroke[remaining] != number]
        data.alone.append(candidates.alone().astype(np.float16))
        data.relations.append(np.concatenate(relations).astype(np.float16))
        data.candidates.append(np.concatenate(rows))
        data.sizes.append(np.array([len(some) for some in rows]))
        data.truth.append(np.array(drawn))
    return data


def _drawn_candidate(candidates: Candidates, number: int, stroke: np.ndarray) -> int:
    """Which candidate of a stroke the person drew: of closed ones the nearest start, forwards."""
    choices = np.flatnonzero(candidates.stroke == number)
    forth = choices[: (len(choices) + 1) // 2]
    apart = [
        np.hypot(*(candidates.lines[candidate][0] - stroke[0])) for candidate in forth.tolist()
    ]
    return int(forth[int(np.argmin(apart))])


class Batch:
    """Some drawings as tensors: candidates padded to (B, W), rows and steps one after the other."""

    def __init__(self, data: Examples, indices: list[int]) -> None:
        counts = [len(data.alone[index]) for index in indices]
        widest = max(counts)
        alone = np.zeros((len(indices), widest, data.alone[0].shape[1]), np.float32)
        is_candidate = np.zeros((len(indices), widest), bool)
        rows, truth, drawing = [], [], []
        for row, index in enumerate(indices):
            alone[row, : counts[row]] = data.alone[index]
            is_candidate[row, : counts[row]] = True
            rows.append(data.candidates[index] + row * widest)
            truth.append(data.truth[index] + row * widest)
            drawing.append(np.arange(len(data.truth[index])))
        sizes = np.concatenate([data.sizes[index] for index in indices])
        self.alone, self.is_candidate = torch.from_numpy(alone), torch.from_numpy(is_candidate)
        relations = np.concatenate([data.relations[index] for index in indices])
        self.relations = torch.from_numpy(relations.astype(np.float32))
        self.rows = torch.from_numpy(np.concatenate(rows))
        self.truth = torch.from_numpy(np.concatenate(truth))
        self.step_of_row = torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes))
        self.sizes = torch.from_numpy(sizes)
        self.number = torch.from_numpy(np.concatenate(drawing))  # of each step in its drawing
        self.num_steps = torch.from_numpy(
            np.concatenate([np.full(len(steps), len(steps)) for steps in drawing])
        )


class Layer(nn.Module):
    """Attention among all candidates of a drawing, and a network for each."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.feed_norm = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.out = nn.Linear(WIDTH, WIDTH, bias=False)
        self.feed_in, self.feed_out = nn.Linear(WIDTH, FEED), nn.Linear(FEED, WIDTH)

    def forward(self, x: Tensor, is_candidate: Tensor) -> Tensor:
        """(B, W, D) and (B, W) to (B, W, D)."""
        num, most, _ = x.shape
        split = self.qkv(self.norm(x)).view(num, most, 3, NUM_HEADS, WIDTH // NUM_HEADS)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        attended = nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=is_candidate[:, None, None]
        )
        x = x + self.out(attended.transpose(1, 2).reshape(num, most, WIDTH))
        fed: Tensor = x + self.feed_out(torch.relu(self.feed_in(self.feed_norm(x))))
        return fed


class Network(nn.Module):
    """What `sketch.hand_order` runs in numpy, for many drawings; inputs are standardised first."""

    alone_mean: Tensor
    alone_std: Tensor
    relations_mean: Tensor
    relations_std: Tensor

    def __init__(self, data: Examples) -> None:
        super().__init__()
        some, steps = np.concatenate(data.alone[:5000]), np.concatenate(data.relations[:5000])
        for name, values in (("alone", some), ("relations", steps)):
            exact = values.astype(np.float64)
            self.register_buffer(f"{name}_mean", torch.tensor(exact.mean(axis=0)).float())
            self.register_buffer(f"{name}_std", torch.tensor(exact.std(axis=0) + 0.02).float())
        self.input = nn.Linear(some.shape[1], WIDTH)
        self.layers = nn.ModuleList([Layer() for _ in range(NUM_LAYERS)])
        self.state = nn.Linear(4 * WIDTH + 2, HIDDEN)
        self.way = nn.Linear(WIDTH, HIDDEN, bias=False)
        self.relation = nn.Linear(NUM_RELATIONS, HIDDEN)
        self.hidden = nn.Linear(HIDDEN, LAST_HIDDEN)
        self.score = nn.Linear(LAST_HIDDEN, 1)

    def forward(self, batch: Batch) -> Tensor:
        """Score the candidates of every step, (steps, most rows); -inf where there is none."""
        x = self.input((batch.alone - self.alone_mean) / self.alone_std)
        for layer in self.layers:
            x = layer(x, batch.is_candidate)
        encoded = x.flatten(0, 1)
        rows = encoded[batch.rows]
        remaining = torch.zeros(len(batch.sizes), WIDTH).index_add(0, batch.step_of_row, rows)
        taken = encoded[batch.truth]
        before = taken.cumsum(0) - taken
        start = torch.arange(len(taken)) - batch.number
        drawn = (before - before[start]) / batch.number.clamp(min=1)[:, None]
        last, last_but_one = (
            torch.where(batch.number[:, None] >= back, taken.roll(back, 0), 0.0) for back in (1, 2)
        )
        share = (1 - batch.number / batch.num_steps)[:, None]
        is_first = (batch.number == 0).float()[:, None]
        parts = (drawn, remaining / batch.sizes[:, None], last, last_but_one, share, is_first)
        state = self.state(torch.cat(parts, dim=1))
        relations = (batch.relations - self.relations_mean) / self.relations_std
        hidden = state[batch.step_of_row] + self.way(rows) + self.relation(relations)
        scores = self.score(torch.relu(self.hidden(torch.relu(hidden))))[:, 0]
        first_row = batch.sizes.cumsum(0) - batch.sizes
        column = torch.arange(len(rows)) - first_row[batch.step_of_row]
        padded = torch.full((len(taken), int(batch.sizes.max())), -torch.inf)
        return padded.index_put((batch.step_of_row, column), scores)

    def loss(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Nats of the person's choices, and whether each is the first choice, (steps,)."""
        scores = self(batch)
        first_row = batch.sizes.cumsum(0) - batch.sizes
        is_truth = batch.rows == batch.truth[batch.step_of_row]
        truth = is_truth.nonzero()[:, 0] - first_row
        nats = nn.functional.cross_entropy(scores, truth, reduction="none")
        return nats, scores.argmax(dim=1) == truth

    def arrays(self) -> dict[str, np.ndarray]:
        """The weights as 16-bit floats, the standardising folded into them."""
        state = {name: value.double() for name, value in self.state_dict().items()}
        for name, layer in (("alone", "input"), ("relations", "relation")):
            mean, std = state.pop(f"{name}_mean"), state.pop(f"{name}_std")
            state[f"{layer}.weight"] = state[f"{layer}.weight"] / std
            state[f"{layer}.bias"] = state[f"{layer}.bias"] - state[f"{layer}.weight"] @ mean
        return {name: value.numpy().astype(np.float16) for name, value in state.items()}


def batches(data: Examples, generator: np.random.Generator) -> Iterator[Batch]:
    """All drawings in random order, those of a batch of about the same size."""
    order = generator.permutation(len(data.truth))
    for start in range(0, len(order), SORTED_AT_ONCE):
        some = sorted(
            order[start : start + SORTED_AT_ONCE].tolist(), key=lambda i: len(data.candidates[i])
        )
        parts = [some[first : first + BATCH] for first in range(0, len(some), BATCH)]
        for place in generator.permutation(len(parts)).tolist():
            yield Batch(data, parts[place])


def train(network: Network, data: Examples, valid: Examples, steps: int, seed: int) -> None:
    """Train for so many batches, and report ten times."""
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.98), weight_decay=0.02
    )
    warm_up = min(200, steps // 10 + 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min(1, (step + 1) / warm_up) * (0.5 + 0.5 * np.cos(np.pi * step / steps)),
    )
    generator = np.random.default_rng(seed)
    step = 0
    while step < steps:
        for batch in batches(data, generator):
            nats, _ = network.loss(batch)
            optimiser.zero_grad()
            nats.mean().backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            step += 1
            if step % max(1, steps // 10) == 0:
                report(network, valid, step)
            if step == steps:
                break


@torch.no_grad()
def report(network: Network, data: Examples, step: int) -> None:
    """Print nats a stroke and the share of first choices that are right."""
    found = [network.loss(batch) for batch in batches(data, np.random.default_rng(0))]
    nats, right = (torch.cat(parts).double().mean().item() for parts in zip(*found, strict=True))
    print(f"{step:,} steps: {nats:.4f} nats, {100 * right:.1f} % right", flush=True)


def main() -> None:
    """Train and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("hand_order.safetensors"))
    parser.add_argument("--drawings", type=int, default=186_000)
    parser.add_argument("--steps", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    generator = np.random.default_rng(options.seed)
    dataset = Dataset.open(options.data)
    data = examples(dataset.split("train"), options.drawings, generator)
    valid = examples(dataset.split("valid"), 2_000, generator)
    network = Network(data)
    train(network, data, valid, options.steps, options.seed)
    options.out.write_bytes(save(network.arrays()))


if __name__ == "__main__":
    main()
