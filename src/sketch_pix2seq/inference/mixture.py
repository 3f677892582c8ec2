"""Sampling a step from the decoder's output, in numpy.

`models/mixture.py` owns the layout of the output and the temperature rule. This is their second
reader, tested against it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.inference.noise import NUM_NORMALS
from sketch_pix2seq.sketch.pen import OFFSET, PEN, STROKE5_DIM

NUM_PEN_STATES = PEN.stop - PEN.start
"""Logits that stand first in the output."""
PER_COMPONENT = 6
"""Numbers of each Gaussian: logit, mean x and y, log std x and y, correlation before tanh."""
MIN_LOG_STD = -7.0
"""Smaller log stds stand for this one."""
MAX_CORRELATION = 1.0 - 1e-4
"""Correlations are within plus or minus this."""


def output_dim(num_components: int) -> int:
    """Length of the decoder's output for so many Gaussians.

    Example:
        >>> output_dim(20)
        123
    """
    return NUM_PEN_STATES + PER_COMPONENT * num_components


def sample(
    output: Float32[np.ndarray, "B D"],
    noise: Float32[np.ndarray, "B K"],
    temperature: Float32[np.ndarray, "B 1"],
) -> Float32[np.ndarray, "B 5"]:
    """Draw one step from noise that the caller brings.

    *Convention*: the Gumbel noise is multiplied by the temperature, the standard deviation by
    its square root. 0 takes the likeliest component, its mean and the likeliest pen state.

    Args:
        output: The decoder's, D = 3 + 6 M.
        noise: As `read_noise` gives it: standard Gumbel for the M components and the 3 pen
            states, then two standard normals. K = M + 5.
        temperature: Not negative.

    Returns:
        A stroke-5 row per drawing: offset, then one-hot pen.

    Source: `StrokeMixture.sample` in `models/mixture.py`.
    """
    num_components = noise.shape[1] - NUM_PEN_STATES - NUM_NORMALS
    rows = np.arange(len(output))
    components = output[:, NUM_PEN_STATES:].reshape(-1, PER_COMPONENT, num_components)
    gumbel = noise[:, :-NUM_NORMALS] * temperature
    component = (components[:, 0] + gumbel[:, :num_components]).argmax(axis=1)
    pen = (output[:, :NUM_PEN_STATES] + gumbel[:, num_components:]).argmax(axis=1)
    chosen = components[rows, 1:, component]  # (B, 5)
    std = np.exp(np.maximum(chosen[:, 2:4], np.float32(MIN_LOG_STD))) * np.sqrt(temperature)
    limit = np.float32(MAX_CORRELATION)
    correlation = np.minimum(np.maximum(np.tanh(chosen[:, 4]), -limit), limit)
    x, y = noise[:, -2], noise[:, -1]
    step = np.zeros((len(output), STROKE5_DIM), np.float32)
    step[:, 0] = x
    step[:, 1] = correlation * x + np.sqrt(1 - correlation * correlation) * y
    step[:, OFFSET] *= std
    step[:, OFFSET] += chosen[:, :2]
    step[rows, PEN.start + pen] = 1
    return step
