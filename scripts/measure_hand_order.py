"""How near the order and the directions of strokes come to a person's (`sketch.hand_order`).

    python scripts/measure_hand_order.py DATA [--split test] [--drawings N] [--weights FILE ...]

DATA is a data set that `data prepare` made of Quick, Draw!'s simplified drawings. Strokes of
drawings by lot are shuffled, turned round at random and put into order. Prints for each FILE that
`train_hand_order.py` wrote (none: the package's own): Kendall's tau with the person's order, the
mean over drawings of two strokes or more; how often the first stroke is the person's; and how often
a stroke is drawn the person's way round, closed ones judged by the way they turn.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int64
from measure_agreement import turns_right
from safetensors.numpy import load

from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.evaluation.estimates import Estimate, estimate, estimate_share, ratio
from sketch_pix2seq.sketch import hand_order
from sketch_pix2seq.sketch.geometry import is_closed

GAP = 1 / 96  # of the longest side: nearer ends count as closed, as in `Sketch.ordered`
PACKAGE = Path(hand_order.__file__).with_suffix(".safetensors")


def main() -> None:
    """Measure it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default="test", choices=("train", "valid", "test"))
    parser.add_argument("--drawings", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weights", type=Path, nargs="+", default=[PACKAGE])
    options = parser.parse_args()
    split = Dataset.open(options.data).split(options.split)
    chosen = np.random.default_rng(options.seed).permutation(len(split))[: options.drawings]
    drawings = [
        [stroke.astype(np.float64) for stroke in split.sketch(index).strokes]
        for index in chosen.tolist()
    ]
    print("| weights | tau | first right, % | open ones' way, % | closed | all |")
    print("|---|---|---|---|---|---|")
    for file in options.weights:
        arrays = load(file.read_bytes())
        weights = {name: array.astype(np.float32) for name, array in arrays.items()}
        print(f"| {file.stem} | {measured(drawings, weights, options.seed)} |")


def measured(drawings: list[list[np.ndarray]], weights: Mapping[str, np.ndarray], seed: int) -> str:
    """The numbers of a row, each with its 95 % interval over drawings."""
    generator = np.random.default_rng(seed)
    found = []
    for strokes in drawings:
        side = float(np.ptp(np.concatenate(strokes), axis=0).max())
        shuffled = generator.permutation(len(strokes))
        given = [strokes[n][:: generator.choice((-1, 1))] for n in shuffled.tolist()]
        closed = [is_closed(stroke, GAP * side) for stroke in given]
        candidates = hand_order.Candidates(given, closed)
        chosen = hand_order.Network(weights, candidates).choose()
        drawn = candidates.stroke[chosen]
        lines = [candidates.lines[candidate] for candidate in chosen]
        found.append(compared(strokes, shuffled[drawn], lines, np.array(closed)[drawn]))
    ordered = [one for one in found if len(one.order) > 1]
    tau = estimate(np.array([one.tau for one in ordered]))
    first = estimate_share(np.array([one.is_first_right for one in ordered]))
    ways = np.array([one.ways for one in found])
    kinds = (ways[:, 0], ways[:, 1], ways.sum(axis=1))
    shares = [first, *(ratio(right, every) for right, every in (kind.T for kind in kinds))]
    return " | ".join(
        [f"{tau.value:.3f} ({tau.low:.3f} to {tau.high:.3f})", *map(_percent, shares)]
    )


@dataclass(frozen=True)
class Compared:
    """How a drawing was put into order."""

    order: Int64[np.ndarray, " S"]  # the person's number of each stroke, as drawn
    ways: Int64[np.ndarray, "2 2"]  # of open and of closed strokes: the right way round, all

    @property
    def tau(self) -> float:
        """Kendall's tau with the person's order."""
        is_later = np.triu(self.order[None] > self.order[:, None])
        return float(4 * is_later.sum() / (len(self.order) * (len(self.order) - 1)) - 1)

    @property
    def is_first_right(self) -> bool:
        """Whether the person began with the same stroke."""
        return bool(self.order[0] == 0)


def compared(
    strokes: list[np.ndarray],
    order: Int64[np.ndarray, " S"],
    lines: list[np.ndarray],
    closed: Bool[np.ndarray, " S"],
) -> Compared:
    """Compare lines, the numbers of whose strokes are `order`, with the person's strokes."""
    ways = np.zeros((2, 2), np.int64)
    for number, line, kind in zip(order.tolist(), lines, closed.tolist(), strict=True):
        if len(line) > 1:
            is_alike = _turns_alike if kind else _begins_alike
            ways[int(kind)] += is_alike(line, strokes[number]), 1
    return Compared(order, ways)


def _begins_alike(line: np.ndarray, other: np.ndarray) -> bool:
    apart = np.hypot(*(other[[0, -1]] - line[0]).T)
    return bool(apart[0] <= apart[1])


def _turns_alike(line: np.ndarray, other: np.ndarray) -> bool:
    return turns_right(line) == turns_right(other)


def _percent(found: Estimate | None) -> str:
    if found is None:
        return ""
    value, low, high = (100 * number for number in (found.value, found.low, found.high))
    return f"{value:.1f} ({low:.1f} to {high:.1f})"


if __name__ == "__main__":
    main()
