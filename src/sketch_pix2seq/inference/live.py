"""The live engine: many callers draw at once and see their strokes as they come.

Drawings join the rows that are under way as soon as one is free; callers take turns, so one who
asks for many does not keep out one who asks for few. A drawing is the same as the one that
`StrokeEngine` draws of the same condition, seed, index and temperature.

Knows threads and turns. It does not know what a step means, nor who the callers are.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.errors import BusyError
from sketch_pix2seq.inference.engine import StrokeEngine, is_drawable, not_drawable
from sketch_pix2seq.inference.row_block import (
    EMPTY_PREFIX,
    Conditions,
    DrawingRequest,
    Moved,
    RowBlock,
)

_log = logging.getLogger(__name__)

NOTIFY_STEPS = 16
"""New steps of a drawing after which its caller is notified, as at its end."""
MOST_WAITING = 2_000
"""Drawings that may wait for a row."""


class Drawn(NamedTuple):
    """Some steps of a drawing.

    Args:
        place: Which of the caller's conditions it is of.
        steps: (S, 5), what was drawn since the caller was last notified.
        finished: Whether these are its last ones.
    """

    place: int
    steps: Float32[np.ndarray, "S 5"]
    finished: bool


Notify: TypeAlias = Callable[[Drawn | Exception], None]
"""Called in the engine's threads; must return soon. After an exception, or once
all drawings are finished, it is not called any more."""


class Caller:
    """Somebody who waits for drawings.

    Args:
        notify: Called with them.
        waiting: Drawings that wait for a row.
    """

    def __init__(self, notify: Notify, waiting: Sequence[DrawingRequest]) -> None:
        self.notify = notify
        self.waiting = deque(waiting)
        self.first = waiting[0].number
        self.num_unfinished = len(waiting)
        self.gone = False


@dataclass(eq=False, slots=True)
class UnderWay:
    """A drawing that stands in a row.

    Args:
        caller: Whose.
        steps: (S, 5) each, of which the caller was not notified yet.
        num_steps: How many these are.
    """

    caller: Caller
    steps: list[Float32[np.ndarray, "S 5"]] = field(default_factory=list)
    num_steps: int = 0


class LiveEngine:
    """Draws for many callers at once, in threads of its own.

    Args:
        engine: What draws.
        most_waiting: Drawings that may wait for a row.
    """

    def __init__(self, engine: StrokeEngine, *, most_waiting: int = MOST_WAITING) -> None:
        self.most_waiting = most_waiting
        self._engine = engine
        self._turns: deque[Caller] = deque()
        "Callers with waiting drawings, the next one to be served first."
        self._under_way: dict[int, UnderWay] = {}
        "By number, each drawing that stands in a row."
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, args=(block,), name=f"live-{place}", daemon=True)
            for place, block in enumerate(engine.blocks(engine.num_rows * engine.num_threads))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def works(self) -> bool:
        """Whether it draws."""
        return not self._closed and all(thread.is_alive() for thread in self._threads)

    @property
    def num_waiting(self) -> int:
        """How many drawings wait for a row."""
        with self._changed:
            return self._count_waiting()

    @property
    def num_active(self) -> int:
        """How many drawings are under way."""
        return len(self._under_way)

    def ask(
        self,
        conditions: Conditions,
        indices: Sequence[int],
        notify: Notify,
        *,
        seed: int,
        temperature: float,
        prefixes: Sequence[Float32[np.ndarray, "_ 5"]] | None = None,
    ) -> Caller:
        """Ask for drawings.

        Args:
            conditions: What the decoder draws each from, at least one; see `DrawingRequest`.
            indices: With the seed, what decides each drawing's noise.
            notify: Called as they come.
            seed: Not negative.
            temperature: Not negative.
            prefixes: The first steps of each drawing; None: no prefixes.

        Returns:
            What `leave` takes.

        Raises:
            BusyError: If too many drawings wait already.
        """
        with self._changed:
            waiting = self._count_waiting()
            if self._closed or (waiting and waiting + len(conditions) > self.most_waiting):
                raise BusyError(
                    "too many people draw at this moment", do="Try again in a few seconds."
                )
            requests = [
                DrawingRequest(
                    next(self._numbers),
                    conditions[place],
                    seed,
                    int(indices[place]),
                    temperature,
                    EMPTY_PREFIX if prefixes is None else prefixes[place],
                )
                for place in range(len(conditions))
            ]
            caller = Caller(notify, requests)
            self._turns.append(caller)
            self._changed.notify_all()
        return caller

    def leave(self, caller: Caller) -> None:
        """Stop drawing for a caller, and do not notify it any more.

        Args:
            caller: Who has gone.
        """
        with self._changed:
            caller.gone = True
            caller.waiting.clear()
            if caller in self._turns:
                self._turns.remove(caller)

    def close(self) -> None:
        """Stop; callers that still wait get a `BusyError`."""
        with self._changed:
            self._closed = True
            callers = {*self._turns, *(one.caller for one in self._under_way.values())}
            self._turns.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        for caller in callers:
            if not caller.gone and caller.num_unfinished:
                caller.notify(BusyError("this service is ending", do="Try again later."))

    def _count_waiting(self) -> int:
        return sum(len(caller.waiting) for caller in self._turns)

    def _work(self, block: RowBlock) -> None:
        """Draw whatever is asked for, until closed."""
        while True:
            requests = self._take(block)
            if requests is None:
                return
            try:
                if requests:
                    self._notify(block.enter(requests))
                self._let_go(block)
                if block.num_active:
                    self._notify(block.advance())
            except Exception as error:  # whatever it is, callers must not wait for ever
                self._fail(block, requests, error)

    def _take(self, block: RowBlock) -> list[DrawingRequest] | None:
        """Wait for something to do; hand out a drawing of each caller in turn."""
        with self._changed:
            while not (self._turns or block.num_active or self._closed):
                self._changed.wait()
            if self._closed:
                return None
            requests: list[DrawingRequest] = []
            while self._turns and len(requests) < block.num_free:
                caller = self._turns.popleft()
                one = caller.waiting.popleft()
                self._under_way[one.number] = UnderWay(caller)
                requests.append(one)
                if caller.waiting:
                    self._turns.append(caller)
            return requests

    def _let_go(self, block: RowBlock) -> None:
        """Let the drawings leave whose callers have gone."""
        with self._changed:
            gone = {number for number, one in self._under_way.items() if one.caller.gone}
            for number in block.leave(gone) if gone else ():
                del self._under_way[number]

    def _notify(self, moved: Moved) -> None:
        """Notify callers of what was drawn: at once where a drawing ends, else now and then."""
        finished = set(moved.finished)
        all_drawable = is_drawable(moved.steps)
        for column, number in enumerate(moved.numbers.tolist()):
            one = self._under_way[number]
            one.steps.append(moved.steps[:, column])
            one.num_steps += len(moved.steps)
            ends = number in finished
            if not (ends or one.num_steps >= NOTIFY_STEPS or not all_drawable):
                continue
            steps = np.concatenate(one.steps)
            one.steps, one.num_steps = [], 0
            if ends:
                with self._changed:
                    del self._under_way[number]
                    one.caller.num_unfinished -= 1
            if one.caller.gone:
                continue
            if all_drawable or is_drawable(steps):
                self._notify_caller(one.caller, Drawn(number - one.caller.first, steps, ends))
            else:
                self.leave(one.caller)
                self._notify_caller(one.caller, not_drawable())

    def _fail(self, block: RowBlock, requests: Sequence[DrawingRequest], error: Exception) -> None:
        """Pass an error to every caller in a block, or about to enter it, and empty it."""
        numbers = {*block.numbers, *(one.number for one in requests)}
        with self._changed:
            found = [self._under_way.pop(number, None) for number in numbers]
        block.leave(numbers)
        for caller in {one.caller for one in found if one is not None}:
            if not caller.gone:
                self.leave(caller)
                self._notify_caller(caller, error)

    def _notify_caller(self, caller: Caller, news: Drawn | Exception) -> None:
        """Notify a caller; one whose `notify` fails is taken to have gone."""
        try:
            caller.notify(news)
        except Exception:  # others must be drawn for all the same
            _log.exception("a caller of the engine could not be notified")
            self.leave(caller)
