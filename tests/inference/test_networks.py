"""From drawings to what a decoder draws from: how much of the picture it sees, against torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

import attention_pairs as pairs
from bundles import (
    ATTENTION_CATEGORIES,
    PICTURE_SIZE,
    tiny_attention_bundle,
    tiny_attention_model,
    tiny_bundle,
)
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.export.files import round_to_half
from sketch_pix2seq.inference.attention import AttentionCondition, AttentionDecoder
from sketch_pix2seq.inference.networks import (
    HIDDEN_BLOCKS,
    AttentionNetworks,
    Networks,
    RecurrentNetworks,
    networks_of,
)
from sketch_pix2seq.models.attention import AttentionModel, Conditions
from sketch_pix2seq.sketch.network_layout import HIDDEN, PARTLY, SHOWN

COUNT = 3


@pytest.fixture(scope="module")
def networks() -> Networks:
    return networks_of(tiny_attention_bundle())


@pytest.fixture(scope="module")
def model() -> AttentionModel:
    """In torch, with the weights that the bundle holds."""
    model = tiny_attention_model()
    round_to_half(model)
    return model


@pytest.fixture
def views(rng: np.random.Generator) -> np.ndarray:
    return pairs.pictures(rng, COUNT)


def test_codes_are_torchs(networks: Networks, model: AttentionModel, views: np.ndarray) -> None:
    assert isinstance(networks, AttentionNetworks)
    assert networks.attends_to_picture
    np.testing.assert_allclose(networks.codes(views), _latent(model, views), atol=1e-4)


def test_fidelity_0_is_the_code_alone(networks: Networks, views: np.ndarray) -> None:
    codes = networks.codes(views)
    found = networks.from_views(views, codes, 2, 0.0, [5] * COUNT)
    expected = [one for one in networks.from_codes(codes) for _ in range(2)]
    assert len(found) == 2 * COUNT
    for one, other in zip(found, expected, strict=True):
        _assert_same(one, other)
        assert one.visibility == HIDDEN
        assert not one.ink.any()
        assert one.length == 4 + 1  # code and null token


@pytest.mark.parametrize("fidelity", [None, 1.0, 1])
def test_fidelity_1_is_the_whole_picture(
    networks: Networks, model: AttentionModel, views: np.ndarray, fidelity: float | None
) -> None:
    found = networks.from_views(views, networks.codes(views), 2, fidelity, [5] * COUNT)
    fixed = Conditions.fixed(COUNT, PICTURE_SIZE, torch.device("cpu"), condition="picture")
    _assert_torchs(found[::2], model, views, fixed)
    for place, (one, again) in enumerate(zip(found[::2], found[1::2], strict=True)):
        _assert_same(one, again)
        assert one.visibility == SHOWN
        np.testing.assert_array_equal(one.ink, views[place, 0])


@pytest.mark.parametrize("fidelity", [0.25, 0.5, 0.99])
def test_between_them_blocks_are_hidden_by_seed_and_number(
    networks: Networks, model: AttentionModel, views: np.ndarray, fidelity: float
) -> None:
    codes = networks.codes(np.ones_like(views))
    black = networks.from_views(np.ones_like(views), codes, 3, fidelity, [5] * COUNT)
    seen = np.stack([one.ink for one in black]).reshape(COUNT, 3, PICTURE_SIZE, PICTURE_SIZE)
    side = PICTURE_SIZE // HIDDEN_BLOCKS
    blocks = seen.reshape(COUNT, 3, HIDDEN_BLOCKS, side, HIDDEN_BLOCKS, side)
    assert (blocks == blocks[:, :, :, :1, :, :1]).all()  # whole blocks
    assert set(np.unique(seen)) <= {0.0, 1.0}
    shares = seen.mean(axis=(2, 3))
    np.testing.assert_allclose(shares, round(fidelity * HIDDEN_BLOCKS**2) / HIDDEN_BLOCKS**2)
    assert (seen[0] == seen[1]).all()  # the same of every drawing
    assert (seen[0, 0] != seen[0, 1]).any()
    again, other = (
        networks.from_views(np.ones_like(views), codes, 1, fidelity, [seed] * COUNT)
        for seed in (5, 6)
    )
    assert (again[0].ink == seen[0, 0]).all()
    assert (other[0].ink != seen[0, 0]).any()

    found = networks.from_views(views, networks.codes(views), 3, fidelity, [5] * COUNT)
    for number in range(3):
        visible = np.broadcast_to(seen[0, number], views.shape)
        fixed = Conditions.fixed(COUNT, PICTURE_SIZE, torch.device("cpu"), condition="picture")
        partly = Conditions(
            torch.full_like(fixed.visibility, PARTLY),
            torch.from_numpy(visible.copy()),
            fixed.has_code,
            fixed.has_category,
        )
        _assert_torchs(found[number::3], model, views, partly)
        for place, one in enumerate(found[number::3]):
            assert one.visibility == PARTLY
            np.testing.assert_array_equal(one.ink, views[place, 0] * visible[place, 0])


def test_a_condition_is_the_same_whatever_else_is_looked_at(
    networks: Networks, rng: np.random.Generator
) -> None:
    views = pairs.pictures(rng, 20)
    codes = networks.codes(views)
    for fidelity in (None, 0.0, 0.4):
        together = networks.from_views(views, codes, 2, fidelity, [1] * 20)
        for place in (0, 7, 19):
            one = slice(place, place + 1)
            alone = networks.from_views(views[one], networks.codes(views[one]), 2, fidelity, [1])
            for mine, other in zip(alone, together[2 * place : 2 * place + 2], strict=True):
                _assert_same(mine, other)


@pytest.mark.parametrize("category_id", [None, 0, 2])
def test_a_category_or_nothing_is_torchs(
    networks: Networks, model: AttentionModel, category_id: int | None
) -> None:
    decoder = networks.decoder
    assert isinstance(decoder, AttentionDecoder)
    condition = decoder.condition(category_id=category_id)
    given = "nothing" if category_id is None else "category"
    fixed = Conditions.fixed(1, PICTURE_SIZE, torch.device("cpu"), condition=given)
    blank = np.zeros((1, 1, PICTURE_SIZE, PICTURE_SIZE), np.float32)
    _assert_torchs([condition], model, blank, fixed, category_id or 0)
    assert condition.visibility == HIDDEN and not condition.ink.any()
    assert condition.length == 1 + (category_id is not None)
    assert len(ATTENTION_CATEGORIES) == 3


def test_a_recurrent_model_draws_from_its_code_alone(rng: np.random.Generator) -> None:
    networks = networks_of(tiny_bundle())
    assert isinstance(networks, RecurrentNetworks)
    assert not networks.attends_to_picture
    views = rng.random((2, 1, 48, 48), np.float32)
    codes = networks.codes(views)
    for fidelity in (None, 0, 0.0):
        found = networks.from_views(views, codes, 2, fidelity, [0, 0])
        np.testing.assert_array_equal(np.stack(found), codes.repeat(2, axis=0))
    with pytest.raises(UsageError, match="`fidelity` must be 0 or left out .*; got 0.1"):
        networks.from_views(views, codes, 2, 0.1, [0, 0])
    np.testing.assert_array_equal(np.stack(networks.from_codes(codes, [0, 0])), codes)


def _latent(model: AttentionModel, views: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        pictures = torch.from_numpy(views)
        mean, _ = model.encoder.latent(model.encoder(pictures, torch.ones_like(pictures)))
    return mean.numpy()


def _assert_same(one: AttentionCondition, other: AttentionCondition) -> None:
    for name in ("keys", "values", "length", "ink", "visibility"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@torch.no_grad()
def _assert_torchs(
    found: Sequence[AttentionCondition],
    model: AttentionModel,
    views: np.ndarray,
    conditions: Conditions,
    category_id: int = 0,
) -> None:
    """Keys and values of the memory are those of torch's tokens that are there."""
    ids = torch.full((len(views),), category_id)
    grid, latent = model.encode(torch.from_numpy(views), conditions)
    memory, there = model.decoder.memory(grid, latent, ids, conditions)
    for place, one in enumerate(found):
        tokens = memory[place][there[place]]
        layers: Any = model.decoder.layers
        for number, layer in enumerate(layers):
            key, value = layer.memory_key_value(tokens).chunk(2, -1)
            keys = one.keys[number].swapaxes(1, 2).reshape(-1, key.shape[1])
            values = one.values[number].reshape(len(keys), -1)
            np.testing.assert_allclose(keys[: one.length], key.numpy(), atol=1e-4)
            np.testing.assert_allclose(values[: one.length, :-1], value.numpy(), atol=1e-4)
            assert (values[: one.length, -1] == 1).all()
            assert (keys[one.length :] == keys[0]).all() and (values[one.length :] == 0).all()


def test_no_drawings_have_no_conditions(networks: Networks, views: np.ndarray) -> None:
    codes = networks.codes(views)[:0]
    for fidelity in (None, 0.0, 0.4, 1.0):
        assert len(networks.from_views(views[:0], codes, 2, fidelity, seeds=[])) == 0


@pytest.mark.parametrize("category", [0.0, 0.5])
def test_a_model_is_given_what_it_learned_from_and_no_more(
    networks: Networks, views: np.ndarray, category: float
) -> None:
    bundle = tiny_attention_bundle()
    recipe = {"conditions": {"shown": 0.0, "partly": 0.0, "category": category}}
    blind = networks_of(replace(bundle, card=replace(bundle.card, recipe=recipe)))
    assert (blind.attends, blind.attends_to_picture) == (True, False)
    codes, ids = blind.codes(views), [1, 0, 1]
    found = blind.from_views(views, codes, 2, None, [5] * COUNT, ids)
    expected = networks.from_codes(codes, ids if category else None)
    for number, one in enumerate(found):
        _assert_same(one, expected[number // 2])
    with pytest.raises(UsageError, match="`fidelity` must be 0 or left out"):
        blind.from_views(views, codes, 2, 0.5, [5] * COUNT, ids)
