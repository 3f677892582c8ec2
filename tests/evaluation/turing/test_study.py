from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import StudyError, UsageError
from sketch_pix2seq.evaluation.evaluation import EvaluatedModel
from sketch_pix2seq.evaluation.turing.create import create_study
from sketch_pix2seq.evaluation.turing.design import Design
from sketch_pix2seq.evaluation.turing.settings import StudySettings
from sketch_pix2seq.evaluation.turing.study import SKETCHES, STUDY_FILE, Study
from studies import scribbles, write_study


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


def test_a_study_of_the_first_format_is_read_and_keeps_its_digest(tmp_path: Path) -> None:
    study = write_study(tmp_path / "s")
    path = tmp_path / "s" / STUDY_FILE
    content = json.loads(path.read_text())
    del content["checks"], content["settings"]
    content["format_version"] = 1
    text = json.dumps(content, indent=1) + "\n"
    path.write_text(text)
    old = Study.open(tmp_path / "s")
    assert (old.settings, old.checks) == (StudySettings(), {})
    assert old.sketches == study.sketches
    assert old.digest == hashlib.sha256(text.encode()).hexdigest()  # as the first release had it
    replace(old, settings=StudySettings(contact="Ada")).save(tmp_path / "s")
    again = Study.open(tmp_path / "s")
    assert again.settings.contact == "Ada"
    assert again.digest == old.digest


def test_settings_change_no_digest_and_checks_do(tmp_path: Path) -> None:
    study = scribbles()
    settings = StudySettings(per_participant=3, id_parameters=("a", "b"), consent="ü")
    other = replace(study, settings=settings)
    assert other.digest == study.digest
    assert replace(study, checks={"c": "human"}).digest != study.digest
    write_study(tmp_path / "s", other)
    assert Study.open(tmp_path / "s") == other


@pytest.mark.parametrize(
    "settings",
    [
        {"unknown": 1},
        {"per_participant": "3"},
        {"per_participant": 0},
        {"record_times": 1},
        {"id_parameters": "PROLIFIC_PID"},
        {"id_parameters": [1]},
        {"id_parameters": ["a&b"]},
        {"closes": "tomorrow"},
        {"completion_url": "javascript:alert(1)"},
        {"completion_url": "https://x/{id}"},
        {"contact": ["a"]},
        {"consent": "x" * 100_001},
        {"min_age": -1},
        [],
    ],
)
def test_settings_that_do_not_fit_are_one_clear_error(tmp_path: Path, settings: object) -> None:
    write_study(tmp_path / "s")
    path = tmp_path / "s" / STUDY_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "settings": settings}))
    with pytest.raises(StudyError, match="cannot be read"):
        Study.open(tmp_path / "s")


def test_a_drawing_is_dropped_with_its_redrawings() -> None:
    study = scribbles(2)
    first, second = study.of("human", "cat")
    labelled = replace(study, made={**study.made, "labels": {first.name: "cat-7"}})
    for label in ("cat-7", first.name):
        fewer = labelled.without([label])
        assert len(fewer.sketches) == len(study.sketches) - 3
        assert first.name not in {one.original for one in fewer.sketches}
        assert fewer.digest != study.digest
    with pytest.raises(UsageError, match="no human drawing of this label; got cat-8"):
        labelled.without(["cat-8"])
    with pytest.raises(UsageError, match="no human drawing of this label"):
        labelled.without([study.of("cnn")[0].name])
    with pytest.raises(UsageError, match="each category must keep a drawing"):
        labelled.without(["cat-7", second.name])


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda content: content["sketches"].pop(), "must have drawn each of the same sketches"),
        (lambda content: content.update(sketches=[]), "each of `sketches` must be there once"),
        (lambda content: content["sketches"].extend(content["sketches"]), "must be there once"),
        (lambda content: content.update(checks={"a": "banana"}), "cannot be read"),
        (lambda content: content["sketches"][0].update(drawing=[[["a"], [1]]]), "cannot be read"),
    ],
)
def test_a_study_that_was_edited_by_hand_is_checked(
    tmp_path: Path, edit: Callable[[dict[str, Any]], object], message: str
) -> None:
    write_study(tmp_path / "study")
    path = tmp_path / "study" / STUDY_FILE
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))
    with pytest.raises(StudyError, match=message):
        Study.open(tmp_path / "study")


def test_limits_that_would_leave_everybody_in_or_out_are_refused(tmp_path: Path) -> None:
    study = write_study(tmp_path / "study")
    for settings in (StudySettings(least_answers=400), StudySettings(allowed_misses=3)):
        with pytest.raises(UsageError, match="must be at most"):
            Design(replace(study, settings=settings))
    with pytest.raises(UsageError, match="can hold {id} alone"):
        StudySettings(completion_url="https://x.org/?p={ID}", id_parameters=("PROLIFIC_PID",))
