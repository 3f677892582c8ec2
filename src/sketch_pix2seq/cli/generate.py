"""`sketch-pix2seq generate`: names in, drawings by the model out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sketch_pix2seq.cli.draw import check_settings, facts, load_sketcher
from sketch_pix2seq.cli.inputs import Source, name_source
from sketch_pix2seq.cli.outputs import PLAIN, Format, Style, plan_results
from sketch_pix2seq.cli.progress import progress_bar
from sketch_pix2seq.errors import UsageError


def generate(
    *categories: str,
    bundle: Path | None = None,
    out: Path = Path(),
    form: Annotated[Format, Parameter(name="--format")] = "svg",
    n: Annotated[int, Parameter(name="-n")] = 1,
    temperature: float | None = None,
    seed: int = 0,
    overwrite: bool = False,
    style: Style = PLAIN,
) -> None:
    """Draw things by their names.

    Writes CATEGORY-generated.svg for each, CATEGORY-generated-0.svg and so on with -n, and prints
    each path.

    Args:
        categories: What to draw: categories that the model knows.
        bundle: The model, a folder or zip file; without it the one that comes with the package.
        out: Where to write; without it the current folder.
        form: svg, png, gif, apng: a file for each drawing; the last two draw themselves.
            ndjson: CATEGORY.ndjson for each, a line for each drawing.
        n: How many drawings of each.
        temperature: How freely to draw, 0 or more; without it what suits the model.
        seed: Another seed, other drawings.
        overwrite: Replace files that exist.
        style: How results look.
    """
    wanted = list(dict.fromkeys(categories))
    if not wanted:
        raise UsageError("there must be a category", do="Name one that the model knows.")
    check_settings(len(wanted), n, temperature, seed)
    results = plan_results(
        _sources(wanted), (), out, form, "generated", style, n=n, overwrite=overwrite
    )
    sketcher = load_sketcher(bundle)
    for category in wanted:
        sketcher.category_id(category)  # all of them are known before one is drawn
    with progress_bar("drawing") as progress:
        drawings = [
            sketcher.generate(
                category, n, temperature, seed, _after(number * n, len(wanted) * n, progress)
            )
            for number, category in enumerate(wanted)
        ]
    results.write(drawings, facts(sketcher, temperature, seed))


def _sources(categories: Sequence[str]) -> list[Source]:
    """Name files after categories; what a file cannot be called becomes `-`."""
    taken: set[str] = set()
    stems = [re.sub(r"[^\w+-]+", "-", one).strip("-") or "unnamed" for one in categories]
    return [name_source(stem, [""], taken) for stem in stems]


def _after(before: int, total: int, progress: Callable[[int, int], None]) -> Callable[..., None]:
    """Report the progress of a part as that of the whole."""
    return lambda done, _: progress(before + done, total)
