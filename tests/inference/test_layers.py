"""The layers against torch, and that a row is the same whatever rows are computed with it."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.layers import (
    PICTURES_AT_ONCE,
    Convolution,
    Linear,
    NormedConvolutions,
    Product,
    flat_last,
    float32_weight,
    group_norm,
    lay_together,
    layer_norm,
    lstm_cell,
    sigmoid,
    silu,
    some_at_a_time,
)
from sketch_pix2seq.models.encoders import convolutions

SHAPES = [(517, 2048), (512, 123), (1728, 192), (3456, 20), (9, 48), (5, 7)]
BITS_OF_A_PRODUCT = """
import hashlib, numpy as np
from sketch_pix2seq.inference.layers import Product
rng = np.random.default_rng(0)
for inputs, outputs in ((517, 600), (1728, 192), (3456, 20)):
    product = Product(rng.standard_normal((outputs, inputs), np.float32))
    rows = product(rng.standard_normal((50, inputs), np.float32))
    print(hashlib.sha256(np.ascontiguousarray(rows).tobytes()).hexdigest())
"""


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape, np.float32)


@pytest.mark.parametrize(("num_inputs", "num_outputs"), SHAPES)
def test_a_product_is_that_of_the_matrices(
    rng: np.random.Generator, num_inputs: int, num_outputs: int
) -> None:
    weight, rows = normal(rng, num_outputs, num_inputs), normal(rng, 11, num_inputs)
    expected = rows.astype(np.float64) @ weight.T.astype(np.float64)
    np.testing.assert_allclose(Product(weight)(rows), expected, atol=1e-5 * num_inputs)


def test_inputs_may_stand_side_by_side_and_weights_in_a_stack(rng: np.random.Generator) -> None:
    weight, left, right = normal(rng, 3, 70, 9), normal(rng, 3, 6, 4), normal(rng, 3, 6, 5)
    expected = np.einsum("soi,sri->sro", weight, np.concatenate((left, right), 2))
    np.testing.assert_allclose(Product(weight)(left, right), expected, atol=1e-5)


@pytest.mark.parametrize(("num_inputs", "num_outputs"), SHAPES)
def test_a_row_of_a_product_is_the_same_in_any_place_among_any_others(
    rng: np.random.Generator, num_inputs: int, num_outputs: int
) -> None:
    product, rows = Product(normal(rng, num_outputs, num_inputs)), normal(rng, 100, num_inputs)
    together = product(rows)
    for _ in range(30):
        chosen = rng.permutation(100)[: rng.integers(1, 101)]
        assert product(rows[chosen]).tobytes() == together[chosen].tobytes()


def test_a_product_is_the_same_with_any_number_of_blas_threads() -> None:
    def bits(num_threads: int) -> str:
        environment = os.environ | {
            name: str(num_threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        }
        call = [sys.executable, "-c", BITS_OF_A_PRODUCT]
        return subprocess.run(
            call, env=environment, capture_output=True, check=True
        ).stdout.decode()

    assert bits(1) == bits(4) != ""


def test_products_compute_the_same_when_their_weights_lie_together(
    rng: np.random.Generator,
) -> None:
    products = [Product(rng.standard_normal((size, 24), np.float32)) for size in (5, 200)]
    rows = rng.standard_normal((6, 24), np.float32)
    before = [product(rows) for product in products]
    lay_together(products)
    assert products[1].parts.base is products[0].parts.base
    for product, expected in zip(products, before, strict=True):
        np.testing.assert_array_equal(product(rows), expected)


def test_a_linear_layer_adds_its_bias(rng: np.random.Generator) -> None:
    weight, bias, rows = normal(rng, 5, 3), normal(rng, 5), normal(rng, 2, 3)
    np.testing.assert_allclose(Linear(weight, bias)(rows), rows @ weight.T + bias, atol=1e-5)


@pytest.mark.parametrize(
    ("side", "stride", "padding"), [(3, 1, (1, 1)), (3, 2, (1, 1)), (2, 1, (0, 1)), (2, 2, (0, 0))]
)
def test_convolutions_are_torchs(
    rng: np.random.Generator, side: int, stride: int, padding: tuple[int, int]
) -> None:
    kernels, pictures = normal(rng, 5, 3, side, side), normal(rng, 2, 8, 10, 3)
    before, after = padding
    padded = functional.pad(
        torch.from_numpy(pictures).permute(0, 3, 1, 2), (before, after, before, after)
    )
    expected = functional.conv2d(padded, torch.from_numpy(kernels), stride=stride)
    got = Convolution(kernels, stride, padding)(pictures)
    np.testing.assert_allclose(got, expected.permute(0, 2, 3, 1).numpy(), atol=1e-5)


def test_group_norm_is_torchs(rng: np.random.Generator) -> None:
    pictures = 3 + 2 * normal(rng, 3, 5, 6, 24)
    gain, shift = normal(rng, 24), normal(rng, 24)
    first = torch.from_numpy(pictures).permute(0, 3, 1, 2)
    expected = functional.group_norm(first, 8, torch.from_numpy(gain), torch.from_numpy(shift))
    got = group_norm(pictures, gain, shift)
    np.testing.assert_allclose(got, expected.permute(0, 2, 3, 1).numpy(), atol=1e-5)


def test_layer_norm_is_torchs(rng: np.random.Generator) -> None:
    values, gain, shift = 3 + normal(rng, 4, 20), normal(rng, 20), normal(rng, 20)
    tensors = [torch.from_numpy(array) for array in (values, gain, shift)]
    expected = functional.layer_norm(tensors[0], (20,), tensors[1], tensors[2], 1e-3)
    np.testing.assert_allclose(layer_norm(values, gain, shift, 1e-3), expected.numpy(), atol=1e-5)


def test_activations_are_torchs_and_do_not_overflow() -> None:
    values = np.linspace(-200, 200, 4001, dtype=np.float32)
    tensor = torch.from_numpy(values)
    np.testing.assert_allclose(sigmoid(values), tensor.sigmoid().numpy(), atol=1e-6)
    np.testing.assert_allclose(silu(values), functional.silu(tensor).numpy(), atol=1e-5)


def test_an_lstm_cell_is_torchs(rng: np.random.Generator) -> None:
    cell, rows = normal(rng, 2, 6), normal(rng, 2, 3)
    peer = nn.LSTMCell(3, 6)
    hidden = normal(rng, 2, 6)
    tensors = [torch.from_numpy(array) for array in (rows, hidden.copy(), cell.copy())]
    with torch.no_grad():
        gates = tensors[0] @ peer.weight_ih.T + tensors[1] @ peer.weight_hh.T
        into, forget, candidate, out = (gates + peer.bias_ih + peer.bias_hh).chunk(4, 1)
        expected = peer(tensors[0], (tensors[1], tensors[2]))
    ordered = torch.cat((into, forget, out, candidate), 1).numpy()
    lstm_cell(ordered, hidden, cell)
    np.testing.assert_allclose(hidden, expected[0].numpy(), atol=1e-6)
    np.testing.assert_allclose(cell, expected[1].numpy(), atol=1e-6)


def test_a_layer_that_reads_flattened_pictures_is_reordered(rng: np.random.Generator) -> None:
    weight, pictures = normal(rng, 4, 3 * 2 * 2), normal(rng, 5, 3, 2, 2)
    expected = pictures.reshape(5, -1) @ weight.T
    last = pictures.transpose(0, 2, 3, 1).reshape(5, -1)
    np.testing.assert_allclose(last @ flat_last(weight, 3).T, expected, atol=1e-5)


def test_weights_become_float32() -> None:
    got = float32_weight({"bias": np.ones(3, np.float16)}, "bias", (3,))
    assert got.dtype == np.float32 and got.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "weights",
    [{}, {"bias": np.ones(4, np.float16)}, {"bias": np.ones(3, np.int32)}],
    ids=["missing", "another shape", "no floats"],
)
def test_a_wrong_weight_is_refused(weights: dict[str, np.ndarray]) -> None:
    with pytest.raises(BundleError, match=r"`bias` must be floats of shape \(3,\); got"):
        float32_weight(weights, "bias", (3,))


def test_convolutions_with_norm_and_silu_are_torchs(rng: np.random.Generator) -> None:
    torch.manual_seed(0)
    sizes = ((1, 8, 1), (8, 16, 2), (16, 24, 1))
    module = convolutions(sizes)
    with torch.no_grad():
        for weight in module.parameters():
            weight.normal_()
    weights = {f"layers.{name}": tensor.numpy() for name, tensor in module.state_dict().items()}
    pictures = rng.random((3, 1, 20, 12), dtype=np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(pictures)).permute(0, 2, 3, 1).numpy()
    got = NormedConvolutions(weights, sizes)(pictures.transpose(0, 2, 3, 1))
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_pictures_are_split_in_order(rng: np.random.Generator) -> None:
    pictures = rng.random((PICTURES_AT_ONCE + 3, 1, 4, 5), dtype=np.float32)
    parts = some_at_a_time(pictures)
    assert [len(part) for part in parts] == [PICTURES_AT_ONCE, 3]
    assert (np.concatenate(parts).transpose(0, 3, 1, 2) == pictures).all()
