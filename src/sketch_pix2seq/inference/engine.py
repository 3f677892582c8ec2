"""The stroke engine: conditions in, steps out, many drawings at once.

Drawings share calls of the decoder, each in a row of its own. A finished one frees its row; when
enough rows are free, new drawings enter. Rows are computed independently, so a drawing depends on
its condition, its noise and the temperature alone: not on the batch, the rows or the threads.

This module schedules the decoder. Of a step it knows only the pen state that ends a drawing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from jaxtyping import Float32

from sketch_pix2seq.bundle.bundle import WEIGHTS_FILE, Bundle
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.inference.decoders import Decoder
from sketch_pix2seq.inference.networks import Networks, networks_of
from sketch_pix2seq.inference.row_block import (
    EMPTY_PREFIX,
    Conditions,
    DrawingRequest,
    DrawnSteps,
    RowBlock,
)
from sketch_pix2seq.processors import num_processors
from sketch_pix2seq.sketch.pen import STROKE5_DIM

NUM_ROWS = 96
"""Rows that a thread draws at once, for which weights are read once: more would need more memory
than they save time."""
MAX_OFFSET = 1e6
"""Of a step, in units of `offset_scale`: no trained decoder comes near it."""
DrawingProgress = Callable[[int, int], None]
"""Called with how many drawings are finished, and how many there are."""


class StrokeEngine:
    """Draws with a bundle's decoder.

    Args:
        bundle: The model.
        networks: Networks of the bundle; None: made here.
        num_threads: Threads to draw with; None: as many as there are processors.
        num_rows: Rows that a thread draws at once.
    """

    def __init__(
        self,
        bundle: Bundle,
        networks: Networks | None = None,
        *,
        num_threads: int | None = None,
        num_rows: int = NUM_ROWS,
    ) -> None:
        self.card = bundle.card
        self.num_threads = num_threads or num_processors()
        self.num_rows = num_rows
        self._decoder: Decoder[Any] = (networks or networks_of(bundle)).decoder

    def blocks(self, total: int) -> list[RowBlock]:
        """Make row blocks for so many drawings, one for each thread that is worth it."""
        num_workers = max(1, min(self.num_threads, total))
        num_rows = max(1, min(self.num_rows, -(-total // num_workers)))
        return [
            RowBlock(self._decoder.open(num_rows), self.card, num_rows) for _ in range(num_workers)
        ]

    def draw(
        self,
        conditions: Conditions,
        indices: Sequence[int],
        *,
        seeds: Sequence[int],
        temperature: float,
        prefixes: Sequence[Float32[np.ndarray, "_ 5"]] | None = None,
        progress: DrawingProgress | None = None,
    ) -> list[Float32[np.ndarray, "T 5"]]:
        """Draw every condition once.

        Args:
            conditions: What the decoder draws each from; see `DrawingRequest.condition`.
            indices: With its seed, what decides each drawing's noise.
            seeds: Of each drawing.
            temperature: Not negative; 0 is greedy.
            prefixes: The first steps of each drawing, in place of those that the decoder would
                draw; fewer than `card.max_steps`, none of them an end. None: no prefixes.
            progress: Called in this thread now and then.

        Returns:
            Per drawing (T, 5) stroke-5 rows in units of `offset_scale`: up to and including
            its end row, or cut off without one after `card.max_steps`.

        Raises:
            BundleError: If the decoder draws numbers that are not finite, or too large.
        """
        total = len(conditions)
        if total == 0:
            return []

        def request(number: int) -> DrawingRequest:
            return DrawingRequest(
                number,
                conditions[number],
                seeds[number],
                int(indices[number]),
                temperature,
                EMPTY_PREFIX if prefixes is None else prefixes[number],
            )

        job = _Job(request, total)
        blocks = self.blocks(total)
        if len(blocks) == 1:
            drawn = _work(blocks[0], job, progress)
        else:
            drawn = _share(blocks, job, progress)
        if progress is not None:
            progress(total, total)
        return _by_drawing(drawn, total)


class _Job:
    """A queue of drawings for all workers; each is prepared when a worker takes it."""

    def __init__(self, request: Callable[[int], DrawingRequest], total: int) -> None:
        self.total = total
        self._request = request
        self.num_finished = 0
        self._next = 0
        self._lock = threading.Lock()

    def take(self, count: int) -> Sequence[DrawingRequest]:
        """Hand out up to `count` drawings."""
        with self._lock:
            first = self._next
            self._next = min(first + count, self.total)
            numbers = range(first, self._next)
        return [self._request(number) for number in numbers]

    def finish(self, count: int) -> None:
        """Count drawings that are finished."""
        with self._lock:
            self.num_finished += count

    def close(self) -> None:
        """Hand out no more."""
        with self._lock:
            self._next = self.total


def offset_progress(
    progress: DrawingProgress | None, before: int, total: int
) -> DrawingProgress | None:
    """Report the progress of a part as that of the whole."""
    if progress is None:
        return None
    report = progress
    return lambda done, _: report(before + done, total)


def _share(
    blocks: Sequence[RowBlock], job: _Job, progress: DrawingProgress | None
) -> list[DrawnSteps]:
    """Let every block draw in a thread of its own, the first one in this thread."""
    with ThreadPoolExecutor(len(blocks) - 1, "stroke-engine") as pool:
        others = [pool.submit(_work, block, job, None) for block in blocks[1:]]
        try:
            drawn = _work(blocks[0], job, progress)
        finally:
            job.close()  # has an effect if this thread was interrupted
        return drawn + [moved for other in others for moved in other.result()]


def _work(block: RowBlock, job: _Job, progress: DrawingProgress | None) -> list[DrawnSteps]:
    """Draw until the queue and all rows are empty."""
    drawn: list[DrawnSteps] = []
    refill_from = max(1, block.num_rows // 4)
    while True:
        before = len(drawn)
        if block.num_free >= refill_from and (requests := job.take(block.num_free)):
            drawn.append(block.enter(requests))
        elif block.num_active == 0:
            return drawn
        if block.num_active:
            drawn.append(block.advance())
        if finished := sum(len(moved.finished) for moved in drawn[before:]):
            job.finish(finished)
            if progress is not None:
                progress(job.num_finished, job.total)


def _by_drawing(drawn: Sequence[DrawnSteps], total: int) -> list[Float32[np.ndarray, "T 5"]]:
    """Sort the steps of all calls by drawing; a drawing's own stay in their order."""
    numbers = np.concatenate([np.tile(moved.numbers, len(moved.steps)) for moved in drawn])
    steps = np.concatenate([moved.steps.reshape(-1, STROKE5_DIM) for moved in drawn])
    if not (np.abs(steps) <= MAX_OFFSET).all():  # so is NaN
        raise BundleError(
            f"`{WEIGHTS_FILE}` of the bundle draws numbers that are not finite, or too large",
            do="Train it with a smaller learning rate, or use another bundle.",
        )
    ends = np.cumsum(np.bincount(numbers, minlength=total))
    return np.split(steps[np.argsort(numbers, kind="stable")], ends[:-1])
