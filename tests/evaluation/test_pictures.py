from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sketch_pix2seq.errors import DrawingError, UsageError
from sketch_pix2seq.evaluation import pictures
from sketch_pix2seq.evaluation.evaluation import Evaluation, Results
from sketch_pix2seq.evaluation.pictures import category_of, read_pictures
from sketch_pix2seq.sketch.sketch import Sketch

HAND6 = ("cat", "pig", "face", "car", "teapot", "alarm clock")


@pytest.mark.parametrize(
    ("stem", "category"),
    [
        ("cat", "cat"),
        ("Cat 3", "cat"),
        ("cat-sitting", "cat"),
        ("cats", None),
        ("alarm-clock-bells", "alarm clock"),
        ("alarm_clock2", "alarm clock"),
        ("a-cat", None),
        ("", None),
    ],
)
def test_names_tell_what_is_shown(stem: str, category: str | None) -> None:
    found = category_of(stem, HAND6)
    assert (None if found is None else HAND6[found]) == category


def test_the_longest_category_is_meant() -> None:
    assert category_of("face-paint-1", ["face", "face paint"]) == 1
    assert category_of("T-shirt_2", ["shirt", "t-shirt"]) == 1
    assert category_of("my-cats-03", ["my-cats", "my-dogs"]) == 0
    assert category_of("t-shirts", ["t-shirt"]) is None


def test_our_cartoons_are_of_the_papers_kinds_and_one_is_odd() -> None:
    shown = read_pictures(None, HAND6)
    names = [one.name for one in shown]
    assert "odd-creature" in names
    counted = [one for one in shown if one.category is not None]
    assert {HAND6[one.category] for one in counted if one.category is not None} == set(HAND6)
    assert [one.category for one in shown[len(counted) :]] == [None] * (len(shown) - len(counted))
    papers = read_pictures(None, ("cat", "pig", "rabbit", "bus", "truck", "car"))
    assert {one.category for one in papers} == {None, 0, 1, 2, 3, 4, 5}


def test_any_folder_will_do(tmp_path: Path) -> None:
    drawing = Sketch.from_points([[(0, 0), (5, 9)], [(3, 0), (0, 4)]])
    drawing.save(tmp_path / "pig-mine.png")
    drawing.save(tmp_path / "what.svg")
    (tmp_path / ".hidden").write_text("no drawing")
    (tmp_path / "folder").mkdir()
    assert [(one.name, one.category) for one in read_pictures(tmp_path, HAND6)] == [
        ("pig-mine", 1),
        ("what", None),
    ]


def test_what_is_no_drawing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must hold a drawing, and .* holds none"):
        read_pictures(tmp_path, HAND6)
    with pytest.raises(UsageError, match="`pictures` must be a folder"):
        read_pictures(tmp_path / "missing", HAND6)
    (tmp_path / "notes.txt").write_text("no drawing")
    with pytest.raises(DrawingError, match=r"`notes.txt`.*Take it out of"):
        read_pictures(tmp_path, HAND6)


@pytest.mark.parametrize("is_counted", [True, False])
def test_of_pictures_that_do_not_count_a_few_are_shown(
    evaluation: Evaluation, is_counted: bool
) -> None:
    shown = [one for one in read_pictures(None, HAND6) if one.name != "odd-creature"]
    category = 0 if is_counted else None
    shown = [replace(one, category=category) for one in shown][:5]
    parts = pictures.parts(evaluation, shown)
    section = pictures.section(
        Results(evaluation, {one.name: one.measure() for one in parts}), shown
    )
    (figure,) = section.figures
    names = [one.name for one in shown if one.name in figure.svg]
    if is_counted:
        assert len(names) == 5
        assert "Left out" not in figure.see
    else:
        assert len(names) == pictures.UNCOUNTED_ROWS
        assert "Left out: 2 more pictures" in figure.see
        assert section.tables == []


def test_redrawings_are_judged_and_some_shown(evaluation: Evaluation) -> None:
    shown = read_pictures(None, evaluation.held_out.categories)[:3]
    part, _ = pictures.parts(evaluation, shown)
    found = part.measure()
    assert [len(row) for row in found["predicted"]] == [pictures.REDRAWINGS] * 3
    assert [len(some) for some in found["shown"]] == [pictures.SHOWN] * 3
    other, _ = pictures.parts(evaluation, shown[:2])
    assert other.file_name != part.file_name
