"""Layout of the networks, on which training, bundles and drawing must agree.

An `attention` decoder sees the picture through three square windows about the pen, each coarser and
wider than the one before: single pixels, cells of 4x4 pixels, cells of 16x16, the last of which
reach over the whole picture. Each window has two layers: the picture's ink that no step has covered
yet, and what steps have covered.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

from sketch_pix2seq.sketch.pen import NUM_PEN_STATES

Layers: TypeAlias = Sequence[tuple[int, int]]
"""Of convolutions: output channels, in multiples of the first layer's width; and stride."""

PAPER_LAYERS: Layers = ((4, 2), (4, 1), (8, 2), (8, 1), (8, 2), (8, 1))
"""The paper's encoder, of width 1, with kernels of 2x2; all others have kernels of 3x3."""
CONV_LAYERS: Layers = ((1, 2), (2, 2), (2, 1), (4, 2), (4, 2))
GRID_LAYERS: Layers = ((1, 2), (2, 2), (2, 1), (4, 2), (4, 1))
"""Encoder of the `attention` model, from a picture and what of it is visible to the grid."""
SUMMARY_LAYERS: Layers = ((4, 2),)
"""From that grid to the features of the latent code."""
CLASSIFIER_LAYERS: Layers = ((1, 1), (2, 2), (2, 1), (4, 2), (4, 1), (8, 2))
NUM_GROUPS = 8
"""Groups of channels that are normalised together."""
NUM_SCALES, NUM_SHIFTS = 8, 4
"""Of a HyperLSTM's gates: a scale of what each gets from the step, then of what it gets from the
hidden state; a shift of each."""
CELL_EPSILON = 1e-3
"""What the layer norms of a recurrent cell add to the variance."""
NUM_NORMALS = 2
"""Standard normals in the noise of a step; the other numbers are Gumbel."""
PER_COMPONENT = 6
"""Outputs of each Gaussian: logit, mean x and y, log std x and y, correlation before tanh."""
MIN_LOG_STD = -7.0
"""Smaller log standard deviations are raised to this."""
MAX_CORRELATION = 1.0 - 1e-4
"""Correlations are within plus or minus this."""
WINDOWS = ((1, 11), (4, 11), (16, 7))
"""Pixels to the side of a cell, and cells to the side of the window, of each of the windows."""
FRAME = WINDOWS[0][1] // 2
"""Pixels around a picture that maps of it hold as well, so that no window reaches beyond a map."""
VIEW_DIM = 2 * sum(side * side for _, side in WINDOWS)
"""Numbers in the windows of one pen."""
POSITION_PERIODS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
"""Periods, in pixels, of the sinusoidal encoding of the pen's x and y."""
STEP_PERIODS = (4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
"""Periods, in steps, of the sinusoidal encoding of the step's number."""
ENCODING_DIM = 2 * (2 * len(POSITION_PERIODS) + len(STEP_PERIODS))
"""Sines and cosines of one pen's position and step number."""
NUM_CODE_TOKENS = 4
"""Memory tokens that hold the latent code."""
PEN_TEMPERATURE = 2.0
"""Factor on the temperature of pen states when the decoder sees no picture. At 1, which is right
for the offsets, many drawings scribble on one spot and do not end."""
HIDDEN, PARTLY, SHOWN = 0, 1, 2
"""Visibility: how much of the picture the decoder sees."""


def convolution_sizes(num_inputs: int, width: int, layers: Layers) -> list[tuple[int, int, int]]:
    """Return channels in, channels out and stride of each convolution.

    Example:
        >>> convolution_sizes(1, 24, ((1, 2), (4, 1)))
        [(1, 24, 2), (24, 96, 1)]
    """
    channels = [num_inputs, *(multiple * width for multiple, _ in layers)]
    strides = [stride for _, stride in layers]
    return [(*both, stride) for both, stride in zip(pairwise(channels), strides, strict=True)]


def total_stride(layers: Layers) -> int:
    """Return how many pixels of the picture one pixel of the last layer is, along each side."""
    return math.prod(stride for _, stride in layers)


def output_dim(num_components: int) -> int:
    """Return the length of a decoder's output: pen logits, then the Gaussians.

    Example:
        >>> output_dim(20)
        123
    """
    return NUM_PEN_STATES + PER_COMPONENT * num_components


def noise_dim(num_components: int) -> int:
    """Return the length of a step's noise.

    Example:
        >>> noise_dim(20)
        25
    """
    return num_components + NUM_PEN_STATES + NUM_NORMALS
