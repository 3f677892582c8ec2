from __future__ import annotations

import torch

from sketch_pix2seq.models import ConvEncoder
from sketch_pix2seq.models.widen import widen


def test_a_wider_encoder_gives_the_same_codes_and_its_copies_learn_apart() -> None:
    torch.manual_seed(0)
    encoder = ConvEncoder(latent_dim=5, width=8, picture_size=32)
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    wider = widen(encoder, torch.Generator().manual_seed(1))
    pictures = torch.rand(3, 1, 32, 32)

    for wanted, given in zip(encoder(pictures), wider(pictures), strict=True):
        torch.testing.assert_close(given, wanted, rtol=1e-4, atol=1e-4)

    wider(pictures)[0].square().sum().backward()
    second = wider.layers[3]
    assert isinstance(second, torch.nn.Conv2d)
    assert second.weight.shape == (32, 16, 3, 3)
    gradient = second.weight.grad
    assert gradient is not None
    assert not torch.allclose(gradient[0::2], gradient[1::2])
