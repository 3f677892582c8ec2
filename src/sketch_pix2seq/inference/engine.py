"""The stroke engine: latent codes in, steps out, many drawings at once.

Drawings share calls of the decoder, each in a row of its own. A finished one leaves at once;
when enough rows are free, new ones enter. As each row is computed the same whatever stands beside
it, a drawing depends on its code, its noise and the temperature alone: not on the batch, the rows
or the threads.

This module knows how to keep the decoder busy. It does not know what a step means, but for
the pen state that ends a drawing, and it knows no pixels.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.bundle import DECODER_FILE, Bundle, BundleCard
from sketch_pix2seq.inference.lstm_steps import LSTMRows, LSTMSteps
from sketch_pix2seq.inference.noise import open_stream, read_noise
from sketch_pix2seq.inference.rows import DecoderRows, OnnxRows
from sketch_pix2seq.inference.session import Session, decoder_session, num_processors
from sketch_pix2seq.sketch.pen import PEN, PEN_END, STROKE5_DIM

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
        bundle: The model.
        num_threads: Threads to draw with; None: as many as there are processors.
        num_rows: Rows that a thread draws at once.
        compiled: Draw by C code of our own, where this machine and the decoder allow it; else
            by ONNX Runtime, which gives the same drawings but for the last digits.

    Raises:
        BundleError: If the decoder is not what the card says (when first used).
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        num_threads: int | None = None,
        num_rows: int = NUM_ROWS,
        compiled: bool = True,
    ) -> None:
        self.card = bundle.card
        self.num_threads = num_threads or num_processors()
        self.num_rows = num_rows
        self._bundle = bundle
        self._compiled = compiled

    @cached_property
    def _lstm(self) -> LSTMSteps | None:
        """The decoder laid out for C code, if it can be."""
        return LSTMSteps.of(self._bundle) if self._compiled else None

    @cached_property
    def _alone(self) -> Session:
        """The session for few drawings: all threads work on one call."""
        threads = min(self.num_threads, MAX_THREADS_A_CALL)
        return decoder_session(self._bundle.decoder, self.card, threads)

    @cached_property
    def _many(self) -> Session:
        """The session for many drawings: each thread makes calls of its own."""
        if self.num_threads == 1:
            return self._alone
        return decoder_session(self._bundle.decoder, self.card, 1)

    def _blocks(self, total: int, temperature: float) -> list[_RowBlock]:
        """Make row blocks for so many drawings, one for each thread that is worth it."""
        few = 1 if self._lstm else FEW
        num_workers = 1 if total <= few else min(self.num_threads, -(-total // few))
        num_rows = max(1, min(self.num_rows, -(-total // num_workers)))

        def rows() -> DecoderRows:
            if self._lstm:
                return LSTMRows(self._lstm, num_rows, temperature)
            session = self._alone if total <= few else self._many
            return OnnxRows(session, self.card, num_rows, temperature)

        return [_RowBlock(rows(), self.card, num_rows) for _ in range(num_workers)]

    def draw(
        self,
        latents: Float32[np.ndarray, "N Z"],
        indices: Sequence[int],
        *,
        seed: int,
        temperature: float,
        begun: Sequence[Float32[np.ndarray, "_ 5"]] | None = None,
        progress: Progress | None = None,
    ) -> list[Float32[np.ndarray, "T 5"]]:
        """Draw every code once.

        Args:
            latents: A code per drawing.
            indices: With the seed, what decides each drawing's noise.
            seed: The user's, >= 0.
            temperature: Not negative; 0 is greedy.
            begun: The steps with which each drawing begins, whatever the decoder would draw;
                fewer than `card.max_steps`, none of them an end. None: no drawing is begun.
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
        job = _Job(latents, indices, seed, begun)
        blocks = self._blocks(total, temperature)
        if len(blocks) == 1:
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
        begun: Sequence[Float32[np.ndarray, "_ 5"]] | None,
    ) -> None:
        self.latents = latents
        self.indices = indices
        self.seed = seed
        self.begun = begun
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
            finished = block.enter(numbers, job)
        elif block.num_active == 0:
            return
        if block.num_active:
            finished += block.advance()
        if finished:
            job.finish(finished)
            if progress is not None:
                progress(job.num_finished, job.total)


