"""How far an order of strokes can be known: how often people draw look-alike strokes alike.

    python scripts/measure_agreement.py DATA [--categories N] [--drawings N] [--seed S]

DATA is a data set that `data prepare` made of Quick, Draw!'s simplified drawings. For each stroke
the most similar one, whichever way round, of another person's drawing of the same thing is looked
up: did they draw it in the same direction? And for each two strokes of a drawing the most similar
two: in the same order? Whoever sees such strokes alone is right at most

    (1 + sqrt(2 a - 1)) / 2

of the time, if people agree in a share `a` of these: where one way has probability p, two people
agree with p^2 + (1 - p)^2, and the best guess is right with max(p, 1 - p); the bound is Jensen's
inequality over strokes. Strokes that are only similar agree less than equal ones would, so the
bound is shown for the nearest ones too.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Int64

from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.sketch.geometry import arc_lengths, is_closed, points_along

POINTS = 8  # of a stroke, equally far apart along it
GAP = 0.06  # of the longest side: nearer ends count as closed; shorter strokes have no direction
MAX_STROKES, MAX_PAIRS = 10, 12_000  # of a drawing and of a category, for pairs
AT_ONCE = 1_000
NEAREST = (0.02, 0.1, 0.25, 1.0)  # shares of the look-alikes, nearest first, that are shown


@dataclass
class Looks:
    """What things look like, which drawing they are of, and what a person decided about them."""

    features: list[np.ndarray] = field(default_factory=list)
    drawings: list[int] = field(default_factory=list)
    choices: list[bool] = field(default_factory=list)

    def add(self, features: np.ndarray, drawing: int, choice: bool) -> None:
        """Add a thing."""
        self.features.append(features)
        self.drawings.append(drawing)
        self.choices.append(choice)


def main() -> None:
    """Measure it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--categories", type=int, default=100)
    parser.add_argument("--drawings", type=int, default=700, help="of each category, at most")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    split = Dataset.open(options.data).split("train")
    generator = np.random.default_rng(options.seed)
    chosen = generator.permutation(len(split.categories))[: options.categories]
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for category in chosen.tolist():
        first, last = split.category_range(category)
        several = range(first, min(last, first + options.drawings))
        strokes = [[s.astype(np.float64) for s in split.sketch(n).strokes] for n in several]
        for name, looks in looks_of(strokes).items():
            found.setdefault(name, []).append(agreement(looks))
    print("| | look-alikes | distance, % of the side | agree, % | known at most, % |")
    print("|---|---|---|---|---|")
    for name, parts in found.items():
        distances, agree = (np.concatenate(some) for some in zip(*parts, strict=True))
        for row in rows_of(distances, agree):
            print(f"| {name}, {row} |")


def looks_of(drawings: list[list[np.ndarray]]) -> dict[str, Looks]:
    """What is asked about strokes of drawings of one thing, if two drawings have such strokes."""
    ways, turns, orders = Looks(), Looks(), Looks()
    for number, strokes in enumerate(drawings):
        side = max(float(np.ptp(np.concatenate(strokes), axis=0).max()), 1.0)
        scaled = [stroke / side for stroke in strokes]
        outlines = []
        for stroke in scaled:
            along = arc_lengths(stroke)
            points = points_along(stroke, np.linspace(0, along[-1], POINTS), along)
            is_forth = tuple(points[0]) <= tuple(points[-1])
            outlines.append((float(along[-1]), (points if is_forth else points[::-1]).ravel()))
            if along[-1] <= GAP:
                continue
            if is_closed(stroke, GAP):
                box = np.concatenate((stroke.min(axis=0), stroke.max(axis=0)))
                turns.add(box, number, turns_right(stroke))
            else:
                ways.add(outlines[-1][1], number, is_forth)
        if len(strokes) <= MAX_STROKES and len(orders.features) < MAX_PAIRS:
            for one, other in combinations(outlines, 2):
                is_longer = (one[0], one[1].tolist()) >= (other[0], other[1].tolist())
                pair = (one, other) if is_longer else (other, one)
                orders.add(np.concatenate([outline for _, outline in pair]), number, is_longer)
    questions = {"direction": ways, "turn of a closed one": turns, "order of two": orders}
    return {name: looks for name, looks in questions.items() if len(set(looks.drawings)) > 1}


def turns_right(stroke: np.ndarray) -> bool:
    """Whether a closed stroke is drawn clockwise; y points down."""
    x, y = stroke.T
    return bool((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() > 0)


def agreement(looks: Looks) -> tuple[Float32[np.ndarray, "N"], Bool[np.ndarray, "N"]]:
    """The distance of each thing from the most similar one, and whether the same was decided.

    The distance is the root mean square of the points' distances, as a share of the longest side.
    """
    features = np.array(looks.features, np.float32)
    choices = np.array(looks.choices)
    nearest, squares = _nearest(features, np.array(looks.drawings))
    points = features.shape[1] / 2
    return np.sqrt(np.maximum(squares, 0) / points), choices == choices[nearest]


def _nearest(
    features: Float32[np.ndarray, "N F"], drawings: Int64[np.ndarray, "N"]
) -> tuple[Int64[np.ndarray, "N"], Float32[np.ndarray, "N"]]:
    """The nearest one of another drawing, and the square of its distance."""
    lengths = (features**2).sum(axis=1)
    nearest, squares = [], []
    for start in range(0, len(features), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        apart = lengths[some, None] + lengths - 2 * features[some] @ features.T
        apart[drawings[some, None] == drawings] = np.inf
        nearest.append(apart.argmin(axis=1))
        squares.append(apart.min(axis=1))
    return np.concatenate(nearest), np.concatenate(squares)


def rows_of(distances: Float32[np.ndarray, "N"], agree: Bool[np.ndarray, "N"]) -> Iterator[str]:
    """A row for the nearest look-alikes and for all of them."""
    ranked = agree[np.argsort(distances, kind="stable")]
    distances = np.sort(distances)
    for share in NEAREST:
        count = max(1, int(share * len(ranked)))
        same = float(ranked[:count].mean())
        known = (1 + max(0.0, 2 * same - 1) ** 0.5) / 2
        which = "all" if share == 1 else f"the nearest {share:.0%}"
        far = 100 * float(distances[:count].mean())
        yield f"{which} | {count:,} | {far:.1f} | {100 * same:.1f} | {100 * known:.1f}"


if __name__ == "__main__":
    main()
