"""The element-wise work of an LSTM step: in torch's operations, or compiled from C.

About thirty operations of torch pass over memory thirty times, which costs as much as half of
the matrix products. Where a C compiler is at hand, `lstm_gates.c` does the same in one pass.

Convention: gates stand in the order input, forget, output, candidate. All four are sigmoids:
as tanh(a) = 2 sigmoid(2 a) - 1, the candidate is 2 (s - 1/2), where s is the last gate of an
argument doubled by the caller; the 2 stands in the dropout mask `twice_kept`.
"""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from sketch_pix2seq.models.compiled import compiled_library


class TorchGates:
    """In torch's operations; any device and number type."""

    def forward(
        self,
        gates: Float[Tensor, "B G"],
        before: Float[Tensor, "B H"],
        twice_kept: Float[Tensor, "B H"],
        cells: Float[Tensor, "B H"],
        tanh_cells: Float[Tensor, "B H"],
        hidden: Float[Tensor, "B H"],
    ) -> None:
        """One step.

        Args:
            gates: the gates' arguments; overwritten by the gates. G = 4 H.
            before: memory before the step.
            twice_kept: twice what each candidate is multiplied by.
            cells: where the memory after the step goes.
            tanh_cells: where its tanh goes.
            hidden: where the hidden state goes.
        """
        into, forget, out, candidate = gates.sigmoid_().chunk(4, 1)
        torch.sub(candidate, 0.5, out=cells)
        cells.mul_(into).mul_(twice_kept).addcmul_(forget, before)
        torch.mul(cells, 2.0, out=tanh_cells)
        tanh_cells.sigmoid_().sub_(0.5).mul_(2.0)
        torch.mul(out, tanh_cells, out=hidden)

    def backward(
        self,
        gates: Float[Tensor, "B G"],
        before: Float[Tensor, "B H"],
        twice_kept: Float[Tensor, "B H"],
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
            twice_kept: likewise.
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
        torch.mul(hidden, tanh_cells, out=of_out)
        torch.mul(grad_cell, before, out=of_forget)
        kept = grad_cell * twice_kept
        torch.sub(candidate, 0.5, out=of_into).mul_(kept)
        torch.mul(kept, into, out=of_candidate)
        torch.ops.aten.sigmoid_backward.grad_input(grad_gates, gates, grad_input=grad_gates)
        grad_context.add_(grad_gates)
        grad_cell.mul_(forget)


class CompiledGates:
    """Compiled from C: one pass over memory; float32 on the CPU, rows without gaps.

    Args:
        library: what `lstm_gates.c` was compiled to.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        count, pointer = ctypes.c_int64, ctypes.c_void_p
        self._forward = library.lstm_gates_forward
        self._forward.argtypes = [count, count, *[pointer] * 6]
        self._backward = library.lstm_gates_backward
        self._backward.argtypes = [count, count, *[pointer] * 9]

    def forward(self, *arrays: Tensor) -> None:
        """See `TorchGates`."""
        rows, size = arrays[1].shape
        self._forward(rows, size, *[array.data_ptr() for array in arrays])

    def backward(self, *arrays: Tensor) -> None:
        """See `TorchGates`."""
        rows, size = arrays[1].shape
        self._backward(rows, size, *[array.data_ptr() for array in arrays])


def gates_for(like: Tensor) -> TorchGates | CompiledGates:
    """The fastest gates at hand for tensors like this one."""
    if like.device.type == "cpu" and like.dtype is torch.float32:
        return _compiled_gates() or TorchGates()
    return TorchGates()


@cache
def _compiled_gates() -> CompiledGates | None:
    library = compiled_library(Path(__file__).with_suffix(".c"))
    return None if library is None else CompiledGates(library)
