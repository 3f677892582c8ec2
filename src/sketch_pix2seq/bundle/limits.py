"""Upper limits of a bundle, so that one from a stranger cannot ask for endless time or memory."""

from __future__ import annotations

MAX_TEMPERATURE = 100.0
"""Far below this a drawing is already nothing but noise."""
MAX_SCALE = 1e6
"""Pixels to one unit of the offsets."""
MAX_STEPS = 2_000
"""Of one drawing."""
MAX_CATEGORIES = 10_000
MAX_NAME = 100
"""Letters of a category, or of a model's name."""
MAX_TEXT = 10_000
"""Letters of a licence or an attribution."""
MAX_DEPTH = 20
"""Objects and lists inside each other in a card."""
MAX_PICTURE_SIZE = 512
"""Side of the encoder's picture, in pixels."""
MAX_FIRST_LAYER = 1 << 21
"""Channels of the first convolution times the pixels of a picture."""

MAX_WEIGHTS = 1 << 24
"""Numbers in all networks of a model together; the model in the package has 2.6 million."""

MAX_TOTAL_BYTES = 96 << 20
"""Of all files of a bundle together, unpacked."""
MAX_CARD_BYTES = 2 << 20
"""Of `model.json` or `classifier.json`."""
MAX_GALLERY_BYTES = 16 << 20
MAX_HEADER_BYTES = 1 << 20
"""Of the header of a safetensors file, and of the list of files of a zip file."""
MAX_WEIGHTS_BYTES = 4 * MAX_WEIGHTS + MAX_HEADER_BYTES
"""Of one safetensors file."""
