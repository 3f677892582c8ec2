"""What the pens of drawings under way see around them, kept up step by step.

The second reader of `models/pen_view.py`, where the windows are described, tested against it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.sketch.coverage import touched

WINDOWS = ((1, 11), (4, 11), (16, 7))
"""Pixels to the side of a cell, and cells to the side of the window, of each of the windows."""
VIEW_DIM = 2 * sum(side * side for _, side in WINDOWS)


class PenView:
    """Ink left and ink drawn of the drawings in some rows; `size` is a multiple of 16."""

    def __init__(self, num_rows: int, size: int) -> None:
        self._size = size
        self._maps = [_Map(num_rows, size // cell, side) for cell, side in WINDOWS]
        self._mentions = np.zeros(num_rows * size * size, np.int64)
        "Scratch: for each pixel the number of its last mention."

    def begin(self, start: int, ink: Float32[np.ndarray, "K H W"]) -> None:
        """Put new pictures into rows `start` and after, of which nothing is drawn yet."""
        rows = slice(start, start + len(ink))
        for (cell, _), kept in zip(WINDOWS, self._maps, strict=True):
            side = self._size // cell
            kept.inner(rows)[:, 0] = ink.reshape(-1, side, cell, side, cell).sum(axis=(2, 4))
            kept.inner(rows)[:, 1] = 0

    def mark(
        self, rows: slice, before: Float32[np.ndarray, "R 2"], after: Float32[np.ndarray, "R 2"]
    ) -> None:
        """Mark what one more step of each drawing covers.

        Args:
            rows: Of the drawings.
            before: Where the line of the step begins; where it ends if the pen was lifted.
            after: Where it ends.
        """
        place, drawing = touched(before, after, self._size)
        pixel = drawing * (self._size * self._size) + place
        down, across = np.divmod(place, self._size)
        row = drawing + rows.start
        finest = self._maps[0]
        self._mentions[pixel] = number = np.arange(len(pixel))
        fresh = self._mentions[pixel] == number  # of several mentions of a pixel one counts
        fresh &= finest.inner(slice(None))[row, 1, down, across] == 0
        row, down, across = row[fresh], down[fresh], across[fresh]
        ink = finest.inner(slice(None))[row, 0, down, across]
        for (cell, _), kept in zip(WINDOWS, self._maps, strict=True):
            kept.cover(row, down // cell, across // cell, ink)

    def see(self, rows: slice, position: Float32[np.ndarray, "R 2"]) -> Float32[np.ndarray, "R V"]:
        """What is seen from where the pens are: (x, y) in pixels."""
        # of NaN 0: who takes the drawing checks that it is finite
        pixel = np.fmin(np.fmax(position, 0), self._size - 1).astype(np.int64)
        seen = [
            kept.window(rows, pixel // cell) * np.float32(1 / cell)
            for (cell, _), kept in zip(WINDOWS, self._maps, strict=True)
        ]
        return np.concatenate(seen, axis=1)

    def ink(
        self, rows: slice | Int64[np.ndarray, "R"]
    ) -> tuple[Float32[np.ndarray, "R H W"], Float32[np.ndarray, "R H W"]]:
        """Ink left and ink drawn, pixel by pixel."""
        finest = self._maps[0].inner(rows)
        return finest[:, 0], finest[:, 1]

    def take_place(self, row: int, last: int) -> None:
        """Move the drawing of row `last` to row `row`."""
        for kept in self._maps:
            kept.padded[row] = kept.padded[last]


class _Map:
    """Ink left and ink drawn in cells of one size, with a frame of zeros around."""

    def __init__(self, num_rows: int, cells: int, side: int) -> None:
        self._pad = side // 2
        self._side = side
        whole = cells + 2 * self._pad
        self.padded = np.zeros((num_rows, 2, whole, whole), np.float32)
        around = np.arange(side)
        inside = around[:, None] * whole + around
        self._inside = (np.arange(2)[:, None, None] * (whole * whole) + inside).ravel()

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
        whole = self.padded.shape[2]
        left = (row * (2 * whole) + down + self._pad) * whole + across + self._pad
        flat = self.padded.reshape(-1)
        np.subtract.at(flat, left, ink)
        np.add.at(flat, left + whole * whole, 1)

    def window(self, rows: slice, place: Int64[np.ndarray, "R 2"]) -> Float32[np.ndarray, "R _"]:
        """The cells about some places: ink left row by row, then ink drawn."""
        whole = self.padded.shape[2]
        first = (np.arange(rows.start, rows.stop) * (2 * whole) + place[:, 1]) * whole
        index = (first + place[:, 0])[:, None] + self._inside
        seen: Float32[np.ndarray, "R _"] = self.padded.reshape(-1)[index]
        return seen
