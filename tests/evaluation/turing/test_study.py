from __future__ import annotations

from pathlib import Path

import pytest

from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import StudyError
from sketch_pix2seq.evaluation.evaluation import EvaluatedModel
from sketch_pix2seq.evaluation.turing.create import create_study
from sketch_pix2seq.evaluation.turing.study import SKETCHES, STUDY_FILE, Study


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format_version": 1, "sketches": [{}], "made": {}}']
)
def test_what_is_no_study_is_an_error(tmp_path: Path, content: str) -> None:
    with pytest.raises(StudyError, match="is no study"):
        Study.open(tmp_path)
    (tmp_path / STUDY_FILE).write_text(content)
    with pytest.raises(StudyError, match="cannot be read"):
        Study.open(tmp_path)


def test_a_picture_that_is_missing_is_told(
    drawings: Path, evaluated_models: tuple[EvaluatedModel, EvaluatedModel], tmp_path: Path
) -> None:
    study = create_study(
        Dataset.open(drawings),
        evaluated_models[:1],
        tmp_path / "s",
        categories=["pig"],
        per_category=1,
    )
    (tmp_path / "s" / SKETCHES / f"{study.sketches[0].name}.png").unlink()
    with pytest.raises(StudyError, match="lacks the picture of a sketch"):
        Study.open(tmp_path / "s")
