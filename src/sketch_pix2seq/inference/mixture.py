"""Sampling a step from the decoder's output, in numpy.

`models/mixture.py` owns the layout of the output and the temperature rule. This is the numpy
version, tested against it.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.sketch.network_layout import (
    MAX_CORRELATION,
    MIN_LOG_STD,
    NUM_NORMALS,
    PER_COMPONENT,
)
from sketch_pix2seq.sketch.pen import NUM_PEN_STATES, OFFSET, PEN, STROKE5_DIM


def sample(
    output: Float32[np.ndarray, "B D"],
    noise: Float32[np.ndarray, "B K"],
    temperature: Float32[np.ndarray, "B 1"],
) -> Float32[np.ndarray, "B 5"]:
    """Draw one stroke-5 row a drawing, offset and one-hot pen, from noise that the caller brings.

    *Convention*: the Gumbel noise is multiplied by the temperature, the standard deviation by
    its square root. 0 takes the likeliest component, its mean and the likeliest pen state.

    Args:
        output: The decoder's, D = 3 + 6 M.
        noise: As `read_noise` gives it: standard Gumbel for the M components and the 3 pen
            states, then two standard normals. K = M + 5.
        temperature: Not negative.

    *Source*: `StrokeMixture.sample` in `models/mixture.py`.
    """
    pi_logits, pen_logits = perturbed_logits(output, noise, temperature)
    rows = np.arange(len(output))
    components = _components(output)
    chosen = components[rows, 1:, pi_logits.argmax(axis=1)]  # (B, 5)
    step = np.zeros((len(output), STROKE5_DIM), np.float32)
    mean, std, correlation = _gaussians(chosen[:, :, None], temperature)
    x, y = noise[:, -2], noise[:, -1]
    step[:, 0] = x
    step[:, 1] = correlation[:, 0] * x + np.sqrt(1 - correlation * correlation)[:, 0] * y
    step[:, OFFSET] *= std[:, :, 0]
    step[:, OFFSET] += mean[:, :, 0]
    step[rows, PEN.start + pen_logits.argmax(axis=1)] = 1
    return step


def log_prob(
    output: Float32[np.ndarray, "B D"], step: Float32[np.ndarray, "B 5"]
) -> Float32[np.ndarray, " B"]:
    """Log density of steps that were drawn, stroke-5 rows, offset and pen state, in nats.

    *Source*: `StrokeMixture.log_prob` in `models/mixture.py`.
    """
    components = _components(output)
    log_std = np.maximum(components[:, 3:5], np.float32(MIN_LOG_STD))
    limit = np.float32(MAX_CORRELATION)
    correlation = np.clip(np.tanh(components[:, 5]), -limit, limit)
    x, y = ((step[:, OFFSET, None] - components[:, 1:3]) * np.exp(-log_std)).swapaxes(0, 1)
    one_minus_r2 = 1 - correlation * correlation
    quadratic = (x * x + y * y - 2 * correlation * x * y) / one_minus_r2
    density = components[:, 0] - (quadratic + np.log(one_minus_r2)) / 2 - log_std.sum(axis=1)
    pen = output[:, :NUM_PEN_STATES]
    log_density: Float32[np.ndarray, " B"] = _log_sum(density) - _log_sum(components[:, 0])
    log_density += (
        (pen * step[:, PEN]).sum(axis=1) - _log_sum(pen) - np.float32(math.log(2 * math.pi))
    )
    return log_density


def _log_sum(logits: Float32[np.ndarray, "B K"]) -> Float32[np.ndarray, " B"]:
    largest = logits.max(axis=1)
    return np.asarray(largest + np.log(np.exp(logits.T - largest).sum(axis=0)))


def perturbed_logits(
    output: Float32[np.ndarray, "B D"],
    noise: Float32[np.ndarray, "B K"],
    temperature: Float32[np.ndarray, "B 1"],
) -> tuple[Float32[np.ndarray, "B M"], Float32[np.ndarray, "B 3"]]:
    """Logits of the Gaussians and of the pen states, with their noise: the largest is the sample.

    Args: As of `sample`.
    """
    gumbel = noise[:, :-NUM_NORMALS] * temperature
    num_components = gumbel.shape[1] - NUM_PEN_STATES
    pi_logits = _components(output)[:, 0] + gumbel[:, :num_components]
    return pi_logits, output[:, :NUM_PEN_STATES] + gumbel[:, num_components:]


def proposals(
    output: Float32[np.ndarray, "B D"],
    noise: Float32[np.ndarray, "B K"],
    temperature: Float32[np.ndarray, "B 1"],
) -> Float32[np.ndarray, "B 2 P"]:
    """Offsets that each Gaussian proposes: its sample, the three mirror images of it, its mean.

    Args: As of `sample`.

    Returns:
        x and y of P = 5 M offsets: the samples of all Gaussians first.
    """
    mean, std, correlation = _gaussians(_components(output)[:, 1:], temperature)
    x, y = noise[:, -2, None], noise[:, -1, None]
    across = std[:, 0] * x
    along = std[:, 1] * correlation * x
    upright = std[:, 1] * np.sqrt(1 - correlation * correlation) * y
    proposed = np.empty((len(output), 2, NUM_PROPOSALS, mean.shape[2]), np.float32)
    proposed[:, 0] = mean[:, 0, None] + _MIRRORS_X * across[:, None]
    proposed[:, 1] = mean[:, 1, None] + _MIRRORS_X * along[:, None] + _MIRRORS_Y * upright[:, None]
    return proposed.reshape(len(output), 2, -1)


_MIRRORS_X, _MIRRORS_Y = np.array(((1, -1, 1, -1, 0), (1, 1, -1, -1, 0)), np.float32)[:, :, None]
NUM_PROPOSALS = len(_MIRRORS_X)
"""How many offsets each Gaussian proposes."""


def _components(output: Float32[np.ndarray, "B D"]) -> Float32[np.ndarray, "B 6 M"]:
    return output[:, NUM_PEN_STATES:].reshape(len(output), PER_COMPONENT, -1)


def _gaussians(
    parameters: Float32[np.ndarray, "B 5 M"], temperature: Float32[np.ndarray, "B 1"]
) -> tuple[Float32[np.ndarray, "B 2 M"], Float32[np.ndarray, "B 2 M"], Float32[np.ndarray, "B M"]]:
    """Means, standard deviations at the temperature, and correlations."""
    std = np.exp(np.maximum(parameters[:, 2:4], np.float32(MIN_LOG_STD)))
    std *= np.sqrt(temperature)[:, :, None]
    limit = np.float32(MAX_CORRELATION)
    correlation = np.minimum(np.maximum(np.tanh(parameters[:, 4]), -limit), limit)
    return parameters[:, :2], std, correlation
