"""The encoders in numpy against those in torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from sketch_pix2seq import models
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.encoders import ConvEncoder, PaperEncoder, RNNEncoder
from sketch_pix2seq.sketch.pen import END_STEP


def arrays(module: nn.Module) -> dict[str, np.ndarray]:
    """Weights of a module, which get random numbers first."""
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in module.parameters():
            weight.normal_(std=0.3)
    return {name: tensor.numpy() for name, tensor in module.state_dict().items()}


def pictures(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    return (rng.random((count, 1, size, size)) > 0.9).astype(np.float32)


def drawings(rng: np.random.Generator, lengths: list[int]) -> np.ndarray:
    """Stroke-5 rows padded with end rows, at least one of them."""
    steps = np.tile(END_STEP, (len(lengths), max(lengths) + 1, 1))
    for rows, length in zip(steps, lengths, strict=True):
        rows[:length, :2] = rng.standard_normal((length, 2))
        rows[:length, 2:] = np.eye(3)[rng.integers(0, 2, length)]
    return steps


@pytest.mark.parametrize(
    ("encoder", "module", "size"),
    [
        (PaperEncoder, models.PaperEncoder(7, 48), 48),
        (PaperEncoder, models.PaperEncoder(7, 64), 64),
    ],
)
def test_the_papers_encoder_is_torchs(
    rng: np.random.Generator, encoder: type[PaperEncoder], module: nn.Module, size: int
) -> None:
    ours, shown = encoder(arrays(module), 7, size), pictures(rng, 11, size)
    with torch.no_grad():
        expected = module(torch.from_numpy(shown))[0]
    np.testing.assert_allclose(ours(shown), expected.numpy(), atol=1e-4)


@pytest.mark.parametrize(("width", "size"), [(8, 48), (16, 32)])
def test_the_encoder_of_convolutions_is_torchs(
    rng: np.random.Generator, width: int, size: int
) -> None:
    module = models.ConvEncoder(5, width, size)
    ours, shown = ConvEncoder(arrays(module), 5, width, size), pictures(rng, 11, size)
    with torch.no_grad():
        expected = module(torch.from_numpy(shown))[0]
    np.testing.assert_allclose(ours(shown), expected.numpy(), atol=1e-4)


def test_the_encoder_of_strokes_is_torchs(rng: np.random.Generator) -> None:
    module = models.RNNEncoder(5, 12).eval()
    lengths = [9, 7, 7, 4, 1]
    steps = drawings(rng, lengths)
    packed = pack_padded_sequence(torch.from_numpy(steps), lengths, batch_first=True)
    ours = RNNEncoder(arrays(module), 5, 12)
    with torch.no_grad():
        expected = module(packed)[0].numpy()
    order = rng.permutation(len(lengths))
    np.testing.assert_allclose(ours(steps[order]), expected[order], atol=1e-5)


def test_of_an_empty_drawing_the_end_row_is_read(rng: np.random.Generator) -> None:
    module = models.RNNEncoder(5, 12).eval()
    ours = RNNEncoder(arrays(module), 5, 12)
    end = torch.from_numpy(END_STEP.copy())[None, None]
    with torch.no_grad():
        expected = module(pack_padded_sequence(end, [1], batch_first=True))[0]
    np.testing.assert_allclose(ours(drawings(rng, [0, 3]))[:1], expected.numpy(), atol=1e-5)


def test_a_code_is_the_same_whatever_is_encoded_with_it(rng: np.random.Generator) -> None:
    shown = pictures(rng, 20, 48)
    steps = drawings(rng, rng.integers(0, 30, 80).tolist())
    encoders = (
        (PaperEncoder(arrays(models.PaperEncoder(9)), 9), shown),
        (ConvEncoder(arrays(models.ConvEncoder(9, 8)), 9, 8), shown),
        (RNNEncoder(arrays(models.RNNEncoder(9, 20)), 9, 20), steps),
    )
    for encoder, inputs in encoders:
        together = encoder(inputs)
        for _ in range(10):
            chosen = rng.permutation(len(inputs))[: rng.integers(1, len(inputs))]
            assert encoder(inputs[chosen]).tobytes() == together[chosen].tobytes()
            assert encoder(inputs[chosen[:1]]).tobytes() == together[chosen[:1]].tobytes()


def test_no_drawings_have_no_codes() -> None:
    encoder = ConvEncoder(arrays(models.ConvEncoder(9, 8)), 9, 8)
    assert encoder(np.zeros((0, 1, 48, 48), np.float32)).shape == (0, 9)
    reader = RNNEncoder(arrays(models.RNNEncoder(9, 4)), 9, 4)
    assert reader(np.zeros((0, 3, 5), np.float32)).shape == (0, 9)


def test_weights_that_do_not_fit_are_refused() -> None:
    weights = arrays(models.ConvEncoder(9, 8))
    with pytest.raises(BundleError, match=r"`head.mean.weight` must be floats of shape \(8, 288\)"):
        ConvEncoder(weights, 8, 8)
