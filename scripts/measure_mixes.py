"""How often does something else come up between two drawings?

    python scripts/measure_mixes.py DATA JUDGE [--bundle B] [--best-of 1 8 32] [--way PNG]

For every pair of categories --paths pairs of drawings that the judge names rightly, eleven drawings
from one to the other, each the best of so many: the share of them that the judge takes for neither
of the two categories, in between and at the ends. Intervals are 95 %, over paths. Writes a table in
Markdown. `evaluate` measures it on paths of its own: between two groups of categories, drawn once
and best of eight.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np
from arriving import WAYS, as_they_arrive

from sketch_pix2seq import Sketch, Sketcher
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.evaluation.estimates import estimate
from sketch_pix2seq.evaluation.evaluation import DOT, EvaluatedModel
from sketch_pix2seq.evaluation.interpolation import STEPS, off_category_rates
from sketch_pix2seq.inference.classifier import Classifier


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("judge", type=Path)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--split", default="test", choices=("valid", "test"))
    parser.add_argument("--paths", type=int, default=20, help="for each pair of categories")
    parser.add_argument("--best-of", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--temperature", type=float)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--way", default="strokes", choices=WAYS, help="how drawings arrive")
    options = parser.parse_args()
    model, judge = EvaluatedModel.load("model", options.bundle), Classifier.load(options.judge)
    if judge.digest in model.classifier_digests:
        raise UsageError("the judge must not be in the model's bundle, nor have rewarded the model")
    dataset = Dataset.open(options.data)
    recognised = _recognised(judge, dataset, options.split)
    rng = np.random.default_rng(options.seed)
    shuffled = {name: rng.permutation(len(some)) for name, some in recognised.items()}
    paths = [
        (pair, [recognised[name][np.resize(shuffled[name], options.paths)[path]] for name in pair])
        for pair in itertools.combinations(recognised, 2)
        for path in range(options.paths)
    ]
    given = [as_they_arrive(ends, options.way) for _, ends in paths]
    lines = [
        f"{len(paths)} paths between {options.split} drawings ({options.way}) named rightly.",
        "",
        "| best of | off-category rate, inner drawings | at the ends |",
        "|---|---|---|",
    ]
    known = judge.card.categories
    for tries in options.best_of:
        said = [
            judge.categories([sketch if sketch.strokes else DOT for sketch in drawn])
            for drawn in (_mixed(model.sketcher, ends, tries, options) for ends in given)
        ]
        measured = {
            "categories": [[known.index(name) for name in pair] for pair, _ in paths],
            "said": [[known.index(name) for name in row] for row in said],
        }
        found = off_category_rates(measured)
        lines.append(
            f"| {tries} | {_formatted(found['between'])} | {_formatted(found['at_ends'])} |"
        )
        print(lines[-1], flush=True)
    text = "\n".join(lines) + "\n"
    print(text)
    if options.out is not None:
        options.out.write_text(text, encoding="utf-8")


def _recognised(judge: Classifier, dataset: Dataset, name: str) -> dict[str, list[Sketch]]:
    """The drawings of each category that the judge names rightly."""
    split = dataset.split(name)
    found = {}
    for place, category in enumerate(dataset.card.categories):
        sketches = [split.sketch(number) for number in range(*split.category_range(place))]
        said = judge.categories(sketches)
        good = [one for one, named in zip(sketches, said, strict=True) if named == category]
        if good:
            found[category] = good
        else:
            print(f"{category} is left out: the judge recognises no drawing of it")
    return found


def _mixed(
    sketcher: Sketcher, ends: list[Sketch], tries: int, options: argparse.Namespace
) -> list[Sketch]:
    return sketcher.mix(ends, STEPS, options.temperature, options.seed, best_of=tries)


def _formatted(shares: np.ndarray) -> str:
    found = estimate(shares)
    return f"{found.value:.1%} ({100 * found.low:.1f} to {100 * found.high:.1f})"


if __name__ == "__main__":
    main()
