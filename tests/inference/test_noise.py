"""Noise: the right distributions, and streams that depend on seed and index alone."""

from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.inference.noise import (
    latent_stream,
    open_stream,
    read_gumbels,
    read_noise,
    read_normals,
)
from sketch_pix2seq.sketch.network_layout import NUM_NORMALS

DIM = 25


def test_the_noise_is_standard_gumbel_and_standard_normal() -> None:
    noise = read_noise([open_stream(3, index) for index in range(40)], 500, DIM)
    assert noise.dtype == np.float32
    assert np.isfinite(noise).all()
    gumbel = noise[..., :-NUM_NORMALS].ravel()
    assert gumbel.mean() == pytest.approx(np.euler_gamma, abs=0.01)
    assert gumbel.var() == pytest.approx(np.pi**2 / 6, abs=0.02)
    for level in (0.01, 0.5, 0.99):
        share = np.mean(gumbel < -np.log(-np.log(level)))
        assert share == pytest.approx(level, abs=0.004)
    normal = noise[..., -NUM_NORMALS:].reshape(-1, NUM_NORMALS)
    np.testing.assert_allclose(normal.mean(axis=0), 0, atol=0.03)
    np.testing.assert_allclose(np.cov(normal.T), np.eye(2), atol=0.03)
    assert np.mean(np.abs(normal) < 1.959964) == pytest.approx(0.95, abs=0.01)


def test_latent_codes_have_normals_and_gumbels_of_their_own() -> None:
    normals = read_normals(latent_stream(0, 1), 20_000)
    assert (normals.mean(), normals.var()) == pytest.approx((0, 1), abs=0.03)
    assert np.mean(np.abs(normals) < 1.959964) == pytest.approx(0.95, abs=0.01)
    assert np.corrcoef(normals[:10_000], normals[10_000:])[0, 1] == pytest.approx(0, abs=0.04)
    odd = read_normals(latent_stream(0, 1), 19_999)  # a code may be of odd length
    assert odd.tobytes() == normals[:-1].tobytes()
    gumbels = read_gumbels(latent_stream(0, 1), 20_000)
    assert (gumbels.mean(), gumbels.var()) == pytest.approx(
        (np.euler_gamma, np.pi**2 / 6), abs=0.05
    )
    steps = read_noise([open_stream(0, 1)], 1, DIM)[0, 0]
    assert not np.isin(steps, gumbels).any()


def test_columns_and_steps_are_independent() -> None:
    noise = read_noise([open_stream(0, 0)], 20_000, 7)[0]
    correlation = np.corrcoef(noise[1:].T, noise[:-1].T)
    np.testing.assert_allclose(correlation, np.eye(14), atol=0.04)


@pytest.mark.parametrize("pieces", [[1] * 40, [1, 32, 7], [13, 27]])
def test_a_stream_does_not_depend_on_how_it_is_read(pieces: list[int]) -> None:
    whole = read_noise([open_stream(7, 2)], 40, DIM)
    stream = open_stream(7, 2)
    parts = [read_noise([stream], piece, DIM) for piece in pieces]
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()


def test_a_stream_does_not_depend_on_its_neighbours() -> None:
    together = read_noise([open_stream(7, index) for index in range(5)], 9, DIM)
    for index in range(5):
        alone = read_noise([open_stream(7, index)], 9, DIM)
        assert alone.tobytes() == together[index].tobytes()


def test_other_seeds_and_indices_give_other_noise() -> None:
    streams = [open_stream(*key) for key in [(0, 0), (0, 1), (1, 0), (1, 1), (2**40, 0)]]
    first = read_noise(streams, 1, DIM)[:, 0]
    assert len(np.unique(first.round(5), axis=0)) == len(streams)


def test_no_two_streams_are_the_same() -> None:
    seeds, indices = [0, 1, 2**32 - 1, 2**32, 2**32 + 1, 2**33, 2**63 - 1], [0, 1, 2]
    pairs = [(seed, index) for seed in seeds for index in indices]
    streams = [make(*pair) for pair in pairs for make in (open_stream, latent_stream)]
    assert len({stream.bytes(16) for stream in streams}) == len(streams)


def test_seeds_of_32_bits_draw_as_ever() -> None:
    for seed, index in [(0, 0), (7, 2), (2**32 - 1, 5)]:
        expected = np.random.default_rng([seed, index]).bytes(64)
        assert open_stream(seed, index).bytes(64) == expected
        expected = np.random.default_rng([seed, index, 1]).bytes(64)
        assert latent_stream(seed, index).bytes(64) == expected


def test_the_smallest_uniform_number_is_no_infinity() -> None:
    source = np.random.MT19937(0)
    state = source.state
    state["state"]["key"][:] = 0  # a state that yields nothing but zeros
    source.state = state
    stream = np.random.Generator(source)
    assert stream.random(dtype=np.float32) == 0.0
    noise = read_noise([stream], 2, DIM)
    assert np.isfinite(noise).all()
    assert noise[..., :-NUM_NORMALS].max() < -2.5
