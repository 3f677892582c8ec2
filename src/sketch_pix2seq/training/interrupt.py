"""Ctrl-C and SIGTERM, held back until what must not be broken off is done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

HELD = (signal.SIGINT, signal.SIGTERM)  # a batch system sends the second before it kills


@contextmanager
def hold_interrupts() -> Iterator[threading.Event]:
    """Turn the first of these signals into an event; a second one breaks off as ever.

    Outside the main thread, where signals do not arrive, the event is never set.
    """
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def handle(number: int, frame: FrameType | None) -> None:
        event.set()
        put_back()

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, handle) for number in HELD}
    try:
        yield event
    finally:
        put_back()
