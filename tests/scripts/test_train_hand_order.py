from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from train_hand_order import Batch, Network, examples, train

from benchmarks.synthetic import write_synthetic
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.sketch.hand_order import Candidates
from sketch_pix2seq.sketch.hand_order import Network as PackageNetwork


def test_it_learns_and_numpy_scores_as_torch_does(tmp_path: Path) -> None:
    write_synthetic(tmp_path / "files", num=60, seed=0)
    prepare([tmp_path / "files"], tmp_path / "set")
    split = Dataset.open(tmp_path / "set").split("train")
    data = examples(split, 40, np.random.default_rng(0))
    torch.manual_seed(0)
    network = Network(data)
    batch = Batch(data, list(range(len(data.truth))))
    before = float(network.loss(batch)[0].mean().detach())
    train(network, data, data, steps=30, seed=0)
    nats, right = network.loss(batch)
    assert float(nats.mean().detach()) < before - 0.2
    assert right.shape == nats.shape

    index = max(range(len(data.truth)), key=lambda place: len(data.truth[place]))
    expected = network(Batch(data, [index])).detach().numpy()
    weights = {name: array.astype(np.float32) for name, array in network.arrays().items()}
    order = np.random.default_rng(0).permutation(len(split))[:40].tolist()
    strokes = [stroke.astype(np.float64) for stroke in split.sketch(order[index]).strokes]
    closed = [len(data.alone[index]) > 2 * len(strokes)] * len(strokes)
    candidates = Candidates(strokes, closed)
    assert len(candidates.stroke) == len(data.alone[index])
    numpy_network = PackageNetwork(weights, candidates)
    drawn: list[int] = []
    remaining = np.arange(len(candidates.stroke))
    for number, candidate in enumerate(data.truth[index].tolist()):
        scores = numpy_network.scores(drawn, remaining)
        assert np.allclose(scores, expected[number, : len(scores)], atol=0.05)
        drawn.append(candidate)
        remaining = remaining[candidates.stroke[remaining] != number]
