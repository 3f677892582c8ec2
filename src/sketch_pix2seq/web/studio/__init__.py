"""The studio: draw something, and the model draws it again, mixes it, finishes it, maps it."""
