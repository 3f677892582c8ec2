from __future__ import annotations

import math

import pytest
import torch

from sketch_pix2seq.models import LSTMDecoder
from sketch_pix2seq.models.drawing import draw_noise, draw_steps
from sketch_pix2seq.models.losses import DrawingLosses
from sketch_pix2seq.models.mixture import StrokeMixture, noise_dim
from sketch_pix2seq.models.policy import RewardedLosses, advantages, log_likelihood
from sketch_pix2seq.sketch.pen import OFFSET, PEN, PEN_END, START_STEP

Z, H, M = 4, 12, 3


@pytest.fixture
def decoder() -> LSTMDecoder:
    torch.manual_seed(0)
    decoder = LSTMDecoder(Z, H, M, keep=1.0)
    with torch.no_grad():
        decoder.output.bias[PEN_END] = -0.5  # a few steps, mostly
    return decoder


def drawn(
    decoder: LSTMDecoder, latent: torch.Tensor, temperature: float, longest: int
) -> torch.Tensor:
    noise = draw_noise(longest, len(latent), M, torch.Generator().manual_seed(3))
    return draw_steps(decoder, latent, noise, temperature)


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


@torch.no_grad()
@pytest.mark.parametrize("longest", [4, 40])
@pytest.mark.parametrize("temperature", [0.4, 1.0])
def test_the_likelihood_is_that_of_the_steps_one_by_one(
    decoder: LSTMDecoder, temperature: float, longest: int
) -> None:
    latent = torch.randn(7, Z, generator=torch.Generator().manual_seed(1))
    steps = drawn(decoder, latent, temperature, longest)
    found = log_likelihood(decoder, latent, steps, temperature)
    for place, rows in enumerate(steps):
        state = decoder.initial_state(latent[place : place + 1])
        before, expected = torch.tensor(START_STEP)[None], 0.0
        for row in rows:
            mixture, state = decoder.advance(before, state)
            pen = torch.distributions.Categorical(logits=mixture.pen_logits[0] / temperature)
            expected += float(pen.log_prob(row[PEN].argmax()))
            if row[PEN][PEN_END] > 0:
                break
            x, y = (mixture.log_std[0].exp() * math.sqrt(temperature)).unbind(0)
            covariance = mixture.correlation[0] * x * y
            covariances = torch.stack(
                (torch.stack((x * x, covariance), -1), torch.stack((covariance, y * y), -1)), -2
            )
            components = torch.distributions.MultivariateNormal(mixture.mean[0].t(), covariances)
            weights = torch.distributions.Categorical(logits=mixture.pi_logits[0] / temperature)
            offsets = torch.distributions.MixtureSameFamily(weights, components)
            expected += float(offsets.log_prob(row[OFFSET]))
            before = row[None]
        assert float(found[place]) == pytest.approx(expected, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("log_std", [-12.0, -6.8, 0.0])
def test_what_is_drawn_hotter_or_cooler_is_as_likely_as_its_gaussian_says(log_std: float) -> None:
    """Also of Gaussians narrower than the floor, which are drawn at the floor's width."""
    components = torch.zeros(1, 6, 1)
    components[:, 3:5] = log_std
    mixture = StrokeMixture(torch.zeros(1, 3), components)
    std = math.exp(max(log_std, -7.0)) * math.sqrt(0.3)
    offset = torch.tensor([[0.5 * std, -std]])
    expected = torch.distributions.Normal(0.0, std).log_prob(offset).sum()
    assert float(mixture.with_temperature(0.3).log_prob(offset)) == pytest.approx(
        float(expected), rel=1e-5
    )


def test_the_baseline_of_a_drawing_is_what_the_others_earn() -> None:
    rewards = torch.tensor([[1.0, 0.0], [0.5, 0.5], [0.2, 0.8]])
    torch.testing.assert_close(
        advantages(rewards), torch.tensor([[1.0, -1.0], [0.0, 0.0], [-0.6, 0.6]])
    )


def test_what_is_rewarded_becomes_likelier(decoder: LSTMDecoder) -> None:
    """Short drawings are rewarded; they become the rule."""
    latent = torch.zeros(8, Z)
    adam = torch.optim.Adam(decoder.parameters(), 0.02)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        decoder.output.bias[PEN_END] = -1.0
    mean_lengths = []
    for _ in range(40):
        noise = draw_noise(20, 8 * 4, M, generator)
        many = latent.repeat_interleave(4, 0)
        steps = draw_steps(decoder, many, noise, 1.0)
        lengths = (steps[:, :, PEN][:, :, PEN_END] == 0).sum(1).float()
        better = advantages((-lengths).unflatten(0, (8, 4))).flatten()
        loss = -(better * log_likelihood(decoder, many, steps, 1.0)).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        mean_lengths.append(float(lengths.mean()))
    assert mean_lengths[0] > 5
    assert mean_lengths[-1] < mean_lengths[0] / 3


def test_parts_of_a_batch_add_up_to_the_whole() -> None:
    weights = torch.tensor([1.0, 2.0], requires_grad=True)

    def losses(rows: list[float], reward: float) -> RewardedLosses:
        values = torch.tensor(rows)
        drawing = DrawingLosses(
            (weights[0] * values).sum(), values.sum(), None, (len(rows), len(rows), 1)
        )
        return RewardedLosses(drawing, weights[1] * values.sum(), reward, len(rows), 0.5)

    whole = losses([1.0, 2.0, 4.0], 1.5)
    (expected,) = torch.autograd.grad(whole.total(), [weights])
    parts = losses([1.0], 0.5), losses([2.0, 4.0], 1.0)
    sums = torch.stack([part.sums() for part in parts]).sum(0)
    found = [torch.autograd.grad(part.total(whole=sums), [weights])[0] for part in parts]
    torch.testing.assert_close(torch.stack(found).sum(0), expected)
    means = whole.means_of(sums)
    assert means.to_dict() == pytest.approx(
        {"stroke_nll": 7 / 3, "pen_ce": 7 / 3, "reconstruction": 14 / 3, "reward": 0.5}
    )
    assert means.total() == pytest.approx(14 / 3 - 0.25)
