"""A matrix product of every time step whose weight gradient is taken once, at the end.

Recurrent cells that autograd records would otherwise take a small weight gradient at each
step and add it up: twice the work of one large product over all rows.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


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
