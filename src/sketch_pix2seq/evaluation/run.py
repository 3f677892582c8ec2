"""An evaluation from beginning to end: measure every part, write the report."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.evaluation import (
    diversity,
    interpolation,
    latent,
    likelihood,
    likeness,
    pictures,
    redrawing,
    summary,
)
from sketch_pix2seq.evaluation.baselines import baselines
from sketch_pix2seq.evaluation.evaluation import (
    EvaluatedDrawings,
    EvaluatedModel,
    Evaluation,
    EvaluationSettings,
    HeldOut,
    Results,
)
from sketch_pix2seq.evaluation.parts import PartProgress, measure_all
from sketch_pix2seq.evaluation.report.layout import Provenance
from sketch_pix2seq.evaluation.report.page import write_page
from sketch_pix2seq.inference.classifier import Classifier

PARTS = "parts"
"""Folder of the report where finished parts are kept."""


def evaluate(
    models: Sequence[EvaluatedModel],
    dataset: Dataset,
    judge: Classifier,
    out: Path,
    provenance: Provenance,
    settings: EvaluationSettings | None = None,
    pictures_folder: Path | None = None,
    drawings: Sequence[EvaluatedDrawings] = (),
    progress: PartProgress = lambda part, done, total: None,
) -> Path:
    """Measure models, but for parts that were measured before, and write a report; return its page.

    Args:
        models: The models to measure, by label.
        dataset: Data set whose test split they are measured on.
        judge: Says what drawings show.
        out: The folder of the report; made if it is not there.
        provenance: Facts on how the report is made.
        settings: Amount that is measured; None: the usual one.
        pictures_folder: Pictures as input; None: the package's own cartoons.
        drawings: Redrawings by other programs that are measured as well; see `read_redrawings`.
        progress: Called before each part.

    Raises:
        UsageError: If models, judge and data do not fit each other.
        DatasetError: If there are too few test drawings.
        DrawingError: If a picture cannot be read.
        BundleError: If a model cannot be run.
    """
    settings = settings or EvaluationSettings()
    if not any(model.training == 0 for model in models):
        raise UsageError("there must be a model to measure")
    held_out = HeldOut(dataset, settings.per_category)
    yardsticks = baselines(models, dataset, held_out, settings)
    evaluation = Evaluation(models, judge, held_out, settings, [*drawings, *yardsticks])
    input_pictures = pictures.read_pictures(pictures_folder, held_out.categories)
    parts = itertools.chain(
        redrawing.parts(evaluation),
        latent.parts(evaluation),
        interpolation.parts(evaluation),
        pictures.parts(evaluation, input_pictures),
        likeness.parts(evaluation),
        diversity.parts(evaluation),
    )
    results = Results(evaluation, measure_all(parts, out / PARTS, progress))
    sections = [
        summary.section(results),
        redrawing.recognition_section(results),
        redrawing.retrieval_section(results),
        latent.section(results),
        interpolation.section(results),
        pictures.section(results, input_pictures),
        likeness.section(results),
        likelihood.section(results),
    ]
    return write_page(results, sections, provenance, out)
