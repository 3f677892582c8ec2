"""What `data prepare` may be asked for: the one home of its defaults and their help.

Loads nothing heavy, so that `--help` is quick.
"""

from __future__ import annotations

from dataclasses import dataclass

from sketch_pix2seq.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """What to keep of the sources, and how.

    Raises:
        UsageError: If a number is out of its range; all such numbers at once.
    """

    train: int | None = None
    "Keep at most this many training drawings of a category."
    valid: int | None = None
    "Keep at most this many validation drawings of a category."
    test: int | None = None
    "Keep at most this many test drawings of a category."
    limit: int | None = None
    "Read at most this many drawings of a category."
    epsilon: float | None = None
    "Simplify further: Ramer-Douglas-Peucker tolerance, in the sources' units (QuickDraw: 255)."
    max_steps: int = 250
    "Leave out drawings of more points than this."
    min_drawings: int = 10
    "Refuse a category of fewer drawings than this."
    strict: bool = False
    "Refuse a wrong line instead of counting it."

    def __post_init__(self) -> None:
        """Report all numbers out of range at once."""
        least = {"train": 1, "valid": 1, "test": 1, "limit": 1, "max_steps": 1, "min_drawings": 3}
        wrong = [
            f"`{name}` must be at least {bound}, not {getattr(self, name)}"
            for name, bound in least.items()
            if getattr(self, name) is not None and getattr(self, name) < bound
        ]
        if self.epsilon is not None and not 0 < self.epsilon < float("inf"):
            wrong.append(f"`epsilon` must be positive, not {self.epsilon}")
        if wrong:
            raise UsageError("; ".join(wrong))

    def cap(self, split: str) -> int | None:
        """Return how many drawings of a category a split may have."""
        return {"train": self.train, "valid": self.valid, "test": self.test}[split]
