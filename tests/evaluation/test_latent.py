from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import sketch_pix2seq
from bundles import tiny_bundle
from sketch_pix2seq import Sketch, Sketcher, read_sketches
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.evaluation import latent
from sketch_pix2seq.evaluation.evaluation import Evaluation
from sketch_pix2seq.evaluation.latent import (
    build_gallery,
    neighbours_agree,
    plane_positions,
    silhouettes,
)


def two_islands(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    kinds = np.repeat([0, 1], 30)
    codes = rng.normal(size=(60, 8)) + 10 * kinds[:, None]
    return codes.astype(np.float32), kinds


def test_islands_are_seen_and_mixtures_are_not(rng: np.random.Generator) -> None:
    codes, kinds = two_islands(rng)
    assert silhouettes(codes, kinds).mean() > 0.7
    assert neighbours_agree(codes, kinds).all()
    mixed = rng.permutation(kinds)
    assert abs(silhouettes(codes, mixed).mean()) < 0.1
    assert neighbours_agree(codes, mixed).mean() < 0.8


def test_no_code_is_its_own_neighbour() -> None:
    codes = np.arange(6, dtype=np.float32)[:, None] ** 3
    kinds = np.array([0, 1, 1, 1, 1, 1])
    assert neighbours_agree(codes, kinds).tolist() == [False, True, True, True, True, True]


def test_neighbours_agree_by_the_commonest_of_five_not_by_most_of_them() -> None:
    codes = np.array([0, 1, 2, 3, 4, 5, 100, 101, 102, 103], np.float32)[:, None]
    kinds = np.array([0, 0, 0, 1, 2, 3, 1, 2, 3, 3])
    assert neighbours_agree(codes, kinds)[0]  # two of five are of its kind, one of each other


@pytest.mark.parametrize("count", [2, 20])
def test_codes_that_are_all_one_have_one_place(count: int) -> None:
    places = plane_positions(np.full((count, 8), 0.3, np.float32), seed=0)
    assert places.tolist() == [[0.5, 0.5]] * count


def test_places_keep_islands_apart_and_do_not_change(rng: np.random.Generator) -> None:
    codes, kinds = two_islands(rng)
    found = plane_positions(codes, seed=3)
    assert found.shape == (60, 2)
    assert found.min() == 0.0
    assert found.max() == 1.0
    assert neighbours_agree(found.astype(np.float32), kinds).all()
    np.testing.assert_array_equal(found, plane_positions(codes, seed=3))
    np.testing.assert_array_equal(found, plane_positions(codes, seed=2**32 + 3))


def test_models_and_yardsticks_are_measured_on_the_same_drawings(evaluation: Evaluation) -> None:
    parts = {part.name: part for part in latent.parts(evaluation)}
    assert list(parts) == [latent.part_name(name) for name in ("cnn", "rnn", "pixels", "judge")]
    numbers = latent.chosen(evaluation)
    assert len(numbers) == 40 == len(set(numbers.tolist()))
    for part in parts.values():
        found = part.measure()
        assert found.keys() == {
            "places",
            *(
                f"{kind}_{what}"
                for kind in ("category", "group")
                for what in ("silhouette", "neighbours")
            ),
        }
        assert all(len(values) == len(numbers) for values in found.values())


def test_the_gallery_holds_test_drawings(drawings: Path) -> None:
    dataset = Dataset.open(drawings)
    sketcher = Sketcher(tiny_bundle(), num_threads=1)
    gallery = build_gallery(sketcher, dataset, per_category=4)
    assert gallery.categories == sorted(dataset.card.categories)
    assert len(gallery.items) == 4 * len(dataset.card.categories)
    assert ((gallery.places >= 0) & (gallery.places <= 1)).all()
    split = dataset.split("test")
    there = {split.sketch(number) for number in range(len(split))}
    assert {one.sketch for one in gallery.items} <= there
    assert build_gallery(sketcher, dataset, per_category=4).to_bytes() == gallery.to_bytes()
    (first, *_) = dataset.card.categories
    assert build_gallery(sketcher, dataset, per_category=9, categories=[first]).categories == [
        first
    ]


def test_a_gallery_begins_with_what_is_recognised() -> None:
    sketcher = Sketcher.load(num_threads=1)
    (cat,) = read_sketches(Path(sketch_pix2seq.__file__).parent / "examples" / "cat.svg")
    word = Sketch.from_points([[(0, 0), (0, 40)], [(0, 20), (20, 20)], [(20, 0), (20, 40)]])
    assert latent._recognised_first(sketcher, [word, cat, word], "cat") == [cat, word, word]
    assert latent._recognised_first(sketcher, [word, cat], "no category") == [word, cat]


def test_a_gallery_that_cannot_be_built_is_refused(drawings: Path) -> None:
    dataset = Dataset.open(drawings)
    sketcher = Sketcher(tiny_bundle(), num_threads=1)
    with pytest.raises(UsageError, match="must be of the data set; got unicorn"):
        build_gallery(sketcher, dataset, per_category=4, categories=["unicorn"])
    with pytest.raises(UsageError, match="two test drawings or more; got 0"):
        build_gallery(sketcher, dataset, per_category=0)
