"""`Sketcher`: what comes back, from what it depends, and what it refuses."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from bundles import (
    LATENT_DIM,
    plain_architecture,
    tiny_bundle,
    with_classifier,
    write_bundle,
)
from sketch_pix2seq.bundle.architectures import STROKES
from sketch_pix2seq.bundle.bundle import Bundle
from sketch_pix2seq.errors import BundleError, DrawingError, InputError, UsageError
from sketch_pix2seq.inference.recognizer import VIEWS_AT_ONCE
from sketch_pix2seq.inference.sketcher import Sketcher
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.sketch.raster import rasterise
from sketch_pix2seq.sketch.sketch import Sketch
from sketches import FACE, HOUSE, LINE, as_bytes


def test_one_input_gives_a_list_and_a_list_gives_lists(sketcher: Sketcher) -> None:
    one = sketcher.redraw(HOUSE, n=3)
    assert len(one) == 3
    assert all(isinstance(sketch, Sketch) for sketch in one)
    several = sketcher.redraw([HOUSE, FACE], n=2)
    assert [len(some) for some in several] == [2, 2]
    assert sketcher.redraw([], n=2) == []
    assert len(sketcher.redraw([HOUSE])[0]) == 1


@pytest.mark.parametrize("best_of", [1, 3])
def test_a_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, best_of: int) -> None:
    sketcher = Sketcher(with_classifier(tiny_bundle(), ("cat", "dog")), num_threads=1)
    paths = [HOUSE.save(tmp_path / "a.svg"), FACE.save(tmp_path / "b.svg")]
    read: list[object] = []

    def counted(path: Any) -> Sketch:
        read.append(path)
        return read_sketches(path)[0]

    monkeypatch.setattr(Sketch, "open", counted)
    sketcher.redraw(paths, best_of=best_of)
    assert read == paths
    sketcher.mix(paths, steps=3, best_of=best_of)
    assert read == paths * 2
    monkeypatch.setattr("sketch_pix2seq.inference.inputs.READ_AT_ONCE", 1)
    in_parts = sketcher.mix(paths, steps=3, best_of=best_of)
    drawings = [one for path in paths for one in read_sketches(path)]
    assert as_bytes(in_parts) == as_bytes(sketcher.mix(drawings, steps=3, best_of=best_of))


def test_a_drawing_does_not_depend_on_the_other_inputs(sketcher: Sketcher) -> None:
    inputs = [HOUSE, FACE, LINE] * 5
    together = sketcher.redraw(inputs, n=4, seed=3)
    for given, drawings in zip(inputs, together, strict=True):
        assert as_bytes(sketcher.redraw(given, n=4, seed=3)) == as_bytes(drawings)


@pytest.mark.parametrize("num_threads", [1, 2, 3])
def test_a_drawing_does_not_depend_on_threads(sketcher: Sketcher, num_threads: int) -> None:
    other = Sketcher(tiny_bundle(), num_threads=num_threads)
    expected = sketcher.redraw([HOUSE, FACE], n=20, best_of=2)
    found = other.redraw([HOUSE, FACE], n=20, best_of=2)
    assert [as_bytes(some) for some in found] == [as_bytes(some) for some in expected]


def test_more_drawings_begin_with_the_same_ones(sketcher: Sketcher) -> None:
    assert as_bytes(sketcher.redraw(HOUSE, n=5))[:2] == as_bytes(sketcher.redraw(HOUSE, n=2))


def test_a_sketcher_can_be_pickled(sketcher: Sketcher) -> None:
    again = pickle.loads(pickle.dumps(sketcher))
    assert as_bytes(again.redraw(HOUSE, n=2, seed=4)) == as_bytes(sketcher.redraw(HOUSE, 2, seed=4))


def test_each_input_may_have_a_seed_of_its_own(sketcher: Sketcher) -> None:
    first, second = sketcher.redraw([HOUSE, FACE], n=2, seed=[3, 7])
    assert as_bytes(first) == as_bytes(sketcher.redraw(HOUSE, n=2, seed=3))
    assert as_bytes(second) == as_bytes(sketcher.redraw(FACE, n=2, seed=7))
    codes = sketcher.encode([HOUSE, FACE])
    decoded = sketcher.decode(codes, n=2, seed=[3, 7])
    assert [as_bytes(one) for one in decoded] == [as_bytes(first), as_bytes(second)]
    with pytest.raises(UsageError, match="`seed` must be one, or one for each of 2 inputs; got 1"):
        sketcher.redraw([HOUSE, FACE], seed=[3])
    with pytest.raises(UsageError, match="`seed` must be 0 or more; got -1"):
        sketcher.decode(codes, seed=[3, -1])


def test_seed_and_temperature_change_the_drawing(sketcher: Sketcher) -> None:
    base = as_bytes(sketcher.redraw(HOUSE, n=2))
    assert base[0] != base[1]
    assert as_bytes(sketcher.redraw(HOUSE, n=2, seed=0)) == base
    assert as_bytes(sketcher.redraw(HOUSE, n=2, seed=1)) != base
    assert as_bytes(sketcher.redraw(HOUSE, n=2, temperature=sketcher.card.temperature)) == base
    greedy = as_bytes(sketcher.redraw(HOUSE, n=2, temperature=0))
    assert greedy[0] == greedy[1]
    assert greedy == as_bytes(sketcher.redraw(HOUSE, n=2, temperature=0, seed=9))


def test_redraw_is_encode_and_decode(sketcher: Sketcher) -> None:
    latents = sketcher.encode([HOUSE, FACE])
    drawings = sketcher.decode(latents, n=2, seed=4)
    expected = sketcher.redraw([HOUSE, FACE], n=2, seed=4)
    assert [as_bytes(some) for some in drawings] == [as_bytes(some) for some in expected]


def test_codes_do_not_depend_on_the_batch(sketcher: Sketcher) -> None:
    inputs = [HOUSE, FACE, LINE] * VIEWS_AT_ONCE
    latents = sketcher.encode(inputs)
    assert latents.shape == (3 * VIEWS_AT_ONCE, LATENT_DIM)
    assert latents.dtype == np.float32
    for number in range(3):
        alone = sketcher.encode(inputs[number])
        assert alone.shape == (1, LATENT_DIM)
        assert alone.tobytes() == latents[number].tobytes() == latents[-3 + number].tobytes()
    assert sketcher.encode([]).shape == (0, LATENT_DIM)


def test_drawings_lie_in_quickdraws_frame(sketcher: Sketcher) -> None:
    for sketch in sketcher.redraw(HOUSE, n=20):
        if sketch.bounds is not None:
            assert sketch.bounds[:2] == (0.0, 0.0)
        assert sketch.category is None
        assert sketch.name is None
    (small,) = sketcher.redraw(HOUSE, temperature=0)
    card = replace(sketcher.card, offset_scale=2 * sketcher.card.offset_scale)
    (large,) = Sketcher(replace(tiny_bundle(), card=card)).redraw(HOUSE, temperature=0)
    for mine, theirs in zip(small.strokes, large.strokes, strict=True):
        np.testing.assert_allclose(2 * mine, theirs, rtol=1e-4, atol=1e-2)


def test_the_input_may_be_a_path_a_picture_or_an_array(sketcher: Sketcher, tmp_path: Path) -> None:
    path = HOUSE.save(tmp_path / "house.svg")
    array = rasterise(HOUSE, sketcher.card.raster)
    (drawing,) = sketcher.redraw(HOUSE)
    assert sketcher.redraw(array) == [drawing]
    for given in (path, str(path), HOUSE.to_image(300)):
        (found,) = sketcher.redraw(given)
        assert found.num_points > 0


def test_best_of_keeps_those_nearest_to_the_input(sketcher: Sketcher) -> None:
    latent = sketcher.encode(HOUSE)
    candidates = sketcher.redraw(HOUSE, n=12, seed=2)
    far = np.linalg.norm(sketcher.encode(candidates) - latent, axis=1)
    chosen = sketcher.redraw(HOUSE, n=3, seed=2, best_of=4)
    assert chosen == [candidates[place] for place in np.argsort(far, kind="stable")[:3]]
    (several,) = sketcher.redraw([HOUSE], n=3, seed=2, best_of=4)
    assert several == chosen


def test_progress_counts_drawings(sketcher: Sketcher) -> None:
    seen: list[tuple[int, int]] = []
    sketcher.redraw(
        [HOUSE, FACE], n=5, progress=lambda done, total: seen.append((done, total)), best_of=2
    )
    assert seen[-1] == (20, 20)


@pytest.mark.usefixtures("as_users")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "`n` must be 1 or more; got 0"),
        ({"n": -3}, "`n` must be 1 or more"),
        ({"best_of": 0}, "`best_of` must be 1 or more"),
        ({"seed": -1}, "`seed` must be 0 or more; got -1"),
        ({"temperature": -0.1}, "`temperature` must be a number from 0 to 100; got -0.1"),
        ({"temperature": float("nan")}, "`temperature` must be a number"),
        ({"temperature": float("inf")}, "`temperature` must be a number"),
        ({"n": "3"}, "`n` must be a whole number; got '3', a str"),
        ({"n": 1.5}, "`n` must be a whole number; got 1.5"),
        ({"n": True}, "`n` must be a whole number; got True, a bool"),
        ({"n": None}, "`n` must be a whole number; got None"),
        ({"best_of": [2]}, "`best_of` must be a whole number"),
        ({"seed": 2**63}, r"`seed` must be below 2\^63; got 9223372036854775808"),
        ({"seed": 1.5}, "`seed` must be a whole number; got 1.5"),
        ({"temperature": "hot"}, "`temperature` must be a number from 0 to 100; got 'hot', a str"),
        ({"temperature": 100.1}, "`temperature` must be a number from 0 to 100; got 100.1"),
        ({"temperature": 10**400}, "`temperature` must be a number"),
        ({"progress": 3}, "`progress` must be a function or None; got 3"),
        ({"n": 1_000_001}, "at most 1,000,000 drawings at once; got 1 input x `n` 1,000,001"),
        ({"n": 1001, "best_of": 1000}, "got 1 input x `n` 1,001 x `best_of` 1,000"),
    ],
)
def test_arguments_that_do_not_fit(
    sketcher: Sketcher, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        sketcher.redraw(HOUSE, **arguments)
    if "best_of" not in arguments:
        with pytest.raises(UsageError, match=message):
            sketcher.decode(np.zeros((1, LATENT_DIM), np.float32), **arguments)


def test_a_fidelity_that_does_not_fit_is_refused_before_inputs_are_read(
    sketcher: Sketcher,
) -> None:
    with pytest.raises(UsageError, match="`fidelity` must be 0 or left out"):
        sketcher.redraw("gone.svg", fidelity=0.5)


@pytest.mark.usefixtures("as_users")
def test_the_bound_counts_all_inputs_and_numpys_numbers_will_do(sketcher: Sketcher) -> None:
    with pytest.raises(UsageError, match="at most 1,000,000 drawings at once; got 2 inputs"):
        sketcher.redraw([HOUSE, FACE], n=500_001)
    with pytest.raises(UsageError, match="at most 1,000,000"):
        sketcher.decode(np.zeros((0, LATENT_DIM), np.float32), n=10**12)
    numpys: dict[str, Any] = {"n": np.int64(2), "temperature": np.float32(0.5), "seed": np.uint8(3)}
    assert sketcher.redraw(HOUSE, **numpys) == sketcher.redraw(HOUSE, n=2, temperature=0.5, seed=3)


@pytest.mark.usefixtures("as_users")
@pytest.mark.parametrize("wrong", [3, ["a"], b"bundle"])
def test_a_bundle_must_be_named_by_a_path(wrong: Any) -> None:
    with pytest.raises(UsageError, match="`bundle` must be a path"):
        Sketcher.load(wrong)
    with pytest.raises(UsageError, match="`bundle` must be a `Bundle`"):
        Sketcher(wrong)


@pytest.mark.usefixtures("as_users")
@pytest.mark.parametrize("wrong", [0, -1, "2", 1.5])
def test_threads_are_checked_before_a_bundle_is_read(wrong: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="`num_threads` must be"):
        Sketcher.load(tmp_path / "none", num_threads=wrong)


@pytest.mark.usefixtures("as_users")
@pytest.mark.parametrize(
    "latents",
    [
        "x",
        None,
        [[0.0], [0.0, 1.0]],
        np.zeros(LATENT_DIM, np.float32),
        np.zeros((2, LATENT_DIM + 1), np.float32),
        np.full((1, LATENT_DIM), np.nan, np.float32),
    ],
    ids=["text", "none", "ragged", "flat", "long", "nan"],
)
def test_latents_that_do_not_fit(sketcher: Sketcher, latents: Any) -> None:
    with pytest.raises(InputError, match="`latents` must be"):
        sketcher.decode(latents)


def test_inputs_that_are_no_drawings(sketcher: Sketcher, tmp_path: Path) -> None:
    with pytest.raises(DrawingError, match="there must be such a file"):
        sketcher.redraw(tmp_path / "none.png")
    with pytest.raises(DrawingError, match="input 1: a drawing must have a stroke"):
        sketcher.redraw([HOUSE, Sketch(())])


def test_loading_folders_and_zip_files(sketcher: Sketcher, tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "bundle")
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    expected = sketcher.redraw(HOUSE)
    for place in (folder, str(folder), tmp_path / "bundle.zip"):
        loaded = Sketcher.load(place)
        assert loaded.card == sketcher.card
        assert loaded.redraw(HOUSE) == expected


def cut_weights(bundle: Bundle) -> Bundle:
    return replace(bundle, weights_file=bundle.weights_file[:1000])


def change_card(bundle: Bundle) -> Bundle:
    architecture = plain_architecture(latent_dim=LATENT_DIM, decoder_size=7)
    return replace(bundle, card=replace(bundle.card, architecture=architecture))


@pytest.mark.parametrize("change", [cut_weights, change_card])
def test_bundles_that_cannot_be_run(change: Callable[[Bundle], Bundle]) -> None:
    with pytest.raises(BundleError, match="of the bundle") as error:
        Sketcher(change(tiny_bundle())).redraw(HOUSE)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("weights", "encoder.convolutions.0.weight", 3e38),
        ("weights", "encoder.head.mean.bias", 1e20),
        ("weights", "decoder.output.bias", 3e38),
        ("weights", "decoder.output.bias", 1e30),
        ("latents", "means", 3e38),
        ("latents", "prefix_means", -3e38),
        ("latents", "slope", 3e38),
        ("classifier", "layers.0.weight", 3e38),
        ("classifier", "layers.4.bias", 3e38),
        ("classifier", "head.weight", -3e38),
    ],
)
def test_weights_that_are_far_too_large_are_one_clear_line(
    part: str, name: str, value: float
) -> None:
    """A warning would be an error here."""

    def changed(content: bytes) -> bytes:
        arrays = {key: array.astype(np.float32) for key, array in load(content).items()}
        return save(arrays | {name: np.full_like(arrays[name], value)})

    bundle = with_classifier(tiny_bundle(), ("cat", "dog"))
    assert bundle.classifier is not None
    if part == "classifier":
        files = replace(bundle.classifier, weights_file=changed(bundle.classifier.weights_file))
        bundle = replace(bundle, classifier=files)
    else:
        content: Any = {f"{part}_file": changed(getattr(bundle, f"{part}_file"))}
        bundle = replace(bundle, **content)
    sketcher = Sketcher(bundle, num_threads=1)
    errors = []
    for call in (sketcher.redraw, sketcher.complete, sketcher.classify):
        try:
            call(HOUSE)
        except BundleError as error:
            errors.append(str(error))
    assert errors
    assert all("not finite, or too large" in error for error in errors)


def test_bundles_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="there is no bundle"):
        Sketcher.load(tmp_path / "none")
    folder = write_bundle(tmp_path / "bundle")
    (folder / "weights.safetensors").unlink()
    with pytest.raises(BundleError, match=r"lacks weights\.safetensors"):
        Sketcher.load(folder)
    with pytest.raises(UsageError, match="`num_threads` must be 1 or more"):
        Sketcher(tiny_bundle(), num_threads=0)


def test_a_model_that_reads_strokes_redraws_and_chooses_as_well() -> None:
    sketcher = Sketcher(tiny_bundle(STROKES))
    together = sketcher.redraw([HOUSE, FACE], n=3, best_of=2)
    assert [len(some) for some in together] == [3, 3]
    for given, drawings in zip((HOUSE, FACE), together, strict=True):
        assert as_bytes(sketcher.redraw(given, n=3, best_of=2)) == as_bytes(drawings)
    moved = Sketch(tuple(stroke * 2 + 7 for stroke in HOUSE.strokes))
    np.testing.assert_allclose(sketcher.encode(moved), sketcher.encode(HOUSE), atol=1e-5)


def test_mixing_begins_and_ends_with_the_redrawn_inputs(sketcher: Sketcher) -> None:
    mixed = sketcher.mix([HOUSE, FACE, LINE], steps=4, seed=2)
    assert len(mixed) == 7
    for place, given in ((0, HOUSE), (3, FACE), (6, LINE)):
        assert as_bytes([mixed[place]]) == as_bytes(sketcher.redraw(given, seed=2))
    assert as_bytes(sketcher.mix([HOUSE, FACE], steps=2)) != as_bytes(mixed)[:2]
    round_ones = sketcher.mix([HOUSE, FACE], steps=5, seed=2, spherical=True)
    assert as_bytes(round_ones)[1:-1] != as_bytes(sketcher.mix([HOUSE, FACE], 5, seed=2))[1:-1]


@pytest.mark.parametrize(
    ("inputs", "steps", "message"),
    [
        ([], 3, "two drawings or more to mix; got 0"),
        ([HOUSE], 3, "two drawings or more to mix; got 1"),
        (HOUSE, 3, "two drawings or more to mix; got 1"),
        ([HOUSE, FACE], 1, "`steps` must be 2 or more; got 1"),
        ([HOUSE, FACE], 2.5, "`steps` must be a whole number"),
        ([HOUSE, FACE], 10_000_000, "at most 1,000,000 drawings at once"),
    ],
)
@pytest.mark.usefixtures("as_users")
def test_what_cannot_be_mixed_is_refused(
    sketcher: Sketcher, inputs: Any, steps: Any, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        sketcher.mix(inputs, steps)


def test_a_completed_drawing_begins_with_what_was_given(sketcher: Sketcher) -> None:
    far = Sketch.from_points(
        [900 + 0.37 * stroke for stroke in HOUSE.strokes], category="house", name="a"
    )
    huge = Sketch.from_points([1e29 * stroke for stroke in HOUSE.strokes])
    all_drawings = sketcher.complete([far, FACE, huge], n=6, seed=1)
    assert [len(some) for some in all_drawings] == [6, 6, 6]
    for given, drawings in zip((far, FACE, huge), all_drawings, strict=True):
        assert as_bytes(sketcher.complete(given, n=6, seed=1)) == as_bytes(drawings)
        assert len(set(as_bytes(drawings))) > 1
        for drawing in drawings:
            assert (drawing.category, drawing.name) == (given.category, given.name)
            kept = Sketch(drawing.strokes[: len(given.strokes)])
            assert as_bytes([kept]) == as_bytes([given])
    near = sketcher.complete(HOUSE, n=6, seed=1)
    for ours, theirs in zip(
        near, all_drawings[0], strict=True
    ):  # the same drawing, elsewhere and smaller
        assert len(ours.strokes) == len(theirs.strokes)
        for stroke, other in zip(ours.strokes, theirs.strokes, strict=True):
            np.testing.assert_allclose(900 + 0.37 * stroke, other, atol=0.5)


def test_a_dot_can_be_completed(sketcher: Sketcher) -> None:
    (drawing,) = sketcher.complete(Sketch.from_points([[(7, 7)]]))
    assert drawing.strokes[0].tolist() == [[7, 7]]


@pytest.mark.usefixtures("as_users")
def test_what_cannot_be_completed_is_refused(sketcher: Sketcher) -> None:
    zigzag = Sketch.from_points([[(x, 100 * (x % 2)) for x in range(200)]])
    with pytest.raises(DrawingError, match="fewer than 60 points for this model; got 200 after"):
        sketcher.complete(zigzag)
    with pytest.raises(DrawingError, match=r"input 2: a started drawing must have fewer than 60"):
        sketcher.complete([HOUSE, HOUSE, zigzag])
    with pytest.raises(DrawingError, match=r"input 1: a drawing must have a stroke"):
        sketcher.complete([HOUSE, Sketch(())])
    with pytest.raises(DrawingError, match="a picture array has no strokes"):
        sketcher.complete(np.ones((48, 48), np.float32))
    with pytest.raises(BundleError, match=r"cannot complete drawings.*--data"):
        Sketcher(replace(tiny_bundle(), latents_file=None)).complete("gone.svg")
