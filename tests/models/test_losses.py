"""Losses against their formulas, written down again in the plainest way."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Normal
from torch.distributions import kl_divergence as librarys_kl_divergence
from torch.nn.utils.rnn import pack_padded_sequence

from sketch_pix2seq.models import LSTMDecoder, PaperEncoder, SketchAutoencoder
from sketch_pix2seq.models.losses import DrawingLosses, kl_divergence, reconstruction_losses
from sketch_pix2seq.models.mixture import StrokeMixture
from sketch_pix2seq.sketch.network_layout import output_dim

LENGTHS = torch.tensor([4, 2, 0])  # the last one is the empty drawing


def batch(padded: int) -> torch.Tensor:
    """Start row, drawings of `LENGTHS` rows, end rows up to `padded` + 1."""
    generator = torch.Generator().manual_seed(0)
    steps = torch.zeros(3, padded + 2, 5)
    steps[:, 0, 2] = 1
    steps[:, 1:, 4] = 1
    for index, length in enumerate(LENGTHS.tolist()):
        rows = steps[index, 1 : length + 1]
        rows[:, :2] = torch.randn(length, 2, generator=generator)
        rows[:, 4] = 0
        rows[:, 2] = 1
        if length:
            rows[-1, 2:4] = torch.tensor([0.0, 1.0])
    return steps


def stroke_nll(losses: DrawingLosses) -> torch.Tensor:
    return losses.stroke_sum / losses.counts[0]


def pen_ce(losses: DrawingLosses) -> torch.Tensor:
    return losses.pen_sum / losses.counts[1]


def mixture_of(rows: int) -> StrokeMixture:
    generator = torch.Generator().manual_seed(1)
    return StrokeMixture.from_output(torch.randn(rows, output_dim(4), generator=generator))


def test_magenta_is_a_transcription_of_the_formula() -> None:
    longest = 6
    targets = batch(longest)[:, 1:].reshape(-1, 5)
    mixture = mixture_of(targets.shape[0])
    found = reconstruction_losses(mixture, targets, "magenta")
    stroke, pen = 0.0, 0.0
    for row, target in enumerate(targets):
        if target[4] == 0:
            stroke -= float(mixture.log_prob(targets[:, :2])[row])
        pen -= float(torch.log_softmax(mixture.pen_logits[row], 0)[int(target[2:].argmax())])
    torch.testing.assert_close(
        stroke_nll(found).item(), stroke / len(targets), rtol=1e-5, atol=1e-6
    )
    torch.testing.assert_close(pen_ce(found).item(), pen / len(targets), rtol=1e-5, atol=1e-6)


def test_valid_averages_over_the_rows_that_are_there() -> None:
    targets = pack_padded_sequence(batch(4)[:, 1:], LENGTHS + 1, batch_first=True).data
    mixture = mixture_of(targets.shape[0])
    found = reconstruction_losses(mixture, targets, "valid")
    real = targets[:, 4] == 0
    assert int(real.sum()) == 6
    expected = -mixture.log_prob(targets[:, :2])[real].mean()
    torch.testing.assert_close(stroke_nll(found), expected)
    assert found.counts == (6, 9, 0)
    torch.testing.assert_close(found.total(), stroke_nll(found) + pen_ce(found))


def test_only_empty_drawings_have_no_stroke_loss_and_a_finite_gradient() -> None:
    output = torch.zeros(2, output_dim(4), requires_grad=True)
    targets = torch.tensor([[0.0, 0, 0, 0, 1]] * 2)
    found = reconstruction_losses(StrokeMixture.from_output(output), targets)
    found.total().backward()
    assert found.stroke_sum.item() == 0
    assert output.grad is not None and output.grad.isfinite().all()


def model(convention: str = "valid") -> SketchAutoencoder:
    torch.manual_seed(0)
    decoder = LSTMDecoder(8, size=12, num_components=3)
    assert convention in ("valid", "magenta")
    return SketchAutoencoder(PaperEncoder(8), decoder, convention).eval()  # type: ignore[arg-type]


def test_padding_never_changes_the_valid_loss() -> None:
    pictures = torch.rand(3, 1, 48, 48, generator=torch.Generator().manual_seed(2))
    tight = model()(pictures, batch(4), LENGTHS)
    loose = model()(pictures, batch(40), LENGTHS)
    assert torch.equal(tight.total(), loose.total())


def test_batch_order_and_company_never_change_a_drawings_loss() -> None:
    pictures = torch.rand(3, 1, 48, 48, generator=torch.Generator().manual_seed(2))
    together = model()(pictures, batch(4), LENGTHS)
    alone = [
        model()(pictures[i : i + 1], batch(4)[i : i + 1], LENGTHS[i : i + 1]) for i in range(3)
    ]
    added_up = torch.stack([losses.sums() for losses in alone]).sum(0)
    torch.testing.assert_close(together.sums(), added_up, rtol=1e-5, atol=1e-6)
    means = together.means_of(added_up)
    assert means.values["stroke_nll"] == pytest.approx(stroke_nll(together).item(), rel=1e-5)
    reconstruction = (stroke_nll(together) + pen_ce(together)).item()
    assert means.values["reconstruction"] == pytest.approx(reconstruction, rel=1e-5)


def test_magenta_decodes_the_padding_too() -> None:
    pictures = torch.rand(3, 1, 48, 48, generator=torch.Generator().manual_seed(2))
    assert model("magenta")(pictures, batch(10), LENGTHS).counts == (33, 33, 3)


def test_kl_is_the_librarys_averaged_over_batch_and_dimensions() -> None:
    generator = torch.Generator().manual_seed(0)
    mean, log_var = torch.randn(2, 5, 7, generator=generator).unbind(0)
    peer = librarys_kl_divergence(Normal(mean, (0.5 * log_var).exp()), Normal(0.0, 1.0)).mean()
    torch.testing.assert_close(kl_divergence(mean, log_var) / 5, peer)
    assert kl_divergence(torch.zeros(2, 3), torch.zeros(2, 3)) == 0


def with_kl(kl_sum: torch.Tensor, num_drawings: int) -> DrawingLosses:
    zero = torch.tensor(0.0)
    return DrawingLosses(zero, zero, kl_sum, (1, 1, num_drawings))


def test_free_nats_hold_the_term_up_and_stop_its_gradient() -> None:
    kl_sum = torch.tensor(0.4, requires_grad=True)
    total = with_kl(kl_sum, 4).total(0.5, free_nats=0.2)
    assert float(total.detach()) == pytest.approx(0.1)  # 0.5 * 0.2
    total.backward()
    assert kl_sum.grad == 0
    kl_sum = torch.tensor(1.2, requires_grad=True)
    with_kl(kl_sum, 4).total(0.5, free_nats=0.2).backward()
    assert kl_sum.grad is not None and float(kl_sum.grad) == pytest.approx(0.5 / 4)


def test_the_parts_of_a_batch_have_the_gradient_of_the_whole() -> None:
    """One part lies below the free nats, the whole above them: the whole decides."""
    parts = [torch.tensor(value, requires_grad=True) for value in (0.1, 1.9)]
    whole = torch.stack([with_kl(part, 4).sums() for part in parts]).sum(0)
    for part in parts:
        total = with_kl(part, 4).total(0.5, 0.2, whole)
        assert float(total.detach()) == pytest.approx(0.5 * 2.0 / 8)
        total.backward()
        assert part.grad is not None and float(part.grad) == pytest.approx(0.5 / 8)
    assert with_kl(parts[0], 4).means_of(whole).total(0.5, 0.2) == pytest.approx(0.5 * 2.0 / 8)


def test_sums_are_four_terms_and_three_counts_and_the_classes_count_by_the_drawing() -> None:
    terms = [torch.tensor(value, requires_grad=True) for value in (6.0, 8.0, 3.0)]
    stroke, pen, classes = terms
    part = DrawingLosses(stroke, pen, None, (2, 4, 3), classes, 0.5)
    assert part.sums().tolist() == [6, 8, 0, 3, 2, 4, 3]
    assert float(part.total().detach()) == pytest.approx(6 / 2 + 8 / 4 + 0.5 * 3 / 3)
    whole = part.sums() + torch.tensor([1.0, 2, 0, 9, 3, 4, 5])
    part.total(whole=whole).backward()
    grads = [float(term.grad) for term in terms if term.grad is not None]
    assert grads == pytest.approx([1 / 5, 1 / 8, 0.5 / 8])
    means = part.means_of(whole)
    assert means.values == pytest.approx(
        {
            "stroke_nll": 7 / 5,
            "pen_ce": 10 / 8,
            "class_ce": 12 / 8,
            "reconstruction": 7 / 5 + 10 / 8,
        }
    )
    assert means.total(0.5, 0.2) == means.values["reconstruction"]
    assert means.total(class_weight=0.5) == pytest.approx(7 / 5 + 10 / 8 + 0.5 * 12 / 8)
    assert "class_ce" not in with_kl(torch.tensor(0.4), 4).means_of(whole).values


def test_without_kl_there_is_truly_none() -> None:
    pictures = torch.rand(3, 1, 48, 48, generator=torch.Generator().manual_seed(2))
    losses = model()(pictures, batch(4), LENGTHS)
    assert losses.kl_sum is None
    torch.testing.assert_close(losses.total(0.5, 0.2), stroke_nll(losses) + pen_ce(losses))


def test_with_kl_the_codes_term_is_there_and_reaches_the_encoder() -> None:
    torch.manual_seed(0)
    encoder = PaperEncoder(8)
    whole = SketchAutoencoder(encoder, LSTMDecoder(8, size=12, num_components=3), with_kl=True)
    pictures = torch.rand(3, 1, 48, 48, generator=torch.Generator().manual_seed(2))
    losses = whole(pictures, batch(4), LENGTHS, torch.ones(3, 8), torch.Generator().manual_seed(0))
    assert losses.kl_sum is not None and losses.counts[2] == 3
    losses.kl_sum.backward()
    grad = encoder.head.log_var.weight.grad
    assert grad is not None and grad.abs().sum() > 0
