"""safetensors files: what the library writes is read; anything else is refused in one line."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from sketch_pix2seq.bundle.weights import read_weights, write_weights
from sketch_pix2seq.errors import BundleError

SHAPES = {"matrix": (3, 5), "vector": (7,)}


def arrays(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        "matrix": rng.standard_normal((3, 5)).astype(np.float16),
        "vector": rng.standard_normal(7).astype(np.float32),
    }


def with_header(header: bytes, rest: bytes = bytes(4)) -> bytes:
    return len(header).to_bytes(8, "little") + header + rest


def test_what_torch_writes_is_read(rng: np.random.Generator) -> None:
    expected = arrays(rng)
    content = save({name: torch.from_numpy(array) for name, array in expected.items()})
    found = read_weights(content, "a file", SHAPES)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_torch_reads_what_is_written(rng: np.random.Generator) -> None:
    expected = arrays(rng)
    transposed = {"turned": np.arange(6, dtype=np.float32).reshape(2, 3).T}
    found = load(write_weights(expected | transposed))
    for name, array in (expected | transposed).items():
        np.testing.assert_array_equal(found[name].numpy(), array)


@pytest.mark.parametrize("length", [0, 5, 8, 20, 100, 150])
def test_half_a_file_is_refused(rng: np.random.Generator, length: int) -> None:
    whole = write_weights(arrays(rng))
    with pytest.raises(BundleError, match="`a file` of the bundle must be a safetensors file"):
        read_weights(whole[:length], "a file", SHAPES)


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"{",
        b'{"a":{}}',
        b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}',
        b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,999]}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}',
        b'{"a":{"dtype":"F32","shape":"x","data_offsets":[0,4]}}',
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,%d]}}' % 10**30,
        b'{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}',
        b'{"a":' * 5000,
    ],
)
def test_unexpected_headers_are_refused(header: bytes) -> None:
    with pytest.raises(BundleError, match="must be a safetensors file"):
        read_weights(with_header(header), "a file", {"a": (1,)})


def test_a_huge_header_is_not_read() -> None:
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    header = json.dumps({f"a{number}": entry for number in range(40_000)}).encode()
    content = with_header(header, b"")
    tracemalloc.start()
    try:
        with pytest.raises(BundleError, match="a header of more than 1 MiB"):
            read_weights(content, "a file", {})
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"matrix": np.zeros((5, 3), np.float32)}, r"of shape \(3, 5\), as the card says; got F32"),
        ({"matrix": np.zeros((3, 5), np.float64)}, "got F64 of shape"),
        ({"matrix": np.zeros((3, 5), np.int16)}, "got I16 of shape"),
        ({"more": np.zeros(1, np.float32)}, "must not hold an array 'more', as the card says"),
        ({"vector": np.full(7, np.nan, np.float32)}, "`vector` .* must be finite numbers"),
        ({"matrix": np.full((3, 5), np.inf, np.float16)}, "`matrix` .* must be finite numbers"),
        ({"\x1b[2J" * 40: np.zeros(1, np.float32)}, r"an array '\\x1b\[2J"),
    ],
)
def test_other_arrays_than_expected_are_refused(
    rng: np.random.Generator, changes: dict[str, np.ndarray], message: str
) -> None:
    content = write_weights(arrays(rng) | changes)
    with pytest.raises(BundleError, match=message) as error:
        read_weights(content, "a file", SHAPES)
    assert str(error.value).isprintable()


def test_a_missing_array_is_named(rng: np.random.Generator) -> None:
    with pytest.raises(BundleError, match="must hold an array 'bias' and 1 more"):
        read_weights(write_weights(arrays(rng)), "a file", {**SHAPES, "bias": (1,), "scale": (1,)})
