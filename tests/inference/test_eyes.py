"""What a model computes of drawings: categories, and which redrawing is the best."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bundles import tiny_bundle, tiny_classifier, with_classifier
from sketch_pix2seq import Sketch, Sketcher
from sketch_pix2seq.bundle.architectures import STROKES
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.errors import BundleError, UsageError
from sketch_pix2seq.inference.eyes import DOUBT, LOOKED_AT_ONCE, NATS_OF_DISTANCE, SAID_BY_CODE
from sketch_pix2seq.inference.mixing import path_through
from sketch_pix2seq.sketch.raster import rasterise_batch

HOUSE = Sketch.from_points([[(0, 60), (50, 0), (100, 60)], [(10, 60), (10, 120), (90, 120)]])
FACE = Sketch.from_points([[(0, 0), (90, 5), (80, 70), (5, 60), (0, 0)], [(30, 30)], [(60, 30)]])
KINDS = ("cat", "dog", "house")


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return with_classifier(tiny_bundle(), KINDS)


def softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def seen_twice(sketches: list[Sketch]) -> np.ndarray:
    """What the classifier takes drawings for, by their mirror images as well."""
    pictures = rasterise_batch(sketches)
    mirrored = np.ascontiguousarray(pictures[..., ::-1])
    odds = [
        np.log(softmax(tiny_classifier(KINDS).scores_of(some).logits))
        for some in (pictures, mirrored)
    ]
    return softmax((odds[0] + odds[1]) / 2)


def test_both_classifiers_count(bundle: Bundle) -> None:
    sketcher = Sketcher(bundle)
    inputs = [HOUSE, FACE] * LOOKED_AT_ONCE
    odds = sketcher.name(inputs)
    assert odds.shape == (2 * LOOKED_AT_ONCE, 3)
    by_code = bundle.code_classifier
    assert by_code is not None
    seen = np.log(seen_twice(inputs))
    said = np.log(softmax(by_code.logits(sketcher.encode(inputs))))
    np.testing.assert_allclose(odds, softmax(seen + SAID_BY_CODE * said), rtol=1e-3)
    assert sketcher.name([]).shape == (0, 3)


def test_one_classifier_is_enough(bundle: Bundle) -> None:
    seen = Sketcher(replace(bundle, naming=None)).name(HOUSE)
    np.testing.assert_allclose(seen, seen_twice([HOUSE]), rtol=1e-4)
    said = Sketcher(replace(bundle, classifier=None))
    assert said.names
    assert said.name(HOUSE).sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("recipe", [{}, {"augmentation": {"flip": 0.0}}, {"augmentation": 5}])
def test_mirror_images_are_for_classifiers_that_know_them(
    bundle: Bundle, recipe: dict[str, Any]
) -> None:
    assert bundle.classifier is not None
    card = replace(bundle.classifier.card, recipe=recipe)
    classifier = replace(bundle.classifier, card=card)
    seen = Sketcher(replace(bundle, naming=None, classifier=classifier)).name(HOUSE)
    np.testing.assert_allclose(seen, tiny_classifier(KINDS).probabilities(HOUSE), rtol=1e-4)


def test_without_any_drawings_stay_nameless(bundle: Bundle) -> None:
    nameless = Sketcher(replace(bundle, classifier=None, naming=None))
    assert not nameless.names
    with pytest.raises(BundleError, match="cannot name drawings"):
        nameless.name(HOUSE)


def doubted(odds: np.ndarray) -> np.ndarray:
    return softmax(np.log(odds) / DOUBT)


def test_the_best_one_is_near_and_shows_what_the_input_shows(bundle: Bundle) -> None:
    sketcher, classifier = Sketcher(bundle), tiny_classifier(KINDS)
    candidates = [one for one in sketcher.redraw(HOUSE, n=60, seed=2) if one.strokes]
    assert len(candidates) == 60
    far = np.linalg.norm(sketcher.encode(candidates) - sketcher.encode(HOUSE), axis=1)
    likely = seen_twice([HOUSE])[0] / seen_twice([HOUSE])[0].max()
    unsure = -np.log((likely * doubted(classifier.probabilities(candidates))).max(axis=1))
    order = np.argsort(NATS_OF_DISTANCE * far / far.mean() + unsure, kind="stable")
    chosen = sketcher.redraw(HOUSE, n=20, seed=2, best_of=3)
    assert chosen == [candidates[place] for place in order[:20]]


def test_the_best_mixture_shows_what_one_of_both_shows(bundle: Bundle) -> None:
    sketcher, classifier = Sketcher(bundle), tiny_classifier(KINDS)
    ends = [HOUSE, FACE, HOUSE]
    path = path_through(sketcher.encode(ends), 3, spherical=False)
    candidates = sketcher.decode(path, n=6, seed=4)
    likely = seen_twice(ends)
    likely /= likely.max(axis=1, keepdims=True)
    expected = []
    for place, some in enumerate(candidates):
        far = np.linalg.norm(sketcher.encode(some) - path[place], axis=1)
        beside = [[0], [0, 1], [1], [1, 2], [2]][place]
        shown = likely[beside].max(axis=0) * doubted(classifier.probabilities(some))
        unsure = -np.log(shown.max(axis=1))
        expected.append(some[(NATS_OF_DISTANCE * far / far.mean() + unsure).argmin()])
    assert sketcher.mix(ends, steps=3, seed=4, best_of=6) == expected
    assert (
        Sketcher(replace(bundle, classifier=None)).mix(ends, steps=3, seed=4, best_of=6) != expected
    )


def test_as_many_of_each_code_must_be_ranked(bundle: Bundle) -> None:
    sketcher = Sketcher(bundle)
    codes = sketcher.encode([HOUSE, FACE])
    for drawings in ([], [[HOUSE]], [[HOUSE], [HOUSE, FACE]]):
        with pytest.raises(UsageError, match="as many of each"):
            sketcher.ranked(codes, None, drawings)


@pytest.mark.parametrize("encoder_input", ["picture", STROKES])
def test_a_classifier_of_other_things_is_refused(bundle: Bundle, encoder_input: str) -> None:
    other = tiny_bundle(encoder_input)
    kinds = KINDS if encoder_input == STROKES else ("ant", "bee", "cow")
    card = replace(other.card, categories=kinds)
    sketcher = Sketcher(replace(other, card=card, classifier=bundle.classifier))
    with pytest.raises(BundleError, match="must know its categories, in their order"):
        sketcher.name(HOUSE)
