"""From a training run to a bundle, and nothing else that needs torch and a bundle at once."""
