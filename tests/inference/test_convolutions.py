"""Convolutions with group norm and SiLU against those in torch."""

from __future__ import annotations

import numpy as np
import torch

from sketch_pix2seq.inference.convolutions import (
    PICTURES_AT_ONCE,
    NormedConvolutions,
    some_at_a_time,
)
from sketch_pix2seq.models.encoders import convolutions


def test_they_are_torchs(rng: np.random.Generator) -> None:
    torch.manual_seed(0)
    sizes = ((1, 8, 1), (8, 16, 2), (16, 24, 1))
    module = convolutions(sizes)
    with torch.no_grad():
        for weight in module.parameters():
            weight.normal_()
    weights = {f"layers.{name}": tensor.numpy() for name, tensor in module.state_dict().items()}
    pictures = rng.random((3, 1, 20, 12), dtype=np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(pictures)).permute(0, 2, 3, 1).numpy()
    got = NormedConvolutions(weights, sizes)(pictures.transpose(0, 2, 3, 1))
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_pictures_are_split_in_order(rng: np.random.Generator) -> None:
    pictures = rng.random((PICTURES_AT_ONCE + 3, 1, 4, 5), dtype=np.float32)
    parts = some_at_a_time(pictures)
    assert [len(part) for part in parts] == [PICTURES_AT_ONCE, 3]
    assert (np.concatenate(parts).transpose(0, 3, 1, 2) == pictures).all()
