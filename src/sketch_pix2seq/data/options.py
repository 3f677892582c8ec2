"""Options of `data`, with their defaults and help.

Loads nothing heavy, so that `--help` is quick.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Literal

from sketch_pix2seq.errors import UsageError

MAX_NUMBER = 2**31 - 1
"""Upper limit of the whole numbers here."""
MAX_EPSILON = 1_000
"""Largest tolerance: more than the cards of bundles may hold makes lines of all drawings."""

BUCKET = "https://storage.googleapis.com/quickdraw_dataset"
"""Where Quick, Draw!'s files are."""
Layout = Literal["simplified", "raw", "binary", "npz"]
"""The layouts in which Quick, Draw! publishes them."""
SplitName = Literal["train", "valid", "test"]
"""The parts of a data set."""
Engine = Literal["local", "ray"]
"""What runs `prepare`: processes of this machine, or a Ray cluster."""
OutputLayout = Literal["ndjson", "binary", "npz", "parquet", "svg"]
"""The layouts in which drawings can be written back."""


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
    "Keep at most this many drawings of a category, and read no more of it from a file."
    epsilon: float | None = None
    "Simplify further: Ramer-Douglas-Peucker tolerance, in the sources' units (Quick, Draw!: 255)."
    min_steps: int = 1
    "Leave out drawings of fewer points than this."
    max_steps: int = 250
    "Leave out drawings of more points than this."
    recognized_only: bool = False
    "Leave out drawings that Quick, Draw! did not recognise, where a source says so."
    drop_near_duplicates: bool = False
    "Leave out near-duplicates: drawings that equal another one of their category on a grid of 16."
    min_drawings: int = 10
    "Refuse a category of fewer drawings than this."
    strict: bool = False
    "Refuse a wrong line instead of counting it."

    def __post_init__(self) -> None:
        """Report all values of the wrong type and out of range at once."""
        least = {
            **dict.fromkeys(("train", "valid", "test", "limit", "min_steps", "max_steps"), 1),
            "min_drawings": 3,
        }
        wrong = []
        for name, bound in least.items():
            value = getattr(self, name)
            if value is None and getattr(PrepareOptions, name) is None:
                continue
            if rule := _broken_rule(value, bound):
                wrong.append(f"`{name}` must be {rule}, not {value!r}")
            else:
                object.__setattr__(self, name, int(value))  # NumPy's are no JSON
        if self.epsilon is not None and not _is_tolerance(self.epsilon):
            wrong.append(
                f"`epsilon` must be above 0 and at most {MAX_EPSILON:,}, not {self.epsilon!r}"
            )
        elif isinstance(self.epsilon, float):
            object.__setattr__(self, "epsilon", float(self.epsilon))
        for name in ("recognized_only", "drop_near_duplicates", "strict"):
            if (value := getattr(self, name)) in (True, False):
                object.__setattr__(self, name, bool(value))
            else:
                wrong.append(f"`{name}` must be True or False, not {value!r}")
        if not wrong and self.limit is not None and self.limit < self.min_drawings:
            wrong.append(
                f"`limit` must be at least `min_drawings`, {self.min_drawings}, not {self.limit}"
            )
        if not wrong and self.min_steps > self.max_steps:
            wrong.append(f"`min_steps` must be at most `max_steps`, not {self.min_steps}")
        if wrong:
            raise UsageError("; ".join(wrong))

    def cap(self, split: str) -> int | None:
        """Return how many drawings of a category a split may have."""
        return {"train": self.train, "valid": self.valid, "test": self.test}[split]


def _broken_rule(value: object, least: int) -> str | None:
    """Return the rule for whole numbers that a value breaks, if any."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        return "a whole number"
    number = int(value)
    if number < least:
        return f"at least {least}"
    return f"at most {MAX_NUMBER}" if number > MAX_NUMBER else None


def _is_tolerance(value: object) -> bool:
    """Whether a value is a number above 0 that a bundle's card may hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 < value <= MAX_EPSILON
