"""A study: human test drawings, every model's redrawing of each, all drawn in one style.

    study.json      what it is made of, and who drew which sketch: for its maker alone
    sketches/ID.png each sketch, in one size and line width, under a name that tells nothing

Human drawings and redrawings go through the same numbers: whole ones, longest side 255. Nothing
but the drawing tells them apart.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.data.new_folder import new_folder
from sketch_pix2seq.errors import DatasetError, InputError, UsageError
from sketch_pix2seq.evaluation.contest import DOT, SPLIT, Contestant
from sketch_pix2seq.evaluation.shown import ShownSketch, as_shown, from_shown
from sketch_pix2seq.inference.arguments import checked_seed, checked_temperature, whole_number
from sketch_pix2seq.sketch.writing import png_bytes

FORMAT_VERSION = 1
STUDY_FILE = "study.json"
SKETCHES = "sketches"
HUMAN = "human"
PICTURE_SIZE = 360
_ID_BYTES = 8


@dataclass(frozen=True, kw_only=True)
class StudySketch:
    """One sketch of a study.

    Args:
        name: Tells nothing: random letters.
        source: `human`, or a model's label.
        category: What it shows, or should.
        original: Name of the human sketch that it redraws; its own for that one.
        drawing: Its strokes.
    """

    name: str
    source: str
    category: str
    original: str
    drawing: ShownSketch


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study and how it was made.

    Args:
        sketches: In no telling order.
        made: Everything that it depends on.
        format_version: Of this layout.
    """

    sketches: tuple[StudySketch, ...]
    made: dict[str, Any] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    @property
    def sources(self) -> list[str]:
        """Who drew: people, then the models in their order."""
        return [HUMAN, *self.made["models"]]

    @property
    def categories(self) -> list[str]:
        """What is drawn."""
        return list(self.made["categories"])

    def of(self, source: str, category: str | None = None) -> list[StudySketch]:
        """Return the sketches of one source, perhaps of one category, by their originals."""
        found = [
            sketch
            for sketch in self.sketches
            if sketch.source == source and category in (None, sketch.category)
        ]
        return sorted(found, key=lambda sketch: (sketch.category, sketch.original))

    @classmethod
    def open(cls, folder: Path) -> Study:
        """Open a study.

        Raises:
            InputError: If it is none, or not whole.
        """
        path = folder / STUDY_FILE
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            version = told["format_version"]
            sketches = tuple(StudySketch(**sketch) for sketch in told["sketches"])
            study = cls(sketches=sketches, made=told["made"])
            _ = study.sources, study.categories
        except FileNotFoundError as error:
            raise InputError(
                f"`{folder}` is no study: it has no {STUDY_FILE}",
                do="Make one with `sketch-pix2seq turing create`.",
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"`{path}` cannot be read", got=repr(error)) from error
        if version != FORMAT_VERSION:
            raise InputError(f"`{path}` must be of format {FORMAT_VERSION}", got=version)
        for sketch in sketches:
            if not (folder / SKETCHES / f"{sketch.name}.png").is_file():
                raise InputError(f"`{folder}` lacks the picture of a sketch", got=sketch.name)
        return study


def create_study(
    dataset: Dataset,
    models: Sequence[Contestant],
    out: Path,
    *,
    categories: Sequence[str] | None = None,
    per_category: int = 10,
    temperature: float | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Study:
    """Pick human drawings and let every model redraw each.

    Args:
        dataset: Its test split is picked from.
        models: Who redraws, under labels of their own.
        out: The folder of the study; nothing stands there before all is written.
        categories: Which ones; None: all of the data set, three at most.
        per_category: Human drawings of each.
        temperature: How freely models draw; None: what suits each.
        seed: Decides what is picked, and all noise.
        progress: Called with how many sketches are drawn, and how many there will be.

    Returns:
        The study: (1 + models) x categories x `per_category` sketches.

    Raises:
        UsageError: If an argument does not fit.
        DatasetError: If there are too few drawings, or `out` stands already.
    """
    per_category = whole_number("per_category", per_category, least=1)
    seed = checked_seed(seed)
    if temperature is not None:
        temperature = checked_temperature(temperature)
    labels = [model.label for model in models]
    if not labels or HUMAN in labels or len(set(labels)) < len(labels):
        raise UsageError(
            "there must be models with names of their own, none of them `human`",
            got=", ".join(labels) or "none",
        )
    wanted = list(dataset.card.categories[:3] if categories is None else categories)
    picked = {category: _picked(dataset, category, per_category, seed) for category in wanted}
    total = (1 + len(models)) * len(wanted) * per_category
    sketches: list[StudySketch] = []
    for category, drawings in picked.items():
        originals = _named(len(drawings))
        of_each = {HUMAN: [as_shown(drawing) for drawing in drawings]}
        for model in models:
            redrawn = model.sketcher.redraw(drawings, 1, temperature, seed)
            of_each[model.label] = [as_shown(one) for (one,) in redrawn]
        for source, shown in of_each.items():
            own = originals if source == HUMAN else _named(len(drawings))
            sketches += [
                StudySketch(
                    name=name,
                    source=source,
                    category=category,
                    original=original,
                    drawing=drawing,
                )
                for name, original, drawing in zip(own, originals, shown, strict=True)
            ]
        progress(len(sketches), total)
    study = Study(
        sketches=tuple(sorted(sketches, key=lambda sketch: sketch.name)),
        made={
            "data": dataset.card.digest,
            "categories": wanted,
            "models": {model.label: model.digest for model in models},
            "temperatures": {
                model.label: model.card.temperature if temperature is None else temperature
                for model in models
            },
            "per_category": per_category,
            "seed": seed,
            "licence": dataset.card.licence,
        },
    )
    with new_folder(out) as folder:
        _write(study, folder)
    return study


def _picked(dataset: Dataset, category: str, count: int, seed: int) -> list[Any]:
    if category not in dataset.card.categories:
        raise UsageError(f"the data set has no category `{category}`")
    split = dataset.split(SPLIT)
    place = dataset.card.categories.index(category)
    start, stop = split.category_range(place)
    if stop - start < count:
        raise DatasetError(
            f"category `{category}` must have {count} {SPLIT} drawings or more",
            got=stop - start,
            do="Ask for fewer with `per_category`.",
        )
    chosen = np.random.default_rng([seed, place, 3]).permutation(np.arange(start, stop))[:count]
    return [split.sketch(int(number)) for number in chosen]


def _named(count: int) -> list[str]:
    """Names that tell nothing: not made from the seed, which others may know."""
    return [secrets.token_hex(_ID_BYTES) for _ in range(count)]


def _write(study: Study, folder: Path) -> None:
    (folder / SKETCHES).mkdir()
    for sketch in study.sketches:
        drawing = from_shown(sketch.drawing) if sketch.drawing else DOT
        picture = drawing.to_image(PICTURE_SIZE, line_width=PICTURE_SIZE / 90)
        (folder / SKETCHES / f"{sketch.name}.png").write_bytes(png_bytes(picture))
    told = json.dumps(asdict(study), indent=1)
    (folder / STUDY_FILE).write_text(told + "\n", encoding="utf-8")
