"""The encoders: shapes, sizes, and what the paper's one must be."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from sketch_pix2seq.models.encoders import ConvEncoder, PaperEncoder, RNNEncoder


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


def test_the_rnn_encoder_is_torchs_bidirectional_lstm() -> None:
    torch.manual_seed(0)
    encoder = RNNEncoder(latent_dim=8, size=6).eval()
    nn.init.normal_(encoder.head.mean.weight)
    peer = nn.LSTM(5, 6, bidirectional=True, batch_first=True)
    weights = {}
    for weight, bias, suffix in (
        (encoder.forwards, encoder.forwards_bias, ""),
        (encoder.backwards, encoder.backwards_bias, "_reverse"),
    ):
        order = torch.arange(24).reshape(4, 6)[[0, 1, 3, 2]].flatten()  # torch's order of gates
        weights[f"weight_ih_l0{suffix}"] = weight[order, :5]
        weights[f"weight_hh_l0{suffix}"] = weight[order, 5:]
        weights[f"bias_ih_l0{suffix}"] = bias[order]
        weights[f"bias_hh_l0{suffix}"] = torch.zeros(24)
    peer.load_state_dict(weights)
    steps = torch.randn(4, 9, 5, generator=torch.Generator().manual_seed(1))
    packed = pack_padded_sequence(steps, torch.tensor([9, 5, 5, 1]), batch_first=True)
    mean, log_var = encoder(packed)
    _, (last, _) = peer(packed)
    expected = encoder.head.mean(last.transpose(0, 1).flatten(1))
    torch.testing.assert_close(mean, expected)
    assert log_var.shape == (4, 8)


def test_the_rnn_encoder_takes_no_notice_of_company_and_has_sketch_rnns_size() -> None:
    torch.manual_seed(0)
    encoder = RNNEncoder().eval()
    assert sum(p.numel() for p in encoder.parameters()) == 2 * (1024 * 261 + 1024) + 2 * 513 * 128
    steps = torch.randn(2, 9, 5, generator=torch.Generator().manual_seed(1))
    together, _ = encoder(pack_padded_sequence(steps, torch.tensor([9, 4]), batch_first=True))
    alone, _ = encoder(pack_padded_sequence(steps[1:], torch.tensor([4]), batch_first=True))
    torch.testing.assert_close(together[1:], alone)
