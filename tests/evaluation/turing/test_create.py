from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import DatasetError, StudyError, UsageError
from sketch_pix2seq.evaluation.evaluation import EvaluatedModel
from sketch_pix2seq.evaluation.parts import keep_sketch
from sketch_pix2seq.evaluation.turing.create import PICTURE_SIZE, create_study
from sketch_pix2seq.evaluation.turing.preview import preview_page
from sketch_pix2seq.evaluation.turing.settings import StudySettings
from sketch_pix2seq.evaluation.turing.study import SKETCHES, Study


@pytest.fixture(scope="module")
def made(
    drawings: Path,
    evaluated_models: tuple[EvaluatedModel, EvaluatedModel],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    out = tmp_path_factory.mktemp("turing") / "study"
    create_study(Dataset.open(drawings), evaluated_models, out, per_category=3, seed=5)
    return out


def test_every_human_sketch_is_redrawn_by_every_model(made: Path, drawings: Path) -> None:
    study = Study.open(made)
    assert study.sources == ["human", "cnn", "rnn"]
    assert study.categories == ["cat", "car", "pig"]
    assert len(study.sketches) == 3 * 3 * 3
    split = Dataset.open(drawings).split("test")
    tests = [keep_sketch(split.sketch(number)) for number in range(len(split))]
    for category in study.categories:
        human = study.of("human", category)
        assert all(sketch.drawing in tests and sketch.original == sketch.name for sketch in human)
        for source in ("cnn", "rnn"):
            redrawn = study.of(source, category)
            assert [one.original for one in redrawn] == [one.name for one in human]
            assert not any(one.drawing in tests for one in redrawn)


def test_nothing_but_the_drawing_tells_who_drew(made: Path) -> None:
    study = Study.open(made)
    files = sorted((made / SKETCHES).iterdir())
    assert [file.stem for file in files] == sorted(sketch.name for sketch in study.sketches)
    assert len({len(file.name) for file in files}) == 1
    for file in files:
        with Image.open(file) as picture:
            assert (picture.size, picture.mode, picture.info) == (
                (PICTURE_SIZE, PICTURE_SIZE),
                "L",
                {},
            )
    assert [sketch.name for sketch in study.sketches] == [file.stem for file in files]
    assert all(
        isinstance(n, int) for s in study.sketches for p in s.drawing for xs in p for n in xs
    )


def test_the_same_seed_draws_the_same_under_other_names(
    made: Path,
    drawings: Path,
    evaluated_models: tuple[EvaluatedModel, EvaluatedModel],
    tmp_path: Path,
) -> None:
    again = create_study(
        Dataset.open(drawings), evaluated_models, tmp_path / "again", per_category=3, seed=5
    )
    study = Study.open(made)
    for source in study.sources:
        ours, theirs = (
            sorted(json.dumps(one.drawing) for one in some.of(source)) for some in (study, again)
        )
        assert ours == theirs
    assert not {one.name for one in study.sketches} & {one.name for one in again.sketches}


def test_what_does_not_fit_is_refused_and_nothing_is_left(
    drawings: Path, evaluated_models: tuple[EvaluatedModel, EvaluatedModel], tmp_path: Path
) -> None:
    dataset, (first, _) = Dataset.open(drawings), evaluated_models
    out = tmp_path / "study"
    with pytest.raises(UsageError, match="has no category `dog`"):
        create_study(dataset, [first], out, categories=["dog"])
    with pytest.raises(UsageError, match="must differ from each other; got pig, pig"):
        create_study(dataset, [first], out, categories=["pig", "pig"])
    with pytest.raises(DatasetError, match="must have 999 test drawings or more"):
        create_study(dataset, [first], out, per_category=999)
    with pytest.raises(UsageError, match="names of their own"):
        create_study(dataset, [first, first], out)
    with pytest.raises(UsageError, match="must not be called human"):
        create_study(dataset, [EvaluatedModel("human", first.sketcher, "x")], out)
    with pytest.raises(UsageError, match="has no category `dog`"):
        create_study(dataset, [first], out, categories=["dog"], exclude=["dog-1"])
    with pytest.raises(UsageError, match="labels such as `cat-12`; got cat-01"):
        create_study(dataset, [first], out, exclude=["cat-01"])  # that is no drawing's label
    assert list(tmp_path.iterdir()) == []
    out.mkdir()
    with pytest.raises(StudyError, match="must not exist yet"):
        create_study(dataset, [first], out, per_category=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"checks": -1}, "`checks` must be 0 or more"),
        ({"settings": StudySettings(per_participant=99)}, "`per_participant` must be at most 12"),
        ({"settings": StudySettings(allowed_misses=1)}, "`allowed_misses` must be at most 0"),
        ({"out": Path()}, "must not exist yet"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_drawn(
    drawings: Path,
    evaluated_models: tuple[EvaluatedModel, EvaluatedModel],
    tmp_path: Path,
    changes: dict[str, Any],
    message: str,
) -> None:
    drawn: list[int] = []
    arguments: dict[str, Any] = {"out": tmp_path / "study", "per_category": 2, **changes}
    with pytest.raises((UsageError, StudyError), match=message):
        create_study(
            Dataset.open(drawings),
            evaluated_models[:1],
            progress=lambda done, total: drawn.append(done),
            **arguments,
        )
    assert drawn == []


def test_a_drawing_that_is_left_out_is_replaced_by_another(
    made: Path,
    drawings: Path,
    evaluated_models: tuple[EvaluatedModel, EvaluatedModel],
    tmp_path: Path,
) -> None:
    study = Study.open(made)
    labels: dict[str, str] = study.made["labels"]
    split = Dataset.open(drawings).split("test")
    for name, label in labels.items():
        (one,) = [sketch for sketch in study.sketches if sketch.name == name]
        category, _, number = label.rpartition("-")
        start, _ = split.category_range(Dataset.open(drawings).card.categories.index(category))
        assert one.source == "human"
        assert one.drawing == keep_sketch(split.sketch(start + int(number)))
    out = sorted(labels.values())[:2]
    again = create_study(
        Dataset.open(drawings),
        evaluated_models[:1],
        tmp_path / "again",
        per_category=3,
        seed=5,
        exclude=out,
    )
    kept, new = set(labels.values()), set(again.made["labels"].values())
    assert len(new) == 9
    assert kept - new == set(out)
    assert again.made["excluded"] == out


def test_attention_checks_are_pictures_like_the_sketches(
    drawings: Path, evaluated_models: tuple[EvaluatedModel, EvaluatedModel], tmp_path: Path
) -> None:
    study = create_study(
        Dataset.open(drawings),
        evaluated_models[:1],
        tmp_path / "s",
        per_category=1,
        checks=3,
        settings=StudySettings(per_participant=2),
    )
    assert Study.open(tmp_path / "s") == study
    assert sorted(study.checks.values()) == ["computer", "human", "human"]
    inks = set()
    for name in study.checks:
        assert len(name) == len(study.sketches[0].name)
        with Image.open(tmp_path / "s" / SKETCHES / f"{name}.png") as picture:
            assert (picture.size, picture.mode) == ((PICTURE_SIZE, PICTURE_SIZE), "L")
            pixels = np.asarray(picture)
        assert pixels[:40].min() == pixels[-40:].min() == 255  # the words are inside
        inks.add(int((pixels < 128).sum()))
    assert len(inks) == 2  # two texts
    with pytest.raises(UsageError, match="`per_participant` must be at most"):
        create_study(
            Dataset.open(drawings),
            evaluated_models[:1],
            tmp_path / "t",
            per_category=1,
            settings=StudySettings(per_participant=99),
        )
    assert not (tmp_path / "t").exists()


def test_the_preview_shows_every_drawing_and_its_label(made: Path) -> None:
    study = Study.open(made)
    settings = StudySettings(per_participant=6, consent="<b>ours</b>")
    page = preview_page(replace(study, settings=settings))
    assert study.digest in page
    assert "<dt>per participant</dt><dd>6</dd>" in page
    assert "&lt;b&gt;ours" in page
    assert page.count('class="frame"') == len(study.sketches)
    for label in study.made["labels"].values():
        assert page.count(f">{label}<") == 1
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:)""", page)
    old = replace(study, made={k: v for k, v in study.made.items() if k != "labels"})
    assert study.of("human")[0].name in preview_page(old)
