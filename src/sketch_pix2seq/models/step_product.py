"""One matrix product that is taken at every time step, with its weight packed once.

A recurrent net multiplies by the same weight some fifty times a batch, by few rows each
time. BLAS lays the weight out anew in every call, which costs up to a third of it; oneDNN
can be handed a weight that is laid out already. Where it is not at hand (other devices,
other number types), this is a plain product.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

_ALIGNMENT = 16


def filler(width: int) -> int:
    """How many columns of zeros make a product fast: of 517 columns it takes half as long again."""
    return -width % _ALIGNMENT


class StepProduct:
    """Multiplies rows by a weight that stays the same: `rows @ weight.T`.

    Args:
        weight: (outputs, inputs). It must not change while this is used.
        num_rows: about how many rows come at a time.
    """

    def __init__(self, weight: Float[Tensor, "out in"], num_rows: int) -> None:
        self._packed: Tensor | None = None
        if weight.device.type == "cpu" and weight.dtype is torch.float32 and _onednn_packs():
            self._packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), num_rows)
        else:
            self._transposed = weight.t().contiguous()

    def __call__(
        self, rows: Float[Tensor, "B in"], added: Float[Tensor, "B out"] | None = None
    ) -> Float[Tensor, "B out"]:
        """The product, plus what is added to it, as a new tensor."""
        if self._packed is None:
            if added is None:
                return rows @ self._transposed
            return torch.addmm(added, rows, self._transposed)
        linear = torch.ops.mkldnn._linear_pointwise
        product: Tensor
        if added is None:
            product = linear(rows, self._packed, None, "none", [], "")
        else:
            product = linear.binary(rows, added, self._packed, None, "add")
        return product


def _onednn_packs() -> bool:
    """Whether this build of torch has the operators, which are not part of its public face."""
    return torch.backends.mkldnn.is_available() and all(
        hasattr(torch.ops.mkldnn, name) for name in ("_reorder_linear_weight", "_linear_pointwise")
    )
