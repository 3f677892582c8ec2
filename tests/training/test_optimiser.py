"""How weights move: schedules, clipping, gradients that are not finite, averages."""

from __future__ import annotations

import pytest
import torch

from sketch_pix2seq.errors import DamagedCheckpointError
from sketch_pix2seq.models import LSTMDecoder, PaperEncoder, SketchAutoencoder
from sketch_pix2seq.training.optimiser import Optimiser, learning_rate
from sketch_pix2seq.training.recipe import OptimiserSettings


def model() -> SketchAutoencoder:
    torch.manual_seed(0)
    return SketchAutoencoder(PaperEncoder(4), LSTMDecoder(4, size=8, num_components=2))


def give_gradient(optimiser: Optimiser, value: float) -> None:
    for parameter in optimiser.parameters.values():
        parameter.grad = torch.full_like(parameter, value)


def test_exponential_schedule_is_sketch_rnns() -> None:
    settings = OptimiserSettings()
    for step in (0, 1, 5000, 10**6):
        expected = (1e-3 - 1e-5) * 0.9999**step + 1e-5
        assert learning_rate(step, 100, settings) == pytest.approx(expected)


def test_cosine_schedule_rises_and_reaches_its_minimum() -> None:
    settings = OptimiserSettings(schedule="cosine", warmup_steps=10)
    rates = [learning_rate(step, 100, settings) for step in range(101)]
    assert rates[0] < rates[5] < rates[10]
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[100] == pytest.approx(1e-5)


def test_gradients_are_clipped_element_by_element() -> None:
    small, large = Optimiser(model(), OptimiserSettings(), 10), None
    large = Optimiser(model(), OptimiserSettings(), 10)
    give_gradient(small, 1.0)
    give_gradient(large, 1000.0)
    small.step(0)
    large.step(0)
    for name, tensor in small.tensors().items():
        assert torch.equal(tensor, large.tensors()[name])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_gradient_that_is_not_finite_moves_nothing(value: float) -> None:
    optimiser = Optimiser(model(), OptimiserSettings(), 10)
    before = {name: tensor.clone() for name, tensor in optimiser.tensors().items()}
    give_gradient(optimiser, 0.5)
    next(iter(optimiser.parameters.values())).grad.view(-1)[0] = value  # type: ignore[union-attr]
    moved, norm = optimiser.step(0)
    assert not moved
    assert norm != norm or norm == float("inf")
    assert optimiser.tensors().keys() == before.keys()
    for name, tensor in optimiser.tensors().items():
        assert torch.equal(tensor, before[name])
    assert all(p.grad is None for p in optimiser.parameters.values())


def test_the_average_follows_the_weights_slowly() -> None:
    optimiser = Optimiser(model(), OptimiserSettings(average_decay=0.9), 1000)
    start = next(iter(optimiser.parameters.values())).detach().clone()
    for step in range(200, 210):
        give_gradient(optimiser, 1.0)
        optimiser.step(step)
    now = next(iter(optimiser.parameters.values())).detach()
    average = next(optimiser.averaged.parameters())
    assert ((start - average) > 0).all()
    assert ((average - now) > 0).all()


def test_without_average_the_model_itself_is_validated() -> None:
    optimiser = Optimiser(model(), OptimiserSettings(), 10)
    assert optimiser.averaged is optimiser.model


def test_what_does_not_fit_is_not_taken_up_in_part() -> None:
    optimiser = Optimiser(model(), OptimiserSettings(), 10)
    give_gradient(optimiser, 1.0)
    optimiser.step(0)
    kept = {name: tensor.clone() + 1 for name, tensor in optimiser.tensors().items()}
    before = {name: tensor.clone() for name, tensor in optimiser.tensors().items()}
    last = [name for name in kept if name.startswith("adam.exp_avg.")][-1]
    for broken in (
        {name: tensor for name, tensor in kept.items() if name != last},
        {**kept, last: torch.zeros(1)},
    ):
        with pytest.raises(DamagedCheckpointError, match=last):
            optimiser.load_tensors(broken)
        for name, tensor in optimiser.tensors().items():
            assert torch.equal(tensor, before[name])
