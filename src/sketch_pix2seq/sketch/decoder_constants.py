"""Constants of the decoders, on which training, bundles and drawing must agree.

An `attention` decoder sees the picture through three square windows about the pen, each coarser and
wider than the one before: single pixels, cells of 4x4 pixels, cells of 16x16, the last of which
reach over the whole picture. Each window has two layers: the picture's ink that no step has covered
yet, and what steps have covered.
"""

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
