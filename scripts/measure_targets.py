"""How good is a model whose inputs arrive as strokes, as pictures and as photos?

    python scripts/measure_targets.py DATA JUDGE [--bundle B] [--out FILE.md] [--split valid]

For test drawings, at most --per-category of each category, in each of three ways of arriving
(strokes; a PNG of 1,000 pixels with lines 20 wide; a simulated photo): Rec, how often the judge
names redrawings rightly, once drawn and best of eight, also as a share of how often it names the
human drawings rightly; Ret, how often the own human drawing is the nearest, or among the nearest
ten, to a redrawing, by the model's own codes, among all of them; and how often a classifier tells
redrawings of one half from the human drawings of the other, by what the judge sees in them (see
`evaluation.likeness`). Intervals are 95 %, over drawings. Temperature, number of seeds and amounts
can be set. Writes a table in Markdown.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from arriving import WAYS, as_they_arrive

from sketch_pix2seq import Sketch, Sketcher
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.evaluation.estimates import estimate
from sketch_pix2seq.evaluation.evaluation import DOT
from sketch_pix2seq.evaluation.likeness import two_sample_accuracy
from sketch_pix2seq.inference.classifier import Classifier


class Shown(NamedTuple):
    """Test drawings.

    Args:
        sketches: As people drew them.
        names: Their categories.
    """

    sketches: list[Sketch]
    names: list[str]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("judge", type=Path)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--split", default="test", choices=("valid", "test"))
    parser.add_argument("--per-category", type=int, default=250)
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--best-of", type=int, default=8)
    parser.add_argument("--way", default=list(WAYS), nargs="+", choices=WAYS)
    options = parser.parse_args()
    shown = _shown(Dataset.open(options.data), options.split, options.per_category)
    sketcher, judge = Sketcher.load(options.bundle), Classifier.load(options.judge)
    human = _right(judge, shown.sketches, shown.names)
    lines = [
        f"{len(shown.sketches)} {options.split} drawings; Rec of people: {_formatted(human)}.",
        "",
        "| arriving as | Rec | of human | best of many | of human | Ret 1 | Ret 10 | accuracy |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for way in options.way:
        given = as_they_arrive(shown.sketches, way)
        once, ranks, accuracies = [], [], []
        for seed in range(options.seeds):
            drawn = [one for (one,) in sketcher.redraw(given, 1, options.temperature, seed=seed)]
            once.append(_right(judge, drawn, shown.names))
            ranks.append(_ranks(sketcher, drawn, shown.sketches))
            accuracies.append(_accuracy(judge, drawn, shown.sketches, seed))
        best = sketcher.redraw(given, 1, options.temperature, best_of=options.best_of)
        chosen = _right(judge, [one for (one,) in best], shown.names)
        first, ten = np.array(ranks) < 1, np.array(ranks) < 10
        cells = (
            *(way, _formatted(np.array(once)), f"{np.mean(once) / human.mean():.3f}"),
            *(
                _formatted(chosen),
                f"{chosen.mean() / human.mean():.3f}",
                _formatted(first),
                _formatted(ten),
            ),
            _formatted(np.array(accuracies)),
        )
        lines.append("| " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    text = "\n".join(lines) + "\n"
    print(text)
    if options.out is not None:
        options.out.write_text(text, encoding="utf-8")


def _shown(dataset: Dataset, name: str, per_category: int) -> Shown:
    split = dataset.split(name)
    sketches, names = [], []
    for place, category in enumerate(dataset.card.categories):
        start, stop = split.category_range(place)
        numbers = range(start, min(stop, start + per_category))
        sketches += [split.sketch(number) for number in numbers]
        names += [category] * len(numbers)
    return Shown(sketches, names)


def _right(judge: Classifier, sketches: list[Sketch], names: list[str]) -> np.ndarray:
    said = judge.categories([sketch if sketch.strokes else DOT for sketch in sketches])
    return np.array([one == other for one, other in zip(said, names, strict=True)])


def _ranks(sketcher: Sketcher, drawn: list[Sketch], humans: list[Sketch]) -> np.ndarray:
    """How many human drawings are nearer to each redrawing than its own original."""
    codes = sketcher.encode([sketch if sketch.strokes else DOT for sketch in drawn])
    pool = sketcher.encode(humans)
    apart = np.linalg.norm(codes[:, None] - pool[None], axis=2)
    ranks: np.ndarray = (apart < np.diagonal(apart)[:, None]).sum(axis=1)
    return ranks


def _accuracy(
    judge: Classifier, drawn: list[Sketch], humans: list[Sketch], seed: int
) -> np.ndarray:
    """Two-sample test accuracy of redrawings of every second drawing against the others."""
    some = [one if one.strokes else DOT for one in drawn[::2]]
    return two_sample_accuracy(
        judge.scores(some).features, judge.scores(humans[1::2]).features, seed
    )


def _formatted(right: np.ndarray) -> str:
    found = estimate(right)
    return f"{found.value:.1%} ({100 * found.low:.1f} to {100 * found.high:.1f})"


if __name__ == "__main__":
    main()
