from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.completion import Completion
from sketch_pix2seq.inference.weights import write_weights


def test_it_finds_the_map_that_made_the_codes(rng: np.random.Generator) -> None:
    weight, bias = rng.standard_normal((4, 4)), rng.standard_normal(4)
    beginnings = rng.standard_normal((3000, 4)).astype(np.float32)
    wholes = (beginnings @ weight.T + bias).astype(np.float32)
    completion = Completion.fitted(beginnings, wholes)
    np.testing.assert_allclose(completion.weight, weight, atol=0.02)
    np.testing.assert_allclose(completion(beginnings), wholes, atol=0.05)
    read = Completion.from_bytes(completion.to_bytes(), 4)
    np.testing.assert_allclose(read(beginnings), wholes, atol=0.1)


def test_a_code_does_not_depend_on_its_company(rng: np.random.Generator) -> None:
    completion = Completion.fitted(*rng.standard_normal((2, 50, 8)).astype(np.float32))
    codes = rng.standard_normal((20, 8)).astype(np.float32)
    together = completion(codes)
    assert all(completion(codes[[row]]).tobytes() == together[row].tobytes() for row in range(20))
    assert completion(codes[:0]).shape == (0, 8)


@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (4,)])
def test_another_models_map_is_refused(shape: tuple[int, ...]) -> None:
    data = write_weights({"weight": np.ones(shape, np.float16), "bias": np.ones(4, np.float16)})
    with pytest.raises(BundleError, match=r"must hold `weight` \(4, 4\) and `bias` \(4\)"):
        Completion.from_bytes(data, 4)
