"""The decoders: their sizes, their steps against their whole sequences, their dropout."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from sketch_pix2seq.models import Decoder, HyperDecoder, LSTMDecoder
from sketch_pix2seq.models.mixture import StrokeMixture
from sketch_pix2seq.sketch.network_layout import NUM_SCALES

LATENT_DIM, SIZE, NUM_COMPONENTS = 6, 16, 3
LENGTHS = torch.tensor([7, 4, 4, 1])


def small_lstm() -> Decoder:
    return LSTMDecoder(LATENT_DIM, SIZE, NUM_COMPONENTS)


def small_layer_norm() -> Decoder:
    return LSTMDecoder(LATENT_DIM, SIZE, NUM_COMPONENTS, layer_norm=True)


def small_hyper() -> Decoder:
    return HyperDecoder(LATENT_DIM, SIZE, NUM_COMPONENTS, hyper_size=8, embedding_dim=4)


@pytest.fixture(params=[small_lstm, small_layer_norm, small_hyper])
def decoder(request: pytest.FixtureRequest) -> Decoder:
    """Each of the three, its weights far from their first values."""
    build: Callable[[], Decoder] = request.param
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        made = build().eval()
        with torch.no_grad():
            for parameter in made.parameters():
                parameter.add_(0.3 * torch.randn_like(parameter))
    return made


@pytest.mark.parametrize(
    ("decoder", "millions"),
    [
        (LSTMDecoder(128), 1.518),
        (LSTMDecoder(128, layer_norm=True), 1.521),
        (HyperDecoder(128), 2.808),
    ],
)
def test_they_have_the_literatures_number_of_weights(decoder: Decoder, millions: float) -> None:
    found = sum(p.numel() for p in decoder.parameters())
    assert found == pytest.approx(millions * 1e6, rel=0.001)


def test_step_by_step_is_the_whole_sequence_and_so_are_its_gradients(decoder: Decoder) -> None:
    decoder = decoder.double()
    generator = torch.Generator().manual_seed(1)
    latent = torch.randn(4, LATENT_DIM, generator=generator).double().requires_grad_()
    steps = torch.randn(4, 7, 5, generator=generator).double()
    packed = pack_padded_sequence(steps, LENGTHS, batch_first=True)
    whole = decoder(latent, packed)
    state = decoder.initial_state(latent)
    mixtures = []
    for index, count in enumerate(packed.batch_sizes.tolist()):
        state = tuple(part[:count] for part in state)
        mixture, state = decoder.advance(steps[:count, index], state)
        mixtures.append(mixture)
    components = torch.cat([mixture.components for mixture in mixtures])
    torch.testing.assert_close(components, whole.components)
    torch.testing.assert_close(torch.cat([m.pen_logits for m in mixtures]), whole.pen_logits)
    pull = torch.randn(components.shape, generator=generator).double()
    wanted = [latent, *decoder.parameters()]
    expected = torch.autograd.grad((components * pull).sum(), wanted)
    found = torch.autograd.grad((whole.components * pull).sum(), wanted)
    for ours, peer in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, peer)


def test_autocast_changes_little_and_what_is_predicted_stays_in_32_bits(decoder: Decoder) -> None:
    generator = torch.Generator().manual_seed(1)
    latent = torch.randn(4, LATENT_DIM, generator=generator)
    steps = torch.randn(4, 7, 5, generator=generator)
    packed = pack_padded_sequence(steps, LENGTHS, batch_first=True)
    expected = decoder(latent, packed)
    with torch.autocast("cpu", torch.bfloat16):
        found = decoder(latent, packed)
    assert found.components.dtype == torch.float32
    torch.testing.assert_close(found.components, expected.components, atol=0.1, rtol=0.0)
    (gradient,) = torch.autograd.grad(found.components.sum(), list(decoder.parameters())[-1:])
    assert gradient.dtype == torch.float32


def test_training_needs_and_uses_dropout_of_its_generator(decoder: Decoder) -> None:
    decoder.train()
    latent = torch.zeros(1, LATENT_DIM)
    packed = pack_padded_sequence(torch.ones(1, 9, 5), torch.tensor([9]), batch_first=True)

    def run(seed: int) -> torch.Tensor:
        mixture: StrokeMixture = decoder(latent, packed, torch.Generator().manual_seed(seed))
        return mixture.components

    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))
    decoder.eval()
    assert torch.equal(run(1), run(2))


def test_dropped_candidates_leave_the_memory_alone() -> None:
    """With nothing kept, the memory of all three only fades by its forget gate."""
    for build in (small_lstm, small_layer_norm, small_hyper):
        torch.manual_seed(0)
        decoder = build().train()
        assert isinstance(decoder, LSTMDecoder | HyperDecoder)
        decoder.keep = 1e-9  # rounded to one in 256: nearly nothing is kept
        packed = pack_padded_sequence(torch.ones(2, 5, 5), torch.tensor([5, 5]), batch_first=True)
        mixture = decoder(torch.zeros(2, LATENT_DIM), packed, torch.Generator().manual_seed(3))
        rows = mixture.components.flatten(1)
        typical = rows[0]  # memory 0, hidden state 0: the output layer's bias
        same = (rows - typical).abs().amax(1) < 1e-6
        assert same.sum() >= 5


def test_recurrent_weights_start_orthogonal_and_the_forget_gate_open() -> None:
    torch.manual_seed(0)
    decoder = LSTMDecoder(LATENT_DIM, SIZE, NUM_COMPONENTS)
    for gate in decoder.weight.detach()[:, 5:].chunk(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(16), atol=1e-5, rtol=1e-5)
    into, forget, *_ = decoder.latent.bias.detach().chunk(4)
    assert (into == 0).all() and (forget == 1).all()


def test_the_hyper_decoders_scales_start_at_a_tenth() -> None:
    decoder = HyperDecoder(LATENT_DIM, SIZE, NUM_COMPONENTS)
    codes = torch.ones(NUM_SCALES, 1, 32)
    scales = torch.bmm(codes, decoder.scaling[:NUM_SCALES])
    torch.testing.assert_close(scales, torch.full_like(scales, 0.1))
    assert (decoder.scaling[NUM_SCALES:] == 0).all()
