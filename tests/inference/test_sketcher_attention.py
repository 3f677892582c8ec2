"""`Sketcher` with a model that sees the picture: fidelity, names, categories."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from bundles import (
    ATTENTION_CATEGORIES,
    by_category,
    tiny_attention_bundle,
    tiny_bundle,
    with_classifier,
)
from sketch_pix2seq.errors import BundleError, DrawingError, UsageError
from sketch_pix2seq.inference.best_of import DRAWN_AGAIN_WEIGHT, num_drawn_again
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.sketch.sketch import Sketch
from sketches import FACE, HOUSE, LINE, as_bytes


@pytest.fixture(scope="module")
def attending() -> Sketcher:
    """Draws with a model that sees the picture."""
    return Sketcher(tiny_attention_bundle())


def test_fidelity_decides_how_much_is_seen(attending: Sketcher) -> None:
    drawn = {
        fidelity: as_bytes(attending.redraw(HOUSE, n=4, seed=2, fidelity=fidelity))
        for fidelity in (None, 0, 0.4, 0.7, 1)
    }
    assert drawn[None] == drawn[1]
    assert len({tuple(some) for some in drawn.values()}) == 4
    from_codes = attending.decode(attending.encode(HOUSE), n=4, seed=2)[0]
    assert drawn[0] == as_bytes(from_codes)
    numpys: Any = np.float64(0.4)
    assert drawn[0.4] == as_bytes(attending.redraw(HOUSE, n=4, seed=2, fidelity=numpys))


@pytest.mark.parametrize(
    "fidelity", [0.5, *(pytest.param(share, marks=pytest.mark.slow) for share in (None, 0))]
)
def test_a_drawing_alone_is_the_one_in_company_with_any_fidelity(
    attending: Sketcher, fidelity: float | None
) -> None:
    inputs = [HOUSE, FACE, LINE] * 3
    together = attending.redraw(inputs, n=3, seed=3, fidelity=fidelity)
    other = Sketcher(tiny_attention_bundle(), num_threads=2)
    for place in (0, 4, 8):
        for sketcher in (attending, other):
            alone = sketcher.redraw(inputs[place], n=3, seed=3, fidelity=fidelity)
            assert as_bytes(alone) == as_bytes(together[place])
    best = attending.redraw(HOUSE, n=2, seed=3, fidelity=fidelity, best_of=3)
    tries = as_bytes(attending.redraw(HOUSE, n=6, seed=3, fidelity=fidelity))
    assert set(as_bytes(best)) <= set(tries)


def test_what_is_seen_of_a_picture_depends_on_its_own_seed(attending: Sketcher) -> None:
    several = attending.redraw([HOUSE, HOUSE], seed=[3, 7], fidelity=0.5)
    alone = [attending.redraw([HOUSE], seed=seed, fidelity=0.5)[0] for seed in (3, 7)]
    assert [as_bytes(one) for one in several] == [as_bytes(one) for one in alone]


def test_the_best_one_keeps_to_the_lines(attending: Sketcher) -> None:
    """This bundle holds no classifier, so that only the distance counts."""
    seeds = range(4)
    tries = [one for seed in seeds for one in attending.redraw(HOUSE, 6, 1.0, seed)]
    best = [attending.redraw(HOUSE, 1, 1.0, seed, best_of=6)[0] for seed in seeds]
    far = np.mean([one.distance_to(HOUSE) for one in tries])
    assert np.mean([one.distance_to(HOUSE) for one in best]) < 0.95 * far
    by_code = attending.redraw(HOUSE, n=1, seed=3, best_of=6, fidelity=0)[0]
    codes = attending.encode(attending.redraw(HOUSE, n=6, seed=3, fidelity=0))
    apart = np.linalg.norm(codes - attending.encode(HOUSE), axis=1)
    assert attending.encode(by_code)[0] == pytest.approx(codes[apart.argmin()], abs=1e-5)


def test_more_inputs_than_are_read_at_once(
    attending: Sketcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sketch_pix2seq.inference.inputs.READ_AT_ONCE", 32)
    inputs = [HOUSE, FACE] * 35
    reports: list[tuple[int, int]] = []
    drawn = attending.redraw(
        inputs, fidelity=0.5, progress=lambda done, total: reports.append((done, total))
    )
    assert len(drawn) == 70
    assert len({tuple(as_bytes(some)) for some in drawn}) == 2
    assert reports[-1] == (70, 70)
    assert [done for done, _ in reports] == sorted(done for done, _ in reports)


def test_things_are_drawn_by_name(attending: Sketcher) -> None:
    drawn = {name: as_bytes(attending.generate(name, 4, seed=1)) for name in ATTENTION_CATEGORIES}
    assert [len(some) for some in drawn.values()] == [4, 4, 4]
    assert len({tuple(some) for some in drawn.values()}) == 3
    assert as_bytes(attending.generate("clock", 2, seed=1)) == drawn["clock"][:2]
    assert as_bytes(attending.generate("clock", 4, seed=2)) != drawn["clock"]
    greedy = as_bytes(attending.generate("clock", 2, temperature=0))
    assert greedy[0] == greedy[1]
    assert attending.can_generate
    with pytest.raises(BundleError, match="cannot complete drawings or draw by name"):
        Sketcher(replace(tiny_attention_bundle(), latents_file=None)).generate("clock")


def test_the_best_by_name_show_it_most_clearly(attending: Sketcher) -> None:
    seed = next(  # that draws something each time
        seed
        for seed in range(99)
        if all(one.strokes for one in attending.generate("clock", 6, seed=seed))
    )
    tries = attending.generate("clock", 6, seed=seed)
    shares = by_category(attending.classify(tries), ["clock"])[:, 0]
    best = attending.generate("clock", 2, seed=seed, best_of=3)
    found = [shares[as_bytes(tries).index(one)] for one in as_bytes(best)]
    assert found == sorted([shares[0::2].max(), shares[1::2].max()], reverse=True)


def test_a_drawing_without_strokes_is_kept_only_if_all_are(
    attending: Sketcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = attending.generate("clock", 4, seed=1)
    empty = replace(tries[0], strokes=())
    for drawn, num_kept in (([empty, tries[1], tries[2], empty], 2), ([empty] * 4, 0)):
        monkeypatch.setattr(attending, "_drawn", lambda *_, drawn=drawn: [drawn])
        best = attending.generate("clock", 2, best_of=2)
        assert sum(bool(one.strokes) for one in best) == num_kept


def test_a_classifier_that_does_not_fit_is_refused_before_anything_is_drawn() -> None:
    sketcher = Sketcher(with_classifier(tiny_attention_bundle(), ATTENTION_CATEGORIES))
    drawn: list[int] = []

    def report(done: int, total: int) -> None:
        drawn.append(done)

    message = "a bundle's classifier must know its categories"
    with pytest.raises(BundleError, match=message):
        sketcher.generate("cat", best_of=2, progress=report)
    with pytest.raises(BundleError, match=message):
        sketcher.complete(HOUSE, best_of=2, progress=report)
    assert not any(drawn)


def test_a_drawing_is_completed_to_a_category(attending: Sketcher) -> None:
    drawn = {}
    for name in (None, *ATTENTION_CATEGORIES):
        both = attending.complete([HOUSE, FACE], n=3, seed=1, category=name)
        for given, some in zip((HOUSE, FACE), both, strict=True):
            alone = attending.complete(given, n=3, seed=1, category=name)
            assert as_bytes(alone) == as_bytes(some)
            for drawing in some:
                kept = Sketch(drawing.strokes[: len(given.strokes)])
                assert as_bytes([kept]) == as_bytes([given])
        drawn[name] = tuple(as_bytes(both[0]))
    assert len({drawn[name] for name in ATTENTION_CATEGORIES}) == 3
    assert attending.can_complete


def test_many_drawings_by_name_need_little_memory_each(
    unchecked_shapes: Callable[[], AbstractContextManager[None]],
) -> None:
    bundle = tiny_attention_bundle()
    sketcher = Sketcher(replace(bundle, card=replace(bundle.card, max_steps=2)))

    def most(n: int) -> int:
        tracemalloc.start()
        try:
            sketcher.generate("cat", n)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    with unchecked_shapes():  # they are slow while memory is traced
        sketcher.generate("cat")  # makes what is kept
        assert (most(600) - most(300)) / 300 < 5_000  # bytes; a condition has 8,704


def test_a_model_of_few_steps_refuses_a_started_drawing_of_many(rng: np.random.Generator) -> None:
    bundle = tiny_attention_bundle()
    sketcher = Sketcher(replace(bundle, card=replace(bundle.card, max_steps=20)))
    many = Sketch.from_points([rng.uniform(0, 255, (200, 2))])
    with pytest.raises(DrawingError, match="must have fewer than 20 points"):
        sketcher.complete(many)
    (completed,) = sketcher.complete(LINE)
    assert as_bytes([Sketch(completed.strokes[: len(LINE.strokes)])]) == as_bytes([LINE])


@pytest.mark.parametrize("category", [None, "dog"])
def test_the_best_completions_show_most_clearly_what_they_were_to_become(
    attending: Sketcher, category: str | None
) -> None:
    def chances(drawings: list[Sketch], name: str) -> list[float]:
        shares: list[float] = by_category(attending.classify(drawings), [name])[:, 0].tolist()
        return shares

    for given in (HOUSE, FACE):
        tries = attending.complete(given, n=6, seed=3, category=category)
        best = attending.complete(given, n=2, seed=3, category=category, best_of=3)
        assert set(as_bytes(best)) <= set(as_bytes(tries))
        if category is not None:
            costs = [
                DRAWN_AGAIN_WEIGHT * num_drawn_again(given, one) - np.log(share)
                for one, share in zip(tries, chances(tries, category), strict=True)
            ]
            found = [costs[as_bytes(tries).index(one)] for one in as_bytes(best)]
            assert found == sorted([min(costs[0::2]), min(costs[1::2])])
    assert attending.complete([], n=2, best_of=3) == []


def test_the_decoder_is_given_what_a_code_shows(attending: Sketcher) -> None:
    """A code in the middle of a category's is drawn as one of that category is."""
    gaussians = tiny_attention_bundle().latents
    assert gaussians is not None
    told = 0
    for number, name in enumerate(attending.card.categories):
        code = gaussians.means[number, [gaussians.shares[number].argmax()]]
        if gaussians.logits(code).argmax() == number:
            (drawn,) = attending.decode(code, temperature=0)
            assert as_bytes(drawn) == as_bytes(attending.generate(name, temperature=0))
            told += 1
    assert told


