"""What the model in the package draws badly: test drawings whose redrawings a classifier mistakes.

    python scripts/draw_failures.py DATA CLASSIFIER

Takes the first test drawings of some categories that the classifier names rightly, but at most one
of whose six redrawings. Writes `docs/images/default-failures.png`.
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
MAX_DRAWINGS = 120  # of a category
REDRAWINGS = 6


def main() -> None:
    """Find them and draw them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("classifier", type=Path)
    options = parser.parse_args()
    sketcher, classifier = Sketcher.load(), Classifier.load(options.classifier)
    split = Dataset.open(options.data).split("test")
    rows = []
    for category, wanted in SHOWN.items():
        start, stop = split.category_range(split.categories.index(category))
        humans = [split.sketch(number) for number in range(start, min(stop, start + MAX_DRAWINGS))]
        known = [one for one in humans if classifier.categories(one) == [category]]
        found = 0
        for human, drawn in zip(known, sketcher.redraw(known, n=REDRAWINGS), strict=True):
            predicted = classifier.categories(drawn)
            if found < wanted and predicted.count(category) <= 1:
                found += 1
                others = [one for one in predicted if one != category]
                taken_for = max(sorted(set(others)), key=others.count)
                rows.append(SheetRow([human, *drawn], f"{category}, taken for {taken_for}"))
    print(Sheet(rows=rows, headings=["shown", "redrawn"], cell=104, set_apart=1).save(PLACE))


if __name__ == "__main__":
    main()
