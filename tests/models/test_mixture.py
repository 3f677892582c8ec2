"""The mixture against torch's own distributions, and sampling against its moments."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from sketch_pix2seq.models.mixture import StrokeMixture
from sketch_pix2seq.sketch.network_layout import (
    MAX_CORRELATION,
    MIN_LOG_STD,
    noise_dim,
    output_dim,
)


def random_mixture(rows: int, components: int, seed: int = 0) -> StrokeMixture:
    generator = torch.Generator().manual_seed(seed)
    output = torch.randn(rows, output_dim(components), generator=generator, dtype=torch.float64)
    return StrokeMixture.from_output(output)


def test_log_prob_is_that_of_torch_distributions() -> None:
    mixture = random_mixture(50, 7)
    offset = torch.randn(50, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    std = mixture.log_std.exp()
    covariance = mixture.correlation * std[:, 0] * std[:, 1]
    matrix = torch.stack(
        (
            torch.stack((std[:, 0] ** 2, covariance), -1),
            torch.stack((covariance, std[:, 1] ** 2), -1),
        ),
        -1,
    )
    peer = MixtureSameFamily(
        Categorical(logits=mixture.pi_logits),
        MultivariateNormal(mixture.mean.transpose(1, 2), matrix),
    )
    torch.testing.assert_close(mixture.log_prob(offset), peer.log_prob(offset))


def test_log_prob_stays_finite_and_has_a_gradient_far_away() -> None:
    output = torch.zeros(1, output_dim(3), requires_grad=True)
    mixture = StrokeMixture.from_output(output)
    log_prob = mixture.log_prob(torch.tensor([[300.0, -300.0]]))
    log_prob.sum().backward()
    assert log_prob.item() < -1000
    assert output.grad is not None and output.grad.isfinite().all()
    assert output.grad.abs().max() > 1


def test_extreme_outputs_are_held_inside_their_bounds() -> None:
    mixture = StrokeMixture.from_output(torch.full((1, output_dim(2)), 1e4))
    assert mixture.correlation.max() <= MAX_CORRELATION
    low = StrokeMixture.from_output(torch.full((1, output_dim(2)), -1e4))
    assert low.log_std.min() == MIN_LOG_STD
    assert low.log_prob(torch.zeros(1, 2)).isfinite().all()


def many_samples(temperature: float, count: int = 200_000) -> tuple[StrokeMixture, torch.Tensor]:
    one = random_mixture(1, 3, seed=5)
    mixture = StrokeMixture(one.pen_logits.expand(count, -1), one.components.expand(count, -1, -1))
    generator = torch.Generator().manual_seed(2)
    uniform = torch.rand(count, noise_dim(3), generator=generator, dtype=torch.float64)
    noise = -(-uniform.log()).log()
    noise[:, -2:] = torch.randn(count, 2, generator=generator, dtype=torch.float64)
    temperatures = torch.full((count, 1), temperature, dtype=torch.float64)
    return one, mixture.sample(noise, temperatures)


@pytest.mark.parametrize("temperature", [0.3, 1.0])
def test_samples_have_the_moments_that_the_temperature_asks_for(temperature: float) -> None:
    one, samples = many_samples(temperature)
    weight = torch.softmax(one.pi_logits[0] / temperature, 0)
    mean = (weight * one.mean[0]).sum(-1)
    variance = (weight * (one.log_std[0].exp() ** 2 * temperature + one.mean[0] ** 2)).sum(-1)
    variance = variance - mean**2
    torch.testing.assert_close(samples[:, :2].mean(0), mean, atol=0.02, rtol=0.02)
    torch.testing.assert_close(samples[:, :2].var(0), variance, atol=0.03, rtol=0.03)
    pen = torch.softmax(one.pen_logits[0] / temperature, 0)
    torch.testing.assert_close(samples[:, 2:].mean(0), pen, atol=0.01, rtol=0.0)


def test_samples_have_the_correlation_of_their_component() -> None:
    output = torch.zeros(1, output_dim(1), dtype=torch.float64)
    output[0, -1] = 1.0
    one = StrokeMixture.from_output(output)
    count = 100_000
    mixture = StrokeMixture(one.pen_logits.expand(count, -1), one.components.expand(count, -1, -1))
    noise = torch.randn(
        count, noise_dim(1), generator=torch.Generator().manual_seed(3), dtype=torch.float64
    )
    samples = mixture.sample(noise, torch.ones(count, 1, dtype=torch.float64))
    found = torch.corrcoef(samples[:, :2].T)[0, 1]
    assert found == pytest.approx(float(one.correlation), abs=0.01)


def test_temperature_0_is_greedy_whatever_the_noise() -> None:
    mixture = random_mixture(20, 4)
    noise = torch.randn(20, noise_dim(4), generator=torch.Generator().manual_seed(4)).double()
    samples = mixture.sample(noise * 50, torch.zeros(20, 1, dtype=torch.float64))
    best = mixture.pi_logits.argmax(1)
    rows = torch.arange(20)
    torch.testing.assert_close(samples[:, :2], mixture.mean[rows, :, best])
    assert (samples[:, 2:].argmax(1) == mixture.pen_logits.argmax(1)).all()


def test_pen_is_always_one_hot() -> None:
    _, samples = many_samples(1.0, count=1000)
    assert (samples[:, 2:].sum(1) == 1).all()
    assert set(samples[:, 2:].unique().tolist()) == {0.0, 1.0}
