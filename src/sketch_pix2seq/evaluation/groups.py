"""Two groups of categories, as in the paper's two settings: animals against vehicles.

The first three living ones of a data set stand against the first three others. Where all are of
one kind, the first half stands against the second, which has one more of an odd number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_LIVING = """
angel ant bat bear bee bird butterfly camel cat cow crab crocodile dog dolphin dragon duck elephant
face fish flamingo frog giraffe hedgehog horse kangaroo lion lobster mermaid monkey mosquito mouse
octopus owl panda parrot penguin pig rabbit raccoon rhinoceros scorpion shark sheep snail snake
spider squirrel swan tiger whale yoga zebra
"""
LIVING = frozenset(_LIVING.split()) | {"sea turtle", "smiley face"}
"""Quick, Draw!'s categories of animals, people and faces."""
EACH = 3
"""Categories of a group, at most."""


class Groups(NamedTuple):
    """Two groups of category ids, none empty.

    Args:
        first: Living beings, if `is_meaningful`.
        second: The others.
        is_meaningful: False: all categories are of one kind, and these just the first and the next.

    Example:
        >>> groups_of(["axe", "bed", "door"])
        Groups(first=(0,), second=(1, 2), is_meaningful=False)
    """

    first: tuple[int, ...]
    second: tuple[int, ...]
    is_meaningful: bool

    @property
    def all(self) -> tuple[int, ...]:
        """All of them."""
        return self.first + self.second

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Each of the first with each of the second."""
        return [(first, second) for first in self.first for second in self.second]


def groups_of(categories: Sequence[str]) -> Groups:
    """Set categories against each other.

    Example:
        >>> groups_of(["car", "cat", "bus", "pig"])
        Groups(first=(1, 3), second=(0, 2), is_meaningful=True)
    """
    living = [index for index, name in enumerate(categories) if name in LIVING]
    others = [index for index, name in enumerate(categories) if name not in LIVING]
    if living and others:
        return Groups(tuple(living[:EACH]), tuple(others[:EACH]), is_meaningful=True)
    half = min(EACH, len(categories) // 2)
    ids = tuple(range(len(categories)))
    return Groups(ids[:half], ids[half:][:EACH], is_meaningful=False)
