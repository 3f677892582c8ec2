"""`python -m sketch_pix2seq.demo`: what the model in the package draws, on one sheet.

A row for each example of the package: what was shown on the left, redrawings beside it, from near
to the picture to the model's own way; then started drawings completed, and drawings by name.
Needs no network, no graphics card and nothing but the package.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from PIL import Image

from sketch_pix2seq.cli.terminal import notify, print_line
from sketch_pix2seq.errors import SketchPix2SeqError
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.io.sheet import Cell, Sheet, SheetRow
from sketch_pix2seq.sketch.sketch import Sketch

EXAMPLES = ("cat.svg", "pig.png", "doodles.ndjson")
"""In the order of the sheet."""
NUM_DRAWINGS = 7
"""In each row."""
FIDELITIES: dict[str, tuple[int, float | None]] = {
    "keeping to it": (2, 1.0),
    "seeing half of it": (2, 0.5),
    "its own way": (3, 0.0),
}
"""By heading: how many redrawings of each example, and their fidelity."""
STARTED = {"face": 1, "teapot": 4}
"""Of these examples so many strokes are completed."""
BEST_OF = 4
"""Each drawing is the best of so many, as the model ranks them."""
NAMED = ("octopus", "mushroom", "house")
"""Drawn by name."""
SHEET_NAME = "redrawings"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo."""
    parser = argparse.ArgumentParser(prog="python -m sketch_pix2seq.demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo"), help="where to write the sheet")
    parser.add_argument("--bundle", type=Path, help="another model than the default one")
    parsed = parser.parse_args(arguments)
    try:
        run(parsed.out, parsed.bundle)
    except (SketchPix2SeqError, OSError) as error:
        notify(str(error))
        return 1
    return 0


def run(out: Path, bundle: Path | None = None) -> None:
    """Draw, write the sheet and print where it is and how long it took.

    Raises:
        BundleError: If the model cannot be used.
    """
    sketcher = Sketcher.load(bundle)
    start = time.perf_counter()
    headings, rows = _redrawn(sketcher)
    if sketcher.can_generate:
        rows += _completed(sketcher)
        rows += _named(sketcher, [name for name in NAMED if name in sketcher.card.categories])
    seconds = time.perf_counter() - start
    sheet = Sheet(
        rows=rows,
        headings=headings,
        title="Show it a sketch; it draws it again, stroke by stroke",
        note=f"model {sketcher.card.name}, temperature {sketcher.card.temperature:g}, seed 0, "
        f"each the best of {BEST_OF}",
        set_apart=1,
    )
    num = len(rows) * NUM_DRAWINGS
    print_line(f"{num} drawings in {seconds:.2f} s, {1000 * seconds / num:.1f} ms a drawing")
    out.mkdir(parents=True, exist_ok=True)
    for suffix in (".svg", ".png"):
        print_line(sheet.save(out / f"{SHEET_NAME}{suffix}"))


def _redrawn(sketcher: Sketcher) -> tuple[list[str], list[SheetRow]]:
    """Headings, and a row for each example: from keeping to the picture to the model's own way."""
    labels, pictures, sketches = read_examples()
    fidelities = FIDELITIES if sketcher.attends_to_picture else {"redrawn": (NUM_DRAWINGS, None)}
    headings = ["shown"]
    cells: list[list[Cell]] = [[picture] for picture in pictures]
    for heading, (num, fidelity) in fidelities.items():
        headings += [heading, *[""] * (num - 1)]
        redrawn = sketcher.redraw(sketches, num, fidelity=fidelity, best_of=BEST_OF)
        for row, drawings in zip(cells, redrawn, strict=True):
            row += [drawing.smoothed() for drawing in drawings]
    return headings, [SheetRow(row, label) for row, label in zip(cells, labels, strict=True)]


def _completed(sketcher: Sketcher) -> list[SheetRow]:
    """The beginnings of two examples, and what they become."""
    rows = []
    for sketch in read_examples()[2]:
        if sketch.category in STARTED and sketch.category in sketcher.card.categories:
            prefix = Sketch(sketch.strokes[: STARTED[sketch.category]])
            drawings = sketcher.complete(
                prefix, NUM_DRAWINGS, category=sketch.category, best_of=BEST_OF
            )
            label = f"{sketch.category}, completed"
            rows.append(SheetRow([prefix, *(drawing.smoothed() for drawing in drawings)], label))
    return rows


def _named(sketcher: Sketcher, categories: Sequence[str]) -> list[SheetRow]:
    """Drawings by their names."""
    rows = []
    for name in categories:
        drawings = sketcher.generate(name, NUM_DRAWINGS, best_of=BEST_OF)
        rows.append(
            SheetRow([None, *(drawing.smoothed() for drawing in drawings)], f"{name}, by name")
        )
    return rows


def read_examples() -> tuple[list[str], list[Cell], list[Sketch]]:
    """Read the examples of the package.

    Returns:
        For each drawing a label, what it looks like to a person, and what was read of it.
    """
    labels: list[str] = []
    pictures: list[Cell] = []
    sketches: list[Sketch] = []
    with resources.as_file(resources.files("sketch_pix2seq") / "examples") as folder:
        for name in EXAMPLES:
            for number, sketch in enumerate(read_sketches(folder / name), start=1):
                several = name.endswith(".ndjson")
                labels.append(sketch.category or f"{name} {number}" if several else name)
                pictures.append(_picture(folder / name) if name.endswith(".png") else sketch)
                sketches.append(sketch)
    return labels, pictures, sketches


def _picture(path: Path) -> Image.Image:
    with Image.open(path) as file:
        return file.copy()


if __name__ == "__main__":
    sys.exit(main())
