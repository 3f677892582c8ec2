"""Weight gradients that are taken once are those that autograd adds up."""

from __future__ import annotations

import torch

from sketch_pix2seq.models.deferred import DeferredLinear


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
