"""Do redrawings look like their inputs? Measured with the model's own eyes, on test drawings.

(Whatever is to be decided, such as the temperature, is decided with `--split valid`.)

    python scripts/measure_redrawings.py DATA [--bundle B] [--judge B] [--best-of 1]

Each test drawing is redrawn once; the redrawing is rendered, encoded and looked up among all
test drawings by distance of latent codes. Told are: how often its own input is the nearest, or
among the nearest 10; and how often most of the 5 nearest are of its input's category, beside the
same for the human drawings themselves (each left out of its own neighbours). Without --judge
the encoder that judges is the one that was drawn from, so these figures compare runs of one
recipe; with another bundle's encoder they are an independent judgement, if a rough one. With
--classifier, an exported run of the recipe `judge` on the same categories, its accuracy on the
human drawings and on the redrawings is told as well.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from sketch_pix2seq import Sketch, Sketcher
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.inference.classifier import Classifier

NEIGHBOURS = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--judge", type=Path)
    parser.add_argument("--classifier", type=Path)
    parser.add_argument("--per-category", type=int, default=200)
    parser.add_argument("--split", default="test", choices=("valid", "test"))
    parser.add_argument("--best-of", type=int, default=1)
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sketches, categories, names = _drawings(options.data, options.split, options.per_category)
    sketcher = Sketcher.load(options.bundle)
    began = time.perf_counter()
    drawn = sketcher.redraw(sketches, 1, options.temperature, options.seed, best_of=options.best_of)
    seconds = time.perf_counter() - began
    judge = sketcher if options.judge is None else Sketcher.load(options.judge)
    human = judge.encode(sketches)
    redrawn = judge.encode([drawing for (drawing,) in drawn])
    distance = ((redrawn[:, None] - human[None]) ** 2).sum(-1)  # (N, N)
    own = np.diagonal(distance)[:, None]
    rank = (distance < own).sum(1)
    among_humans = ((human[:, None] - human[None]) ** 2).sum(-1)
    np.fill_diagonal(among_humans, np.inf)
    right = _votes(distance, categories) == categories
    human_right = _votes(among_humans, categories) == categories
    print(f"{len(sketches)} {options.split} drawings redrawn in {seconds:.1f} s")
    print(f"own input nearest {np.mean(rank < 1):.1%}, among 10 nearest {np.mean(rank < 10):.1%}")
    print(f"{'category':<14}{'redrawn':>10}{'human':>10}{'drawings':>10}")
    for number, name in enumerate(names):
        mine = categories == number
        shares = f"{right[mine].mean():>10.1%}{human_right[mine].mean():>10.1%}"
        print(f"{name:<14}{shares}{mine.sum():>10}")
    if options.classifier is not None:
        _print_recognised(options.classifier, sketches, drawn, [names[c] for c in categories])
    print(f"{'all':<14}{right.mean():>10.1%}{human_right.mean():>10.1%}{len(sketches):>10}")


def _print_recognised(
    classifier: Path, humans: list[Sketch], drawn: list[list[Sketch]], wanted: list[str]
) -> None:
    judge = Classifier.load(classifier)
    for name, sketches in (("human", humans), ("redrawn", [first for (first,) in drawn])):
        inked = [
            sketch if sketch.strokes else Sketch.from_points([[(0, 0)]]) for sketch in sketches
        ]
        said = judge.categories(inked)
        right = np.mean([ours == theirs for ours, theirs in zip(said, wanted, strict=True)])
        print(f"classifier, {name}: {right:.1%} right")


def _drawings(
    data: Path, name: str, per_category: int
) -> tuple[list[Sketch], np.ndarray, tuple[str, ...]]:
    split = Dataset.open(data).split(name)
    numbers: list[int] = []
    for category in range(len(split.categories)):
        start, stop = split.category_range(category)
        numbers += range(start, min(stop, start + per_category))
    categories = split.category_ids(np.array(numbers))
    return [split.sketch(number) for number in numbers], categories, split.categories


def _votes(distance: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """The category of most of the nearest; of the nearer ones where they are split."""
    nearest = np.argsort(distance, axis=1)[:, :NEIGHBOURS]
    weight = 1.0 - 0.01 * np.arange(NEIGHBOURS)
    scores = np.zeros((len(distance), categories.max() + 1))
    for place in range(NEIGHBOURS):
        np.add.at(scores, (np.arange(len(distance)), categories[nearest[:, place]]), weight[place])
    likeliest: np.ndarray = scores.argmax(1)
    return likeliest


if __name__ == "__main__":
    main()
