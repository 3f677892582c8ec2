"""safetensors files: as the library writes and reads them, and nothing worse than an error."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.weights import read_weights, write_weights


def arrays(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        "matrix": rng.standard_normal((3, 5)).astype(np.float16),
        "vector": rng.standard_normal(7).astype(np.float32),
        "nothing": np.zeros((0, 4), np.float32),
    }


def test_it_reads_what_the_library_writes(rng: np.random.Generator) -> None:
    expected = arrays(rng)
    tensors = {name: torch.from_numpy(array) for name, array in expected.items()}
    found = read_weights(save(tensors | {"count": torch.ones(2, dtype=torch.int64)}), "a file")
    assert found.keys() == expected.keys()  # what is no float is left out
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_the_library_reads_what_it_writes(rng: np.random.Generator) -> None:
    expected = arrays(rng)
    for name, tensor in load(write_weights(expected)).items():
        np.testing.assert_array_equal(tensor.numpy(), expected[name])


@pytest.mark.parametrize("length", [0, 5, 8, 20, 100, 150])
def test_half_a_file_is_refused(rng: np.random.Generator, length: int) -> None:
    whole = write_weights(arrays(rng))
    with pytest.raises(BundleError, match="`a file` of the bundle cannot be read"):
        read_weights(whole[:length], "a file")


@pytest.mark.parametrize(
    "head",
    [
        b"[]",
        b"{",
        b'{"a":{}}',
        b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}',
        b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,999]}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}',
        b'{"a":{"dtype":"F32","shape":"x","data_offsets":[0,4]}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,%d]}}' % 10**30,
        b'{"a":{"dtype":"F32","shape":[1e400],"data_offsets":[0,4]}}',
        b'{"a":' * 5000,
    ],
)
def test_odd_heads_are_refused(head: bytes) -> None:
    with pytest.raises(BundleError, match="cannot be read"):
        read_weights(len(head).to_bytes(8, "little") + head + bytes(4), "a file")
