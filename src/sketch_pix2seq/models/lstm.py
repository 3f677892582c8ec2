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
from torch.nn import functional

from sketch_pix2seq.models.dropout import RecurrentDropout
from sketch_pix2seq.models.lstm_gates import gates_for
from sketch_pix2seq.models.step_product import StepProduct, filler


def lstm_sequence(
    inputs: Float[Tensor, "N I"],
    context: Float[Tensor, "B G"],
    hidden: Float[Tensor, "B H"],
    cell: Float[Tensor, "B H"],
    weight: Float[Tensor, "G K"],
    batch_sizes: Int64[Tensor, "T"],
    dropout: RecurrentDropout | None = None,
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
        dropout: of the candidates.

    Returns:
        The hidden state after each row.

    Source: Hochreiter & Schmidhuber 1997 with forget gates.
    """
    if dropout is None:
        dropout = RecurrentDropout.none((len(inputs), hidden.shape[1]), inputs.device)
    output: Tensor = _LSTMSequence.apply(  # type: ignore[no-untyped-call]
        inputs, context, hidden.contiguous(), cell.contiguous(), weight, batch_sizes, dropout
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
        dropout: RecurrentDropout,
    ) -> Tensor:
        num_rows, num_inputs = inputs.shape
        batch, size = hidden.shape
        sizes: list[int] = batch_sizes.tolist()
        num_zeros = filler(weight.shape[1])
        wide = functional.pad(weight, (num_zeros, 0))
        joined = inputs.new_empty(num_rows, wide.shape[1])  # [zeros, input, hidden before it]
        joined[:, :num_zeros] = 0.0
        joined[:, num_zeros : num_zeros + num_inputs] = inputs
        joined[:batch, -size:] = hidden
        following = joined[batch:, -size:].split(sizes[1:])
        cells, tanh_cells, output = inputs.new_empty(3, num_rows, size).unbind(0)
        product, compute = StepProduct(wide, batch), gates_for(inputs, dropout.scale)
        gates: list[Tensor] = []
        before = cell
        rows = zip(*_by_step(sizes, joined, dropout.kept, cells, tanh_cells, output), strict=True)
        for step, (row, kept, after, tanh_cell, now) in enumerate(rows):
            count = sizes[step]
            gate = product(row, context[:count])
            compute.forward(gate, before[:count], kept, after, tanh_cell, now)
            gates.append(gate)
            if step + 1 < len(sizes):
                following[step].copy_(now[: sizes[step + 1]])
            before = after
        ctx.gates, ctx.sizes, ctx.dropout = gates, sizes, dropout
        ctx.save_for_backward(joined, cells, tanh_cells, cell, weight)
        return output

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        joined, cells, tanh_cells, first_cell, weight = ctx.saved_tensors
        batch, size = first_cell.shape
        sizes: list[int] = ctx.sizes
        product = StepProduct(weight[:, -size:].t(), batch)
        compute = gates_for(joined, ctx.dropout.scale)
        grad_gates = joined.new_empty(joined.shape[0], 4 * size)
        grad_context = first_cell.new_zeros(batch, 4 * size)
        grad_hidden = torch.zeros_like(first_cell)
        grad_cell = torch.zeros_like(first_cell)
        grad_outputs = grads[0].contiguous()
        steps = _by_step(sizes, grad_outputs, cells, tanh_cells, ctx.dropout.kept, grad_gates)
        grad_output, cells, tanh_cells, kept, grad_gate = steps
        for step in reversed(range(len(sizes))):
            count = sizes[step]
            hidden = grad_hidden[:count]
            compute.backward(
                ctx.gates[step],
                cells[step - 1][:count] if step else first_cell,
                kept[step],
                tanh_cells[step],
                grad_output[step],
                hidden,
                grad_cell[:count],
                grad_gate[step],
                grad_context[:count],
            )
            hidden.copy_(product(grad_gate[step]))
        grad_weight = (grad_gates.t() @ joined)[:, -weight.shape[1] :]
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
