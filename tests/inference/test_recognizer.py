"""What a model recognizes in drawings: categories, and which redrawing is the best."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bundles import by_category, tiny_bundle, tiny_classifier, with_classifier
from sketch_pix2seq import Sketch, Sketcher
from sketch_pix2seq.bundle.architectures import STROKES
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.mixing import path_through
from sketch_pix2seq.inference.recognizer import (
    CODE_CLASSIFIER_WEIGHT,
    CODE_DISTANCE_WEIGHT,
    REDRAWING_SOFTENING,
    VIEWS_AT_ONCE,
)
from sketch_pix2seq.sketch.raster import rasterise_batch

HOUSE = Sketch.from_points([[(0, 60), (50, 0), (100, 60)], [(10, 60), (10, 120), (90, 120)]])
FACE = Sketch.from_points([[(0, 0), (90, 5), (80, 70), (5, 60), (0, 0)], [(30, 30)], [(60, 30)]])
KINDS = ("cat", "dog", "house")


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return with_classifier(tiny_bundle(), KINDS)


def softmax(logits: np.ndarray) -> np.ndarray:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def with_mirror_images(sketches: list[Sketch]) -> np.ndarray:
    """The classifier's probabilities, averaged with those of mirror images."""
    pictures = rasterise_batch(sketches)
    mirrored = np.ascontiguousarray(pictures[..., ::-1])
    log_probs = [
        np.log(softmax(tiny_classifier(KINDS).scores_of(some).logits))
        for some in (pictures, mirrored)
    ]
    return softmax((log_probs[0] + log_probs[1]) / 2)


def test_both_classifiers_count(bundle: Bundle) -> None:
    sketcher = Sketcher(bundle)
    inputs = [HOUSE, FACE] * VIEWS_AT_ONCE
    labels, probabilities = prediction = sketcher.classify(inputs)
    assert probabilities.shape == (2 * VIEWS_AT_ONCE, 3)
    assert (np.diff(probabilities, axis=1) <= 0).all()
    assert all(sorted(row) == sorted(KINDS) for row in labels)
    assert bundle.latents is not None
    of_pictures = np.log(with_mirror_images(inputs))
    of_codes = np.log(softmax(bundle.latents.logits(sketcher.encode(inputs))))
    expected = softmax(of_pictures + CODE_CLASSIFIER_WEIGHT * of_codes)
    np.testing.assert_allclose(by_category(prediction, KINDS), expected, rtol=1e-3)
    nothing = sketcher.classify([])
    assert nothing.labels == []
    assert nothing.probabilities.shape == (0, 3)


def test_one_classifier_is_enough(bundle: Bundle) -> None:
    prediction = Sketcher(replace(bundle, latents_file=None)).classify(HOUSE)
    np.testing.assert_allclose(
        by_category(prediction, KINDS), with_mirror_images([HOUSE]), rtol=1e-4
    )
    by_codes = Sketcher(replace(bundle, classifier=None))
    assert by_codes.can_classify
    assert by_codes.classify(HOUSE).probabilities.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("recipe", [{}, {"augmentation": {"flip": 0.0}}, {"augmentation": 5}])
def test_mirror_images_are_for_classifiers_that_know_them(
    bundle: Bundle, recipe: dict[str, Any]
) -> None:
    assert bundle.classifier is not None
    card = replace(bundle.classifier.card, recipe=recipe)
    classifier = replace(bundle.classifier, card=card)
    prediction = Sketcher(replace(bundle, latents_file=None, classifier=classifier)).classify(HOUSE)
    expected = tiny_classifier(KINDS).probabilities(HOUSE)
    np.testing.assert_allclose(by_category(prediction, KINDS), expected, rtol=1e-4)


def test_without_a_classifier_nothing_is_classified(bundle: Bundle) -> None:
    sketcher = Sketcher(replace(bundle, classifier=None, latents_file=None))
    assert not sketcher.can_classify
    with pytest.raises(BundleError, match="cannot classify drawings"):
        sketcher.classify(HOUSE)


@pytest.mark.parametrize(
    ("old", "new"), [("name", "classify"), ("names", "can_classify"), ("completes", "can_complete")]
)
def test_an_old_name_is_answered_with_the_new_one(bundle: Bundle, old: str, new: str) -> None:
    sketcher = Sketcher(bundle)
    with pytest.raises(AttributeError, match=f"`Sketcher.{old}` is now `Sketcher.{new}`"):
        getattr(sketcher, old)
    assert hasattr(sketcher, new)
    assert not hasattr(sketcher, "nothing")


def softened(probabilities: np.ndarray) -> np.ndarray:
    return softmax(np.log(probabilities) / REDRAWING_SOFTENING)


def test_the_best_one_is_near_and_shows_what_the_input_shows(bundle: Bundle) -> None:
    sketcher, classifier = Sketcher(bundle), tiny_classifier(KINDS)
    candidates = [one for one in sketcher.redraw(HOUSE, n=60, seed=2) if one.strokes]
    assert len(candidates) == 60
    distance = np.linalg.norm(sketcher.encode(candidates) - sketcher.encode(HOUSE), axis=1)
    likely = with_mirror_images([HOUSE])[0] / with_mirror_images([HOUSE])[0].max()
    surprise = -np.log((likely * softened(classifier.probabilities(candidates))).max(axis=1))
    order = np.argsort(CODE_DISTANCE_WEIGHT * distance / distance.mean() + surprise, kind="stable")
    chosen = sketcher.redraw(HOUSE, n=20, seed=2, best_of=3)
    assert chosen == [candidates[place] for place in order[:20]]


def test_the_best_mixture_shows_what_one_of_both_shows(bundle: Bundle) -> None:
    sketcher, classifier = Sketcher(bundle), tiny_classifier(KINDS)
    ends = [HOUSE, FACE, HOUSE]
    path = path_through(sketcher.encode(ends), 3, spherical=False)
    candidates = sketcher.decode(path, n=6, seed=4)
    likely = with_mirror_images(ends)
    likely /= likely.max(axis=1, keepdims=True)
    expected = []
    for place, some in enumerate(candidates):
        distance = np.linalg.norm(sketcher.encode(some) - path[place], axis=1)
        beside = [[0], [0, 1], [1], [1, 2], [2]][place]
        shown = likely[beside].max(axis=0) * softened(classifier.probabilities(some))
        surprise = -np.log(shown.max(axis=1))
        expected.append(
            some[(CODE_DISTANCE_WEIGHT * distance / distance.mean() + surprise).argmin()]
        )
    assert sketcher.mix(ends, steps=3, seed=4, best_of=6) == expected
    assert (
        Sketcher(replace(bundle, classifier=None)).mix(ends, steps=3, seed=4, best_of=6) != expected
    )


@pytest.mark.parametrize("encoder_input", ["picture", STROKES])
def test_a_classifier_of_other_things_is_refused(bundle: Bundle, encoder_input: str) -> None:
    other = tiny_bundle(encoder_input)
    kinds = KINDS if encoder_input == STROKES else ("ant", "bee", "cow")
    card = replace(other.card, categories=kinds)
    sketcher = Sketcher(replace(other, card=card, latents_file=None, classifier=bundle.classifier))
    with pytest.raises(BundleError, match="must know its categories, in their order"):
        sketcher.classify(HOUSE)
