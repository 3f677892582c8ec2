"""The noise that a drawing is drawn with: a stream of its own for every drawing.

A stream depends on (seed, index) and on nothing else: neither on the other drawings, nor on how
many steps are read at a time.

*Convention*: a step takes K numbers: standard Gumbel for the M mixture components and the 3
pen states, then 2 standard normals; K = M + 5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.sketch.network_layout import NUM_NORMALS

_SMALLEST = np.float32(2.0**-25)
"""Half of the smallest positive value that a 24-bit uniform number has: stands for 0."""


def open_stream(seed: int, index: int) -> np.random.Generator:
    """Open the stream of a drawing, from which `read_noise` reads.

    Args:
        seed: From 0 to 2^63 - 1.
        index: From 0 to 2^32 - 1.
    """
    return _stream(seed, index, 0)


def latent_stream(seed: int, index: int) -> np.random.Generator:
    """Open the stream of a drawing's latent code, where it is sampled; not that of its steps."""
    return _stream(seed, index, 1)


def _stream(seed: int, index: int, purpose: int) -> np.random.Generator:
    """A stream of four numbers of 32 bits, a place for each: none stands for two pairs."""
    words = [seed % 2**32, index, purpose, seed // 2**32]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))


def read_gumbels(stream: np.random.Generator, count: int) -> Float32[np.ndarray, "N"]:
    """Read standard Gumbel numbers."""
    return _gumbels(stream.random(count, dtype=np.float32))


def read_normals(stream: np.random.Generator, count: int) -> Float32[np.ndarray, "N"]:
    """Read standard normals; they come in pairs, and an odd one is left over."""
    lengths, turns = stream.random((2, -(-count // 2)), dtype=np.float32)
    return np.concatenate(_normals(_exponentials(lengths), turns))[:count]


def read_noise(
    streams: Sequence[np.random.Generator], num_steps: int, noise_dim: int
) -> Float32[np.ndarray, "B T K"]:
    """Read the noise of the next T steps of some drawings, whose streams are moved on.

    Every number comes from one or two uniform ones, so what a stream yields does not depend
    on the number of steps read at a time.

    *Source*: Gumbel by the inverse of its distribution, normals by Box and Muller (1958).

    Example:
        >>> read_noise([open_stream(seed=0, index=1)], num_steps=3, noise_dim=25).shape
        (1, 3, 25)
    """
    noise = np.empty((len(streams), num_steps, noise_dim), np.float32)
    for row, stream in zip(noise, streams, strict=True):
        stream.random(dtype=np.float32, out=row)
    first, second = _normals(_exponentials(noise[..., -NUM_NORMALS].copy()), noise[..., -1].copy())
    _gumbels(noise)
    noise[..., -NUM_NORMALS] = first
    noise[..., -1] = second
    return noise


def _exponentials(uniform: Float32[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
    """Exponential numbers, in place: -log(uniform), never 0 because uniforms stay below 1."""
    np.maximum(uniform, _SMALLEST, out=uniform)
    np.log(uniform, out=uniform)
    np.negative(uniform, out=uniform)
    return uniform


def _gumbels(uniform: Float32[np.ndarray, "..."]) -> Float32[np.ndarray, "..."]:
    exponential = _exponentials(uniform)
    np.log(exponential, out=exponential)
    np.negative(exponential, out=exponential)
    return exponential


def _normals(
    exponential: Float32[np.ndarray, "..."], uniform: Float32[np.ndarray, "..."]
) -> tuple[Float32[np.ndarray, "..."], Float32[np.ndarray, "..."]]:
    """Two independent normals of each pair of an exponential and a uniform number."""
    radius, angle = np.sqrt(2 * exponential), uniform * np.float32(2 * np.pi)
    return radius * np.cos(angle), radius * np.sin(angle)
