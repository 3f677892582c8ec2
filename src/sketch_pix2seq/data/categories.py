"""The 345 categories of Quick, Draw!, and which of them is meant.

Source: the names of the files of the Quick, Draw! Dataset (googlecreativelab/quickdraw-dataset).
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import cache
from importlib import resources

from sketch_pix2seq.errors import UsageError

ALL = "all"
"""Stands for every category."""


@cache
def quickdraw_categories() -> tuple[str, ...]:
    """All names, by the alphabet.

    Example:
        >>> len(quickdraw_categories()), quickdraw_categories()[0]
        (345, 'aircraft carrier')
    """
    text = resources.files("sketch_pix2seq.data").joinpath("categories.txt").read_text("utf-8")
    return tuple(text.splitlines())


def find_categories(names: Sequence[str]) -> list[str]:
    """The categories that are meant: in any case, `_` or `-` for a blank, `all` for all.

    Args:
        names: As a person writes them.

    Returns:
        Their right names in the order given, each once.

    Raises:
        UsageError: Naming every one that there is not, with the nearest right ones.

    Example:
        >>> find_categories(["Alarm_Clock", "cat", "cat"])
        ['alarm clock', 'cat']
    """
    known = {_plain(name): name for name in quickdraw_categories()}
    found: list[str] = []
    wrong: list[str] = []
    for name in names:
        if _plain(name) == ALL:
            found.extend(known.values())
        elif _plain(name) in known:
            found.append(known[_plain(name)])
        else:
            near = difflib.get_close_matches(_plain(name), known, n=3)
            hint = f" (did you mean {' or '.join(known[key] for key in near)}?)" if near else ""
            wrong.append(f"there is no category `{name}`{hint}")
    if wrong:
        raise UsageError("; ".join(wrong), do="Quote a name that has a blank in it.")
    if not found:
        raise UsageError("at least one category is needed", do=f"`{ALL}` stands for all.")
    return list(dict.fromkeys(found))


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").replace("-", " ").casefold().split())
