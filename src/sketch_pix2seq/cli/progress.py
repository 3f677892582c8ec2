"""Progress bars: drawn on stderr if that is a terminal, and otherwise not at all."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far something is while it goes on.

    Args:
        label: What goes on.

    Yields:
        A function to call with how much is done, and how much there is.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(
        console=console, transient=True, disable=sys.stderr is None or not sys.stderr.isatty()
    ) as bars:
        task = bars.add_task(label, total=None)

        def show(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        yield show
