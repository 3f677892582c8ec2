"""The element-wise work of an LSTM step on a GPU: one kernel each way.

Triton comes with the builds of torch that know GPUs, and with no others: only `lstm_gates` imports
this, and only if it is there. It wants a C compiler and Python's headers. Conventions and the
arguments' meaning are those of `TorchGates`.
"""

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl
from torch import Tensor

_BLOCK = 512
"""Elements that one program computes."""


class TritonGates:
    """Two kernels, one pass over memory each; float32 on a GPU, rows without gaps.

    Args:
        scale: as of `TorchGates`.
    """

    def __init__(self, scale: float = 1.0) -> None:
        self._scale = scale

    def forward(self, *arrays: Tensor) -> None:
        """See `TorchGates`."""
        self._launch(_forward, arrays)

    def backward(self, *arrays: Tensor) -> None:
        """See `TorchGates`."""
        self._launch(_backward, arrays)

    def _launch(self, kernel: Any, arrays: tuple[Tensor, ...]) -> None:
        before = arrays[1]
        count = before.numel()
        kernel[(triton.cdiv(count, _BLOCK),)](*arrays, count, before.shape[1], self._scale, _BLOCK)


@triton.jit
def _forward(
    gates, before, kept, cells, tanh_cells, hidden, count, size, scale, BLOCK: tl.constexpr
):
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    real = place < count
    gate = gates + place // size * (4 * size) + place % size
    into = tl.sigmoid(tl.load(gate, real))
    forget = tl.sigmoid(tl.load(gate + size, real))
    out = tl.sigmoid(tl.load(gate + 2 * size, real))
    candidate = _tanh(tl.load(gate + 3 * size, real))
    new = tl.where(tl.load(kept + place, real) != 0, into * candidate * scale, 0.0)
    cell = forget * tl.load(before + place, real) + new
    tanh_cell = _tanh(cell)
    tl.store(gate, into, real)
    tl.store(gate + size, forget, real)
    tl.store(gate + 2 * size, out, real)
    tl.store(gate + 3 * size, candidate, real)
    tl.store(cells + place, cell, real)
    tl.store(tanh_cells + place, tanh_cell, real)
    tl.store(hidden + place, out * tanh_cell, real)


@triton.jit
def _backward(
    gates,
    before,
    kept,
    tanh_cells,
    grad_output,
    grad_hidden,
    grad_cell,
    grad_gates,
    grad_context,
    count,
    size,
    scale,
    BLOCK: tl.constexpr,
):
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    real = place < count
    at = place // size * (4 * size) + place % size
    into, forget = tl.load(gates + at, real), tl.load(gates + at + size, real)
    out, candidate = tl.load(gates + at + 2 * size, real), tl.load(gates + at + 3 * size, real)
    tanh_cell = tl.load(tanh_cells + place, real)
    hidden = tl.load(grad_hidden + place, real) + tl.load(grad_output + place, real)
    cell = tl.load(grad_cell + place, real) + hidden * out * (1.0 - tanh_cell * tanh_cell)
    fresh = tl.where(tl.load(kept + place, real) != 0, cell * scale, 0.0)
    _store_both(grad_gates, grad_context, at, fresh * candidate * into * (1.0 - into), real)
    of_forget = cell * tl.load(before + place, real) * forget * (1.0 - forget)
    _store_both(grad_gates, grad_context, at + size, of_forget, real)
    of_out = hidden * tanh_cell * out * (1.0 - out)
    _store_both(grad_gates, grad_context, at + 2 * size, of_out, real)
    of_candidate = fresh * into * (1.0 - candidate * candidate)
    _store_both(grad_gates, grad_context, at + 3 * size, of_candidate, real)
    tl.store(grad_cell + place, cell * forget, real)


@triton.jit
def _store_both(grad_gates, grad_context, at, grad, real):
    tl.store(grad_gates + at, grad, real)
    tl.store(grad_context + at, tl.load(grad_context + at, real) + grad, real)


@triton.jit
def _tanh(value):
    return 2.0 * tl.sigmoid(2.0 * value) - 1.0
