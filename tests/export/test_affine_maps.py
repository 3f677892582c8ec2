"""Both affine maps: fitted as the library fits, written and read alike."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from sketch_pix2seq.bundle.weights import AffineMap, write_weights
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.export.affine_maps import code_classifier, completion_map

FILE = "a file"


def test_the_map_that_made_the_codes_is_found(rng: np.random.Generator) -> None:
    weight, bias = rng.standard_normal((4, 4)), rng.standard_normal(4)
    started = rng.standard_normal((3000, 4)).astype(np.float32)
    wholes = (started @ weight.T + bias).astype(np.float32)
    completion = completion_map(started, wholes)
    np.testing.assert_allclose(completion.weight, weight, atol=0.02)
    np.testing.assert_allclose(completion(started), wholes, atol=0.05)
    read = AffineMap.from_bytes(completion.to_bytes(np.float16), FILE, 4, 4)
    np.testing.assert_allclose(read(started), wholes, atol=0.1)


def test_a_code_does_not_depend_on_its_company(rng: np.random.Generator) -> None:
    completion = completion_map(*rng.standard_normal((2, 50, 8)).astype(np.float32))
    codes = rng.standard_normal((20, 8)).astype(np.float32)
    together = completion(codes)
    assert all(completion(codes[[row]]).tobytes() == together[row].tobytes() for row in range(20))
    assert completion(codes[:0]).shape == (0, 8)


@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (4,)])
def test_another_models_completion_map_is_refused(shape: tuple[int, ...]) -> None:
    data = write_weights({"weight": np.ones(shape, np.float16), "bias": np.ones(4, np.float16)})
    with pytest.raises(BundleError, match=r"`weight` in `a file` .* of shape \(4, 4\)"):
        AffineMap.from_bytes(data, FILE, 4, 4)


def clouds(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    ids = np.repeat(np.arange(4), 200)
    places = rng.normal(size=(4, 6)) * 2
    skew = rng.normal(size=(6, 6))
    return (places[ids] + rng.normal(size=(800, 6)) @ skew).astype(np.float32), ids


def test_codes_are_classified_as_the_library_classifies_them(rng: np.random.Generator) -> None:
    codes, ids = clouds(rng)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", priors=[0.25] * 4).fit(codes, ids)
    ours = code_classifier(codes, ids, 4)(codes)
    assert (ours.argmax(axis=1) == theirs.predict(codes)).mean() > 0.99


def test_a_code_classifier_is_read_as_it_was_written(rng: np.random.Generator) -> None:
    codes, ids = clouds(rng)
    classifier = code_classifier(codes, ids, 4)
    read = AffineMap.from_bytes(classifier.to_bytes(), FILE, 4, 6)
    np.testing.assert_array_equal(read(codes), classifier(codes))


def test_codes_that_hardly_vary_are_written_whole(rng: np.random.Generator) -> None:
    codes, ids = clouds(rng)
    narrow = codes * np.float32(1e-6)
    classifier = code_classifier(narrow, ids, 4)
    logits = AffineMap.from_bytes(classifier.to_bytes(), FILE, 4, 6)(narrow)
    wide = code_classifier(codes, ids, 4)(codes)
    assert (logits.argmax(axis=1) == wide.argmax(axis=1)).mean() > 0.99


def test_a_category_without_drawings_is_never_predicted(rng: np.random.Generator) -> None:
    codes, ids = clouds(rng)
    classifier = code_classifier(codes, ids, 5)
    read = AffineMap.from_bytes(classifier.to_bytes(), FILE, 5, 6)
    assert (read(codes)[:, 4] < -1e29).all()


def test_codes_that_do_not_vary_are_no_trouble() -> None:
    classifier = code_classifier(np.zeros((4, 3), np.float32), np.array([0, 0, 1, 1]), 2)
    assert np.isfinite(classifier(np.zeros((1, 3), np.float32))).all()


def test_another_bundles_code_classifier_is_refused(rng: np.random.Generator) -> None:
    codes, ids = clouds(rng)
    data = code_classifier(codes, ids, 4).to_bytes()
    with pytest.raises(BundleError, match=r"`weight` .* of shape \(4, 7\)"):
        AffineMap.from_bytes(data, FILE, 4, 7)
