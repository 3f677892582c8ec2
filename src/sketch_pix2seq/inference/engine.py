"""The stroke engine: latent codes in, steps out, many drawings at once.

Drawings share calls of the decoder, each in a row of its own. A finished one leaves at once;
when enough rows are free, new ones enter. As ONNX Runtime computes each row the same whatever
stands beside it, a drawing depends on its code, its noise and the temperature alone: not on
the batch, the rows or the threads.

This module knows how to keep the decoder busy. It does not know what a step means, but for
the pen state that ends a drawing, and it knows no pixels.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.bundle import DECODER_FILE, BundleCard
from sketch_pix2seq.inference.noise import open_stream, read_noise
from sketch_pix2seq.inference.session import (
    Session,
    decoder_session,
    not_usable,
    num_processors,
)
from sketch_pix2seq.sketch.pen import PEN, PEN_END, START_STEP

NUM_ROWS = 48
"""Rows that a thread draws at once: states and weights then stay in the processor's cache."""
FEW = 6
"""Up to so many drawings share one row block whose calls all threads work on together."""
MAX_THREADS_A_CALL = 4
"""More threads do not stream one drawing's weights faster."""
NOISE_STEPS = 32
"""Steps of noise read at a time."""

_END_COLUMN = PEN.start + PEN_END

Progress = Callable[[int, int], None]
"""Called with how many drawings are finished, and how many there are."""