def test_its_codes_classify_drawings(attending: Sketcher) -> None:
    assert attending.can_classify
    gaussians = tiny_attention_bundle().latents
    assert gaussians is not None
    logits = gaussians.logits(attending.encode([HOUSE, FACE])).astype(np.float64)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    probabilities = by_category(attending.classify([HOUSE, FACE]), attending.card.categories)
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)


def test_codes_are_mixed_by_the_decoder_that_sees_its_pen_too(attending: Sketcher) -> None:
    mixed = attending.mix([HOUSE, FACE], steps=4, seed=2)
    assert len(mixed) == 4
    assert as_bytes(mixed[:1]) == as_bytes(attending.redraw(HOUSE, seed=2, fidelity=0))


def test_case_does_not_count_in_categories(attending: Sketcher) -> None:
    assert attending.generate("CLOCK", 2) == attending.generate("clock", 2)
    assert [one.category for one in attending.generate("Clock", 2)] == ["clock", "clock"]
    assert attending.complete(HOUSE, category="Dog") == attending.complete(HOUSE, category="dog")
    bundle = tiny_attention_bundle()
    names = ("Clock", "cat", "clock", *bundle.card.categories[3:])
    assert len(names) == len(bundle.card.categories)
    both = Sketcher(replace(bundle, card=replace(bundle.card, categories=names)))
    assert [both.category_id(name) for name in ("clock", "Clock", "CLOCK", "Cat")] == [2, 0, 0, 1]


