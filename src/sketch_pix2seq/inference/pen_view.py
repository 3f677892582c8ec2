"""Windows around each pen, updated after every step.

`sketch.decoder_constants` describes them. This is the numpy version of `models/pen_view.py`; tests
compare both.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.sketch.coverage import touched
from sketch_pix2seq.sketch.decoder_constants import WINDOWS


class PenView:
    """Remaining and drawn ink of the drawings in some rows; `size` is a multiple of 16."""

    def __init__(self, num_rows: int, size: int) -> None:
        self._size = size
        self._maps = [_Map(num_rows, size // cell, side) for cell, side in WINDOWS]
        self._last_sample = np.zeros(num_rows * size * size, np.int64)
        "Scratch: for each pixel the index of the last sample at that pixel; drops duplicates."

    def begin(self, start: int, ink: Float32[np.ndarray, "K H W"]) -> None:
        """Put new pictures into rows `start` and after, of which nothing is drawn yet."""
        rows = slice(start, start + len(ink))
        for (cell, _), ink_map in zip(WINDOWS, self._maps, strict=True):
            side = self._size // cell
            ink_map.inner(rows)[:, 0] = ink.reshape(-1, side, cell, side, cell).sum(axis=(2, 4))
            ink_map.inner(rows)[:, 1] = 0

    def mark(
        self, rows: slice, before: Float32[np.ndarray, "R 2"], after: Float32[np.ndarray, "R 2"]
    ) -> None:
        """Mark what one more step of each drawing covers.

        Args:
            rows: Rows of the drawings.
            before: Where the line of the step begins; where it ends if the pen was lifted.
            after: Where it ends.
        """
        place, drawing = touched(before, after, self._size)
        pixel = drawing * (self._size * self._size) + place
        down, across = np.divmod(place, self._size)
        row = drawing + rows.start
        finest = self._maps[0]
        self._last_sample[pixel] = number = np.arange(len(pixel))
        fresh = self._last_sample[pixel] == number
        fresh &= finest.inner(slice(None))[row, 1, down, across] == 0
        row, down, across = row[fresh], down[fresh], across[fresh]
        ink = finest.inner(slice(None))[row, 0, down, across]
        for (cell, _), ink_map in zip(WINDOWS, self._maps, strict=True):
            ink_map.cover(row, down // cell, across // cell, ink)

    def windows(
        self, rows: slice, position: Float32[np.ndarray, "R 2"]
    ) -> Float32[np.ndarray, "R V"]:
        """Return the windows about the pens at `position`, (x, y) in pixels."""
        # NaN becomes 0: the engine rejects non-finite steps
        pixel = np.fmin(np.fmax(position, 0), self._size - 1).astype(np.int64)
        windows = [
            ink_map.window(rows, pixel // cell) * np.float32(1 / cell)
            for (cell, _), ink_map in zip(WINDOWS, self._maps, strict=True)
        ]
        return np.concatenate(windows, axis=1)

    def ink(
        self, rows: slice | Int64[np.ndarray, "R"]
    ) -> tuple[Float32[np.ndarray, "R H W"], Float32[np.ndarray, "R H W"]]:
        """Remaining and drawn ink of each pixel."""
        finest = self._maps[0].inner(rows)
        return finest[:, 0], finest[:, 1]

    def move_row(self, row: int, last: int) -> None:
        """Move the drawing of row `last` to row `row`."""
        for ink_map in self._maps:
            ink_map.padded[row] = ink_map.padded[last]


class _Map:
    """Remaining and drawn ink in cells of one size, with a frame of zeros around."""

    def __init__(self, num_rows: int, cells: int, side: int) -> None:
        self._pad = side // 2
        self._side = side
        padded = cells + 2 * self._pad
        self.padded = np.zeros((num_rows, 2, padded, padded), np.float32)
        around = np.arange(side)
        inside = around[:, None] * padded + around
        self._inside = (np.arange(2)[:, None, None] * (padded * padded) + inside).ravel()

    def inner(self, rows: slice | Int64[np.ndarray, "R"]) -> Float32[np.ndarray, "R 2 G G"]:
        """The cells themselves, without the frame; a view."""
        pad = self._pad
        return self.padded[rows, :, pad:-pad, pad:-pad]

    def cover(
        self,
        row: Int64[np.ndarray, " K"],
        down: Int64[np.ndarray, " K"],
        across: Int64[np.ndarray, " K"],
        ink: Float32[np.ndarray, " K"],
    ) -> None:
        """Take ink away from cells, and count one more covered pixel in each."""
        side = self.padded.shape[2]
        cell = (row * (2 * side) + down + self._pad) * side + across + self._pad
        flat = self.padded.reshape(-1)
        np.subtract.at(flat, cell, ink)
        np.add.at(flat, cell + side * side, 1)

    def window(self, rows: slice, place: Int64[np.ndarray, "R 2"]) -> Float32[np.ndarray, "R _"]:
        """The cells about some places: remaining ink row by row, then drawn ink."""
        side = self.padded.shape[2]
        first = (np.arange(rows.start, rows.stop) * (2 * side) + place[:, 1]) * side
        index = (first + place[:, 0])[:, None] + self._inside
        window: Float32[np.ndarray, "R _"] = self.padded.reshape(-1)[index]
        return window
