"""How well does a bundle draw in each of its ways? Lines off, small strokes kept, recognised.

    python scripts/measure_ways.py DATA [--bundle B]... [--judge J] [--split valid] [--drawings N]

Drawings are taken evenly from all categories of the split, or from those of --only. Each is redrawn
once near to the picture and once from its code alone, drawn by its category's name, and completed
from the first third of its points, without and with the category, and once more with the best of
--best-of kept. What a bundle cannot do is left
out. For each way: how often the judge recognises the category, as a share of how often it
recognises the human drawings, with a 95 % interval over drawings; and, of redrawings, distance
of lines, small strokes kept, those of them that no other line comes near, and ink
(`evaluation/line_metrics.py`).
Writes a table in Markdown.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from sketch_pix2seq import BundleError, Classifier, Sketch, Sketcher
from sketch_pix2seq.data.dataset import Dataset, Split
from sketch_pix2seq.evaluation.estimates import estimate_share
from sketch_pix2seq.evaluation.line_metrics import line_metrics

DOT = Sketch.from_points([[(0, 0), (1, 1)]])
"""In place of a drawing in which nothing was drawn."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--bundle", type=Path, action="append")
    parser.add_argument("--judge", type=Path)
    parser.add_argument("--split", default="test", choices=("valid", "test"))
    parser.add_argument("--drawings", type=int, default=345)
    parser.add_argument("--only", default="", help="categories, with commas between")
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--best-of", type=int, default=8)
    options = parser.parse_args()
    split = Dataset.open(options.data).split(options.split)
    drawings = [split.sketch(int(index)) for index in _evenly(split, options)]
    judge = Classifier.load(options.judge or _default())
    human = _recognised(judge, drawings, drawings)
    print(f"{len(drawings)} {options.split} drawings; the judge recognises {_share(human)}.\n")
    print(
        "| bundle | way | recognised, of human | distance, % | small strokes, % | alone, % | ink |"
    )
    print("|---|---|---|---|---|---|---|")
    for place in options.bundle or [None]:
        sketcher = Sketcher.load(place)
        for way, drawn in _ways(sketcher, drawings, options):
            right = _recognised(judge, drawn, drawings)
            cells = [sketcher.card.name, way, _share(right, human.mean())]
            if way.startswith("fidelity"):
                cells += _kept(drawn, drawings)
            else:
                cells += ["", "", "", ""]
            print(f"| {' | '.join(cells)} |", flush=True)


def _default() -> Path:
    """The bundle in the package, which holds a classifier."""
    import sketch_pix2seq

    return Path(sketch_pix2seq.__file__).parent / "bundles" / "default"


def _evenly(split: Split, options: argparse.Namespace) -> np.ndarray:
    names = [name.strip() for name in options.only.split(",") if name.strip()]
    if not names:
        count = min(options.drawings, len(split))
        spread: np.ndarray = np.arange(count) * len(split) // count
        return spread
    each = max(1, options.drawings // len(names))
    ranges = [split.category_range(split.categories.index(name)) for name in names]
    return np.concatenate([np.arange(start, min(stop, start + each)) for start, stop in ranges])


def _ways(
    sketcher: Sketcher, drawings: list[Sketch], options: argparse.Namespace
) -> Iterator[tuple[str, list[Sketch]]]:
    """The name of each way, and a drawing for each drawing."""
    temperature, tries = options.temperature, options.best_of
    names = [drawing.category or "" for drawing in drawings]
    prefixes = [drawing.truncated(max(1, drawing.num_points // 3)) for drawing in drawings]

    def redrawn(amount: float | None) -> list[Sketch]:
        return [one for (one,) in sketcher.redraw(drawings, 1, temperature, fidelity=amount)]

    def by_name() -> list[Sketch]:
        return [
            sketcher.generate(name, 1, temperature, seed=seed)[0] for seed, name in enumerate(names)
        ]

    def completed(best_of: int = 1) -> list[Sketch]:
        return [one for (one,) in sketcher.complete(prefixes, 1, temperature, best_of=best_of)]

    def completed_as_named(best_of: int = 1) -> list[Sketch]:
        return [
            sketcher.complete(one, 1, temperature, seed=seed, category=name, best_of=best_of)[0]
            for seed, (one, name) in enumerate(zip(prefixes, names, strict=True))
        ]

    ways: dict[str, Callable[[], list[Sketch]]] = {
        "fidelity as near as it can": lambda: redrawn(None),
        "fidelity 0": lambda: redrawn(0.0),
        "by name": by_name,
        "completed": completed,
        f"completed, best of {tries}": lambda: completed(tries),
        "completed, category given": completed_as_named,
        f"completed, category given, best of {tries}": lambda: completed_as_named(tries),
    }
    for way, draw in ways.items():
        try:
            drawn = draw()
        except BundleError:  # this model has no such way
            continue
        yield way, drawn


def _recognised(judge: Classifier, drawn: list[Sketch], drawings: list[Sketch]) -> np.ndarray:
    shown = [one if one.strokes else DOT for one in drawn]
    wanted = [drawing.category for drawing in drawings]
    said = judge.categories(shown)
    return np.array([found == name for found, name in zip(said, wanted, strict=True)], float)


def _kept(drawn: list[Sketch], drawings: list[Sketch]) -> list[str]:
    found = [line_metrics(one, drawing) for one, drawing in zip(drawn, drawings, strict=True)]
    small = sum(one.small for one in found)
    alone = sum(one.alone for one in found)
    return [
        f"{100 * float(np.nanmean([one.distance for one in found])):.2f}",
        f"{100 * sum(one.kept for one in found) / max(small, 1):.0f}",
        f"{100 * sum(one.alone_kept for one in found) / max(alone, 1):.0f}",
        f"{float(np.nanmean([one.ink for one in found])):.2f}",
    ]


def _share(right: np.ndarray, of: float = 1) -> str:
    found = estimate_share(right)
    value, low, high = (number / of for number in (found.value, found.low, found.high))
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()
