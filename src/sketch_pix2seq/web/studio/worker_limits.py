"""Work that takes a while, done in threads so that others are served meanwhile.

Three queues: looking at a drawing takes a millisecond and is what everybody waits for; choosing
among many takes longer; reading photos and making files may take seconds. Neither must keep anybody
from drawing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from sketch_pix2seq.errors import BusyError
from sketch_pix2seq.processors import num_processors

T = TypeVar("T")

MOST_FILES = 16
"""Files that may be made, read, or wait for it."""


class WorkerLimits:
    """Where work is handed in."""

    def __init__(self) -> None:
        # more threads than processors would only stand in each other's way
        self._lookers = CapacityLimiter(num_processors())
        self._choosers = CapacityLimiter(1)
        self._filers = CapacityLimiter(1)
        self._num_files = 0

    async def look(self, work: Callable[[], T]) -> T:
        """Do something that takes no time to speak of."""
        return await to_thread.run_sync(work, limiter=self._lookers)

    async def choose(self, work: Callable[[], T]) -> T:
        """Look at many drawings; who has stopped waiting is answered at once."""
        return await to_thread.run_sync(work, limiter=self._choosers, abandon_on_cancel=True)

    async def file(self, work: Callable[[], T]) -> T:
        """Read or make a file.

        Raises:
            BusyError: If too many wait for that.
        """
        if self._num_files >= MOST_FILES:
            raise BusyError("too many files are being made", do="Try again in a few seconds.")
        self._num_files += 1
        try:
            # who has stopped waiting is answered at once, though the thread goes on
            return await to_thread.run_sync(work, limiter=self._filers, abandon_on_cancel=True)
        finally:
            self._num_files -= 1
