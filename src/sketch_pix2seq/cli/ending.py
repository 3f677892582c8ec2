"""Signals that end the command: each the same clean way out, with nothing left half written."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Ended(KeyboardInterrupt):
    """A signal asks the command to end.

    Args:
        word: What to say.
        status: The exit status, 128 + the signal's number.
    """

    def __init__(self, word: str, status: int) -> None:
        super().__init__(word)
        self.word = word
        self.status = status


@contextmanager
def ends_cleanly() -> Iterator[None]:
    """Raise `Ended` where the program is when Ctrl-C or SIGTERM comes.

    A signal that the caller has set to be ignored stays ignored. Outside the main thread, where
    signals do not arrive, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {}
    for number, handler in ((signal.SIGINT, _interrupted), (signal.SIGTERM, _terminated)):
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)


def _interrupted(number: int, frame: FrameType | None) -> None:
    raise Ended("interrupted", 128 + number)


def _terminated(number: int, frame: FrameType | None) -> None:
    # a batch system may send it to the process and to its group: the second must not stop the
    # clearing away
    signal.signal(number, signal.SIG_IGN)
    raise Ended("terminated", 128 + number)
