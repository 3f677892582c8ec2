"""The studio: draw something, and the model draws it again, mixes it, completes it, maps it."""
