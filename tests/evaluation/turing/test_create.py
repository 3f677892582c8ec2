from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import DatasetError, UsageError
from sketch_pix2seq.evaluation.evaluation import EvaluatedModel
from sketch_pix2seq.evaluation.parts import keep_sketch
from sketch_pix2seq.evaluation.turing.create import PICTURE_SIZE, create_study
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
    with pytest.raises(UsageError, match="must be another one; got pig, pig"):
        create_study(dataset, [first], out, categories=["pig", "pig"])
    with pytest.raises(DatasetError, match="must have 999 test drawings or more"):
        create_study(dataset, [first], out, per_category=999)
    with pytest.raises(UsageError, match="names of their own"):
        create_study(dataset, [first, first], out)
    with pytest.raises(UsageError, match="must not be called human"):
        create_study(dataset, [EvaluatedModel("human", first.sketcher, "x")], out)
    assert list(tmp_path.iterdir()) == []
    out.mkdir()
    with pytest.raises(DatasetError, match="must not exist yet"):
        create_study(dataset, [first], out, per_category=1)
