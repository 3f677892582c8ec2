"""What the model in the package draws badly: test drawings whose redrawings the judge mistakes.

    python scripts/draw_failures.py DATA JUDGE

Takes the first test drawings of some categories that the judge names rightly, but at most one of
whose six redrawings. Writes `docs/images/default-failures.png`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sketch_pix2seq import Sketcher
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.inference.classifier import Classifier
from sketch_pix2seq.io.sheet import Sheet, SheetRow

PLACE = Path(__file__).parents[1] / "docs" / "images" / "default-failures.png"
SHOWN = {"pig": 3, "cat": 2, "alarm clock": 1, "face": 1}
LOOKED_AT = 120
REDRAWINGS = 6


def main() -> None:
    """Find them and draw them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("judge", type=Path)
    options = parser.parse_args()
    sketcher, judge = Sketcher.load(), Classifier.load(options.judge)
    split = Dataset.open(options.data).split("test")
    rows = []
    for category, wanted in SHOWN.items():
        start, stop = split.category_range(split.categories.index(category))
        humans = [split.sketch(number) for number in range(start, min(stop, start + LOOKED_AT))]
        known = [one for one in humans if judge.categories(one) == [category]]
        found = 0
        for human, drawn in zip(known, sketcher.redraw(known, n=REDRAWINGS), strict=True):
            said = judge.categories(drawn)
            if found < wanted and said.count(category) <= 1:
                found += 1
                taken_for = max(sorted(set(said)), key=said.count)
                rows.append(SheetRow([human, *drawn], f"{category}, taken for {taken_for}"))
    print(Sheet(rows=rows, headings=["shown", "redrawn"], cell=104, set_apart=1).save(PLACE))


if __name__ == "__main__":
    main()
