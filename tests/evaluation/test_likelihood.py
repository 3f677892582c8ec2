"""The section on likelihood."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bundles import tiny_attention_bundle, tiny_bundle
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.evaluation import likelihood
from sketch_pix2seq.evaluation.evaluation import EvaluatedModel, Evaluation, Results
from sketch_pix2seq.inference.sketcher import Sketcher


def _model(label: str, bundle: Bundle, data: str, **more: float) -> EvaluatedModel:
    losses = {"stroke_nll": 0.5, "pen_ce": 0.25, "reconstruction": 0.75, "kl": 0.01} | more
    test: dict[str, Any] = {"valid": losses, "magenta": losses, "data": data}
    bundle = replace(
        bundle, card=replace(bundle.card, metrics={**bundle.card.metrics, "test": test})
    )
    return EvaluatedModel(label, Sketcher(bundle), label)


def test_a_model_that_sees_the_picture_has_a_line_of_its_code_alone(evaluation: Evaluation) -> None:
    data = evaluation.held_out.digest
    cnn = _model("cnn", tiny_bundle(), data)
    ours = _model("ours", tiny_attention_bundle(), data, reconstruction_code=1.5)
    other = _model("other", tiny_bundle(), "another data set")
    models = Evaluation(
        [cnn, ours, other], evaluation.judge, evaluation.held_out, evaluation.settings
    )
    section = likelihood.section(Results(models, {}))
    (table,) = section.tables
    rows = {row[0]: row for row in table.rows}
    assert list(rows) == ["cnn", "ours", "ours, code", "other"]
    assert rows["cnn"][2:] == rows["ours"][2:] == [0.5, 0.25, 0.75, 0.5, 0.25, 0.75, 0.01]
    assert rows["ours, code"][2:] == [None, None, 1.5, None, None, 1.5, 0.01]
    assert rows["other"][2:] == [None] * 7
    assert "ours, code 1.5" in section.here
    (figure,) = section.figures
    assert ">ours, code<" in figure.svg  # compared where all have the code alone
    assert ">ours<" not in figure.svg
