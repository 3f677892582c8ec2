"""Recurrent dropout keeps the asked share, and the expectation."""

from __future__ import annotations

import pytest
import torch

from sketch_pix2seq.models.dropout import RecurrentDropout

CPU = torch.device("cpu")


def test_it_keeps_the_asked_share_and_the_expectation() -> None:
    generator = torch.Generator().manual_seed(0)
    dropout = RecurrentDropout.draw((1000, 333), 0.9, CPU, generator)
    assert float(dropout.kept.float().mean()) == pytest.approx(0.9, abs=0.003)
    assert float(dropout.factors(torch.float64).mean()) == pytest.approx(1.0, abs=0.003)


def test_nothing_is_dropped_where_all_are_kept() -> None:
    all_kept = RecurrentDropout.draw((4, 4), 1.0, CPU, None)
    for dropout in (all_kept, RecurrentDropout.none((4, 4), CPU)):
        assert torch.equal(dropout.factors(torch.float32), torch.ones(4, 4))
