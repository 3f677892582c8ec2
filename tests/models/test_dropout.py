"""Recurrent dropout keeps the asked share, and the expectation."""

from __future__ import annotations

import pytest
import torch

from sketch_pix2seq.models.dropout import recurrent_dropout

CPU = torch.device("cpu")


def test_it_keeps_the_asked_share_and_the_expectation() -> None:
    generator = torch.Generator().manual_seed(0)
    factors = recurrent_dropout((1000, 333), 0.9, CPU, generator)
    assert float((factors > 0).float().mean()) == pytest.approx(0.9, abs=0.003)
    assert float(factors.double().mean()) == pytest.approx(1.0, abs=0.003)


def test_nothing_is_dropped_where_all_are_kept() -> None:
    assert torch.equal(recurrent_dropout((4, 4), 1.0, CPU, None), torch.ones(4, 4))
