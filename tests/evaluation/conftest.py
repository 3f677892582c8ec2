"""A small evaluation: two models and a judge that know nothing, on synthetic drawings."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.synthetic import write_synthetic
from bundles import tiny_bundle, tiny_classifier
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.evaluation.evaluation import (
    EvaluatedModel,
    Evaluation,
    EvaluationSettings,
    HeldOut,
)
from sketch_pix2seq.inference.sketcher import Sketcher

SHAPES = {"cat": "circle", "car": "square", "pig": "spiral", "teapot": "zigzag"}


@pytest.fixture(scope="session")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of simple shapes under the names of real things."""
    folder = tmp_path_factory.mktemp("evaluation")
    sources = []
    for name, shape in SHAPES.items():
        (file,) = write_synthetic(folder / "files", num=90, seed=0, categories=[shape])
        text = file.read_text().replace(f'"{shape}"', f'"{name}"')
        sources.append(folder / f"{name}.ndjson")
        sources[-1].write_text(text)
    prepare(sources, folder / "set")
    return folder / "set"


@pytest.fixture(scope="session")
def evaluated_models() -> tuple[EvaluatedModel, EvaluatedModel]:
    """One that looks at pictures, one that reads strokes."""
    first, second = (Sketcher(tiny_bundle(kind)) for kind in ("picture", "strokes"))
    return EvaluatedModel("cnn", first, "digest of the first"), EvaluatedModel(
        "rnn", second, "second"
    )


@pytest.fixture(scope="session")
def evaluation(
    drawings: Path, evaluated_models: tuple[EvaluatedModel, EvaluatedModel]
) -> Evaluation:
    """They and the judge, on ten drawings of each category at most."""
    settings = EvaluationSettings(
        per_category=10, temperatures=(0.5, 1.0), num_repeats=2, best_of=2, paths=2
    )
    held_out = HeldOut(Dataset.open(drawings), settings.per_category)
    return Evaluation(evaluated_models, tiny_classifier(held_out.categories), held_out, settings)
