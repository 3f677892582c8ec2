"""In which order a participant sees the sketches: one of their own, the same at every visit."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple


class Place(NamedTuple):
    """Where a participant is: how many sketches they have voted on, of how many."""

    answered: int
    total: int
    sketch: str | None
    "The one to vote on now; None: all are done."
    following: str | None
    "The one after it, so that its picture can be fetched meanwhile."


@lru_cache(maxsize=1024)
def own_order(sketches: tuple[str, ...], seed: int) -> tuple[str, ...]:
    """Put sketches into a participant's order.

    By SHA-256 of seed and name, so that it is the same on every machine and in every release.

    Example:
        >>> sorted(own_order(("a", "b", "c"), 5))
        ['a', 'b', 'c']
    """
    return tuple(
        sorted(sketches, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())
    )


def place_in(order: tuple[str, ...], answered: Iterable[str]) -> Place:
    """Say where one is who has voted on some sketches of their own order.

    Example:
        >>> place_in(("b", "a", "c"), ["b"])
        Place(answered=1, total=3, sketch='a', following='c')
    """
    done = set(answered)
    left = [name for name in order if name not in done]
    sketch, following, *_ = *left[:2], None, None
    return Place(len(order) - len(left), len(order), sketch, following)
