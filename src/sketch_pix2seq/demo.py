"""`python -m sketch_pix2seq.demo`: the examples of the package, and the default model's redrawings.

Makes one sheet, a row for each example: what was shown on the left, what was drawn beside it.
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
NUM_REDRAWINGS = 7
"""Of each example."""
SHEET_NAME = "redrawings"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo.

    Args:
        arguments: What follows the module's name; None: as it was started.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m sketch_pix2seq.demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo"), help="where to write the sheet")
    parser.add_argument("--bundle", type=Path, help="another model than the default one")
    given = parser.parse_args(arguments)
    try:
        run(given.out, given.bundle)
    except (SketchPix2SeqError, OSError) as error:
        notify(str(error))
        return 1
    return 0


def run(out: Path, bundle: Path | None = None) -> None:
    """Redraw the examples, write the sheet and print where it is and how long it took.

    Args:
        out: A folder; it is made.
        bundle: The model; None: the default one.

    Raises:
        BundleError: If the model cannot be used.
    """
    sketcher = Sketcher.load(bundle)
    labels, shown, sketches = read_examples()
    start = time.perf_counter()
    redrawn = sketcher.redraw(sketches, n=NUM_REDRAWINGS)
    seconds = time.perf_counter() - start
    sheet = Sheet(
        rows=[
            SheetRow([one, *(drawing.smoothed() for drawing in drawings)], label)
            for label, one, drawings in zip(labels, shown, redrawn, strict=True)
        ],
        headings=["shown", "redrawn"],
        title="Show it a sketch; it draws it again, stroke by stroke",
        note=f"model {sketcher.card.name}, temperature {sketcher.card.temperature:g}, seed 0",
        set_apart=1,
    )
    num = len(sketches) * NUM_REDRAWINGS
    print_line(f"{len(sketches)} examples, each redrawn {NUM_REDRAWINGS} times: {num} drawings")
    print_line(f"in {seconds:.2f} s, {1000 * seconds / num:.1f} ms a drawing")
    out.mkdir(parents=True, exist_ok=True)
    for suffix in (".svg", ".png"):
        print_line(sheet.save(out / f"{SHEET_NAME}{suffix}"))


def read_examples() -> tuple[list[str], list[Cell], list[Sketch]]:
    """Read the examples of the package.

    Returns:
        For each drawing a label, what it looks like to a person, and what was read of it.
    """
    labels: list[str] = []
    shown: list[Cell] = []
    sketches: list[Sketch] = []
    with resources.as_file(resources.files("sketch_pix2seq") / "examples") as folder:
        for name in EXAMPLES:
            for number, sketch in enumerate(read_sketches(folder / name), start=1):
                several = name.endswith(".ndjson")
                labels.append(sketch.category or f"{name} {number}" if several else name)
                shown.append(_picture(folder / name) if name.endswith(".png") else sketch)
                sketches.append(sketch)
    return labels, shown, sketches


def _picture(path: Path) -> Image.Image:
    with Image.open(path) as file:
        return file.copy()


if __name__ == "__main__":
    sys.exit(main())
