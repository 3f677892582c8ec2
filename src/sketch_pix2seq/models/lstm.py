"""One LSTM over a whole packed batch, as a single differentiable operation.

The cell knows nothing of drawings. It exists because recurrent dropout rules out
the library's LSTM, and because a loop that autograd records costs three times as
much: here the forward pass works in place on preallocated rows, and the weight
gradient of all steps is one matrix product at the end.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def lstm_sequence(
    inputs: Float[Tensor, "N I"],
    context: Float[Tensor, "B G"],
    hidden: Float[Tensor, "B H"],
    cell: Float[Tensor, "B H"],
    weight: Float[Tensor, "G K"],
    batch_sizes: Int64[Tensor, "T"],
    dropout: Float[Tensor, "N H"] | None = None,
) -> Float[Tensor, "N H"]:
    """Run an LSTM over a packed batch.

    Convention: rows are packed as `torch.nn.utils.rnn.pack_padded_sequence` packs
    them: step by step, the longest drawing first. Gates stand in the order input,
    forget, output, candidate. G = 4 H and K = I + H.

    Args:
        inputs: the rows of all steps. They are data and get no gradient.
        context: what is added to the gates of a drawing at every step (bias and
            latent code).
        hidden: state before the first step.
        cell: memory before the first step.
        weight: input weights, then recurrent weights.
        batch_sizes: how many drawings are still going on at each step, on the CPU.
        dropout: what each candidate is multiplied by: 0, or 1 / keep probability.

    Returns:
        The hidden state after each row.

    Source: Hochreiter & Schmidhuber 1997 with forget gates; recurrent dropout
    without memory loss: Semeniuta et al., arXiv 1603.05118.
    """
    output: Tensor = _LSTMSequence.apply(  # type: ignore[no-untyped-call]
        inputs, context, hidden, cell, weight, batch_sizes, dropout
    )
    return output


class _LSTMSequence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        context: Tensor,
        hidden: Tensor,
        cell: Tensor,
        weight: Tensor,
        batch_sizes: Tensor,
        dropout: Tensor | None,
    ) -> Tensor:
        num_rows, num_inputs = inputs.shape
        size = hidden.shape[1]
        joined = inputs.new_empty(num_rows, num_inputs + size)  # [input, hidden before it]
        joined[:, :num_inputs] = inputs
        joined[: hidden.shape[0], num_inputs:] = hidden
        gates = inputs.new_empty(num_rows, 4 * size)
        cells, tanh_cells, output = inputs.new_empty(3, num_rows, size).unbind(0)
        transposed = weight.t().contiguous()  # a tenth faster than a view
        before = cell
        for begin, end, following in _spans(batch_sizes):
            count = end - begin
            gate = gates[begin:end]
            torch.addmm(context[:count], joined[begin:end], transposed, out=gate)
            gate[:, : 3 * size].sigmoid_()
            gate[:, 3 * size :].tanh_()
            into, forget, out, candidate = gate.split(size, 1)
            after = cells[begin:end]
            torch.mul(into, candidate, out=after)
            if dropout is not None:
                after.mul_(dropout[begin:end])
            after.addcmul_(forget, before[:count])
            torch.tanh(after, out=tanh_cells[begin:end])
            torch.mul(out, tanh_cells[begin:end], out=output[begin:end])
            joined[end : end + following, num_inputs:] = output[begin : begin + following]
            before = after
        ctx.save_for_backward(joined, gates, cells, tanh_cells, cell, weight, batch_sizes, dropout)
        return output

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (grad_output,) = grads
        joined, gates, cells, tanh_cells, first_cell, weight, batch_sizes, dropout = (
            ctx.saved_tensors
        )
        size = cells.shape[1]
        num_inputs = joined.shape[1] - size
        recurrent = weight[:, num_inputs:].contiguous()
        grad_gates = torch.empty_like(gates)
        grad_context = first_cell.new_zeros(first_cell.shape[0], 4 * size)
        grad_hidden = torch.zeros_like(first_cell)
        grad_cell = torch.zeros_like(first_cell)
        spans = _spans(batch_sizes)
        for step in reversed(range(len(spans))):
            begin, end, _ = spans[step]
            count = end - begin
            previous = first_cell if step == 0 else cells[spans[step - 1][0] : begin]
            into, forget, out, candidate = gates[begin:end].split(size, 1)
            tanh_cell = tanh_cells[begin:end]
            hidden = grad_hidden[:count].add_(grad_output[begin:end])
            cell = grad_cell[:count]
            cell.add_(torch.ops.aten.tanh_backward(hidden * out, tanh_cell))
            grad = grad_gates[begin:end]
            torch.mul(hidden, tanh_cell, out=grad[:, 2 * size : 3 * size])
            torch.mul(cell, previous[:count], out=grad[:, size : 2 * size])
            kept = cell if dropout is None else cell * dropout[begin:end]
            torch.mul(kept, candidate, out=grad[:, :size])
            _sigmoid_backward(grad[:, : 3 * size], gates[begin:end, : 3 * size])
            torch.mul(kept, into, out=grad[:, 3 * size :])
            _tanh_backward(grad[:, 3 * size :], candidate)
            cell.mul_(forget)
            torch.mm(grad, recurrent, out=hidden)
            grad_context[:count].add_(grad)
        grad_weight = grad_gates.t() @ joined
        return None, grad_context, grad_hidden, grad_cell, grad_weight, None, None


def _spans(batch_sizes: Tensor) -> list[tuple[int, int, int]]:
    """First row, end row and the number of drawings that go on, for each step."""
    sizes: list[int] = batch_sizes.tolist()
    spans, begin = [], 0
    for count, following in zip(sizes, [*sizes[1:], 0], strict=True):
        spans.append((begin, begin + count, following))
        begin += count
    return spans


def _sigmoid_backward(grad: Tensor, output: Tensor) -> None:
    torch.ops.aten.sigmoid_backward.grad_input(grad, output, grad_input=grad)


def _tanh_backward(grad: Tensor, output: Tensor) -> None:
    torch.ops.aten.tanh_backward.grad_input(grad, output, grad_input=grad)
