"""`sketch-pix2seq generate`: names in, drawings by the model out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from cyclopts import Parameter

from sketch_pix2seq.cli.draw import DEFAULT_OPTIONS, DrawOptions
from sketch_pix2seq.cli.inputs import ResultNames, unique_names
from sketch_pix2seq.cli.terminal import notify, print_line, printable, progress_bar
from sketch_pix2seq.errors import UsageError


def generate(
    *categories: str,
    best_of: int = 1,
    list_categories: Annotated[bool, Parameter(name="--list", negative=())] = False,
    options: DrawOptions = DEFAULT_OPTIONS,
) -> None:
    """Draw things by their names.

    Writes CATEGORY-generated.svg for each, CATEGORY-generated-0.svg and so on with -n, and prints
    each path.

    Args:
        categories: Categories to draw, of those that the model knows.
        best_of: Draw so many for each one wanted and keep the one that shows it most clearly.
        list_categories: Print all categories that the model knows, and draw nothing; beside it
            only --bundle can be given.
        options: How drawings are made, and where they go.
    """
    from sketch_pix2seq.inference.engine import offset_progress

    if list_categories:
        if categories or best_of != 1 or replace(options, bundle=None) != DEFAULT_OPTIONS:
            raise UsageError(
                "`--list` draws nothing: beside it only `--bundle` can be given",
                do="Leave everything else out.",
            )
        for name in options.load_sketcher().card.categories:
            print_line(printable(name))
        return
    first: dict[str, str] = {}
    for category in categories:
        first.setdefault(category.casefold(), category)
    distinct = list(first.values())
    if len(distinct) < len(categories):
        notify("a category that is named twice is drawn once; -n draws more of each")
    if not distinct:
        raise UsageError(
            "there must be a category", do="`sketch-pix2seq generate --list` names all."
        )
    n, temperature, seed = options.n, options.temperature, options.seed
    options.check(len(distinct), best_of)
    each = n * best_of
    total = len(distinct) * each
    results = options.plan(_sources(distinct), (), "generated")
    sketcher = options.load_sketcher()
    for category in distinct:
        sketcher.category_id(category)  # refuse an unknown category before anything is drawn
    with progress_bar("drawing") as progress:
        drawings = [
            sketcher.generate(
                category,
                n,
                temperature,
                seed,
                offset_progress(progress, first_drawing, total),
                best_of=best_of,
            )
            for first_drawing, category in zip(range(0, total, each), distinct, strict=True)
        ]
    results.write(drawings, options.facts(sketcher, best_of))


def _sources(categories: Sequence[str]) -> list[ResultNames]:
    """Name files after categories; characters not allowed in file names become `-`."""
    used: set[str] = set()
    stems = [re.sub(r"[^\w+-]+", "-", name).strip("-") or "unnamed" for name in categories]
    return [unique_names(stem, [""], used) for stem in stems]  # one drawing, without a suffix
