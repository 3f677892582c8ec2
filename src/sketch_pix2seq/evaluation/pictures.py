"""Pictures that no one drew for a data set as input: cartoons, scans, photos (Figure 10).

A set of cartoons of our own comes with the package; any folder of SVGs, pictures or photos may take
its place. The name of a file says what it shows: `cat-sitting.svg` and `alarm-clock 2.jpg` are of
the categories cat and alarm clock. Files of no category of the data set are redrawn and shown, and
count for nothing: the paper shows such a one too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from sketch_pix2seq.errors import DrawingError, UsageError
from sketch_pix2seq.evaluation.evaluation import EvaluatedModel, Evaluation, Results, drawing_seeds
from sketch_pix2seq.evaluation.parts import Part, keep_sketch, kept_sketch
from sketch_pix2seq.evaluation.report.layout import Figure, Section, sheet_svg
from sketch_pix2seq.evaluation.report.tables import Cell, Table, columns, listed
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.io.sheet import SheetRow
from sketch_pix2seq.sketch.sketch import Sketch

REDRAWINGS = 10
"""Redrawings of each picture that the judge classifies."""
SHOWN = 2
"""Of those, how many are shown."""
UNCOUNTED_ROWS = 3
"""Pictures that are shown where none is of a category of the data set."""


@dataclass(frozen=True)
class ShownPicture:
    """A picture that models are shown."""

    name: str
    "Of its file."
    sketch: Sketch
    category: int | None
    "What it shows, as an id of the data set; None: something else."


def read_pictures(folder: Path | None, categories: Sequence[str]) -> list[ShownPicture]:
    """Read a folder of pictures; None: the cartoons that come with the package.

    Returns:
        A picture for each file, by category of the data set and name.

    Raises:
        UsageError: If it is no folder, or no file in it is a drawing.
        DrawingError: If a file cannot be read.
    """
    if folder is None:
        cartoons = resources.files("sketch_pix2seq.evaluation").joinpath("cartoons")
        with resources.as_file(cartoons) as path:
            return read_pictures(path, categories)
    if not folder.is_dir():
        raise UsageError(f"`pictures` must be a folder, and `{folder}` is not one")
    pictures = []
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.name.startswith("."):
            continue
        try:
            sketches = read_sketches(path)
        except DrawingError as error:
            raise DrawingError(str(error), do=f"Take it out of `{folder}`.") from error
        category = category_of(path.stem, categories)
        pictures += [ShownPicture(path.stem, sketch, category) for sketch in sketches]
    if not pictures:
        raise UsageError(f"`pictures` must hold a drawing, and `{folder}` holds none")
    last = len(categories)
    return sorted(
        pictures, key=lambda picture: last if picture.category is None else picture.category
    )


def category_of(stem: str, categories: Sequence[str]) -> int | None:
    """Read from the name of a file what it shows: the longest category that it begins with.

    Example:
        >>> category_of("alarm-clock_3", ["cat", "alarm clock"]), category_of("category", ["cat"])
        (1, None)
    """
    words = _words(stem)
    matches = [index for index, name in enumerate(categories) if _begins(words, _words(name))]
    return max(matches, key=lambda index: len(categories[index]), default=None)


def _words(name: str) -> list[str]:
    """The words of a name, without what separates them: `T-shirt_2` has t, shirt and 2."""
    return re.findall(r"[^\W\d_]+|\d+", name.lower())


def _begins(words: Sequence[str], first: Sequence[str]) -> bool:
    return len(first) > 0 and words[: len(first)] == first


def part_name(model: EvaluatedModel) -> str:
    """Name the part that measures a model."""
    return f"{model.label}: pictures as input"


def parts(evaluation: Evaluation, pictures: Sequence[ShownPicture]) -> Iterator[Part]:
    """Yield all that is to be measured of models that are shown some pictures."""
    digest = hashlib.sha256()
    for picture in pictures:
        digest.update(repr((picture.name, picture.category, keep_sketch(picture.sketch))).encode())
    facts = {
        **evaluation.facts,
        "pictures": digest.hexdigest(),
        "temperature": evaluation.settings.temperature,
    }
    for model in evaluation.models:
        measure = partial(_measured, evaluation, model, pictures)
        yield Part(part_name(model), {**facts, "model": model.digest}, measure, version=6)


def _measured(
    evaluation: Evaluation, model: EvaluatedModel, pictures: Sequence[ShownPicture]
) -> dict[str, Any]:
    sketches = [picture.sketch for picture in pictures]
    settings = evaluation.settings
    seeds = drawing_seeds(settings.seed, len(sketches))
    drawn = model.sketcher.redraw(sketches, REDRAWINGS, settings.temperature, seeds)
    predicted, _ = evaluation.classify([sketch for redrawings in drawn for sketch in redrawings])
    shown = [[keep_sketch(sketch) for sketch in redrawings[:SHOWN]] for redrawings in drawn]
    return {"predicted": predicted.reshape(len(pictures), REDRAWINGS).tolist(), "shown": shown}


def section(results: Results, pictures: Sequence[ShownPicture]) -> Section:
    """Make the report's section."""
    counted = [index for index, one in enumerate(pictures) if one.category is not None]
    right = np.array([pictures[index].category for index in counted], np.int64)
    predicted, _ = results.evaluation.classify([one.sketch for one in pictures])
    rows: list[list[Cell]] = []
    if counted:
        rows.append(["the pictures themselves", results.share(predicted[counted] == right)])
    drawn = [results.measured[part_name(model)] for model in results.models]
    for model, one in zip(results.models, drawn, strict=True):
        if counted:
            hits = np.array(one["predicted"])[counted] == right[:, None]
            rows.append([model.label, results.share(hits.mean(axis=1))])
    sheet = [
        SheetRow(
            [
                picture.sketch,
                *(kept_sketch(sketch) for one in drawn for sketch in one["shown"][index]),
            ],
            label=picture.name,
        )
        for index, picture in enumerate(pictures[: None if counted else UNCOUNTED_ROWS])
    ]
    rest = len(pictures) - len(sheet)
    left_out = f" Left out: {rest} more pictures of other things." if rest else ""
    headings = ["", *(name for label in results.labels for name in [label, *[""] * (SHOWN - 1)])]
    cell = max(44, min(88, 780 // max(len(headings), 1)))
    return Section(
        name="pictures",
        title="Pictures as input: cartoons",
        see="Right kind, similar pose: the head turned the same way, the same parts.",
        how=f"{len(pictures)} pictures, {len(counted) or 'none'} of them of a category of the data "
        f"set; {REDRAWINGS} redrawings of each go to the judge (temperature "
        f"{results.evaluation.settings.temperature:g}, seed {results.evaluation.settings.seed}), "
        f"{SHOWN} are shown.",
        paper="redrawings of cartoon pigs, rabbits and cats are of the right category and a "
        "similar pose; an odd creature too is redrawn (Figure 10, no numbers).",
        here=f"recognised: {listed(rows)}."
        if rows
        else "no picture is of a category of this data set, so nothing is counted.",
        tables=[
            Table(
                name="pictures",
                title="Rec of pictures",
                columns=columns("drawings", "recognised"),
                rows=rows,
                yardsticks=1,
            )
        ]
        if rows
        else [],
        figures=[
            Figure(
                "pictures",
                "Pictures and redrawings",
                sheet_svg(sheet, cell, headings, apart=1),
                "Left what was shown (the lines that were read), beside it what each model drew."
                + left_out,
            )
        ],
    )
