from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.synthetic import CATEGORIES, generate, write_synthetic
from sketch_pix2seq.data.reading import read_drawings
from sketch_pix2seq.errors import UsageError


@pytest.mark.parametrize("category", CATEGORIES)
def test_drawings_look_like_simplified_ones(category: str) -> None:
    for sketch in generate(category, num=20, seed=3):
        points = np.concatenate(sketch.strokes)
        assert sketch.category == category
        assert 0 <= points.min() <= points.min(axis=0).max() <= 5
        assert 250 <= points.max() <= 255
        assert (points == np.rint(points)).all()
        assert 5 <= len(points) <= 120


def test_no_two_are_alike_and_seeds_matter() -> None:
    drawn = [sketch for seed in (0, 1) for sketch in generate("square", num=50, seed=seed)]
    shapes = {np.concatenate(sketch.strokes).tobytes() for sketch in drawn}
    assert len(shapes) == 100


def test_a_drawing_does_not_depend_on_how_many_there_are() -> None:
    assert generate("house", num=3, seed=7) == generate("house", num=9, seed=7)[:3]


def test_files_hold_what_is_generated(tmp_path: Path) -> None:
    paths = write_synthetic(tmp_path / "new", num=4, seed=1, categories=["spiral", "ladder"])
    assert [path.name for path in paths] == ["spiral.ndjson", "ladder.ndjson"]
    for path in paths:
        found = list(read_drawings(path, strict=True))
        expected = generate(path.stem, num=4, seed=1)
        assert [drawing.word for drawing in found] == [path.stem] * 4
        assert [drawing.key_id for drawing in found] == [1, 2, 3, 4]
        for drawing, sketch in zip(found, expected, strict=True):
            np.testing.assert_array_equal(drawing.points, np.concatenate(sketch.strokes))


def test_an_unknown_category_is_refused() -> None:
    with pytest.raises(UsageError, match="must be one of circle, house, .*; got cat"):
        generate("cat", num=1, seed=0)
