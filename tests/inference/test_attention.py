"""The `attention` decoder in numpy against the one in torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import attention_pairs as pairs
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.attention import AttentionCondition, AttentionDecoder
from sketch_pix2seq.inference.noise import open_stream, read_noise
from sketch_pix2seq.models import attention as torch_attention
from sketch_pix2seq.models.attention import CONDITIONS, Conditions
from sketch_pix2seq.models.drawing import draw_with_attention
from sketch_pix2seq.models.mixture import StrokeMixture
from sketch_pix2seq.models.pen_view import pen_views
from sketch_pix2seq.sketch.coverage import covering_steps
from sketch_pix2seq.sketch.pen import PEN, PEN_END, PEN_UP, START_STEP
from sketch_pix2seq.training.build import build
from sketch_pix2seq.training.recipes import find_recipe

STEPS, DRAWINGS = 30, 5
NEVER_ENDS = -50.0


@pytest.mark.parametrize("given", CONDITIONS)
def test_torch_draws_the_same_steps(rng: np.random.Generator, given: str) -> None:
    model = pairs.torch_model()
    pictures = pairs.pictures(rng, DRAWINGS)
    ids = np.arange(DRAWINGS) % pairs.CATEGORIES
    noise = _noise(DRAWINGS)
    expected = draw_with_attention(
        model,
        torch.from_numpy(pictures),
        torch.from_numpy(ids),
        Conditions.fixed(DRAWINGS, pairs.SIZE, torch.device("cpu"), condition=given),
        torch.from_numpy(noise.swapaxes(0, 1)),
        0.5,
    ).numpy()
    assert expected.shape[1] == STEPS
    decoder, conditions = _conditions(pictures, ids, given)
    rows = decoder.open(DRAWINGS)
    got = [rows.insert(0, conditions, noise[:, 0], np.full(DRAWINGS, 0.5, np.float32)).copy()]
    for step in range(1, STEPS):
        # the steps that torch drew, as the least difference can carry a pen over a pixel's edge
        rows.replace_last_steps(np.arange(DRAWINGS), expected[:, step - 1])
        got.append(rows.advance(DRAWINGS, noise[:, step : step + 1])[0].copy())
    drawn = np.stack(got, 1)
    assert (drawn[..., PEN] == expected[..., PEN]).all()
    np.testing.assert_allclose(drawn, expected, rtol=1e-4, atol=1e-4)


def test_a_partly_hidden_picture_is_seen_as_torch_sees_it(rng: np.random.Generator) -> None:
    model = pairs.torch_model()
    pictures = pairs.pictures(rng, DRAWINGS)
    visible = np.ones_like(pictures)
    visible[..., : pairs.SIZE // 2] = 0
    fixed = Conditions.fixed(DRAWINGS, pairs.SIZE, torch.device("cpu"), condition="nothing")
    conditions = Conditions(
        torch.ones_like(fixed.visibility),
        torch.from_numpy(visible),
        torch.ones_like(fixed.has_code),
        fixed.has_category,
    )
    grid, latent = model.encode(torch.from_numpy(pictures), conditions)
    encoder, _ = pairs.numpy_readers(model)
    grids = encoder.grids(pictures, visible)
    np.testing.assert_allclose(grids, grid.detach().permute(0, 2, 3, 1).numpy(), atol=1e-4)
    codes = encoder.codes(encoder.grids(pictures))
    np.testing.assert_allclose(codes, latent.detach().numpy(), atol=1e-4)


def test_a_drawing_is_the_same_in_any_company(rng: np.random.Generator) -> None:
    pictures = pairs.pictures(rng, 12)
    decoder, conditions = _conditions(pictures, np.arange(12) % pairs.CATEGORIES, "picture")
    _, others = _conditions(pictures, np.arange(12) % pairs.CATEGORIES, "code")
    noise = _noise(12)
    alone = _drawn(decoder, conditions[3:4], noise[3:4])
    together = _drawn(decoder, [*others[:3], *conditions[3:8], *others[8:]], noise)
    assert (alone[0] == together[3]).all()


def trained_size_decoder() -> AttentionDecoder:
    """Of the size that is trained, but for two layers."""
    model = build(find_recipe("attention").with_settings(["model.num_layers=2"]), 3, 30.0)
    assert isinstance(model, torch_attention.AttentionModel)
    return AttentionDecoder(
        {name: tensor.numpy() for name, tensor in model.decoder.state_dict().items()},
        latent_dim=128,
        num_categories=3,
        channels=model.encoder.channels,
        grid_size=8,
        width=192,
        num_layers=2,
        head_size=32,
        expansion=4,
        num_components=20,
        step_pixels=model.step_pixels,
        picture_size=64,
        max_steps=100,
    )


def test_company_changes_no_bit_at_the_size_that_is_trained(rng: np.random.Generator) -> None:
    """Memories are of 1 to 70 tokens; BLAS picks its kernels by the shapes of products."""
    decoder = trained_size_decoder()
    conditions = [
        decoder.condition(
            grid=rng.standard_normal((8, 8, 128), np.float32) if place % 4 == 0 else None,
            ink=rng.random((64, 64), np.float32) if place % 4 == 0 else None,
            latent=rng.standard_normal(128, np.float32) if place % 4 < 2 else None,
            category_id=1 if place % 4 == 2 else None,
        )
        for place in range(24)
    ]
    noise = _noise(24, 80, 20)
    together = _drawn(decoder, conditions, noise)
    for place in range(8):
        one = slice(place, place + 1)
        assert (_drawn(decoder, conditions[one], noise[one])[0] == together[place]).all()


def test_a_long_drawing_among_many_short_ones_is_the_drawing_alone(
    rng: np.random.Generator,
) -> None:
    decoder = trained_size_decoder()
    grid, ink = rng.standard_normal((8, 8, 128), np.float32), rng.random((64, 64), np.float32)
    conditions = [decoder.condition(category_id=number % 3) for number in range(20)]
    conditions[4] = decoder.condition(grid=grid, ink=ink)
    noise = _noise(20, 70, 20)
    together = _drawn(decoder, conditions, noise)
    for one in (slice(4, 5), slice(5, 6)):
        assert (_drawn(decoder, conditions[one], noise[one])[0] == together[one]).all()


def test_a_drawing_that_moves_to_another_row_goes_on_as_before(rng: np.random.Generator) -> None:
    pictures = pairs.pictures(rng, 3)
    decoder, conditions = _conditions(pictures, np.arange(3), "picture")
    noise = _noise(3)
    expected = _drawn(decoder, conditions, noise)[2]
    rows = decoder.open(3)
    got = [rows.insert(0, conditions, noise[:, 0], np.full(3, 0.5, np.float32))[2].copy()]
    got += [rows.advance(3, noise[:, step : step + 1])[0, 2].copy() for step in range(1, 10)]
    rows.move_row(0, 2)
    got += [rows.advance(1, noise[2:, step : step + 1])[0, 0].copy() for step in range(10, STEPS)]
    assert (np.stack(got) == expected).all()


def test_weights_of_another_size_are_refused() -> None:
    model = pairs.torch_model()
    weights = {
        name.removeprefix("decoder."): tensor.numpy()
        for name, tensor in model.state_dict().items()
        if name.startswith("decoder.")
    }
    with pytest.raises(BundleError, match=r"`grid.weight` must be floats of shape \(24, 32\)"):
        AttentionDecoder(
            weights,
            latent_dim=pairs.LATENT_DIM,
            num_categories=pairs.CATEGORIES,
            channels=4 * pairs.ENCODER_WIDTH,
            grid_size=4,
            width=24,
            num_layers=pairs.LAYERS,
            head_size=pairs.HEAD,
            expansion=pairs.EXPANSION,
            num_components=pairs.COMPONENTS,
            step_pixels=pairs.STEP_PIXELS,
            picture_size=pairs.SIZE,
            max_steps=pairs.MAX_STEPS,
        )


def _conditions(
    pictures: np.ndarray, ids: np.ndarray, given: str
) -> tuple[AttentionDecoder, list[AttentionCondition]]:
    encoder, decoder = pairs.numpy_readers(pairs.torch_model())
    grids = encoder.grids(pictures)
    codes = encoder.codes(grids)
    return decoder, [
        decoder.condition(
            grid=grids[place] if given == "picture" else None,
            ink=pictures[place, 0] if given == "picture" else None,
            latent=codes[place] if given in ("picture", "code") else None,
            category_id=int(ids[place]) if given == "category" else None,
        )
        for place in range(len(pictures))
    ]


def _noise(count: int, steps: int = STEPS, components: int = pairs.COMPONENTS) -> np.ndarray:
    streams = [open_stream(0, place) for place in range(count)]
    noise = read_noise(streams, steps, components + 5)
    noise[..., components + PEN_END] = NEVER_ENDS
    return noise


def _drawn(
    decoder: AttentionDecoder, conditions: list[AttentionCondition], noise: np.ndarray
) -> np.ndarray:
    rows = decoder.open(len(conditions))
    temperatures = np.full(len(conditions), 0.5, np.float32)
    steps = [rows.insert(0, conditions, noise[:, 0], temperatures).copy()]
    steps += [
        rows.advance(len(conditions), noise[:, step : step + 1])[0].copy()
        for step in range(1, noise.shape[1])
    ]
    return np.stack(steps, 1)


def test_log_probs_are_those_of_torch_and_of_any_company(rng: np.random.Generator) -> None:
    model = pairs.torch_model()
    _, decoder = pairs.numpy_readers(model)
    prefixes = []
    for length in (1, 4, 7):
        steps = np.zeros((length, 5), np.float32)
        steps[:, :2] = rng.normal(0, 1, (length, 2))
        steps[np.arange(length), 2 + rng.integers(0, 2, length)] = 1
        prefixes.append(steps)
    condition = decoder.condition(category_id=2)
    found = decoder.log_probs(condition, prefixes)
    for steps, total in zip(prefixes, found, strict=True):
        np.testing.assert_array_equal(decoder.log_probs(condition, [steps]), [total])
        assert total == pytest.approx(expected_log_prob(model, steps, category=2), rel=1e-3)


def expected_log_prob(
    model: torch_attention.AttentionModel, steps: np.ndarray, category: int
) -> float:
    size = pairs.SIZE
    picture = torch.zeros(1, 1, size, size)
    conditions = Conditions.fixed(1, size, picture.device, condition="category")
    rows = torch.from_numpy(np.concatenate((START_STEP[None], steps)))[None]
    positions = model.positions(rows)
    lifts = steps[:, PEN.start + PEN_UP] > 0
    covered = covering_steps(positions[0, 1:].numpy(), lifts, np.array([len(steps)]), size)
    with torch.no_grad():
        grid, latent = model.encode(picture, conditions)
        memory, memory_mask = model.decoder.memory(
            grid, latent, torch.tensor([category]), conditions
        )
        inputs = rows[:, :-1]
        views = pen_views(picture[0], torch.from_numpy(covered), positions[:, :-1])
        output = model.decoder(
            inputs, positions[:, :-1], views, conditions.visibility, memory, memory_mask
        )
        mixture = StrokeMixture.from_output(output[0])
        pen = (mixture.pen_logits.log_softmax(-1) * rows[0, 1:, 2:]).sum()
        return float(mixture.log_prob(rows[0, 1:, :2]).sum() + pen)
