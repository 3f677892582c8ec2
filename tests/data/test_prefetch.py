from __future__ import annotations

import threading
import time

import pytest

from sketch_pix2seq.data.prefetch import prefetch
from sketch_pix2seq.errors import UsageError


class Steps:
    """Makes its step numbers, and remembers for which it was asked."""

    def __init__(self, wrong: int | None = None) -> None:
        self.asked: list[int] = []
        self.wrong = wrong

    def batch(self, step: int) -> int:
        self.asked.append(step)
        if step == self.wrong:
            raise ZeroDivisionError("wrong step")
        return step


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "prefetch"]


def test_batches_come_in_order_and_the_thread_ends() -> None:
    assert list(prefetch(Steps(), 5, 25)) == list(range(5, 25))
    assert threads() == []


def test_nothing_to_make_is_nothing_made() -> None:
    assert list(prefetch(Steps(), 5, 5)) == []


def test_a_few_wait_and_no_more() -> None:
    steps = Steps()
    batches = prefetch(steps, 0, ahead=3)
    assert next(batches) == 0
    deadline = time.monotonic() + 5
    while len(steps.asked) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert steps.asked == [0, 1, 2, 3, 4]  # given, three waiting, one in hand
    batches.close()
    assert threads() == []


def test_an_error_comes_out_where_its_batch_would_have() -> None:
    batches = prefetch(Steps(wrong=3), 0)
    assert [next(batches) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError, match="wrong step"):
        next(batches)
    assert threads() == []


def test_leaving_in_the_middle_ends_the_thread() -> None:
    batches = prefetch(Steps(), 0)
    for step in batches:
        if step == 4:
            break
    batches.close()
    assert threads() == []


def test_no_queue_is_refused() -> None:
    with pytest.raises(UsageError, match="`ahead` must be at least 1"):
        next(prefetch(Steps(), 0, ahead=0))
