"""What an evaluation measures, and on how much."""

from __future__ import annotations

from dataclasses import dataclass

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.inference.arguments import checked_seed, checked_temperature, whole_number

STEPS, FINE_STEPS = 11, 51
"""Drawings from one to another, both ends included: the paper's figures 7 and 8, and 9."""


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """How much is drawn and how.

    Raises:
        UsageError: If a number is out of its range.
    """

    per_category: int = 300
    "Test drawings of each category that are redrawn; fewer where there are fewer."
    temperatures: tuple[float, ...] = (0.4, 0.1, 0.7, 1.0)
    "How freely models draw. All is measured at the first; recognition and retrieval at each."
    num_seeds: int = 3
    "How often everything is redrawn at the first temperature, with other noise each time."
    best_of: int = 8
    "Also measured: the best of so many, as each model chooses it; 1: not measured."
    per_category_latent: int = 100
    "Test drawings of each category whose places in the latent space are shown."
    paths: int = 20
    "Interpolations for each pair of categories."
    seed: int = 0
    "Decides which drawings are taken, all noise and all resampling."

    def __post_init__(self) -> None:
        """Check the numbers."""
        least = {
            "per_category": 10,
            "num_seeds": 1,
            "best_of": 1,
            "per_category_latent": 10,
            "paths": 1,
        }
        for name, smallest in least.items():
            whole_number(name, getattr(self, name), least=smallest)
        checked_seed(self.seed)
        if not self.temperatures:
            raise UsageError("`temperatures` must name at least one")
        if len(set(self.temperatures)) < len(self.temperatures):
            raise UsageError("each `temperature` must be another one", got=self.temperatures)
        for temperature in self.temperatures:
            checked_temperature(temperature)

    @property
    def temperature(self) -> float:
        """The first temperature, at which everything is measured."""
        return self.temperatures[0]
