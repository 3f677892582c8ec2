"""What models are compared with, and drawings that other programs made."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bundles import tiny_attention_bundle
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import DatasetError, UsageError
from sketch_pix2seq.evaluation.baselines import (
    baselines,
    copies,
    nearest,
    nearest_codes,
    read_redrawings,
    trace_picture,
)
from sketch_pix2seq.evaluation.evaluation import (
    EvaluatedModel,
    Evaluation,
    HeldOut,
    drawing_seeds,
)
from sketch_pix2seq.evaluation.line_metrics import line_metrics
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.sketch.sketch import Sketch


def test_a_copy_lies_on_its_picture(evaluation: Evaluation) -> None:
    drawn = copies(evaluation.held_out).redraw(0)
    assert len(drawn) == len(evaluation.held_out.sketches)
    for copy, sketch in zip(drawn[:5], evaluation.held_out.sketches, strict=False):
        assert line_metrics(copy, sketch).distance < 0.01


def test_a_dot_is_copied() -> None:
    assert trace_picture(Sketch.from_points([[(5, 5)]])).num_points >= 1


def test_the_nearest_drawing_is_a_training_drawing_and_the_nearest_one(
    evaluation: Evaluation, drawings: Path
) -> None:
    dataset, model = Dataset.open(drawings), evaluation.models[0]
    train = dataset.split("train")
    codes = model.sketcher.encode(evaluation.held_out.sketches)
    others = model.sketcher.encode([train.sketch(index) for index in range(len(train))])
    distances = np.linalg.norm(codes[:, None] - others[None], axis=2)
    indices = nearest_codes(codes, train, model)
    rows = np.arange(len(codes))
    np.testing.assert_allclose(distances[rows, indices], distances.min(axis=1), rtol=1e-5)
    drawn = nearest(evaluation.held_out, dataset, model).redraw(0)
    assert drawn[3] == train.sketch(int(indices[3]))


def _write(path: Path, held_out: HeldOut, times: int = 1) -> None:
    """Every test drawing, turned upside down, as another program would write it."""
    with path.open("w") as file:
        for _ in range(times):
            for name, sketch in reversed(list(zip(held_out.ids, held_out.sketches, strict=True))):
                strokes = [(255 - stroke).tolist() for stroke in sketch.strokes]
                drawing = [[list(axis) for axis in zip(*stroke, strict=True)] for stroke in strokes]
                file.write(json.dumps({"id": name, "drawing": drawing}) + "\n")
        others: tuple[object, ...] = ("train-0", 0, ["test-0"], {}, None)
        for other in others:
            file.write(json.dumps({"id": other, "drawing": [[[0, 9], [0, 9]]]}) + "\n")


def test_redrawings_of_another_program_are_matched_by_their_ids(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    held_out = evaluation.held_out
    _write(tmp_path / "mine.ndjson", held_out, times=2)
    read = read_redrawings("mine", tmp_path / "mine.ndjson", held_out)
    assert read.num_repeats == 2
    for redrawing, sketch in zip(read.redraw(1), held_out.sketches, strict=True):
        assert len(redrawing.strokes) == len(sketch.strokes)
        np.testing.assert_allclose(redrawing.strokes[0], 255 - sketch.strokes[0])


def test_a_missing_redrawing_is_named(evaluation: Evaluation, tmp_path: Path) -> None:
    path = tmp_path / "mine.ndjson"
    _write(path, evaluation.held_out)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[1:]) + "\n")
    name = json.loads(lines[0])["id"]
    with pytest.raises(UsageError, match=f'none of 1, such as that with the id "{name}"'):
        read_redrawings("mine", path, evaluation.held_out)


def test_a_line_that_is_no_drawing_is_named(evaluation: Evaluation, tmp_path: Path) -> None:
    path = tmp_path / "mine.ndjson"
    path.write_text('{"id": "test-0", "drawing": [[[0], [0]]]}\n\n{"id": "test-1"}\n')
    with pytest.raises(DatasetError, match="`mine.ndjson`, line 3: "):
        read_redrawings("mine", path, evaluation.held_out)


def test_a_model_that_sees_the_picture_has_a_line_for_its_code_alone(
    evaluation: Evaluation, drawings: Path
) -> None:
    bundle = tiny_attention_bundle()
    model = EvaluatedModel("mine", Sketcher(bundle), "digest")
    lines = baselines([model], Dataset.open(drawings), evaluation.held_out, evaluation.settings)
    assert [line.label for line in lines] == ["mine, code", "copy", "nearest"]
    sketches = evaluation.held_out.sketches[:3]
    settings = evaluation.settings
    seeds = drawing_seeds(1, len(evaluation.held_out.sketches))[:3]
    expected = model.sketcher.redraw(sketches, 1, settings.temperature, seeds, fidelity=0)
    assert [[drawn] for drawn in lines[0].redraw(1)[:3]] == expected
