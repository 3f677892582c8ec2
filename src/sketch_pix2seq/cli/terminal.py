"""Lines of text, with control characters escaped, and progress bars.

Bars are drawn on stderr if that is a terminal, and otherwise not at all.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CONTROL = frozenset(("Cc", "Cs", "Zl", "Zp"))


def printable(text: str) -> str:
    r"""Escape what would move the cursor, change colours or turn the direction of writing.

    Example:
        >>> printable("cat\x1b[2J.svg"), printable("café.svg")
        ('cat\\x1b[2J.svg', 'café.svg')
    """
    if text.isprintable():
        return text
    return "".join(map(_escaped, text))


def print_line(text: object = "", *, flush: bool = False) -> None:
    """Print a line of results; flush it if a reader is waiting for it."""
    print(printable(str(text)), flush=flush)


def notify(message: str) -> None:
    """Write a line on stderr, after the command's name; line breaks become spaces."""
    print(f"sketch-pix2seq: {printable(' '.join(message.split()))}", file=sys.stderr)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show progress.

    Args:
        label: Text beside the bar.

    Yields:
        A function to call with how much is done, and the total.
    """
    with bars() as progress:
        task = progress.add_task(label, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def file_bars() -> Iterator[Callable[[str, int, int | None], None]]:
    """Show the progress of several downloads.

    Yields:
        A function to call, from any thread, with a file's name, its bytes so far, and its size.
    """
    from rich import progress as rich

    columns = (
        rich.TextColumn("{task.description}"),
        *(rich.BarColumn(), rich.DownloadColumn()),
        *(rich.TransferSpeedColumn(), rich.TimeRemainingColumn()),
    )
    with bars(*columns) as progress:
        tasks: dict[str, TaskID] = {}

        def show(name: str, done: int, size: int | None) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name)
            progress.update(tasks[name], completed=done, total=size)
            if done == size:
                progress.remove_task(tasks.pop(name))

        yield show


def bars(*columns: Any, transient: bool = True) -> Progress:
    """Return progress bars of these columns, or of rich's default ones; a context."""
    from rich.console import Console
    from rich.progress import Progress

    disable = sys.stderr is None or not sys.stderr.isatty()
    return Progress(*columns, console=Console(stderr=True), transient=transient, disable=disable)


def _escaped(sign: str) -> str:
    if unicodedata.category(sign) in _CONTROL or sign in _BIDI:
        return sign.encode("unicode_escape").decode("ascii")
    return sign
