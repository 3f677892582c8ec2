"""A block of rows: which drawing is in which row, and its remaining noise.

Finished drawings leave at once and new ones enter whenever a row is free, so that drawings share
calls of the decoder. Not thread-safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.inference.decoders import DecoderRows
from sketch_pix2seq.inference.noise import open_stream, read_noise
from sketch_pix2seq.sketch.pen import PEN, PEN_END, STROKE5_DIM

NOISE_STEPS = 32
"""Steps of noise read at a time."""

Conditions: TypeAlias = Sequence[Any] | np.ndarray
"""Conditions of some drawings: of recurrent decoders the rows of an array of codes."""

EMPTY_PREFIX = np.zeros((0, STROKE5_DIM), np.float32)
"""Prefix of a drawing that the decoder draws from its first step on."""

_END_COLUMN = PEN.start + PEN_END


@dataclass(frozen=True, eq=False, slots=True)
class DrawingRequest:
    """A drawing to draw.

    Args:
        number: Request id.
        condition: Condition of its decoder: of the recurrent ones the latent code (Z,).
        seed: Seed of the noise.
        index: Index of the drawing among those of the seed.
        temperature: Sampling temperature; not negative.
        prefix: First steps, in place of those that the decoder would draw; fewer than
            `card.max_steps`, none of them an end.
    """

    number: int
    condition: Any
    seed: int
    index: int
    temperature: float
    prefix: Float32[np.ndarray, "T 5"]


class DrawnSteps(NamedTuple):
    """S steps that a call of the decoder drew of each of N drawings, and which of these ended."""

    numbers: Int64[np.ndarray, "N"]
    steps: Float32[np.ndarray, "S N 5"]
    finished: list[int]


class RowBlock:
    """Drawings in progress: `rows` computes them."""

    def __init__(self, rows: DecoderRows[Any], card: BundleCard, num_rows: int) -> None:
        self.num_rows = num_rows
        self.num_active = 0
        self._rows = rows
        self._max_steps = card.max_steps
        self._noise_dim = card.noise_dim
        self._noise = np.zeros((num_rows, NOISE_STEPS, card.noise_dim), np.float32)
        self._streams: list[np.random.Generator] = []
        self._prefixes: list[Float32[np.ndarray, "_ 5"]] = []
        "Remaining prefix of each drawing."
        self._numbers = np.zeros(num_rows, np.int64)
        self._max_steps_at = np.zeros(num_rows, np.int64)
        self._next_max_steps = 0
        self._step = 0

    @property
    def num_free(self) -> int:
        """How many rows are empty."""
        return self.num_rows - self.num_active

    def enter(self, requests: Sequence[DrawingRequest]) -> DrawnSteps:
        """Add new drawings, no more than there are free rows; return the first step of each."""
        streams = [open_stream(request.seed, request.index) for request in requests]
        start, stop = self.num_active, self.num_active + len(requests)
        rows = slice(start, stop)
        position = self._step % NOISE_STEPS
        noise = read_noise(streams, 1 + (NOISE_STEPS - position) % NOISE_STEPS, self._noise_dim)
        if noise.shape[1] > 1:
            self._noise[rows, position:] = noise[:, 1:]
        conditions = [request.condition for request in requests]
        temperatures = np.array([request.temperature for request in requests], np.float32)
        steps = self._rows.insert(start, conditions, noise[:, 0], temperatures)
        self.num_active = stop
        self._prefixes += [request.prefix for request in requests]
        self._streams += streams
        self._numbers[rows] = [request.number for request in requests]
        self._max_steps_at[rows] = self._step + self._max_steps - 1
        self._next_max_steps = min(self._max_steps_at[:stop].tolist())
        return self._record(start, steps[None].copy())

    def advance(self) -> DrawnSteps:
        """Move all active rows on, up to where a drawing ends."""
        active = self.num_active
        position = self._step % NOISE_STEPS
        if position == 0:
            self._noise[:active] = read_noise(self._streams, NOISE_STEPS, self._noise_dim)
        ahead = min(NOISE_STEPS - position, self._next_max_steps - self._step)
        if any(map(len, self._prefixes)):
            ahead = 1
        steps = self._rows.advance(active, self._noise[:active, position : position + ahead])
        self._step += len(steps)
        return self._record(0, steps.copy())

    def _record(self, start: int, steps: Float32[np.ndarray, "S N 5"]) -> DrawnSteps:
        """Record the steps just drawn, from row `start` on; let finished drawings leave."""
        rows = slice(start, self.num_active)
        self._force_prefixes(start, steps[-1])
        numbers = self._numbers[rows].copy()
        ended = steps[-1, :, _END_COLUMN] > 0
        if self._step >= self._next_max_steps:
            ended |= self._max_steps_at[rows] <= self._step
        leaving = (start + np.flatnonzero(ended)).tolist()
        for row in reversed(leaving):
            self._leave(row)
        if self._step >= self._next_max_steps:
            self._next_max_steps = min(self._max_steps_at[: self.num_active].tolist(), default=0)
        return DrawnSteps(numbers, steps, [int(numbers[row - start]) for row in leaving])

    def _force_prefixes(self, start: int, steps: Float32[np.ndarray, "N 5"]) -> None:
        """Replace the steps just drawn by those of prefixes, where some remain."""
        rows = [row for row in range(start, len(self._prefixes)) if len(self._prefixes[row])]
        for row in rows:
            prefix = self._prefixes[row]
            steps[row - start], self._prefixes[row] = prefix[0], prefix[1:]
        if rows:
            self._rows.replace_last_steps(np.array(rows), steps[np.array(rows) - start])

    def _leave(self, row: int) -> None:
        """Move the last active row to the row of a finished drawing."""
        last = self.num_active - 1
        if row != last:
            self._rows.move_row(row, last)
            for array in (self._numbers, self._max_steps_at, self._noise):
                array[row] = array[last]
            self._streams[row] = self._streams[last]
            self._prefixes[row : row + 1] = self._prefixes[last:]
        del self._streams[last:], self._prefixes[last:]
        self.num_active = last
