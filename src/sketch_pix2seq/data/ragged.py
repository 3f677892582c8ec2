"""Many drawings in one array, a ragged one: rows end to end, so that one numpy call serves all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float64, Int64, Shaped

from sketch_pix2seq.sketch.pen import LIFT, OFFSET


@dataclass(frozen=True, eq=False)
class RaggedRows:
    """Stroke-3 rows of B drawings, one after another.

    Args:
        rows: Stroke-3 rows of all drawings, (N, 3), any number type.
        lengths: Rows of each drawing, (B,), each at least 1, N together.

    Example:
        >>> ragged = RaggedRows(np.array([[1, 1, 0], [2, 0, 1], [5, 5, 1]]), np.array([2, 1]))
        >>> ragged.positions().tolist()
        [[1.0, 1.0], [3.0, 1.0], [5.0, 5.0]]
    """

    rows: Shaped[np.ndarray, "N 3"]
    lengths: Int64[np.ndarray, " B"]

    @staticmethod
    def of(drawings: list[Shaped[np.ndarray, "_ 3"]]) -> RaggedRows:
        """Lay stroke-3 arrays, each (T, 3) with T >= 1, end to end."""
        lengths = np.fromiter(map(len, drawings), dtype=np.int64, count=len(drawings))
        rows = np.concatenate(drawings) if drawings else np.zeros((0, 3), np.float32)
        return RaggedRows(rows, lengths)

    @cached_property
    def starts(self) -> Int64[np.ndarray, " B"]:
        """Index of the first row of each drawing."""
        return np.asarray(np.cumsum(self.lengths) - self.lengths)

    @cached_property
    def lifts(self) -> Bool[np.ndarray, " N"]:
        """Whether the pen leaves the paper after each row."""
        return np.asarray(self.rows[:, LIFT] != 0)

    def of_each_row(self, values: Shaped[np.ndarray, "B ..."]) -> Shaped[np.ndarray, "N ..."]:
        """Repeat one value per drawing for each of its rows."""
        return np.repeat(values, self.lengths, axis=0)

    def chosen(self, drawings: Int64[np.ndarray, " K"]) -> RaggedRows:
        """Take some of the drawings, in the order given."""
        starts, stops = self.starts[drawings], (self.starts + self.lengths)[drawings]
        spans = zip(starts.tolist(), stops.tolist(), strict=True)
        return RaggedRows.of([self.rows[start:stop] for start, stop in spans])

    def positions(self) -> Float64[np.ndarray, "N 2"]:
        """Where the pen is after each row, each drawing counted from its own origin."""
        summed = np.cumsum(self.rows[:, OFFSET], axis=0, dtype=np.float64)  # (N, 2)
        before = summed[self.starts] - self.rows[self.starts, OFFSET]  # (B, 2)
        return np.asarray(summed - self.of_each_row(before))

    def bounds(self) -> tuple[Float64[np.ndarray, "B 2"], Float64[np.ndarray, "B 2"]]:
        """The upper left and lower right corner of each drawing's bounding box."""
        points = self.positions()
        low, high = (end.reduceat(points, self.starts, axis=0) for end in (np.minimum, np.maximum))
        return low, high

    def longest_sides(self) -> Float64[np.ndarray, " B"]:
        """The longer side of each drawing's bounding box."""
        low, high = self.bounds()
        return np.asarray((high - low).max(axis=1))

    def strokes(self) -> list[list[Float64[np.ndarray, "_ 2"]]]:
        """The strokes of each drawing as absolute points, (P, 2) views of one array."""
        points = self.positions()
        stops = self.starts + self.lengths
        is_last = self.lifts.copy()
        is_last[stops - 1] = True  # a drawing that forgets to lift ends all the same
        ends = np.flatnonzero(is_last) + 1
        per_drawing = np.searchsorted(ends, stops, side="right").tolist()
        begins = [0, *ends.tolist()]
        lines = [points[a:b] for a, b in pairwise(begins)]
        firsts = [0, *per_drawing]
        return [lines[a:b] for a, b in pairwise(firsts)]