class StrokeEngine:
    """Draws latent codes with a bundle's decoder.

    Args:
        decoder: What `decoder.onnx` holds.
        card: The bundle's card.
        num_threads: Threads to draw with; None: as many as there are processors.
        num_rows: Rows that a thread draws at once.

    Raises:
        BundleError: If the decoder is not what the card says (when first used).
    """

    def __init__(
        self,
        decoder: bytes,
        card: BundleCard,
        *,
        num_threads: int | None = None,
        num_rows: int = NUM_ROWS,
    ) -> None:
        self.card = card
        self.num_threads = num_threads or num_processors()
        self.num_rows = num_rows
        self._decoder = decoder

    @cached_property
    def _alone(self) -> Session:
        """The session for few drawings: all threads work on one call."""
        threads = min(self.num_threads, MAX_THREADS_A_CALL)
        return decoder_session(self._decoder, self.card, threads)

    @cached_property
    def _many(self) -> Session:
        """The session for many drawings: each thread makes calls of its own."""
        if self.num_threads == 1:
            return self._alone
        return decoder_session(self._decoder, self.card, 1)

    def draw(
        self,
        latents: Float32[np.ndarray, "N Z"],
        indices: Sequence[int],
        *,
        seed: int,
        temperature: float,
        progress: Progress | None = None,
    ) -> list[Float32[np.ndarray, "T 5"]]:
        """Draw every code once.

        Args:
            latents: A code per drawing.
            indices: With the seed, what decides each drawing's noise.
            seed: The user's, >= 0.
            temperature: Not negative; 0 is greedy.
            progress: Called in this thread now and then.

        Returns:
            Per drawing (T, 5) stroke-5 rows in units of `offset_scale`: up to and including
            its end row, or cut off without one after `card.max_steps`.

        Raises:
            BundleError: If the decoder cannot be run, or draws numbers that are not finite.
        """
        total = len(latents)
        if total == 0:
            return []
        job = _Job(latents, indices, seed)
        num_workers = 1 if total <= FEW else min(self.num_threads, -(-total // FEW))
        session = self._alone if total <= FEW else self._many
        num_rows = max(1, min(self.num_rows, -(-total // num_workers)))
        blocks = [_RowBlock(session, self.card, num_rows, temperature) for _ in range(num_workers)]
        if num_workers == 1:
            _work(blocks[0], job, progress)
        else:
            _share(blocks, job, progress)
        if progress is not None:
            progress(total, total)
        return _by_drawing([call for block in blocks for call in block.drawn], total)


class _Job:
    """Drawings that wait for a row, handed out to all workers."""

    def __init__(
        self,
        latents: Float32[np.ndarray, "N Z"],
        indices: Sequence[int],
        seed: int,
    ) -> None:
        self.latents = latents
        self.indices = indices
        self.seed = seed
        self.num_finished = 0
        self._next = 0
        self._lock = threading.Lock()

    @property
    def total(self) -> int:
        return len(self.latents)

    def take(self, count: int) -> Int64[np.ndarray, "K"]:
        """Hand out the numbers of up to `count` drawings."""
        with self._lock:
            first = self._next
            self._next = min(first + count, self.total)
            return np.arange(first, self._next)

    def finish(self, count: int) -> None:
        """Count drawings that are finished."""
        with self._lock:
            self.num_finished += count

    def close(self) -> None:
        """Hand out no more."""
        with self._lock:
            self._next = self.total


def _share(blocks: Sequence[_RowBlock], job: _Job, progress: Progress | None) -> None:
    """Let every block draw in a thread of its own, the first one in this thread."""
    with ThreadPoolExecutor(len(blocks) - 1, "stroke-engine") as pool:
        others = [pool.submit(_work, block, job, None) for block in blocks[1:]]
        try:
            _work(blocks[0], job, progress)
        finally:
            job.close()  # has an effect if this thread was interrupted
        for other in others:
            other.result()


def _work(block: _RowBlock, job: _Job, progress: Progress | None) -> None:
    """Draw until nothing waits and all rows are empty."""
    refill_from = max(1, block.num_rows // 4)
    while True:
        finished = 0
        if block.num_free >= refill_from and len(numbers := job.take(block.num_free)):
            streams = [open_stream(job.seed, int(job.indices[number])) for number in numbers]
            finished = block.enter(numbers, job.latents[numbers], streams)
        elif block.num_active == 0:
            return
        if block.num_active:
            finished += block.advance()
        if finished:
            job.finish(finished)
            if progress is not None:
                progress(job.num_finished, job.total)


class _RowBlock:
    """Rows that are drawn together, call by call.

    The active rows stand first. States and steps are kept twice: a call reads one side and
    writes the other, so nothing is copied between calls.
    """

    def __init__(
        self, session: Session, card: BundleCard, num_rows: int, temperature: float
    ) -> None:
        self.num_rows = num_rows
        self.num_active = 0
        self.drawn: list[tuple[np.ndarray, np.ndarray]] = []
        "Of each call, which drawings it moved on and the step of each."
        self._session = session
        self._max_steps = card.max_steps
        self._noise_dim = card.noise_dim
        self._latent = np.zeros((num_rows, card.latent_dim), np.float32)
        self._states = np.zeros((2, num_rows, card.state_dim), np.float32)
        self._steps = np.zeros((2, num_rows, len(START_STEP)), np.float32)
        self._noise = np.zeros((num_rows, card.noise_dim), np.float32)
        self._temperature = np.full((num_rows, 1), temperature, np.float32)
        self._noise_ahead = np.zeros((num_rows, NOISE_STEPS, card.noise_dim), np.float32)
        self._streams: list[np.random.Generator] = []
        self._numbers = np.zeros(num_rows, np.int64)
        self._last_ticks = np.zeros(num_rows, np.int64)
        self._next_cut = 0
        self._tick = 0
        self._side = 0
        self._calls: dict[tuple[int, int, int], Any] = {}

    @property
    def num_free(self) -> int:
        """How many rows are empty."""
        return self.num_rows - self.num_active

    def enter(
        self,
        numbers: Int64[np.ndarray, "K"],
        latents: Float32[np.ndarray, "K Z"],
        streams: list[np.random.Generator],
    ) -> int:
        """Let new drawings in, and let them take their first step in a call of their own.

        The decoder computes first states for the whole batch if any of it begins, so those
        that begin must not share a call with those that are under way.

        Returns:
            How many of all drawings are now finished.
        """
        start, stop = self.num_active, self.num_active + len(numbers)
        rows = slice(start, stop)
        position = self._tick % NOISE_STEPS
        noise = read_noise(streams, 1 + (NOISE_STEPS - position) % NOISE_STEPS, self._noise_dim)
        self._noise[rows] = noise[:, 0]
        if noise.shape[1] > 1:
            self._noise_ahead[rows, position:] = noise[:, 1:]
        source = 1 - self._side  # so that the results come to lie beside those of the others
        self._latent[rows] = latents
        self._states[source, rows] = 0
        self._steps[source, rows] = START_STEP
        self._run(source, start, stop)
        self.num_active = stop
        self._streams += streams
        self._numbers[rows] = numbers
        self._last_ticks[rows] = self._tick + self._max_steps - 1
        self._next_cut = min(self._last_ticks[:stop].tolist())
        return self._record(start)

    def advance(self) -> int:
        """Move all active rows on by a step.

        Returns:
            How many drawings this finished.
        """
        active = self.num_active
        position = self._tick % NOISE_STEPS
        if position == 0:
            self._noise_ahead[:active] = read_noise(self._streams, NOISE_STEPS, self._noise_dim)
        self._noise[:active] = self._noise_ahead[:active, position]
        self._run(self._side, 0, active)
        self._side = 1 - self._side
        self._tick += 1
        return self._record(0)

    def _record(self, start: int) -> int:
        """Keep the steps just drawn, from row `start` on, and let finished drawings leave."""
        rows = slice(start, self.num_active)
        steps = self._steps[self._side, rows].copy()
        self.drawn.append((self._numbers[rows].copy(), steps))
        ended = steps[:, _END_COLUMN] > 0
        if self._tick >= self._next_cut:
            ended |= self._last_ticks[rows] <= self._tick
        if not ended.any():
            return 0
        leaving = (start + np.flatnonzero(ended)).tolist()
        for row in reversed(leaving):
            self._leave(row)
        if self._tick >= self._next_cut:
            self._next_cut = min(self._last_ticks[: self.num_active].tolist(), default=0)
        return len(leaving)

    def _leave(self, row: int) -> None:
        """Let the last active row take the place of a finished one."""
        last = self.num_active - 1
        if row != last:
            side = self._side
            for kept in (
                self._numbers,
                self._last_ticks,
                self._latent,
                self._states[side],
                self._steps[side],
                self._noise_ahead,
            ):
                kept[row] = kept[last]
            self._streams[row] = self._streams[last]
        self._streams.pop()
        self.num_active = last

    def _run(self, source: int, start: int, stop: int) -> None:
        """Call the decoder: read rows of one side, write them on the other."""
        call = self._calls.get((source, start, stop))
        try:
            if call is None:
                call = self._calls[source, start, stop] = self._bind(source, start, stop)
            self._session.run_with_iobinding(call)
        except Exception as error:  # its errors have no common ancestor but this one
            raise not_usable(DECODER_FILE, error) from error

    def _bind(self, source: int, start: int, stop: int) -> Any:
        """Tell the decoder where the rows lie; this costs more than a step of one drawing."""
        call = self._session.io_binding()
        target = 1 - source
        inputs = {
            "latent": self._latent[start:stop],
            "state": self._states[source, start:stop],
            "step": self._steps[source, start:stop],
            "noise": self._noise[start:stop],
            "temperature": self._temperature[start:stop],
        }
        outputs = {
            "next_state": self._states[target, start:stop],
            "next_step": self._steps[target, start:stop],
        }
        for name, array in inputs.items():
            call.bind_input(name, "cpu", 0, np.float32, array.shape, _address(array))
        for name, array in outputs.items():
            call.bind_output(name, "cpu", 0, np.float32, array.shape, _address(array))
        return call


def _address(array: np.ndarray) -> int:
    """Return where an array lies; a third of the time that `array.ctypes` takes."""
    address: int = array.__array_interface__["data"][0]
    return address


def _by_drawing(
    drawn: Sequence[tuple[np.ndarray, np.ndarray]], total: int
) -> list[Float32[np.ndarray, "T 5"]]:
    """Sort the steps of all calls by drawing; a drawing's own stay in their order."""
    numbers = np.concatenate([numbers for numbers, _ in drawn])
    steps = np.concatenate([steps for _, steps in drawn])
    if not np.isfinite(steps).all():
        raise BundleError(
            f"`{DECODER_FILE}` of the bundle draws numbers that are not finite",
            do="Train it with a smaller learning rate, or use another bundle.",
        )
    ends = np.cumsum(np.bincount(numbers, minlength=total))
    return np.split(steps[np.argsort(numbers, kind="stable")], ends[:-1])
