"""Signals held back: the first one waits, the second does not, the old way comes back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from sketch_pix2seq.training.interrupt import hold_interrupts


@pytest.fixture
def listening() -> Iterator[object]:
    """Ctrl-C is heard, also where the tests run in a shell's background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_the_first_one_waits_and_the_second_breaks_off(
    first: signal.Signals, listening: object
) -> None:
    with hold_interrupts() as interrupted:
        assert not interrupted.is_set()
        signal.raise_signal(first)
        assert interrupted.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is listening


def test_other_threads_are_left_alone() -> None:
    found: list[bool] = []

    def work() -> None:
        with hold_interrupts() as interrupted:
            found.append(interrupted.is_set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]
