"""The decoder: its size, its steps against its whole sequences, its dropout."""

from __future__ import annotations

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from sketch_pix2seq.models.decoder import DecoderStep
from sketch_pix2seq.models.decoders import LSTMDecoder
from sketch_pix2seq.models.lstm import dropout_mask
from sketch_pix2seq.models.mixture import StrokeMixture, noise_dim


def small_decoder() -> LSTMDecoder:
    torch.manual_seed(0)
    return LSTMDecoder(latent_dim=6, size=16, num_components=3).eval()


def test_lstm_512_has_the_literatures_number_of_weights() -> None:
    assert sum(p.numel() for p in LSTMDecoder(128).parameters()) == pytest.approx(1.52e6, rel=0.01)


def test_step_by_step_is_the_whole_sequence() -> None:
    decoder = small_decoder()
    generator = torch.Generator().manual_seed(1)
    latent = torch.randn(2, 6, generator=generator)
    steps = torch.randn(2, 7, 5, generator=generator)
    packed = pack_padded_sequence(steps, torch.tensor([7, 7]), batch_first=True)
    whole = decoder(latent, packed)
    state = decoder.begin(latent)
    for index in range(7):
        mixture, state = decoder.advance(steps[:, index], state)
        rows = slice(2 * index, 2 * index + 2)
        torch.testing.assert_close(mixture.components, whole.components[rows])
        torch.testing.assert_close(mixture.pen_logits, whole.pen_logits[rows])


def test_a_zero_state_begins_a_drawing_and_leaves_the_others_alone() -> None:
    step = DecoderStep(small_decoder())
    generator = torch.Generator().manual_seed(2)
    latent = torch.randn(2, 6, generator=generator)
    row = torch.randn(2, 5, generator=generator)
    noise = torch.randn(2, noise_dim(3), generator=generator)
    heat = torch.ones(2, 1)
    first, state = step(latent, torch.zeros(2, step.state_dim), row, noise, heat)
    assert (state[:, 0] == 1).all()
    mixed_state = torch.stack((state[0], torch.zeros(step.state_dim)))
    mixed, _ = step(latent, mixed_state, row, noise, heat)
    carried, _ = step(latent, state, row, noise, heat)
    torch.testing.assert_close(mixed[0], carried[0])
    torch.testing.assert_close(mixed[1], first[1])


def test_training_needs_and_uses_dropout_of_its_generator() -> None:
    decoder = small_decoder().train()
    latent = torch.zeros(1, 6)
    packed = pack_padded_sequence(torch.ones(1, 9, 5), torch.tensor([9]), batch_first=True)

    def run(seed: int) -> torch.Tensor:
        mixture: StrokeMixture = decoder(latent, packed, torch.Generator().manual_seed(seed))
        return mixture.components

    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))
    decoder.eval()
    assert torch.equal(run(1), run(2))


def test_dropout_mask_keeps_the_asked_share_and_the_expectation() -> None:
    mask = dropout_mask((1000, 333), 0.9, torch.zeros(1), torch.Generator().manual_seed(0))
    assert float((mask > 0).float().mean()) == pytest.approx(0.9, abs=0.003)
    assert float(mask.mean()) == pytest.approx(1.0, abs=0.003)
    assert torch.equal(dropout_mask((4, 4), 1.0, mask, None), torch.ones(4, 4))


def test_recurrent_weights_start_orthogonal_and_the_forget_gate_open() -> None:
    decoder = small_decoder()
    for gate in decoder.weight.detach()[:, 5:].chunk(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(16), atol=1e-5, rtol=1e-5)
    into, forget, *_ = decoder.latent.bias.detach().chunk(4)
    assert (into == 0).all() and (forget == 1).all()
