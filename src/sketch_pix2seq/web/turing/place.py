"""Where a participant is in their own order of sketches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Place(NamedTuple):
    """Where a participant is: how many sketches they have voted on, of how many."""

    answered: int
    total: int
    sketch: str | None
    "The one to vote on now; None: all are done."
    following: str | None
    "The one after it, so that its picture can be fetched meanwhile."


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
