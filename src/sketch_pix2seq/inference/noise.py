"""The noise that a drawing is drawn with: a stream of its own for every drawing.

A stream is decided by (seed, index) and by nothing else: neither by the other drawings, nor
by how many steps are asked for at a time. This module knows how noise is distributed, not
what the decoder does with it.

*Convention*: a step takes K numbers: standard Gumbel for the M mixture components and the 3
pen states, then 2 standard normals; K = M + 5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

NUM_NORMALS = 2
"""How many of a step's numbers, the last ones, are normal; the others are Gumbel."""

_SMALLEST = np.float32(2.0**-25)
"""Half of the smallest positive value that a 24-bit uniform number has: stands for 0."""


def open_stream(seed: int, index: int) -> np.random.Generator:
    """Open the stream of a drawing, from which `read_noise` reads: seed and index are >= 0."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, index])))


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
    angle = noise[..., -1] * np.float32(2 * np.pi)
    # exponential, in place: -log(uniform), never 0 because uniforms stay below 1
    np.maximum(noise, _SMALLEST, out=noise)
    np.log(noise, out=noise)
    np.negative(noise, out=noise)
    radius = np.sqrt(2 * noise[..., -NUM_NORMALS])
    np.log(noise, out=noise)
    np.negative(noise, out=noise)
    noise[..., -NUM_NORMALS] = radius * np.cos(angle)
    noise[..., -1] = radius * np.sin(angle)
    return noise
