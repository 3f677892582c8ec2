"""The encoders: shapes, sizes, and what the paper's one must be."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sketch_pix2seq.models.encoders import ConvEncoder, PaperEncoder


@pytest.mark.parametrize("encoder", [PaperEncoder(), ConvEncoder()])
def test_pictures_become_means_and_log_variances(encoder: nn.Module) -> None:
    picture = torch.rand(3, 1, 48, 48, generator=torch.Generator().manual_seed(0))
    mean, log_var = encoder(picture)
    assert mean.shape == log_var.shape == (3, 128)
    alone, _ = encoder(picture[1:2])
    torch.testing.assert_close(alone[0], mean[1], atol=1e-5, rtol=1e-5)


def test_the_papers_convolutions_have_the_papers_number_of_weights() -> None:
    encoder = PaperEncoder()
    assert sum(p.numel() for p in encoder.convolutions.parameters()) == 976
    assert encoder.head.mean.in_features == 288


def test_the_high_pass_filter_is_fixed_and_silent_on_paper_and_on_ink() -> None:
    encoder = PaperEncoder()
    assert "high_pass" not in dict(encoder.named_parameters())
    blank, _ = encoder(torch.zeros(1, 1, 48, 48))
    assert torch.equal(blank, torch.zeros_like(blank))
    flat = nn.functional.conv2d(torch.ones(1, 1, 9, 9), encoder.high_pass)
    assert torch.equal(flat, torch.zeros_like(flat))


def test_a_batch_of_one_and_other_picture_sizes_work() -> None:
    mean, _ = ConvEncoder(latent_dim=8, width=8, picture_size=32)(torch.zeros(1, 1, 32, 32))
    assert mean.shape == (1, 8)
    mean, _ = PaperEncoder(latent_dim=8, picture_size=64)(torch.zeros(1, 1, 64, 64))
    assert mean.shape == (1, 8)
