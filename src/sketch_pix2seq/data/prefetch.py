"""Batches made ahead of time, while the model is busy with the one before.

One thread, a short queue. Knows nothing of what a batch is made of.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from queue import Full, Queue
from threading import Event, Thread
from typing import Generic, Protocol, TypeVar, runtime_checkable

from sketch_pix2seq.errors import UsageError

_POLL_SECONDS = 0.1


_Made = TypeVar("_Made", covariant=True)
_Item = TypeVar("_Item")


@runtime_checkable
class MakesBatches(Protocol[_Made]):
    """A source of batches by step, such as a `BatchSource`."""

    def batch(self, step: int) -> _Made:
        """Return the batch of a training step."""
        ...


def prefetch(
    source: MakesBatches[_Item], start: int, stop: int | None = None, *, ahead: int = 2
) -> Generator[_Item, None, None]:
    """Make batches in a background thread.

    Args:
        source: Where batches come from; not to be used by anything else meanwhile.
        start: First step.
        stop: Step after the last one; None: without end.
        ahead: How many batches may wait.

    Yields:
        The batches of the steps, in order. Closing the iterator ends the thread.

    Raises:
        Exception: Whatever the source raised, in place of that batch.
    """
    if ahead < 1:
        raise UsageError("`ahead` must be at least 1", got=ahead)
    with closing(_Worker(source, start, stop, ahead)) as worker:
        yield from worker.items()


@dataclass(frozen=True)
class _Failure:
    """What the source raised."""

    error: BaseException


class _Worker(Generic[_Item]):
    """The thread and its queue; None in the queue says that there is no more."""

    def __init__(
        self, source: MakesBatches[_Item], start: int, stop: int | None, ahead: int
    ) -> None:
        self._source = source
        self._queue: Queue[tuple[_Item] | _Failure | None] = Queue(maxsize=ahead)
        self._closed = Event()
        self._thread = Thread(target=self._run, args=(start, stop), name="prefetch", daemon=True)
        self._thread.start()

    def items(self) -> Iterator[_Item]:
        """Wait for what comes next, until there is no more."""
        while (item := self._queue.get()) is not None:
            if isinstance(item, _Failure):
                raise item.error
            yield item[0]

    def close(self) -> None:
        """End the thread and wait until it has ended."""
        self._closed.set()
        self._thread.join()

    def _run(self, start: int, stop: int | None) -> None:
        """Make batches until closed, then put the end or the error into the queue."""
        last: _Failure | None = None
        try:
            step = start
            while not self._closed.is_set() and (stop is None or step < stop):
                self._put((self._source.batch(step),))
                step += 1
        except BaseException as error:  # whatever it is, the consumer must see it
            last = _Failure(error)
        self._put(last)

    def _put(self, item: tuple[_Item] | _Failure | None) -> None:
        """Wait for a free place, unless the queue is closed."""
        while not self._closed.is_set():
            try:
                self._queue.put(item, timeout=_POLL_SECONDS)
            except Full:
                continue
            return
