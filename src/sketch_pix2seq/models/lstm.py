"""Parts of recurrent networks, independent of drawings.

`lstm_sequence` is an LSTM over a whole packed batch, as a single differentiable operation:
recurrent dropout rules out the library's, and a loop that autograd records costs three times as
much. There, and in `DeferredLinear` for cells that autograd does record, the weight gradient of
all steps is one matrix product at the end: a small one a step and their sum is twice the work.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

_LEVELS = 256


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

    Under autocast the matrix products take its precision; memory, gates and what is returned
    stay as precise as the weights.

    *Convention*: rows are packed as `torch.nn.utils.rnn.pack_padded_sequence` packs
    them: step by step, the longest drawing first. Gates stand in the order input,
    forget, output (sigmoids), candidate (tanh). G = 4 H and K = I + H.

    Args:
        inputs: The rows of all steps. They are data and get no gradient.
        context: What is added to the gates of a drawing at every step (bias and
            latent code).
        hidden: State before the first step.
        cell: Memory before the first step.
        weight: Input weights, then recurrent weights.
        batch_sizes: How many drawings are still going on at each step, on the CPU.
        dropout: What the candidates are multiplied by; data, without a gradient.

    Returns:
        The hidden state after each row.

    *Source*: Hochreiter & Schmidhuber 1997 with forget gates.
    """
    device = weight.device.type
    is_cast = torch.is_autocast_enabled(device)
    precision = torch.get_autocast_dtype(device) if is_cast else weight.dtype
    context, hidden, cell = (part.to(weight.dtype) for part in (context, hidden, cell))
    with torch.autocast(device, enabled=False):
        output: Tensor = _LSTMSequence.apply(  # type: ignore[no-untyped-call]
            inputs, context, hidden, cell, weight, batch_sizes, dropout, precision
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
        precision: torch.dtype,
    ) -> Tensor:
        num_rows, num_inputs = inputs.shape
        batch, size = hidden.shape
        sizes: list[int] = batch_sizes.tolist()
        joined = weight.new_empty(num_rows, num_inputs + size, dtype=precision)  # [input, hidden]
        joined[:, :num_inputs] = inputs
        joined[:batch, num_inputs:] = hidden
        following = joined[batch:, num_inputs:].split(sizes[1:])
        cells, tanh_cells, output = inputs.new_empty(3, num_rows, size).unbind(0)
        transposed = weight.t().to(precision).contiguous()  # products of few rows are faster by it
        starts = context.to(precision)
        masks = None if dropout is None else dropout.split(sizes)
        gates: list[Tensor] = []
        before = first_cell
        rows = zip(*_by_step(sizes, joined, cells, tanh_cells, output), strict=True)
        for step, (row, cell, tanh_cell, now) in enumerate(rows):
            count = sizes[step]
            gate = torch.addmm(starts[:count], row, transposed).to(weight.dtype)
            gates.append(gate)
            gate[:, : 3 * size].sigmoid_()
            gate[:, 3 * size :].tanh_()
            into, forget, out, candidate = gate.chunk(4, 1)
            torch.mul(into, candidate, out=cell)
            if masks is not None:
                cell.mul_(masks[step])
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
        precision = joined.dtype
        recurrent = weight[:, -size:].to(precision).contiguous()
        grad_gates = cells.new_empty(len(joined), 4 * size)
        grad_context = cells.new_zeros(batch, 4 * size)
        grad_hidden, grad_cell, spare = first_cell.new_zeros(3, batch, size).unbind(0)
        masks = None if dropout is None else dropout.split(sizes)
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
            if masks is None:
                fresh.copy_(memory)
            else:
                torch.mul(memory, masks[step], out=fresh)
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
            hidden.copy_(grad_gate.to(precision) @ recurrent)
        grad_weight = (joined.t() @ grad_gates.to(precision)).t()  # this way round it is faster
        grads = (grad_context, grad_hidden, grad_cell, grad_weight.to(weight.dtype))
        return None, *grads, None, None, None


def _by_step(sizes: list[int], *rows: Tensor) -> list[tuple[Tensor, ...]]:
    """The rows of each step, as views."""
    return [tensor.split(sizes) for tensor in rows]


class DeferredLinear:
    """`rows @ weight.T + added`, for one pass over a batch.

    Args:
        weight: (outputs, inputs), a part of an autograd graph.
    """

    def __init__(self, weight: Float[Tensor, "out in"]) -> None:
        self._weight = weight.detach()
        self._transposed = self._weight.t().contiguous()  # products of few rows are faster by it
        self._uses: list[tuple[Tensor, Tensor]] = []
        # All products depend on this, so its turn in the backward pass comes after theirs.
        self._end: Tensor = _End.apply(weight, self)  # type: ignore[no-untyped-call]

    def __call__(
        self, rows: Float[Tensor, "B in"], added: Float[Tensor, "B out"] | None
    ) -> Float[Tensor, "B out"]:
        """The product, plus what is added to it, if anything."""
        result: Tensor = _Use.apply(rows, added, self._end, self)  # type: ignore[no-untyped-call]
        return result

    def forward(self, rows: Tensor, added: Tensor | None) -> Tensor:
        """The numbers alone."""
        if added is None:
            return rows @ self._transposed
        return torch.addmm(added, rows, self._transposed)

    def backward(self, rows: Tensor, grad: Tensor) -> Tensor:
        """Gradient of the rows; what the weight's needs is kept."""
        self._uses.append((rows, grad))
        return grad @ self._weight

    def weight_grad(self) -> Float[Tensor, "out in"]:
        """Gradient of the weight over all uses."""
        rows, grads = zip(*self._uses, strict=True)
        self._uses = []
        return (torch.cat(rows).t() @ torch.cat(grads)).t()  # this way round it is faster


class _Use(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, added: Tensor | None, end: Tensor, owner: DeferredLinear
    ) -> Tensor:
        ctx.owner = owner
        ctx.is_added = added is not None
        ctx.save_for_backward(rows)
        return owner.forward(rows, added)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (rows,) = ctx.saved_tensors
        return ctx.owner.backward(rows, grads[0]), grads[0] if ctx.is_added else None, None, None


class _End(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, owner: DeferredLinear) -> Tensor:
        ctx.owner = owner
        return weight.new_zeros(())

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        return ctx.owner.weight_grad(), None


def recurrent_dropout(
    shape: tuple[int, int], keep: float, device: torch.device, generator: torch.Generator | None
) -> Float[Tensor, "N H"]:
    """Draw the factors of candidates: 0, or one over the keep probability.

    One random byte an element: on a CPU eight times as fast as a Bernoulli draw.

    Args:
        shape: N and H.
        keep: Probability that a candidate is kept; rounded to 1/256.
        device: Where the factors are to lie.
        generator: Random generator.

    *Source*: dropout without memory loss, Semeniuta et al., arXiv 1603.05118.
    """
    levels = min(max(round(keep * _LEVELS), 1), _LEVELS)
    count = shape[0] * shape[1]
    words = torch.empty((count + 7) // 8, dtype=torch.int64, device=device)
    words.random_(-(2**63), None, generator=generator)
    mask = words.view(torch.uint8)[:count].view(shape) <= levels - 1
    return mask.float().mul_(_LEVELS / levels)


def lstm_weight(num_inputs: int, size: int) -> Float[Tensor, "G K"]:
    """First weights of an LSTM, as `lstm_sequence` takes them.

    *Source*: Ha & Eck's reference code: Xavier for the inputs, for each gate an
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
