"""Maps of pictures being drawn and the windows around each pen, updated after every step.

`sketch.network_layout` describes the windows. This is the numpy version of
`models/pen_view.py`; tests compare both.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int64

from sketch_pix2seq.sketch.coverage import touched
from sketch_pix2seq.sketch.guidance import InkMaps
from sketch_pix2seq.sketch.network_layout import FRAME, VIEW_DIM, WINDOWS


class PenView:
    """Remaining and drawn ink of the drawings in some rows; `size` is a multiple of 16.

    Pixels are in `InkMaps`. Each coarser window has a map of cells with zeros around: first
    remaining ink, then drawn ink, both divided by the side of a cell. All these maps of one drawing
    lie one after the other in a row of `_cells`.
    """

    def __init__(self, num_rows: int, size: int) -> None:
        self._size = size
        self._side = side = size + 2 * FRAME
        shape = (num_rows, side, side)
        self._maps = InkMaps(
            np.ones(shape, np.float32), np.zeros(shape, np.float32), np.zeros(shape, bool)
        )
        self._last_sample = np.zeros(num_rows * side * side, np.int64)
        "Scratch: for each pixel the index of the last sample at that pixel; drops duplicates."
        self._pixel_of = _inner_index(size, 1, FRAME)
        "For each pixel of a picture its index in a map of pixels."
        self._around = _square_index(WINDOWS[0][1], side)
        cells, windows = zip(*WINDOWS[1:], strict=True)
        self._cell_side, pads = np.array(cells), np.array(windows) // 2
        self._grid_side = size // self._cell_side + 2 * pads
        ends = np.cumsum(2 * self._grid_side**2)
        self._first_cell = ends - 2 * self._grid_side**2
        self._cells = np.zeros((num_rows, ends[-1]), np.float32)
        cell_of = self._first_cell + np.stack(
            [_inner_index(size, cell, window // 2) for cell, window in WINDOWS[1:]], axis=1
        )
        self._cell_of = np.stack((cell_of, cell_of + self._grid_side**2), axis=1)
        "For each pixel of a picture the cells that it lies in, (S * S, 2 layers, 2 sizes)."
        self._share = (1 / self._cell_side).astype(np.float32)
        parts = [
            layer * side * side + _square_index(window, side)
            for window, side in zip(windows, self._grid_side.tolist(), strict=True)
            for layer in range(2)
        ]
        self._cells_around = np.concatenate(parts)
        "Cells of both coarse windows, from the first cell of each window on."
        self._grid_of = np.arange(len(cells)).repeat(2).repeat([len(part) for part in parts])

    def load(
        self, start: int, ink: Float32[np.ndarray, "K H W"], paper: Float32[np.ndarray, "K H W"]
    ) -> None:
        """Put new pictures into rows `start` and after, of which nothing is drawn yet."""
        rows = slice(start, start + len(ink))
        inner = slice(FRAME, -FRAME)
        self._maps.paper[rows, inner, inner] = paper
        self._maps.remaining[rows, inner, inner] = ink
        self._maps.drawn[rows] = False
        self._cells[rows] = 0
        for number, cell in enumerate(self._cell_side.tolist()):
            side = self._size // cell
            sums = ink.reshape(-1, side, cell, side, cell).sum(axis=(2, 4)) * self._share[number]
            first_pixels = self._cell_of[:, 0, number].reshape(side, cell, side, cell)[:, 0, :, 0]
            self._cells[rows, first_pixels.ravel()] = sums.reshape(len(ink), -1)

    def mark(
        self, rows: slice, before: Float32[np.ndarray, "R 2"], after: Float32[np.ndarray, "R 2"]
    ) -> None:
        """Mark what one more step of each drawing covers.

        Args:
            rows: Rows of the drawings.
            before: Where the line of the step begins; where it ends if the pen was lifted.
            after: Where it ends.
        """
        remaining, drawn = self._maps.remaining.reshape(-1), self._maps.drawn.reshape(-1)
        index, drawing = touched(before, after, self._size)
        row = drawing + rows.start
        pixel = self._pixel_of.take(index) + row * self._side**2
        self._last_sample[pixel] = number = np.arange(len(pixel))
        is_fresh = (self._last_sample[pixel] == number) & ~drawn[pixel]
        fresh = is_fresh.nonzero()[0]
        pixel = pixel.take(fresh)
        ink = remaining[pixel]
        remaining[pixel] = 0
        drawn[pixel] = True
        cells = self._cell_of.take(index.take(fresh), axis=0)  # (K, 2 layers, 2 sizes)
        cells += (row.take(fresh) * self._cells.shape[1])[:, None, None]
        change = np.empty(cells.shape, np.float32)
        change[:, 0] = ink[:, None] * -self._share
        change[:, 1] = self._share
        np.add.at(self._cells.reshape(-1), cells.ravel(), change.ravel())

    def windows(
        self, rows: slice, position: Float32[np.ndarray, "R 2"]
    ) -> Float32[np.ndarray, "R V"]:
        """Return the windows around the pens at `position`, (x, y) in pixels."""
        # NaN becomes 0: the engine rejects non-finite steps
        pixel = np.fmin(np.fmax(position, 0), self._size - 1).astype(np.int64)
        row = np.arange(rows.start, rows.stop)[:, None]
        x, y = pixel[:, :1], pixel[:, 1:]
        index = (row * self._side + y) * self._side + x + self._around
        grid = row * self._cells.shape[1] + self._first_cell
        grid += y // self._cell_side * self._grid_side + x // self._cell_side
        windows = np.empty((len(row), VIEW_DIM), np.float32)
        end = len(self._around)
        windows[:, :end] = self._maps.remaining.reshape(-1).take(index)
        windows[:, end : 2 * end] = self._maps.drawn.reshape(-1).take(index)
        cells = grid.take(self._grid_of, axis=1)
        cells += self._cells_around
        windows[:, 2 * end :] = self._cells.reshape(-1).take(cells)
        return windows

    def maps(self, rows: slice | Int64[np.ndarray, "R"]) -> InkMaps:
        """The maps of pixels of some drawings; views if `rows` is a slice."""
        paper, remaining, drawn = self._maps
        return InkMaps(paper[rows], remaining[rows], drawn[rows])

    def move_row(self, row: int, last: int) -> None:
        """Move the drawing of row `last` to row `row`."""
        for array in (*self._maps, self._cells):
            array[row] = array[last]


def _inner_index(size: int, cell: int, pad: int) -> Int64[np.ndarray, " P"]:
    """For each pixel of a picture its cell's index in a flat map with `pad` cells around."""
    line = np.arange(size) // cell + pad
    side = size // cell + 2 * pad
    return (line[:, None] * side + line).ravel()


def _square_index(window: int, side: int) -> Int64[np.ndarray, " P"]:
    """Indices of a square of cells in a flat map, relative to its first one."""
    line = np.arange(window)
    return (line[:, None] * side + line).ravel()
