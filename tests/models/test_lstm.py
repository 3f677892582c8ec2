"""Our sequence code against autograd in float64, and against torch's own LSTM."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from sketch_pix2seq.models.lstm import DeferredLinear, lstm_sequence, recurrent_dropout

LENGTHS = torch.tensor([5, 5, 3, 1])
INPUTS, SIZE = 5, 4


def arguments(seed: int = 0) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    packed = pack_padded_sequence(draw(4, 5, INPUTS), LENGTHS, batch_first=True)
    rows = packed.data.shape[0]
    return {
        "inputs": packed.data,
        "context": draw(4, 4 * SIZE).requires_grad_(),
        "hidden": draw(4, SIZE).requires_grad_(),
        "cell": draw(4, SIZE).requires_grad_(),
        "weight": draw(4 * SIZE, INPUTS + SIZE).requires_grad_(),
        "batch_sizes": packed.batch_sizes,
        "dropout": (draw(rows, SIZE) > -1) / 0.8,
    }


def plain_loop(
    inputs: Tensor,
    context: Tensor,
    hidden: Tensor,
    cell: Tensor,
    weight: Tensor,
    batch_sizes: Tensor,
    dropout: Tensor | None,
) -> Tensor:
    """The same in the plainest way, for autograd to differentiate."""
    rows, begin = [], 0
    factors = torch.ones(len(inputs), SIZE) if dropout is None else dropout
    for count in batch_sizes.tolist():
        now = slice(begin, begin + count)
        hidden, cell, context = hidden[:count], cell[:count], context[:count]
        gates = torch.cat((inputs[now], hidden), 1) @ weight.T + context
        into, forget, out, candidate = gates.chunk(4, 1)
        cell = forget.sigmoid() * cell + into.sigmoid() * candidate.tanh() * factors[now]
        hidden = out.sigmoid() * cell.tanh()
        rows.append(hidden)
        begin += count
    return torch.cat(rows)


def test_it_computes_what_a_plain_loop_computes_with_and_without_dropout() -> None:
    given = arguments()
    torch.testing.assert_close(lstm_sequence(**given), plain_loop(**given))
    without = {**given, "dropout": None}
    torch.testing.assert_close(lstm_sequence(**without), plain_loop(**without))


def test_gradients_are_those_of_autograd() -> None:
    differentiable = ("context", "hidden", "cell", "weight")
    ours, peer = arguments(), arguments()
    pull = torch.randn(14, SIZE, generator=torch.Generator().manual_seed(9)).double()
    (lstm_sequence(**ours) * pull).sum().backward()
    (plain_loop(**peer) * pull).sum().backward()
    for name in differentiable:
        torch.testing.assert_close(ours[name].grad, peer[name].grad)


def test_gradients_are_those_of_finite_differences() -> None:
    given = arguments(seed=1)

    def run(context: Tensor, hidden: Tensor, cell: Tensor, weight: Tensor) -> Tensor:
        rest = {name: given[name] for name in ("inputs", "batch_sizes", "dropout")}
        return lstm_sequence(context=context, hidden=hidden, cell=cell, weight=weight, **rest)

    values = tuple(given[name] for name in ("context", "hidden", "cell", "weight"))
    assert torch.autograd.gradcheck(run, values)


def test_it_computes_what_torchs_lstm_computes() -> None:
    given = arguments()
    peer = nn.LSTM(INPUTS, SIZE, batch_first=True, dtype=torch.float64)
    into, forget, out, candidate = given["weight"].detach().chunk(4)
    order = torch.cat((into, forget, candidate, out))  # torch's order of gates
    bias = torch.randn(4 * SIZE, generator=torch.Generator().manual_seed(3)).double()
    torch_bias = torch.cat([bias.chunk(4)[i] for i in (0, 1, 3, 2)])
    peer.load_state_dict(
        {
            "weight_ih_l0": order[:, :INPUTS],
            "weight_hh_l0": order[:, INPUTS:],
            "bias_ih_l0": torch_bias,
            "bias_hh_l0": torch.zeros(4 * SIZE),
        }
    )
    packed = pack_padded_sequence(
        torch.zeros(4, 5, INPUTS, dtype=torch.float64), LENGTHS, batch_first=True
    )
    packed = packed._replace(data=given["inputs"])
    state = (given["hidden"].detach()[None], given["cell"].detach()[None])
    expected, _ = peer(packed, state)
    found = lstm_sequence(**{**given, "context": bias.expand(4, -1), "dropout": None})
    torch.testing.assert_close(found, expected.data)


def test_float32_is_the_same_to_its_rounding() -> None:
    given = arguments()
    narrow: dict[str, Any] = {
        name: value.float() if isinstance(value, Tensor) and value.is_floating_point() else value
        for name, value in given.items()
    }
    torch.testing.assert_close(
        lstm_sequence(**narrow).double(), lstm_sequence(**given), atol=2e-6, rtol=1e-5
    )


@pytest.mark.parametrize("dropped", [False, True])
def test_products_in_16_bits_are_near_and_the_rest_stays_in_32(dropped: bool) -> None:
    exact, near = arguments(), arguments()
    for given in (exact, near):
        for name, value in given.items():
            if isinstance(value, Tensor) and value.is_floating_point():
                given[name] = value.detach().float().requires_grad_(value.requires_grad)
        if not dropped:
            given["dropout"] = None
    expected = lstm_sequence(**exact)
    with torch.autocast("cpu", torch.bfloat16):
        found = lstm_sequence(**near)
    assert found.dtype == torch.float32
    assert not torch.equal(found, expected)
    torch.testing.assert_close(found, expected, atol=0.02, rtol=0.0)
    for output in (expected, found):
        (output * torch.linspace(-1, 1, SIZE)).sum().backward()
    for name in ("context", "hidden", "cell", "weight"):
        assert near[name].grad.dtype == torch.float32
        largest = float(exact[name].grad.abs().max())
        torch.testing.assert_close(
            near[name].grad, exact[name].grad, atol=0.03 * largest, rtol=0.0, msg=name
        )


def test_a_chain_of_uses_has_the_gradients_of_a_plain_one() -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(5, 5, generator=generator, dtype=torch.float64).requires_grad_()
    added = torch.randn(4, 5, generator=generator, dtype=torch.float64).requires_grad_()
    first = torch.randn(4, 5, generator=generator, dtype=torch.float64).requires_grad_()
    doubled = weight * 2  # the weight itself may have come from something
    product = DeferredLinear(doubled)
    ours, peer = first, first
    for count in (4, 3, 3, 1):  # drawings that end leave
        ours = product(ours[:count], added[:count]).tanh()
        peer = (peer[:count] @ doubled.T + added[:count]).tanh()
    ours, peer = product(ours, None), peer @ doubled.T
    torch.testing.assert_close(ours, peer)
    wanted = (weight, added, first)
    found = torch.autograd.grad(ours.sum(), wanted, retain_graph=True)
    for a, b in zip(found, torch.autograd.grad(peer.sum(), wanted), strict=True):
        torch.testing.assert_close(a, b)


def test_without_gradients_it_is_a_product() -> None:
    with torch.no_grad():
        rows, weight = torch.ones(2, 3), torch.ones(4, 3)
        torch.testing.assert_close(DeferredLinear(weight)(rows, None), torch.full((2, 4), 3.0))


def test_it_keeps_the_asked_share_and_the_expectation() -> None:
    generator = torch.Generator().manual_seed(0)
    factors = recurrent_dropout((1000, 333), 0.9, torch.device("cpu"), generator)
    assert float((factors > 0).float().mean()) == pytest.approx(0.9, abs=0.003)
    assert float(factors.double().mean()) == pytest.approx(1.0, abs=0.003)


def test_nothing_is_dropped_where_all_are_kept() -> None:
    assert torch.equal(recurrent_dropout((4, 4), 1.0, torch.device("cpu"), None), torch.ones(4, 4))
