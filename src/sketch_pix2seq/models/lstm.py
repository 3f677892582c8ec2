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
from torch import Tensor, nn


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
    forget, output (sigmoids), candidate (tanh). G = 4 H and K = I + H.

    Args:
        inputs: the rows of all steps. They are data and get no gradient.
        context: what is added to the gates of a drawing at every step (bias and
            latent code).
        hidden: state before the first step.
        cell: memory before the first step.
        weight: input weights, then recurrent weights.
        batch_sizes: how many drawings are still going on at each step, on the CPU.
        dropout: what the candidates are multiplied by; data, without a gradient.

    Returns:
        The hidden state after each row.

    Source: Hochreiter & Schmidhuber 1997 with forget gates.
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
        first_cell: Tensor,
        weight: Tensor,
        batch_sizes: Tensor,
        dropout: Tensor | None,
    ) -> Tensor:
        num_rows, num_inputs = inputs.shape
        batch, size = hidden.shape
        sizes: list[int] = batch_sizes.tolist()
        joined = inputs.new_empty(num_rows, num_inputs + size)  # [input, hidden before it]
        joined[:, :num_inputs] = inputs
        joined[:batch, num_inputs:] = hidden
        following = joined[batch:, num_inputs:].split(sizes[1:])
        cells, tanh_cells, output = inputs.new_empty(3, num_rows, size).unbind(0)
        transposed = weight.t().contiguous()  # products of few rows are faster by it
        kept = None if dropout is None else dropout.split(sizes)
        gates: list[Tensor] = []
        before = first_cell
        rows = zip(*_by_step(sizes, joined, cells, tanh_cells, output), strict=True)
        for step, (row, cell, tanh_cell, now) in enumerate(rows):
            count = sizes[step]
            gate = torch.addmm(context[:count], row, transposed)
            gates.append(gate)
            gate[:, : 3 * size].sigmoid_()
            gate[:, 3 * size :].tanh_()
            into, forget, out, candidate = gate.chunk(4, 1)
            torch.mul(into, candidate, out=cell)
            if kept is not None:
                cell.mul_(kept[step])
            cell.addcmul_(forget, before[:count])
            torch.tanh(cell, out=tanh_cell)
            torch.mul(out, tanh_cell, out=now)
            if step + 1 < len(sizes):
                following[step].copy_(now[: sizes[step + 1]])
            before = cell
        ctx.sizes, ctx.gates = sizes, gates
        ctx.save_for_backward(joined, cells, tanh_cells, first_cell, weight, dropout)
        return output

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        joined, cells, tanh_cells, first_cell, weight, dropout = ctx.saved_tensors
        batch, size = first_cell.shape
        sizes: list[int] = ctx.sizes
        recurrent = weight[:, -size:].contiguous()
        grad_gates = joined.new_empty(len(joined), 4 * size)
        grad_context = joined.new_zeros(batch, 4 * size)
        grad_hidden, grad_cell, spare = first_cell.new_zeros(3, batch, size).unbind(0)
        kept = None if dropout is None else dropout.split(sizes)
        rows = _by_step(sizes, cells, tanh_cells, grads[0], grad_gates)
        cell_rows, tanh_rows, grad_rows, grad_gate_rows = rows
        for step in reversed(range(len(sizes))):
            count = sizes[step]
            hidden, memory, fresh = grad_hidden[:count], grad_cell[:count], spare[:count]
            gate, tanh_cell, grad_gate = ctx.gates[step], tanh_rows[step], grad_gate_rows[step]
            before = cell_rows[step - 1][:count] if step else first_cell
            into, forget, out, candidate = gate.chunk(4, 1)
            of_into, of_forget, of_out, of_candidate = grad_gate.chunk(4, 1)
            hidden.add_(grad_rows[step])
            # `fresh`: first of tanh(cell), then of the new part of the memory
            torch.mul(hidden, out, out=fresh)
            memory.add_(fresh)
            fresh.mul_(tanh_cell)
            memory.addcmul_(fresh, tanh_cell, value=-1.0)
            if kept is None:
                fresh.copy_(memory)
            else:
                torch.mul(memory, kept[step], out=fresh)
            # the derivatives s - s^2 of the sigmoids, and 1 - t^2 of the candidate's tanh
            sigmoids, grad_sigmoids = gate[:, : 3 * size], grad_gate[:, : 3 * size]
            torch.addcmul(sigmoids, sigmoids, sigmoids, value=-1.0, out=grad_sigmoids)
            of_into.mul_(fresh).mul_(candidate)
            of_forget.mul_(memory).mul_(before)
            of_out.mul_(hidden).mul_(tanh_cell)
            fresh.mul_(into)
            torch.mul(fresh, candidate, out=of_candidate)
            torch.addcmul(fresh, of_candidate, candidate, value=-1.0, out=of_candidate)
            grad_context[:count].add_(grad_gate)
            memory.mul_(forget)
            torch.mm(grad_gate, recurrent, out=hidden)
        grad_weight = (joined.t() @ grad_gates).t()  # this way round it is faster
        return None, grad_context, grad_hidden, grad_cell, grad_weight, None, None


def _by_step(sizes: list[int], *rows: Tensor) -> list[tuple[Tensor, ...]]:
    """The rows of each step, as views."""
    return [tensor.split(sizes) for tensor in rows]


def lstm_weight(num_inputs: int, size: int) -> Float[Tensor, "G K"]:
    """First weights of an LSTM, as `lstm_sequence` takes them.

    Source: Ha & Eck's reference code: Xavier for the inputs, for each gate an
    orthogonal matrix for what recurs.
    """
    weight = torch.empty(4 * size, num_inputs + size)
    nn.init.xavier_uniform_(weight[:, :num_inputs])
    for gate in weight[:, num_inputs:].chunk(4):
        nn.init.orthogonal_(gate)
    return weight


def forget_bias(size: int) -> Float[Tensor, "G"]:
    """First bias of an LSTM's gates: 1 for the forget gate, else 0."""
    bias = torch.zeros(4 * size)
    bias[size : 2 * size] = 1.0
    return bias
