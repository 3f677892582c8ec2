"""Many callers at once: each gets what it would get alone, and its turn."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from bundles import LATENT_DIM, tiny_bundle
from sketch_pix2seq.errors import BundleError, BusyError
from sketch_pix2seq.inference.engine import StrokeEngine
from sketch_pix2seq.inference.live import Drawn, LiveEngine
from sketch_pix2seq.inference.row_block import DrawingRequest, Moved, RowBlock

PATIENCE = 60


class Listener:
    """Gathers what a caller is told."""

    def __init__(self, count: int) -> None:
        self.steps: list[list[np.ndarray]] = [[] for _ in range(count)]
        self.finished: list[int] = []
        self.error: Exception | None = None
        self.done = threading.Event()

    def __call__(self, told: Drawn | Exception) -> None:
        if isinstance(told, Exception):
            self.error = told
            self.done.set()
            return
        self.steps[told.place].append(told.steps)
        if told.finished:
            self.finished.append(told.place)
            if len(self.finished) == len(self.steps):
                self.done.set()

    def drawings(self) -> list[np.ndarray]:
        assert self.done.wait(PATIENCE)
        assert self.error is None
        return [np.concatenate(parts) for parts in self.steps]


@pytest.fixture(scope="module")
def engine() -> StrokeEngine:
    return StrokeEngine(tiny_bundle(), num_threads=2, num_rows=6)


@pytest.fixture
def live(engine: StrokeEngine) -> Iterator[LiveEngine]:
    live = LiveEngine(engine, most_waiting=300)
    yield live
    live.close()


def codes(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.standard_normal((count, LATENT_DIM)).astype(np.float32)


def test_every_caller_gets_what_it_would_get_alone(
    engine: StrokeEngine, live: LiveEngine, rng: np.random.Generator
) -> None:
    asked = [(codes(rng, count), count, 0.1 * count) for count in (1, 7, 20, 3, 11)]
    listeners = []
    for latents, seed, temperature in asked:
        listeners.append(Listener(len(latents)))
        live.ask(latents, range(len(latents)), listeners[-1], seed=seed, temperature=temperature)
    for listener, (latents, seed, temperature) in zip(listeners, asked, strict=True):
        alone = engine.draw(latents, range(len(latents)), seed=seed, temperature=temperature)
        for ours, theirs in zip(listener.drawings(), alone, strict=True):
            assert ours.tobytes() == theirs.tobytes()
    assert live.num_waiting == live.num_active == 0


def test_begun_drawings_begin_as_they_were(
    engine: StrokeEngine, live: LiveEngine, rng: np.random.Generator
) -> None:
    latents = codes(rng, 2)
    prefixes = [
        np.array([[1, 2, 1, 0, 0], [3, 4, 0, 1, 0]], np.float32),
        np.zeros((0, 5), np.float32),
    ]
    listener = Listener(2)
    live.ask(latents, [0, 1], listener, seed=0, temperature=0.5, prefixes=prefixes)
    first, _ = listener.drawings()
    np.testing.assert_array_equal(first[:2], prefixes[0])


def test_one_who_asks_for_much_does_not_keep_out_one_who_asks_for_little(
    live: LiveEngine, rng: np.random.Generator
) -> None:
    much, little = Listener(250), Listener(1)
    live.ask(codes(rng, 250), range(250), much, seed=0, temperature=1.0)
    live.ask(codes(rng, 1), [0], little, seed=1, temperature=1.0)
    assert little.done.wait(PATIENCE)
    assert len(much.finished) < 200
    much.drawings()


def test_when_too_much_waits_it_says_so_and_recovers(
    live: LiveEngine, rng: np.random.Generator
) -> None:
    first = Listener(290)
    live.ask(codes(rng, 290), range(290), first, seed=0, temperature=1.0)
    latents = codes(rng, 290)
    with pytest.raises(BusyError, match="too many people draw at this moment"):
        live.ask(latents, range(290), Listener(290), seed=0, temperature=1.0)
    first.drawings()
    last = Listener(1)
    while True:
        try:
            live.ask(codes(rng, 1), [0], last, seed=0, temperature=1.0)
            break
        except BusyError:
            continue
    last.drawings()


def test_who_has_gone_is_told_nothing_and_leaves_room(
    live: LiveEngine, rng: np.random.Generator
) -> None:
    told: queue.SimpleQueue[Any] = queue.SimpleQueue()
    caller = live.ask(codes(rng, 280), range(280), told.put, seed=0, temperature=1.0)
    told.get(timeout=PATIENCE)
    live.leave(caller)
    assert live.num_waiting == 0
    other = Listener(3)
    live.ask(codes(rng, 3), range(3), other, seed=0, temperature=1.0)
    other.drawings()
    ends = time.monotonic() + PATIENCE
    while live.num_active and time.monotonic() < ends:
        time.sleep(0.01)  # the other thread may be in the midst of a call
    assert live.num_active == 0
    finished = 0
    while not told.empty():
        finished += told.get().finished
    assert finished < 280


def test_who_waits_when_it_ends_is_told(engine: StrokeEngine, rng: np.random.Generator) -> None:
    live = LiveEngine(engine)
    listener = Listener(500)
    live.ask(codes(rng, 500), range(500), listener, seed=0, temperature=1.0)
    live.close()
    assert listener.done.wait(PATIENCE)
    assert isinstance(listener.error, BusyError)
    with pytest.raises(BusyError):
        live.ask(codes(rng, 1), [0], listener, seed=0, temperature=1.0)


def test_a_fault_is_told_and_survived(
    live: LiveEngine, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(block: RowBlock, asked: list[DrawingRequest]) -> Moved:
        raise MemoryError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(RowBlock, "enter", broken)
        listener = Listener(2)
        live.ask(codes(rng, 2), range(2), listener, seed=0, temperature=1.0)
        assert listener.done.wait(PATIENCE)
    assert isinstance(listener.error, MemoryError)
    again = Listener(9)
    live.ask(codes(rng, 9), range(9), again, seed=0, temperature=1.0)
    again.drawings()
    assert live.num_active == 0


def test_numbers_that_are_not_finite_are_an_error_of_that_caller_alone(
    live: LiveEngine, rng: np.random.Generator
) -> None:
    bad, good = Listener(1), Listener(4)
    wrong = np.full((1, LATENT_DIM), np.nan, np.float32)
    live.ask(wrong, [0], bad, seed=0, temperature=1.0)
    live.ask(codes(rng, 4), range(4), good, seed=0, temperature=1.0)
    assert bad.done.wait(PATIENCE)
    assert isinstance(bad.error, BundleError)
    good.drawings()
