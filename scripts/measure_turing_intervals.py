"""How often intervals of the Turing results hold the truth, in simulated studies.

    python scripts/measure_turing_intervals.py OUT.csv [--studies N]

Normal random effects of people and sketches (SD 0.5 and 0.8 in logits); everybody rates everything.
"""

from __future__ import annotations

import argparse
import csv
from itertools import product
from pathlib import Path

import numpy as np

from sketch_pix2seq.evaluation.turing.statistics import VoteTable

PEOPLE_SD, SKETCH_SD = 0.5, 0.8
HEADER = ("share", "people", "sketches", "studies", "covered", "width")


def main() -> None:
    """Simulate, and write a row for each kind of study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--studies", type=int, default=200)
    options = parser.parse_args()
    rng = np.random.default_rng(3)
    logits = rng.normal(0, np.hypot(PEOPLE_SD, SKETCH_SD), 400_000)
    with options.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for mean, people, sketches in product((0.35, 2.2), (3, 5, 10, 30), (5, 30)):
            truth = float((1 / (1 + np.exp(-mean - logits))).mean())
            covered, width = 0, 0.0
            for study in range(options.studies):
                person = rng.normal(mean, PEOPLE_SD, (people, 1))
                sketch = rng.normal(0, SKETCH_SD, (1, sketches))
                human = rng.random((people, sketches)) < 1 / (1 + np.exp(-person - sketch))
                names = [f"s{place}" for place in range(sketches)]
                everybody = [f"p{place}" for place in range(people)]
                votes = VoteTable(everybody, names, np.ones_like(human), human)
                share = votes.share(names, study)
                assert share is not None
                covered += share.low <= truth <= share.high
                width += share.high - share.low
            means = (round(covered / options.studies, 3), round(width / options.studies, 3))
            row = (round(truth, 3), people, sketches, options.studies, *means)
            writer.writerow(row)
            print(*row, sep="\t", flush=True)


if __name__ == "__main__":
    main()
