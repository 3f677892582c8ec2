"""The C code against torch, for sizes that fill its panels and sizes that do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save

from bundles import plain_card, tiny_bundle
from sketch_pix2seq.inference import lstm_steps
from sketch_pix2seq.inference.bundle import Bundle
from sketch_pix2seq.inference.lstm_steps import LSTMRows, LSTMSteps
from sketch_pix2seq.models import Decoder, DecoderStep, LayerNormDecoder, LSTMDecoder
from sketch_pix2seq.models.mixture import noise_dim
from sketch_pix2seq.sketch.pen import START_STEP

STEPS = 12


def bundle_of(decoder: Decoder, *, half: bool = True) -> Bundle:
    with torch.no_grad():
        for weight in decoder.parameters():
            weight.normal_(std=0.2)
            weight.copy_(weight.half().float())
    weights = {
        f"decoder.{name}": tensor.half() if half and tensor.dim() == 2 else tensor
        for name, tensor in decoder.state_dict().items()
    }
    card = plain_card(
        latent_dim=decoder.latent_dim,
        noise_dim=noise_dim(decoder.num_components),
        state_dim=DecoderStep(decoder).state_dim,
    )
    return Bundle(card, b"", b"", save(weights))


def laid_out(bundle: Bundle) -> LSTMSteps:
    steps = LSTMSteps.of(bundle)
    if steps is None:
        pytest.skip("C cannot be compiled here, or not for this processor")
    return steps


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 8, 9, 14, 25])
@pytest.mark.parametrize(
    ("latent_dim", "size", "components"), [(16, 48, 4), (33, 20, 1), (5, 7, 20), (128, 512, 20)]
)
def test_it_draws_what_torch_draws(
    rng: np.random.Generator, rows: int, latent_dim: int, size: int, components: int
) -> None:
    torch.manual_seed(rows)
    decoder = LSTMDecoder(latent_dim, size, components).eval()
    steps = laid_out(bundle_of(decoder))
    latents = rng.standard_normal((rows, latent_dim)).astype(np.float32)
    noise = rng.standard_normal((rows, STEPS, noise_dim(components))).astype(np.float32)
    temperatures = rng.uniform(0, 1, rows).astype(np.float32)
    ours = LSTMRows(steps, rows + 2)
    drawn = [ours.begin(0, latents, noise[:, 0], temperatures)]
    while len(drawn) < STEPS:
        drawn += list(ours.advance(rows, noise[:, len(drawn) :]))
    model = DecoderStep(decoder)
    state = torch.zeros(rows, model.state_dim)
    step = torch.from_numpy(np.tile(START_STEP, (rows, 1)))
    heat = torch.from_numpy(temperatures)[:, None]
    for number in range(STEPS):
        with torch.no_grad():
            step, state = model(
                torch.from_numpy(latents), state, step, torch.from_numpy(noise[:, number]), heat
            )
        np.testing.assert_allclose(drawn[number], step.numpy(), atol=2e-4, rtol=1e-3)


def test_a_row_is_the_same_in_any_company(rng: np.random.Generator) -> None:
    torch.manual_seed(0)
    steps = laid_out(bundle_of(LSTMDecoder(8, 40, 3)))
    latents = rng.standard_normal((20, 8)).astype(np.float32)
    noise = rng.standard_normal((20, 1, 8)).astype(np.float32)
    heat = rng.uniform(0, 1, 20).astype(np.float32)
    together = LSTMRows(steps, 20).begin(0, latents, noise[:, 0], heat)
    for count in range(1, 20):
        some = LSTMRows(steps, count).begin(0, latents[:count], noise[:count, 0], heat[:count])
        assert some.tobytes() == together[:count].tobytes()


def test_it_stops_where_a_drawing_ends(rng: np.random.Generator) -> None:
    torch.manual_seed(0)
    decoder = LSTMDecoder(8, 16, 3)
    steps = laid_out(bundle_of(decoder))
    noise = rng.standard_normal((4, 30, 8)).astype(np.float32)
    noise[:, :20, 5] = -1e6  # no end for twenty steps
    noise[2, 20:, 5] = 1e6
    rows = LSTMRows(steps, 4)
    rows.begin(
        0, rng.standard_normal((4, 8)).astype(np.float32), noise[:, 0], np.ones(4, np.float32)
    )
    drawn = rows.advance(4, noise[:, 1:])
    assert len(drawn) == 20
    assert drawn[-1, 2, 4] == 1 and drawn[:-1, :, 4].sum() == 0


@pytest.mark.parametrize(
    "bundle",
    [
        Bundle(plain_card(), b"", b""),
        bundle_of(LayerNormDecoder(8, 16, 3)),
        bundle_of(LSTMDecoder(8, 16, 3), half=False),
        replace(bundle_of(LSTMDecoder(8, 16, 3)), card=plain_card(latent_dim=9)),
        Bundle(plain_card(), b"", b"", save({"encoder.weight": torch.zeros(3)})),
    ],
    ids=["no weights", "another cell", "32-bit weights", "another card", "no decoder"],
)
def test_what_it_cannot_draw_is_left_to_others(bundle: Bundle) -> None:
    assert LSTMSteps.of(bundle) is None


def test_without_a_compiler_it_is_left_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lstm_steps, "_library", lambda: None)
    assert LSTMSteps.of(tiny_bundle()) is None
