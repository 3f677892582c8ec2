from __future__ import annotations

import math

import pytest
import torch

from sketch_pix2seq.models import LSTMDecoder
from sketch_pix2seq.models.drawing import draw_noise, draw_steps
from sketch_pix2seq.sketch.network_layout import noise_dim
from sketch_pix2seq.sketch.pen import PEN, PEN_END

Z, H, M = 4, 12, 3


@pytest.fixture
def decoder() -> LSTMDecoder:
    torch.manual_seed(0)
    decoder = LSTMDecoder(Z, H, M, keep=1.0)
    with torch.no_grad():
        decoder.output.bias[PEN_END] = -0.5  # a few steps, mostly
    return decoder


def test_noise_is_gumbel_and_normal() -> None:
    noise = draw_noise(400, 50, M, torch.Generator().manual_seed(0))
    assert noise.shape == (400, 50, noise_dim(M))
    gumbel, normal = noise[..., :-2], noise[..., -2:]
    assert gumbel.mean() == pytest.approx(0.5772, abs=0.01)
    assert gumbel.var() == pytest.approx(math.pi**2 / 6, abs=0.03)
    assert normal.mean() == pytest.approx(0.0, abs=0.02)
    assert normal.std() == pytest.approx(1.0, abs=0.02)


def test_a_drawing_is_the_same_alone_and_among_others_that_end_earlier(
    decoder: LSTMDecoder,
) -> None:
    latent = torch.randn(20, Z, generator=torch.Generator().manual_seed(1))
    noise = draw_noise(30, 20, M, torch.Generator().manual_seed(2))
    together = draw_steps(decoder, latent, noise, 0.8)
    lengths = (together[:, :, PEN][:, :, PEN_END] == 0).sum(1)
    assert len(lengths.unique()) > 3
    for place, length in enumerate(lengths.tolist()):
        one = slice(place, place + 1)
        alone = draw_steps(decoder, latent[one], noise[:, one], 0.8)
        rows = min(length + 1, 30)
        torch.testing.assert_close(alone[0, :rows], together[place, :rows])
        assert bool((together[place, rows:, PEN][:, PEN_END] == 1).all())
