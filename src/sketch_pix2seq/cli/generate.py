"""`sketch-pix2seq generate`: names in, drawings by the model out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sketch_pix2seq.cli.draw import facts, load
from sketch_pix2seq.cli.inputs import Shown
from sketch_pix2seq.cli.outputs import PLAIN, Format, Look, Wanted, make_results_of
from sketch_pix2seq.cli.progress import progress_bar
from sketch_pix2seq.errors import UsageError

if TYPE_CHECKING:
    from sketch_pix2seq.sketch.sketch import Sketch


def generate(
    *categories: str,
    bundle: Path | None = None,
    out: Path = Path(),
    form: Annotated[Format, Parameter(name="--format")] = "svg",
    n: Annotated[int, Parameter(name="-n")] = 1,
    temperature: float | None = None,
    seed: int = 0,
    look: Look = PLAIN,
) -> None:
    """Draw things by their names.

    Writes CATEGORY-generated.svg for each, CATEGORY-generated-0.svg and so on with -n, and prints
    each path.

    Args:
        categories: What to draw: categories that the model knows.
        bundle: The model, a folder or zip file; without it the one that comes with the package.
        out: Where to write; without it the current folder.
        form: svg, png, gif, apng: a file for each drawing; the last two draw themselves. json:
            CATEGORY.ndjson for each, a line for each drawing.
        n: How many drawings of each.
        temperature: How freely to draw, 0 or more; without it what suits the model.
        seed: Another seed, other drawings.
        look: How results look.
    """
    wanted = list(dict.fromkeys(categories))
    if not wanted:
        raise UsageError("there must be a category", do="Name one that the model knows.")
    shown = [Shown(name, [], [name]) for name in _file_names(wanted)]

    def make(_: list[Sketch]) -> tuple[Sequence[Sequence[Sketch]], dict[str, Any]]:
        sketcher = load(bundle, len(wanted), n)
        for category in wanted:
            sketcher.category_id(category)  # all of them are known before one is drawn
        drawings = []
        with progress_bar("drawing") as progress:
            for number, category in enumerate(wanted):

                def report(done: int, total: int, before: int = number * n) -> None:
                    progress(before + done, len(wanted) * n)

                drawings.append(sketcher.generate(category, n, temperature, seed, report))
        return drawings, facts(sketcher, temperature, seed)

    make_results_of(shown, Wanted((), out, form, "generated", look, n), make)


def _file_names(categories: Sequence[str]) -> list[str]:
    """What files of each are called; `-2` and so on where that is taken."""
    names: list[str] = []
    for category in categories:
        stem = re.sub(r"[^\w+-]+", "-", category).strip("-") or "unnamed"
        name = stem
        for number in itertools.count(2):
            if name not in names:
                break
            name = f"{stem}-{number}"
        names.append(name)
    return names
