"""Connected components of a mask: 8-connected, so that corners count as touching."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float32, Int32, Int64

from sketch_pix2seq.sketch.geometry import part_indices


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of a mask.

    Args:
        labels: (H, W), -1 outside, else the number of the region that a pixel belongs to.
        areas: (R,) pixels of each region.
        runs: (N, 4) of each run of pixels in a row: region, row, first and last column.
    """

    labels: Int32[np.ndarray, "H W"]
    areas: Int64[np.ndarray, "R"]
    runs: Int64[np.ndarray, "N 4"]

    @classmethod
    def of(cls, mask: Bool[np.ndarray, "H W"]) -> Regions:
        """Find the regions of a mask, numbered from the top.

        Example:
            >>> Regions.of(np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 0]], bool)).areas
            array([3, 2])
        """
        first, stop = _runs(mask)
        width = mask.shape[1] + 2
        label = connected(*_touching(first, stop, width), len(first))
        _, label = np.unique(label, return_inverse=True)
        lengths = stop - first
        areas = np.bincount(label, weights=lengths).astype(np.int64)
        labels = np.full((mask.shape[0], width), -1, np.int32)
        run, pixel = part_indices(lengths)
        labels.ravel()[first[run] + pixel] = label[run]
        row, column = np.divmod(first, width)
        runs = np.stack([label, row, column - 1, column - 2 + lengths], axis=1)
        return cls(labels[:, 1:-1], areas, runs)

    def having(self, mask: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, "R"]:
        """Which regions have a pixel in a mask."""
        has_pixel = np.zeros(len(self.areas), bool)
        inside = self.labels[mask]
        has_pixel[inside[inside >= 0]] = True
        return has_pixel

    def only(self, which: Bool[np.ndarray, "R"]) -> Bool[np.ndarray, "H W"]:
        """The mask of some regions."""
        return np.asarray(np.append(which, False)[self.labels])

    def largest(self, values: Float32[np.ndarray, "H W"]) -> Float32[np.ndarray, "R"]:
        """The largest value within each region."""
        pixels = np.flatnonzero(self.labels >= 0)
        most = np.zeros(len(self.areas), np.float32)
        np.maximum.at(most, self.labels.ravel()[pixels], values.ravel()[pixels])
        return most

    def boxes(self) -> tuple[Int64[np.ndarray, "R 2"], Int64[np.ndarray, "R 2"]]:
        """The first and the last (x, y) of each region."""
        label, row, first, last = self.runs.T
        low = np.full((len(self.areas), 2), max(self.labels.shape))
        high = np.zeros_like(low)
        np.minimum.at(low, label, np.stack([first, row], axis=1))
        np.maximum.at(high, label, np.stack([last, row], axis=1))
        return low, high

    def middles(self) -> Float[np.ndarray, "R 2"]:
        """The mean (x, y) of each region's pixels."""
        label, row, first, last = self.runs.T
        lengths = last - first + 1
        sums = (lengths * (first + last) / 2, lengths * row)
        totals = [np.bincount(label, some, len(self.areas)) for some in sums]
        return np.asarray(np.stack(totals, axis=1) / self.areas[:, None])


def _runs(mask: Bool[np.ndarray, "H W"]) -> tuple[Int64[np.ndarray, "N"], Int64[np.ndarray, "N"]]:
    """First index and index after the last of each run in a row, rows padded with a pixel."""
    padded = np.pad(mask, ((0, 0), (1, 1))).ravel()
    edges = np.flatnonzero(padded[1:] != padded[:-1]) + 1
    return edges[::2], edges[1::2]


def _touching(
    first: Int64[np.ndarray, "N"], stop: Int64[np.ndarray, "N"], width: int
) -> tuple[Int64[np.ndarray, "E"], Int64[np.ndarray, "E"]]:
    """Pairs of runs that touch, the second one a row below the first."""
    start = np.searchsorted(stop, first + width, side="left")
    end = np.searchsorted(first, stop + width, side="right")
    counts = np.maximum(end - start, 0)
    above, index = part_indices(counts)
    return above, start[above] + index


def connected(
    first: Int64[np.ndarray, "E"], second: Int64[np.ndarray, "E"], count: int
) -> Int64[np.ndarray, "N"]:
    """Give all items that pairs connect the smallest of their numbers.

    Example:
        >>> connected(np.array([0, 3]), np.array([3, 1]), 5).tolist()
        [0, 0, 2, 0, 4]
    """
    label = np.arange(count)
    while True:
        low = np.minimum(label[first], label[second])
        before = label.copy()
        np.minimum.at(label, before[first], low)
        np.minimum.at(label, before[second], low)
        while not np.array_equal(label[label], label):
            label = label[label]
        if np.array_equal(label, before):
            return label
