"""A product with a packed weight is the product."""

from __future__ import annotations

import pytest
import torch

from sketch_pix2seq.models import step_product
from sketch_pix2seq.models.step_product import StepProduct


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("packs", [True, False])
def test_it_is_rows_times_the_transposed_weight(
    dtype: torch.dtype, packs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not packs:
        monkeypatch.setattr(step_product, "_onednn_packs", lambda: False)
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(24, 13, generator=generator, dtype=dtype)
    product = StepProduct(weight, 100)
    for num_rows in (100, 31, 1):
        rows = torch.randn(num_rows, 13, generator=generator, dtype=dtype)
        added = torch.randn(num_rows, 24, generator=generator, dtype=dtype)
        kept = added.clone()
        torch.testing.assert_close(product(rows), rows @ weight.T, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(
            product(rows, added), rows @ weight.T + added, atol=1e-5, rtol=1e-5
        )
        assert torch.equal(added, kept)
