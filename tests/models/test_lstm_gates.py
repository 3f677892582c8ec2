"""The gates compiled from C, and those of a GPU, against those of torch's operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest
import torch
from torch import Tensor

from sketch_pix2seq.models import lstm_gates
from sketch_pix2seq.models.lstm_gates import CompiledGates, TorchGates, gates_for

if TYPE_CHECKING:
    from sketch_pix2seq.models.lstm_gates_triton import TritonGates

ROWS, SIZE, SCALE = 7, 13, 1.25

Fused: TypeAlias = "tuple[CompiledGates | TritonGates, str]"


@pytest.fixture(scope="module")
def compiled() -> CompiledGates:
    gates = gates_for(torch.zeros(1), SCALE)
    if not isinstance(gates, CompiledGates):
        pytest.skip("no C compiler on this machine")
    return gates


@pytest.fixture(scope="module", params=["cpu", "cuda"])
def fused(request: pytest.FixtureRequest) -> Fused:
    device: str = request.param
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no GPU on this machine")
    gates = gates_for(torch.zeros(1, device=device), SCALE)
    if isinstance(gates, TorchGates):
        pytest.skip("neither a C compiler nor Triton on this machine")
    return gates, device


def rows(generator: torch.Generator, width: int = SIZE) -> Tensor:
    return torch.randn(ROWS, width, generator=generator, device=generator.device)


def test_forward_is_that_of_torch(fused: Fused) -> None:
    gates, device = fused
    generator = torch.Generator(device).manual_seed(0)
    arguments = 6 * rows(generator, 4 * SIZE)
    before, kept = rows(generator), rows(generator) > 0
    found, expected = ([torch.empty_like(before) for _ in range(3)] for _ in range(2))
    ours, peer = arguments.clone(), arguments.clone()
    gates.forward(ours, before, kept, *found)
    TorchGates(SCALE).forward(peer, before, kept, *expected)
    torch.testing.assert_close(ours, peer, atol=2e-7, rtol=1e-6)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


def test_backward_is_that_of_torch(fused: Fused) -> None:
    ours, device = fused
    generator = torch.Generator(device).manual_seed(1)
    gates, tanh_cells = rows(generator, 4 * SIZE).sigmoid(), rows(generator).tanh()
    before, grad_output, grad_hidden = (rows(generator) for _ in range(3))
    kept = rows(generator) > 0
    first = rows(generator), rows(generator, 4 * SIZE)
    results = []
    for kind in (ours, TorchGates(SCALE)):
        cell, context = first[0].clone(), first[1].clone()
        grad_gates = torch.empty_like(context)
        kind.backward(
            gates, before, kept, tanh_cells, grad_output, grad_hidden, cell, grad_gates, context
        )
        results.append((cell, context, grad_gates))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-5)


def test_extremes_saturate_and_nan_stays_nan(compiled: CompiledGates) -> None:
    values = torch.tensor([[float("inf"), -float("inf"), 1e30, -1e30, float("nan"), 0.0, 89, -89]])
    gates = values.clone()
    size = values.shape[1] // 4
    zeros, kept = torch.zeros(1, size), torch.ones(1, size, dtype=torch.bool)
    compiled.forward(gates, zeros, kept, zeros.clone(), zeros.clone(), zeros.clone())
    expected = torch.cat((values[:, :-size].sigmoid(), values[:, -size:].tanh()), 1)
    torch.testing.assert_close(gates, expected, equal_nan=True, atol=1e-7, rtol=1e-6)


def test_without_a_compiler_and_for_other_numbers_torch_computes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert isinstance(gates_for(torch.zeros(1, dtype=torch.float64)), TorchGates)
    monkeypatch.setattr(lstm_gates, "_library", lambda: None)
    assert isinstance(gates_for(torch.zeros(1)), TorchGates)
