"""Rows of a decoder that are drawn together: what the stroke engine asks of whoever computes.

A row holds one drawing that is under way; the active rows stand first. Here is what any
decoder can do, by ONNX Runtime; `lstm_steps` does the same faster for the cell that it knows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.inference.bundle import DECODER_FILE, BundleCard
from sketch_pix2seq.inference.session import Session, not_usable
from sketch_pix2seq.sketch.pen import START_STEP


class DecoderRows(ABC):
    """Drawings under way, one in each row."""

    @abstractmethod
    def begin(
        self,
        start: int,
        latents: Float32[np.ndarray, "K Z"],
        noise: Float32[np.ndarray, "K D"],
        temperatures: Float32[np.ndarray, "K"],
    ) -> Float32[np.ndarray, "K 5"]:
        """Put new drawings into rows `start` and after, and let them take their first step.

        Args:
            start: How many rows are active.
            latents: The new drawings' codes.
            noise: Of that step.
            temperatures: How freely each is drawn, to its end; not negative.

        Returns:
            Their first steps, stroke-5.
        """

    @abstractmethod
    def advance(
        self, active: int, noise: Float32[np.ndarray, "N T D"]
    ) -> Float32[np.ndarray, "S N 5"]:
        """Let the first rows go on, no further than to where one of them ends.

        Args:
            active: N, how many.
            noise: Of the next T steps, T >= 1; rows without gaps.

        Returns:
            What was drawn in 1 to T steps.
        """

    @abstractmethod
    def put(self, rows: Int64[np.ndarray, "K"], steps: Float32[np.ndarray, "K 5"]) -> None:
        """Go on as if these steps, and not those last drawn, had been drawn in some rows.

        Args:
            rows: Which ones.
            steps: In their place.
        """

    @abstractmethod
    def take_place(self, row: int, last: int) -> None:
        """Let what stands in row `last` take the place of what stands in `row`.

        Args:
            row: Of a drawing that is finished.
            last: The last active row.
        """


class OnnxRows(DecoderRows):
    """By ONNX Runtime, a call a step.

    States and steps are kept twice: a call reads one side and writes the other, so nothing is
    copied between calls.

    Args:
        session: Of the decoder.
        card: The bundle's.
        num_rows: At most so many drawings at once.
    """

    def __init__(self, session: Session, card: BundleCard, num_rows: int) -> None:
        self._session = session
        self._latent = np.zeros((num_rows, card.latent_dim), np.float32)
        self._states = np.zeros((2, num_rows, card.state_dim), np.float32)
        self._steps = np.zeros((2, num_rows, len(START_STEP)), np.float32)
        self._noise = np.zeros((num_rows, card.noise_dim), np.float32)
        self._temperature = np.zeros((num_rows, 1), np.float32)
        self._side = 0
        self._calls: dict[tuple[int, int, int], Any] = {}

    def begin(
        self,
        start: int,
        latents: Float32[np.ndarray, "K Z"],
        noise: Float32[np.ndarray, "K D"],
        temperatures: Float32[np.ndarray, "K"],
    ) -> Float32[np.ndarray, "K 5"]:
        """See `DecoderRows`.

        In a call of their own: the decoder computes first states for the whole batch if any of
        it begins.
        """
        rows = slice(start, start + len(latents))
        source = 1 - self._side  # so that the results come to lie beside those of the others
        self._latent[rows] = latents
        self._noise[rows] = noise
        self._temperature[rows, 0] = temperatures
        self._states[source, rows] = 0
        self._steps[source, rows] = START_STEP
        self._run(source, rows.start, rows.stop)
        return self._steps[self._side, rows]

    def advance(
        self, active: int, noise: Float32[np.ndarray, "N T D"]
    ) -> Float32[np.ndarray, "S N 5"]:
        """See `DecoderRows`; always one step."""
        self._noise[:active] = noise[:, 0]
        self._run(self._side, 0, active)
        self._side = 1 - self._side
        return self._steps[self._side, None, :active]

    def put(self, rows: Int64[np.ndarray, "K"], steps: Float32[np.ndarray, "K 5"]) -> None:
        """See `DecoderRows`."""
        self._steps[self._side, rows] = steps

    def take_place(self, row: int, last: int) -> None:
        """See `DecoderRows`."""
        sides = (self._states[self._side], self._steps[self._side])
        for kept in (self._latent, self._temperature, *sides):
            kept[row] = kept[last]

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
            call.bind_input(name, "cpu", 0, np.float32, array.shape, address(array))
        for name, array in outputs.items():
            call.bind_output(name, "cpu", 0, np.float32, array.shape, address(array))
        return call


def address(array: np.ndarray) -> int:
    """Return where an array lies; a third of the time that `array.ctypes` takes.

    Args:
        array: Whoever uses the address must keep it.

    Returns:
        The address of its first element.
    """
    place: int = array.__array_interface__["data"][0]
    return place
