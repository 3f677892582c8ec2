"""What a decoder is, in numpy, and the rows in which drawings are under way.

A decoder holds weights and can be shared by threads. `Decoder.open` gives rows, in each of which
one drawing is under way; those of recurrent decoders are here, whatever their cell.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.inference.mixture import sample
from sketch_pix2seq.sketch.pen import START_STEP, STROKE5_DIM

Condition = TypeVar("Condition", contravariant=True)
"""What one drawing is drawn from."""
Latent: TypeAlias = Float32[np.ndarray, "Z"]
"""The condition of a recurrent decoder."""
State: TypeAlias = list[Float32[np.ndarray, "R _"]]
"""What a recurrent decoder carries from step to step, a row per drawing."""


class DecoderRows(ABC, Generic[Condition]):
    """Drawings under way, one in each row; the active rows stand first.

    What is drawn in a row depends on its condition, noise and temperature alone, bit for bit.
    """

    @abstractmethod
    def begin(
        self,
        start: int,
        conditions: Sequence[Condition],
        noise: Float32[np.ndarray, "K D"],
        temperatures: Float32[np.ndarray, "K"],
    ) -> Float32[np.ndarray, "K 5"]:
        """Put new drawings into rows `start` and after, and draw their first step.

        Args:
            start: Number of active rows.
            conditions: What each new drawing is drawn from.
            noise: Of that step.
            temperatures: Of each drawing, to its end; not negative.

        Returns:
            Their first steps, stroke-5.
        """

    @abstractmethod
    def advance(
        self, active: int, noise: Float32[np.ndarray, "N T D"]
    ) -> Float32[np.ndarray, "S N 5"]:
        """Draw the next steps of the first rows, no further than to where one of them ends.

        Args:
            active: N, number of rows.
            noise: Of the next T steps, T >= 1.

        Returns:
            The next 1 to T steps of each row.
        """

    @abstractmethod
    def put(self, rows: Int64[np.ndarray, "K"], steps: Float32[np.ndarray, "K 5"]) -> None:
        """Replace the steps that were drawn last; the rows continue from the new ones.

        Args:
            rows: Which rows.
            steps: Their new last steps.
        """

    @abstractmethod
    def take_place(self, row: int, last: int) -> None:
        """Move the drawing of row `last` to row `row`.

        Args:
            row: Of a drawing that is finished.
            last: The last active row.
        """


class Decoder(ABC, Generic[Condition]):
    """The weights of a decoder."""

    @abstractmethod
    def open(self, num_rows: int) -> DecoderRows[Condition]:
        """Make rows to draw in.

        Args:
            num_rows: At most so many drawings at once.
        """


class RecurrentDecoder(Decoder[Latent], ABC):
    """A decoder that carries a state from step to step and is given the latent code."""

    latent_dim: int
    state_sizes: tuple[int, ...]
    """Widths of the parts of the state."""

    @abstractmethod
    def first_state(self, latents: Float32[np.ndarray, "R Z"]) -> State:
        """Compute the state before the first step."""

    @abstractmethod
    def outputs(
        self, steps: Float32[np.ndarray, "R 5"], state: State
    ) -> Float32[np.ndarray, "R D"]:
        """Compute the output from which the next step is sampled.

        Args:
            steps: The last ones.
            state: Is changed in place to the state after them.
        """


class RecurrentRows(DecoderRows[Latent]):
    """Drawings under way with a recurrent decoder.

    Numbers that are not finite are drawn without a warning: who reads the steps checks them.

    Args:
        decoder: Whose.
        num_rows: At most so many drawings at once.
    """

    def __init__(self, decoder: RecurrentDecoder, num_rows: int) -> None:
        self._decoder = decoder
        self._state = [np.zeros((num_rows, size), np.float32) for size in decoder.state_sizes]
        self._steps = np.zeros((num_rows, STROKE5_DIM), np.float32)
        self._temperatures = np.zeros((num_rows, 1), np.float32)

    def begin(
        self,
        start: int,
        conditions: Sequence[Latent],
        noise: Float32[np.ndarray, "K D"],
        temperatures: Float32[np.ndarray, "K"],
    ) -> Float32[np.ndarray, "K 5"]:
        """See `DecoderRows`."""
        rows = slice(start, start + len(conditions))
        with np.errstate(over="ignore", invalid="ignore"):
            first = self._decoder.first_state(np.stack(conditions))
        for kept, part in zip(self._state, first, strict=True):
            kept[rows] = part
        self._steps[rows] = START_STEP
        self._temperatures[rows, 0] = temperatures
        return self._draw(rows, noise)

    def advance(
        self, active: int, noise: Float32[np.ndarray, "N T D"]
    ) -> Float32[np.ndarray, "S N 5"]:
        """See `DecoderRows`; always one step."""
        return self._draw(slice(0, active), noise[:, 0])[None]

    def put(self, rows: Int64[np.ndarray, "K"], steps: Float32[np.ndarray, "K 5"]) -> None:
        """See `DecoderRows`."""
        self._steps[rows] = steps

    def take_place(self, row: int, last: int) -> None:
        """See `DecoderRows`."""
        for kept in (*self._state, self._steps, self._temperatures):
            kept[row] = kept[last]

    def _draw(self, rows: slice, noise: Float32[np.ndarray, "K D"]) -> Float32[np.ndarray, "K 5"]:
        with np.errstate(over="ignore", invalid="ignore"):
            output = self._decoder.outputs(self._steps[rows], [part[rows] for part in self._state])
            steps = sample(output, noise, self._temperatures[rows])
        self._steps[rows] = steps
        return steps
