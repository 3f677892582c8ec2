"""Lines of a report beside the models: baselines, latent codes alone, other programs' drawings.

**Copy**: the picture of each drawing, traced. It keeps to its picture as closely as can be, and
draws nothing of its own. **Nearest**: the training drawing whose code is nearest to that of the
drawing. It is a person's, and never the same drawing. A metric at which one of them is best does
not measure redrawing by itself; together they keep the metrics honest.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.data.dataset import Dataset, Split
from sketch_pix2seq.data.sources import SourceFile, find_sources
from sketch_pix2seq.errors import DatasetError, DrawingError, UsageError
from sketch_pix2seq.evaluation.evaluation import (
    CODE_ALONE,
    COPY,
    NEAREST,
    EvaluatedDrawings,
    EvaluatedModel,
    EvaluationSettings,
    HeldOut,
    drawing_seeds,
)
from sketch_pix2seq.io.ndjson import MAX_LINE_BYTES, parse_object, record_of, sketch_of
from sketch_pix2seq.io.opened import split_lines
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.sketch.sketch import Sketch

PICTURE = 256
"""Side of the pictures that are traced, in pixels."""
_AT_ONCE = 4096


def copies(held_out: HeldOut) -> EvaluatedDrawings:
    """Return the test drawings traced from their pictures."""

    @cache
    def redraw(repeat: int) -> Sequence[Sketch]:
        return [trace_picture(sketch) for sketch in held_out.sketches]

    about = f"traced from pictures of {PICTURE} pixels"
    digest = f"{COPY}, {about}"
    return EvaluatedDrawings(COPY, digest, about, redraw, is_baseline=True, is_derived=True)


def trace_picture(sketch: Sketch) -> Sketch:
    """Draw a picture of a drawing, and read its strokes as `trace` does."""
    file = io.BytesIO()
    sketch.to_image(PICTURE).save(file, "png")
    return read_sketches(file.getvalue())[0].to_quickdraw_grid()


def nearest(held_out: HeldOut, dataset: Dataset, model: EvaluatedModel) -> EvaluatedDrawings:
    """Return for each test drawing the training drawing with the nearest code of the model."""
    train = dataset.split("train")

    @cache
    def redraw(repeat: int) -> Sequence[Sketch]:
        codes = model.sketcher.encode(held_out.sketches)
        return [train.sketch(index) for index in nearest_codes(codes, train, model).tolist()]

    about = f"the training drawing with the nearest code of {model.label}"
    digest = f"{NEAREST} by {model.digest}"
    return EvaluatedDrawings(NEAREST, digest, about, redraw, is_baseline=True, is_derived=True)


def nearest_codes(
    codes: Float32[np.ndarray, "N Z"], split: Split, model: EvaluatedModel
) -> Int64[np.ndarray, "N"]:
    """Return the indices of the drawings of a split whose codes are nearest to some codes."""
    best = np.full(len(codes), np.inf)
    indices = np.zeros(len(codes), np.int64)
    for first in range(0, len(split), _AT_ONCE):
        some = range(first, min(first + _AT_ONCE, len(split)))
        others = model.sketcher.encode([split.sketch(index) for index in some]).astype(np.float64)
        distance = (others**2).sum(axis=1) - 2 * codes.astype(np.float64) @ others.T
        smallest = distance.min(axis=1)
        nearer = smallest < best
        best[nearer] = smallest[nearer]
        indices[nearer] = first + distance.argmin(axis=1)[nearer]
    return indices


def code_alone(
    model: EvaluatedModel, held_out: HeldOut, settings: EvaluationSettings
) -> EvaluatedDrawings:
    """Return the redrawings of a model that sees the code of each test drawing, not its picture.

    Args:
        model: One whose fidelity can be set.
        held_out: The test drawings.
        settings: Temperature, seed and how often all is redrawn.
    """

    @cache
    def redraw(repeat: int) -> Sequence[Sketch]:
        seeds = drawing_seeds(settings.seed + repeat, len(held_out.sketches))
        drawn = model.sketcher.redraw(
            held_out.sketches, 1, settings.temperature, seeds, fidelity=0.0
        )
        return [redrawing for (redrawing,) in drawn]

    return EvaluatedDrawings(
        model.label + CODE_ALONE,
        f"{model.digest} at fidelity 0, temperature {settings.temperature!r}",
        f"{model.label} at fidelity 0",
        redraw,
        num_repeats=max(2, settings.num_repeats),
        epsilon=model.epsilon,
        is_derived=True,
    )


def read_redrawings(label: str, path: Path, held_out: HeldOut) -> EvaluatedDrawings:
    """Read redrawings that another program made.

    Args:
        label: Their name in the report.
        path: An ndjson file, or a folder of such. Each line has the `id` of the test drawing that
            it redraws, as `data convert` wrote it. Several of one drawing are its first, second
            and further redrawing.
        held_out: The test drawings.

    Raises:
        UsageError: If a test drawing is without one.
        DatasetError: If a file cannot be read, or a line is no drawing.
    """
    redrawings: dict[str, list[Sketch]] = {name: [] for name in held_out.ids}
    digest = hashlib.sha256()
    for name, sketch in _redrawings(path):
        if isinstance(name, str) and name in redrawings:
            redrawings[name].append(sketch)
            digest.update(repr((name, [stroke.tolist() for stroke in sketch.strokes])).encode())
    if missing := [name for name, sketches in redrawings.items() if not sketches]:
        raise UsageError(
            f"`{path.name}` must hold a redrawing of each of {len(redrawings):,} test drawings",
            got=f'none of {len(missing):,}, such as that with the id "{missing[0]}"',
            do="`data convert SET --split test --out INPUTS` writes what is to be redrawn.",
        )

    def redraw(repeat: int) -> Sequence[Sketch]:
        return [sketches[repeat] for sketches in redrawings.values()]

    return EvaluatedDrawings(
        label,
        digest.hexdigest(),
        f"read from {path.name}",
        redraw,
        num_repeats=min(map(len, redrawings.values())),
    )


def _redrawings(path: Path) -> Iterator[tuple[object, Sketch]]:
    """The drawings of an ndjson file or of a folder of such, each behind its `id`.

    Raises:
        DatasetError: If there is none, or a line is no drawing.
    """
    for source in find_sources([path]):
        if not isinstance(source, SourceFile):
            raise DatasetError(f"`{source.path}` must hold ndjson files")
        with source.content() as file:
            for number, line in enumerate(split_lines(file), start=1):
                try:
                    if line is None:
                        raise DrawingError(f"a line must have at most {MAX_LINE_BYTES} bytes")
                    if line.strip():
                        fields = parse_object(line)
                        yield fields.get("id"), sketch_of(record_of(fields))
                except DrawingError as error:
                    name = source.path.name
                    raise DatasetError(f"`{name}`, line {number}: {error}") from error


def baselines(
    models: Sequence[EvaluatedModel],
    dataset: Dataset,
    held_out: HeldOut,
    settings: EvaluationSettings,
) -> list[EvaluatedDrawings]:
    """Return the baselines, and the code alone of each model that also sees the picture.

    The nearest drawing is that by the codes of the first model.
    """
    alone = [
        code_alone(model, held_out, settings)
        for model in models
        if model.training == 0 and model.sketcher.attends_to_picture
    ]
    return [*alone, copies(held_out), nearest(held_out, dataset, models[0])]
