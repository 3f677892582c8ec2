"""The element-wise work of an LSTM step: in torch's operations, or in one pass.

About thirty operations of torch pass over memory thirty times, which costs as much as half of
the matrix products on a CPU, and on a GPU most of the time, as each is launched by itself. Where
a C compiler is at hand, `lstm_gates.c` does the same in one pass; on a GPU, `lstm_gates_triton`.

Convention: gates stand in the order input, forget, output (sigmoids), candidate (tanh). On a
CPU tanh is computed as 2 sigmoid(2 a) - 1, as torch's sigmoid is four times as fast.
"""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sketch_pix2seq.compiled import compiled_library

if TYPE_CHECKING:
    from sketch_pix2seq.models.lstm_gates_triton import TritonGates


class TorchGates:
    """In torch's operations; any device and number type.

    Args:
        scale: what a candidate is multiplied by if dropout keeps it.
    """

    def __init__(self, scale: float = 1.0) -> None:
        self._scale = scale

    def forward(
        self,
        gates: Float[Tensor, "B G"],
        before: Float[Tensor, "B H"],
        kept: Bool[Tensor, "B H"],
        cells: Float[Tensor, "B H"],
        tanh_cells: Float[Tensor, "B H"],
        hidden: Float[Tensor, "B H"],
    ) -> None:
        """One step.

        Args:
            gates: the gates' arguments; overwritten by the gates. G = 4 H.
            before: memory before the step.
            kept: which candidates dropout keeps.
            cells: where the memory after the step goes.
            tanh_cells: where its tanh goes.
            hidden: where the hidden state goes.
        """
        into, forget, out, candidate = gates.chunk(4, 1)
        candidate.mul_(2.0)
        gates.sigmoid_()
        candidate.mul_(2.0).sub_(1.0)
        torch.mul(into, candidate, out=cells)
        cells.mul_(kept).mul_(self._scale).addcmul_(forget, before)
        torch.mul(cells, 2.0, out=tanh_cells)
        tanh_cells.sigmoid_().mul_(2.0).sub_(1.0)
        torch.mul(out, tanh_cells, out=hidden)

    def backward(
        self,
        gates: Float[Tensor, "B G"],
        before: Float[Tensor, "B H"],
        kept: Bool[Tensor, "B H"],
        tanh_cells: Float[Tensor, "B H"],
        grad_output: Float[Tensor, "B H"],
        grad_hidden: Float[Tensor, "B H"],
        grad_cell: Float[Tensor, "B H"],
        grad_gates: Float[Tensor, "B G"],
        grad_context: Float[Tensor, "B G"],
    ) -> None:
        """One step back.

        Args:
            gates: as `forward` left them.
            before: as `forward` was given it.
            kept: likewise.
            tanh_cells: as `forward` left them.
            grad_output: of the hidden state, from outside the recurrence.
            grad_hidden: of the hidden state, from the step after.
            grad_cell: of the memory after the step; overwritten by that of the one before.
            grad_gates: where the gradient of the gates' arguments goes.
            grad_context: what it is added to.
        """
        into, forget, out, candidate = gates.chunk(4, 1)
        of_into, of_forget, of_out, of_candidate = grad_gates.chunk(4, 1)
        hidden = grad_hidden + grad_output
        grad_cell.add_(torch.ops.aten.tanh_backward(hidden * out, tanh_cells))
        fresh = grad_cell * kept * self._scale
        for grad, value, gate in (
            (fresh, candidate, of_into),
            (grad_cell, before, of_forget),
            (hidden, tanh_cells, of_out),
        ):
            torch.mul(grad, value, out=gate)
        sigmoids, grads = gates[:, : -into.shape[1]], grad_gates[:, : -into.shape[1]]
        torch.ops.aten.sigmoid_backward.grad_input(grads, sigmoids, grad_input=grads)
        torch.ops.aten.tanh_backward.grad_input(fresh * into, candidate, grad_input=of_candidate)
        grad_context.add_(grad_gates)
        grad_cell.mul_(forget)


class CompiledGates:
    """Compiled from C: one pass over memory; float32 on the CPU, rows without gaps.

    Args:
        library: what `lstm_gates.c` was compiled to.
        scale: as of `TorchGates`.
    """

    def __init__(self, library: ctypes.CDLL, scale: float = 1.0) -> None:
        self._scale = scale
        self._forward = library.lstm_gates_forward
        self._backward = library.lstm_gates_backward
        count, real, pointer = ctypes.c_int64, ctypes.c_float, ctypes.c_void_p
        self._forward.argtypes = [count, count, real, *[pointer] * 6]
        self._backward.argtypes = [count, count, real, *[pointer] * 9]

    def forward(self, *arrays: Tensor) -> None:
        """See `TorchGates`."""
        self._forward(*arrays[1].shape, self._scale, *[array.data_ptr() for array in arrays])

    def backward(self, *arrays: Tensor) -> None:
        """See `TorchGates`."""
        self._backward(*arrays[1].shape, self._scale, *[array.data_ptr() for array in arrays])


def gates_for(like: Tensor, scale: float = 1.0) -> TorchGates | CompiledGates | TritonGates:
    """The fastest gates at hand for tensors like this one; `scale` as of `TorchGates`."""
    if like.dtype is torch.float32:
        if like.device.type == "cuda" and (on_gpu := _triton_gates()) is not None:
            return on_gpu(scale)
        if like.device.type == "cpu" and (library := _library()) is not None:
            return CompiledGates(library, scale)
    return TorchGates(scale)


@cache
def _triton_gates() -> type[TritonGates] | None:
    """None where there is no Triton, or where it cannot compile.

    It comes with torch's builds for GPUs alone, and wants a C compiler and Python's headers.
    """
    if find_spec("triton") is None:
        return None
    from sketch_pix2seq.models.lstm_gates_triton import TritonGates

    one = torch.zeros(1, 1, device="cuda")
    try:
        TritonGates().forward(one.repeat(1, 4), one, one > 0, *(one.clone() for _ in range(3)))
    except Exception:  # of the compiler, the linker or the driver: no common ancestor but this
        return None
    return TritonGates


@cache
def _library() -> ctypes.CDLL | None:
    return compiled_library(Path(__file__).with_suffix(".c"), openmp=True)
