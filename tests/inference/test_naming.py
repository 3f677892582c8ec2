"""Names from codes."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.naming import Naming


def clouds(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    ids = np.repeat(np.arange(4), 200)
    places = rng.normal(size=(4, 6)) * 2
    skew = rng.normal(size=(6, 6))
    return (places[ids] + rng.normal(size=(800, 6)) @ skew).astype(np.float32), ids


def test_it_says_what_the_library_says(rng: np.random.Generator) -> None:
    codes, ids = clouds(rng)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", priors=[0.25] * 4).fit(codes, ids)
    ours = Naming.fitted(codes, ids, 4).logits(codes)
    assert (ours.argmax(axis=1) == theirs.predict(codes)).mean() > 0.99


def test_it_is_read_as_it_was_written(rng: np.random.Generator) -> None:
    codes, ids = clouds(rng)
    naming = Naming.fitted(codes, ids, 4)
    read = Naming.from_bytes(naming.to_bytes(), 4, 6)
    np.testing.assert_array_equal(read.logits(codes), naming.logits(codes))


def test_codes_that_hardly_vary_are_written_whole(rng: np.random.Generator) -> None:
    codes, ids = clouds(rng)
    naming = Naming.fitted(codes * np.float32(1e-6), ids, 4)
    odds = Naming.from_bytes(naming.to_bytes(), 4, 6).logits(codes * np.float32(1e-6))
    wide = Naming.fitted(codes, ids, 4).logits(codes)
    assert (odds.argmax(axis=1) == wide.argmax(axis=1)).mean() > 0.99


def test_a_category_without_drawings_is_never_named(rng: np.random.Generator) -> None:
    codes, ids = clouds(rng)
    odds = Naming.fitted(codes, ids, 5).logits(codes)
    assert (odds[:, 4] < -1e29).all()


def test_codes_that_do_not_vary_are_no_trouble() -> None:
    naming = Naming.fitted(np.zeros((4, 3), np.float32), np.array([0, 0, 1, 1]), 2)
    assert np.isfinite(naming.logits(np.zeros((1, 3), np.float32))).all()


def test_another_bundles_names_are_refused(rng: np.random.Generator) -> None:
    codes, ids = clouds(rng)
    data = Naming.fitted(codes, ids, 4).to_bytes()
    with pytest.raises(BundleError, match=r"`weight` \(4, 7\) and `bias` \(4\); got"):
        Naming.from_bytes(data, 4, 7)
