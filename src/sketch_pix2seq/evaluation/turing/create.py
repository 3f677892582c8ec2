"""Making a study: human test drawings are picked, and every model redraws each.

Human drawings and redrawings go through the same numbers (whole ones, longest side 255) and the
same pen. They differ in nothing but the drawing. Human drawings have labels such as `cat-12` by
which another study can leave them out; participants never see these.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import DatasetError, StudyError, UsageError
from sketch_pix2seq.evaluation.evaluation import (
    DOT,
    SPLIT,
    EvaluatedModel,
    check_labels,
    drawing_seeds,
)
from sketch_pix2seq.evaluation.parts import keep_sketch, kept_sketch
from sketch_pix2seq.evaluation.turing.design import Design
from sketch_pix2seq.evaluation.turing.settings import StudySettings
from sketch_pix2seq.evaluation.turing.study import HUMAN, SKETCHES, Study, StudySketch, Tag
from sketch_pix2seq.inference.arguments import checked_seed, checked_temperature, whole_number
from sketch_pix2seq.io.atomic import atomic_dir
from sketch_pix2seq.io.saving import png_bytes
from sketch_pix2seq.sketch.sketch import Sketch

PICTURE_SIZE = 720
"""Pixels of each side: sharp on the screens of phones too."""
LINE_WIDTH = PICTURE_SIZE / 100
MARGIN = PICTURE_SIZE / 12
_ID_BYTES = 8


def create_study(
    dataset: Dataset,
    models: Sequence[EvaluatedModel],
    out: Path,
    *,
    categories: Sequence[str] | None = None,
    per_category: int = 10,
    temperature: float | None = None,
    seed: int = 0,
    checks: int = 0,
    exclude: Sequence[str] = (),
    settings: StudySettings | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Study:
    """Pick human drawings and let every model redraw each.

    Args:
        dataset: Data set whose test drawings are picked from.
        models: The models that redraw, by label.
        out: The folder of the study; nothing stands there before all is written.
        categories: Their names; None: all of the data set, three at most.
        per_category: Human drawings of each.
        temperature: Sampling temperature; None: each model's own.
        seed: Decides what is picked, and all noise.
        checks: Attention checks: pictures that say which answer to give.
        exclude: Labels of human drawings, such as `cat-12`, in whose place others are picked.
        settings: How the study is run.
        progress: Called with how many sketches are drawn, and how many there will be.

    Returns:
        The study: (1 + models) x categories x `per_category` sketches.

    Raises:
        UsageError: If an argument does not fit.
        DatasetError: If there are too few drawings.
        StudyError: If `out` exists already.
    """
    per_category = whole_number("per_category", per_category, least=1)
    seed = checked_seed(seed)
    if temperature is not None:
        temperature = checked_temperature(temperature)
    check_labels([model.label for model in models])
    wanted = list(dataset.card.categories[:3] if categories is None else categories)
    if not wanted or len(set(wanted)) < len(wanted):
        raise UsageError("`categories` must differ from each other", got=", ".join(wanted) or None)
    picked = _picked(dataset, wanted, per_category, seed, exclude)
    plan = Study(
        sketches=(),
        made={
            "data": dataset.card.digest,
            "categories": wanted,
            "models": {model.label: model.digest for model in models},
            "temperatures": {
                model.label: model.card.temperature_or(temperature) for model in models
            },
            "per_category": per_category,
            "seed": seed,
            "licence": dataset.card.licence,
            "excluded": sorted(exclude),
        },
        checks=_checks(whole_number("checks", checks, least=0)),
        settings=settings or StudySettings(),
    )
    undrawn = {
        category: dict.fromkeys(plan.sources, tuple(by_label.values()))
        for category, by_label in picked.items()
    }
    Design(_with_sketches(plan, picked, undrawn))  # refuses settings that do not fit
    with atomic_dir(out, StudyError) as folder:
        drawn: dict[str, dict[str, list[Sketch]]] = {}
        every = iter(drawing_seeds(seed, len(picked) * per_category))
        for category, by_label in picked.items():
            human = list(by_label.values())
            seeds = list(islice(every, len(human)))
            drawn[category] = {HUMAN: human}
            for model in models:
                redrawn = model.sketcher.redraw(human, 1, temperature, seeds)
                drawn[category][model.label] = [drawing for (drawing,) in redrawn]
            each = per_category * len(plan.sources)
            progress(each * len(drawn), each * len(wanted))
        study = _with_sketches(plan, picked, drawn)
        _write(study, folder)
    return study


def _with_sketches(
    plan: Study,
    picked: Mapping[str, Mapping[str, Sketch]],
    drawn: Mapping[str, Mapping[str, Sequence[Sketch]]],
) -> Study:
    """Give a study its drawings, of each category and source those of the same originals."""
    sketches: list[StudySketch] = []
    labels: dict[str, str] = {}
    for category, of_each in drawn.items():
        nameless = list(_nameless(category, of_each))
        labels |= {one.name: label for one, label in zip(nameless, picked[category], strict=False)}
        sketches += nameless
    return replace(
        plan,
        sketches=tuple(sorted(sketches, key=lambda sketch: sketch.name)),
        made={**plan.made, "labels": labels},
    )


def _picked(
    dataset: Dataset, categories: Sequence[str], count: int, seed: int, exclude: Sequence[str]
) -> dict[str, dict[str, Sketch]]:
    """Pick human drawings of each category, by their labels."""
    split = dataset.split(SPLIT)
    by_category: dict[str, dict[str, int]] = {}
    for category in categories:
        if category not in dataset.card.categories:
            raise UsageError(f"the data set has no category `{category}`")
        place = dataset.card.categories.index(category)
        start, stop = split.category_range(place)
        order = np.random.default_rng([seed, place, 3]).permutation(stop - start).tolist()
        by_category[category] = {f"{category}-{number}": start + number for number in order}
    for label in exclude:
        if not any(label in numbers for numbers in by_category.values()):
            raise UsageError("`exclude` must be labels such as `cat-12`", got=label)
    picked = {}
    for category, numbers in by_category.items():
        left = [label for label in numbers if label not in exclude]
        if len(left) < count:
            raise DatasetError(
                f"category `{category}` must have {count} {SPLIT} drawings or more",
                got=len(left),
                do="Ask for fewer with `per_category`.",
            )
        picked[category] = {label: split.sketch(numbers[label]) for label in left[:count]}
    return picked


def _checks(count: int) -> dict[str, Tag]:
    """Give attention checks names that say nothing, half of each answer."""
    answers: Iterator[Tag] = cycle(("human", "computer"))
    return {secrets.token_hex(_ID_BYTES): answer for answer in islice(answers, count)}


def _nameless(category: str, of_each: Mapping[str, Sequence[Sketch]]) -> Iterator[StudySketch]:
    """Give drawings of the same originals names that say nothing.

    Not made from the seed, which others may know.
    """
    originals: list[str] = []
    for source, drawings in of_each.items():
        names = [secrets.token_hex(_ID_BYTES) for _ in drawings]
        originals = originals or names
        for name, original, drawing in zip(names, originals, drawings, strict=True):
            yield StudySketch(
                name=name,
                source=source,
                category=category,
                original=original,
                drawing=keep_sketch(drawing),
            )


def _write(study: Study, folder: Path) -> None:
    """Draw all with the same pen."""
    (folder / SKETCHES).mkdir()
    for sketch in study.sketches:
        drawing = kept_sketch(sketch.drawing) if sketch.drawing else DOT
        picture = drawing.to_image(PICTURE_SIZE, line_width=LINE_WIDTH, margin=MARGIN)
        (folder / SKETCHES / f"{sketch.name}.png").write_bytes(png_bytes(picture))
    for name, answer in study.checks.items():
        (folder / SKETCHES / f"{name}.png").write_bytes(png_bytes(_check_picture(answer)))
    study.save(folder)


def _check_picture(answer: Tag) -> Image.Image:
    """Write which answer to give, as large as a sketch."""
    picture = Image.new("L", (PICTURE_SIZE, PICTURE_SIZE), 255)
    font = ImageFont.load_default(PICTURE_SIZE / 11)
    middle = (PICTURE_SIZE / 2, PICTURE_SIZE / 2)
    words = f"No sketch this time.\nPlease press\n{answer.capitalize()}"
    draw = ImageDraw.Draw(picture)
    draw.multiline_text(middle, words, 0, font, "mm", PICTURE_SIZE / 30, "center")
    return picture
