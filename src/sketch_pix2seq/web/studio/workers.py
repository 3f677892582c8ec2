"""Threads that draw for all who ask, and the queue before them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from anyio import CancelScope, CapacityLimiter, fail_after, from_thread, to_thread
from anyio.lowlevel import checkpoint_if_cancelled
from fastapi import Request
from starlette.requests import ClientDisconnect

from sketch_pix2seq.errors import BusyError

T = TypeVar("T")

MAX_WAITING = 200
"""Requests that may wait for a thread."""
WAIT_SECONDS = 10.0
"""How long one may wait for it."""


class Workers:
    """Threads that work for all who ask, and the queue before them.

    Args:
        num_threads: More than there are processors would only slow each other.
        most_waiting: Requests that may wait.
    """

    def __init__(self, num_threads: int, most_waiting: int = MAX_WAITING) -> None:
        self._limiter = CapacityLimiter(num_threads)
        self._most_waiting = most_waiting

    @property
    def num_active(self) -> int:
        """How many requests are worked on."""
        return self._limiter.statistics().borrowed_tokens

    @property
    def num_waiting(self) -> int:
        """How many requests wait."""
        return self._limiter.statistics().tasks_waiting

    async def run(self, request: Request, work: Callable[[], T]) -> T:
        """Do something in a thread.

        Args:
            request: Once its client has gone, `go_on` ends the work.
            work: The function to run.

        Raises:
            BusyError: If too many wait for a thread, or none becomes free in time.
            ClientDisconnect: If the client has gone.
        """
        with CancelScope() as scope:
            watcher = asyncio.create_task(_cancel_when_gone(request, scope))
            try:
                await self._wait_for_thread()
                try:
                    # (`_limiter` has counted this thread; that of all other routes shall not)
                    result = await to_thread.run_sync(work, limiter=CapacityLimiter(1))
                    await checkpoint_if_cancelled()
                    return result
                finally:
                    self._limiter.release()
            finally:
                watcher.cancel()
        raise ClientDisconnect

    async def _wait_for_thread(self) -> None:
        busy = BusyError("too many people draw at this moment", do="Try again in a few seconds.")
        if self.num_waiting >= self._most_waiting:
            raise busy
        try:
            with fail_after(WAIT_SECONDS):
                await self._limiter.acquire()
        except TimeoutError as error:
            raise busy from error


async def _cancel_when_gone(request: Request, scope: CancelScope) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


def go_on(done: int, total: int) -> None:
    """End a thread's work, between two drawings, if nobody waits for it any more."""
    from_thread.check_cancelled()