class _RowBlock:
    """Drawings under way: which one stands in which row, and what noise it still has."""

    def __init__(self, rows: DecoderRows, card: BundleCard, num_rows: int) -> None:
        self.num_rows = num_rows
        self.num_active = 0
        self.drawn: list[tuple[np.ndarray, np.ndarray]] = []
        "Of each stretch of steps, which drawings it moved on, (N), and their steps, (S, N, 5)."
        self._rows = rows
        self._max_steps = card.max_steps
        self._noise_dim = card.noise_dim
        self._noise = np.zeros((num_rows, NOISE_STEPS, card.noise_dim), np.float32)
        self._streams: list[np.random.Generator] = []
        self._begun: list[Float32[np.ndarray, "_ 5"]] = []
        "What is left of the steps with which each drawing begins; empty if none is begun."
        self._numbers = np.zeros(num_rows, np.int64)
        self._last_ticks = np.zeros(num_rows, np.int64)
        self._next_cut = 0
        self._tick = 0

    @property
    def num_free(self) -> int:
        """How many rows are empty."""
        return self.num_rows - self.num_active

    def enter(self, numbers: Int64[np.ndarray, "K"], job: _Job) -> int:
        """Let new drawings in, and let them take their first step.

        Args:
            numbers: Which of the job's.
            job: What is to be drawn.

        Returns:
            How many of all drawings are now finished.
        """
        streams = [open_stream(job.seed, int(job.indices[number])) for number in numbers]
        start, stop = self.num_active, self.num_active + len(numbers)
        rows = slice(start, stop)
        position = self._tick % NOISE_STEPS
        noise = read_noise(streams, 1 + (NOISE_STEPS - position) % NOISE_STEPS, self._noise_dim)
        if noise.shape[1] > 1:
            self._noise[rows, position:] = noise[:, 1:]
        steps = self._rows.begin(start, job.latents[numbers], noise[:, 0])
        self.num_active = stop
        if job.begun is not None:
            self._begun += [job.begun[number] for number in numbers]
        self._streams += streams
        self._numbers[rows] = numbers
        self._last_ticks[rows] = self._tick + self._max_steps - 1
        self._next_cut = min(self._last_ticks[:stop].tolist())
        return self._record(start, steps[None].copy())

    def advance(self) -> int:
        """Move all active rows on, up to where a drawing ends.

        Returns:
            How many drawings this finished.
        """
        active = self.num_active
        position = self._tick % NOISE_STEPS
        if position == 0:
            self._noise[:active] = read_noise(self._streams, NOISE_STEPS, self._noise_dim)
        ahead = min(NOISE_STEPS - position, self._next_cut - self._tick)
        if any(map(len, self._begun)):
            ahead = 1
        steps = self._rows.advance(active, self._noise[:active, position : position + ahead])
        self._tick += len(steps)
        return self._record(0, steps.copy())

    def _record(self, start: int, steps: Float32[np.ndarray, "S N 5"]) -> int:
        """Keep the steps just drawn, from row `start` on, and let finished drawings leave."""
        rows = slice(start, self.num_active)
        self._go_on_as_begun(start, steps[-1])
        self.drawn.append((self._numbers[rows].copy(), steps))
        ended = steps[-1, :, _END_COLUMN] > 0
        if self._tick >= self._next_cut:
            ended |= self._last_ticks[rows] <= self._tick
        leaving = (start + np.flatnonzero(ended)).tolist()
        for row in reversed(leaving):
            self._leave(row)
        if self._tick >= self._next_cut:
            self._next_cut = min(self._last_ticks[: self.num_active].tolist(), default=0)
        return len(leaving)

    def _go_on_as_begun(self, start: int, steps: Float32[np.ndarray, "N 5"]) -> None:
        """Put the steps of drawings that were begun in the place of those just drawn."""
        rows = [row for row in range(start, len(self._begun)) if len(self._begun[row])]
        for row in rows:
            steps[row - start], self._begun[row] = self._begun[row][0], self._begun[row][1:]
        if rows:
            self._rows.put(np.array(rows), steps[np.array(rows) - start])

    def _leave(self, row: int) -> None:
        """Let the last active row take the place of a finished one."""
        last = self.num_active - 1
        if row != last:
            self._rows.take_place(row, last)
            for kept in (self._numbers, self._last_ticks, self._noise):
                kept[row] = kept[last]
            self._streams[row] = self._streams[last]
            self._begun[row : row + 1] = self._begun[last:]
        del self._streams[last:], self._begun[last:]
        self.num_active = last


def _by_drawing(
    drawn: Sequence[tuple[np.ndarray, np.ndarray]], total: int
) -> list[Float32[np.ndarray, "T 5"]]:
    """Sort the steps of all calls by drawing; a drawing's own stay in their order."""
    numbers = np.concatenate([np.tile(numbers, len(steps)) for numbers, steps in drawn])
    steps = np.concatenate([steps.reshape(-1, STROKE5_DIM) for _, steps in drawn])
    if not np.isfinite(steps).all():
        raise BundleError(
            f"`{DECODER_FILE}` of the bundle draws numbers that are not finite",
            do="Train it with a smaller learning rate, or use another bundle.",
        )
    ends = np.cumsum(np.bincount(numbers, minlength=total))
    return np.split(steps[np.argsort(numbers, kind="stable")], ends[:-1])
