"""In which order a participant sees the sketches: one of their own, the same at every visit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple


class Place(NamedTuple):
    """Where a participant is.

    Args:
        answered: How many sketches they have voted on.
        total: How many there are.
        sketch: The one to vote on now; None: all are done.
        following: The one after it, so that its picture can be fetched meanwhile.
    """

    answered: int
    total: int
    sketch: str | None
    following: str | None


@lru_cache(maxsize=1024)
def own_order(sketches: tuple[str, ...], seed: int) -> tuple[str, ...]:
    """Put sketches into a participant's order.

    By SHA-256 of seed and name, so that it is the same on every machine and in every release.

    Args:
        sketches: Their names.
        seed: The participant's.

    Example:
        >>> sorted(own_order(("a", "b", "c"), 5))
        ['a', 'b', 'c']
    """
    return tuple(
        sorted(sketches, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())
    )


def place_in(order: tuple[str, ...], answered: Iterable[str]) -> Place:
    """Say where one is.

    Args:
        order: Their own.
        answered: What they have voted on.

    Example:
        >>> place_in(("b", "a", "c"), ["b"])
        Place(answered=1, total=3, sketch='a', following='c')
    """
    done = set(answered)
    left = [name for name in order if name not in done]
    sketch, following, *_ = *left[:2], None, None
    return Place(len(order) - len(left), len(order), sketch, following)
