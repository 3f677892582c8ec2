"""Checks of the arguments of a `Sketcher`.

Imports nothing heavy, so that the command line can check before it draws. A value of a wrong type
raises a `UsageError`, never a bare `TypeError`.
"""

from __future__ import annotations

import math
import numbers
import operator
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from sketch_pix2seq.bundle.checks import MAX_TEMPERATURE
from sketch_pix2seq.errors import UsageError

MAX_DRAWINGS = 1_000_000
"""The most drawings of one call, those that `best_of` drops included."""
MAX_SEED = 2**63 - 1
"""The largest number that JSON readers with whole numbers of 64 bits can hold."""
MAX_CODE = 1e6
"""Largest number in a latent code: no trained encoder comes near it."""


def check_amount(num_inputs: int, n: object, best_of: object = 1) -> tuple[int, int]:
    """Check how many drawings to draw.

    Raises:
        UsageError: If `n` or `best_of` is not a whole number of 1 or more, or for more than
            `MAX_DRAWINGS` drawings in all.

    Example:
        >>> check_amount(3, 10)
        (10, 1)
    """
    each, tried = whole_number("n", n, least=1), whole_number("best_of", best_of, least=1)
    if max(num_inputs, 1) * each * tried > MAX_DRAWINGS:
        times = f"{num_inputs:,} input{'s' * (num_inputs != 1)} x `n` {_counted(each)}"
        raise _too_many(times, tried, do="Ask for fewer, with another `seed` each time.")
    return each, tried


def check_mix(num_inputs: int, steps: object, best_of: object = 1) -> tuple[int, int]:
    """Check how many drawings to draw between some inputs.

    Args:
        num_inputs: Drawings to pass, 2 or more.
        steps: Drawings from one to the next, both included; 2 or more.
        best_of: Candidates of each drawing.

    Raises:
        UsageError: If an argument is out of range, or for more than `MAX_DRAWINGS` drawings.

    Example:
        >>> check_mix(2, 11)
        (11, 1)
    """
    if num_inputs < 2:
        raise UsageError("there must be two drawings or more to mix", got=num_inputs)
    between, tried = (
        whole_number("steps", steps, least=2),
        whole_number("best_of", best_of, least=1),
    )
    if ((num_inputs - 1) * (between - 1) + 1) * tried > MAX_DRAWINGS:
        raise _too_many(f"{num_inputs - 1:,} x `steps` {_counted(between)}", tried)
    return between, tried


def _too_many(times: str, best_of: int, do: str | None = None) -> UsageError:
    times += f" x `best_of` {_counted(best_of)}" if best_of > 1 else ""
    return UsageError(f"there must be at most {MAX_DRAWINGS:,} drawings at once", got=times, do=do)


def whole_number(name: str, value: object, *, least: int) -> int:
    """Check that the value of an argument is a whole number, NumPy's included; return an `int`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise UsageError(f"`{name}` must be a whole number", got=_shown(value))
    number = operator.index(value)
    if number < least:
        raise UsageError(f"`{name}` must be {least} or more", got=_shown(number))
    return number


def checked_temperature(value: object) -> float:
    """Check that a temperature is a number from 0 to `MAX_TEMPERATURE`; return it."""
    return _number_up_to(MAX_TEMPERATURE, "temperature", value)


def checked_fidelity(value: object) -> float | None:
    """Check that a fidelity is a number from 0 to 1, or None; return it."""
    return None if value is None else _number_up_to(1, "fidelity", value)


def checked_seed(value: object) -> int:
    """Check that a seed is a whole number from 0 to `MAX_SEED`; return it."""
    seed = whole_number("seed", value, least=0)
    if seed > MAX_SEED:
        raise UsageError("`seed` must be below 2^63", got=_shown(seed))
    return seed


def checked_seeds(value: object, num: int) -> list[int]:
    """Check a seed, or one for each of so many inputs; return one for each."""
    if not isinstance(value, Sequence | np.ndarray) or isinstance(value, str | bytes):
        return [checked_seed(value)] * num
    if len(value) != num:
        raise UsageError(f"`seed` must be one, or one for each of {num:,} inputs", got=len(value))
    return [checked_seed(each) for each in value]


def checked_threads(value: object) -> int | None:
    """Check that a number of threads is a whole number of 1 or more, or None; return it."""
    return None if value is None else whole_number("num_threads", value, least=1)


def checked_path(name: str, value: object) -> Path:
    """Check that the value of an argument is a path; return it."""
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str):
        raise UsageError(f"`{name}` must be a path", got=_shown(value))
    return Path(value)


def check_progress(value: Callable[[int, int], None] | None) -> None:
    """Check that a progress callback can be called."""
    if value is not None and not callable(value):
        raise UsageError("`progress` must be a function or None", got=_shown(value))


def _number_up_to(largest: float, name: str, value: object) -> float:
    number = math.nan
    if not isinstance(value, bool) and isinstance(value, numbers.Real):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
    if not 0 <= number <= largest:
        raise UsageError(f"`{name}` must be a number from 0 to {largest:.0f}", got=_shown(value))
    return number


def _counted(value: int) -> str:
    return f"{value:,}" if value < 2**64 else _shown(value)


def _shown(value: object) -> str:
    """Write a number as it is; of anything else say the type as well."""
    if isinstance(value, int) and abs(value) > 2**64:
        return f"a number of {value.bit_length()} bits"
    if not isinstance(value, bool) and isinstance(value, numbers.Real):
        return str(value)[:40]
    return f"{repr(value)[:40]}, a {type(value).__name__}"