@pytest.mark.usefixtures("as_users")
@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan"), "all", True, [0.5]])
def test_fidelities_that_do_not_fit(attending: Sketcher, sketcher: Sketcher, wrong: Any) -> None:
    for one in (attending, sketcher):
        with pytest.raises(UsageError, match="`fidelity` must be a number from 0 to 1; got"):
            one.redraw(HOUSE, fidelity=wrong)


@pytest.mark.usefixtures("as_users")
@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("clok", "Did you mean clock?"),
        ("Dgo", "Did you mean dog?"),
        ("zebra", "`card.categories` and `sketch-pix2seq generate --list` name all."),
        (3, "`card.categories` and `sketch-pix2seq generate --list` name all."),
        (["cat"], None),
    ],
)
def test_a_category_that_is_not_known_is_one_line(
    attending: Sketcher, name: Any, advice: str | None
) -> None:
    for call in (attending.generate, lambda name: attending.complete(HOUSE, category=name)):
        with pytest.raises(
            UsageError, match="`category` must be one that the model knows"
        ) as error:
            call(name)
        assert "\n" not in str(error.value)
        assert advice is None or str(error.value).endswith(advice)


def test_a_recurrent_model_says_in_a_line_what_it_cannot() -> None:
    sketcher = Sketcher(tiny_bundle())
    assert as_bytes(sketcher.redraw(HOUSE, fidelity=0)) == as_bytes(sketcher.redraw(HOUSE))
    with pytest.raises(UsageError, match="`fidelity` must be 0 or left out .*; got 0.5") as wrong:
        sketcher.redraw(HOUSE, fidelity=0.5)
    assert "\n" not in str(wrong.value)
    assert len(sketcher.generate("noise", 2)) == 2


@pytest.mark.parametrize("name", ["decoder.output.bias", "encoder.head.mean.bias"])
def test_an_attention_bundle_with_far_too_large_weights_is_one_clear_line(name: str) -> None:
    """A warning would be an error here."""
    arrays = {
        key: array.astype(np.float32) for key, array in tiny_attention_bundle().weights.items()
    }
    weights = save(arrays | {name: np.full_like(arrays[name], 3e38)})
    sketcher = Sketcher(replace(tiny_attention_bundle(), weights_file=weights), num_threads=1)
    errors = []
    for call in (sketcher.redraw, sketcher.complete, sketcher.classify):
        try:
            call(HOUSE)
        except BundleError as error:
            errors.append(str(error))
    assert errors
    assert all("weights.safetensors` of the bundle" in error for error in errors)
    assert all("not finite, or too large" in error for error in errors)
