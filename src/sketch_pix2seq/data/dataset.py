"""A prepared data set, opened: which drawings there are, and each one's strokes.

Opening costs milliseconds at any size, since nothing is loaded; strokes are views
into the memory-mapped files.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Int16, Int64, Integer

from sketch_pix2seq.data.card import SPLITS, DatasetCard
from sketch_pix2seq.data.split_file import ROWS_PER_BATCH, SplitFile
from sketch_pix2seq.errors import DatasetError, UsageError
from sketch_pix2seq.sketch.sketch import Sketch

__all__ = ["Dataset", "DatasetCard", "Split"]


def drawing_id(split: str, index: int) -> str:
    """Return what ndjson files call a drawing of a prepared data set, as evaluations look for it.

    Example:
        >>> drawing_id("test", 17)
        'test-17'
    """
    return f"{split}-{index}"


class Split:
    """One split: drawings numbered from 0, those of a category next to each other."""

    def __init__(self, name: str, card: DatasetCard, file: SplitFile) -> None:
        self.name = name
        self.categories = card.categories
        self._file = file
        counts = [card.counts[name][category] for category in card.categories]
        self._stops: Int64[np.ndarray, " categories"] = np.cumsum(counts, dtype=np.int64)

    def __len__(self) -> int:
        return int(self._stops[-1])

    def __repr__(self) -> str:
        return f"Split({self.name!r}, {len(self)} drawings, {len(self.categories)} categories)"

    def stroke3(self, index: int) -> Int16[np.ndarray, "T 3"]:
        """Return the stroke-3 of a drawing, (T, 3): a read-only view into the file.

        *Convention*:
            Offsets in the sources' units (QuickDraw: longest side 255), y down; the
            origin is the middle of the bounding box, rounded down.
        """
        batch, row = self._locate(index)
        stored = self._file.batch(batch)
        return stored.steps[stored.boundaries[row] // 3 : stored.boundaries[row + 1] // 3]

    def lengths(self, indices: Integer[np.ndarray, " B"]) -> Int64[np.ndarray, " B"]:
        """Return how many rows drawings have, (B,), without touching their strokes."""
        lengths = np.empty(len(indices), np.int64)
        batches, rows = np.divmod(indices, ROWS_PER_BATCH)
        order = np.argsort(batches, kind="stable")
        batch_numbers, starts = np.unique(batches[order], return_index=True)
        ends = [*starts[1:].tolist(), len(order)]
        # `ends` is one longer when `indices` is empty
        for number, start, end in zip(batch_numbers.tolist(), starts.tolist(), ends, strict=False):
            part, boundaries = order[start:end], self._file.batch(number).boundaries
            lengths[part] = (boundaries[rows[part] + 1] - boundaries[rows[part]]) // 3
        return lengths

    def category_id(self, index: int) -> int:
        """Return the category of one drawing, as its index in `categories`."""
        self._locate(index)
        return int(np.searchsorted(self._stops, index, side="right"))

    def category_ids(self, indices: Integer[np.ndarray, " B"]) -> Int64[np.ndarray, " B"]:
        """Return the categories of drawings, (B,)."""
        return np.searchsorted(self._stops, indices, side="right").astype(np.int64)

    def category_range(self, category_id: int) -> tuple[int, int]:
        """Return the first drawing of a category, and the one after its last."""
        start = int(self._stops[category_id - 1]) if category_id else 0
        return start, int(self._stops[category_id])

    def key_id(self, index: int) -> int:
        """Return QuickDraw's key of one drawing, 0 if it is not known."""
        batch, row = self._locate(index)
        return int(self._file.batch(batch).key_ids[row])

    def sketch(self, index: int) -> Sketch:
        """Return one drawing with its category, its origin in the middle of its bounding box."""
        category = self.categories[self.category_id(index)]
        return Sketch.from_stroke3(self.stroke3(index), category=category)

    def _locate(self, index: int) -> tuple[int, int]:
        if not 0 <= index < len(self):
            raise IndexError(f"`index` must be from 0 to {len(self) - 1}; got {index}")
        return divmod(int(index), ROWS_PER_BATCH)


class Dataset:
    """A prepared data set; see `open`.

    Example:
        >>> import tempfile
        >>> from sketch_pix2seq.data.prepare import prepare
        >>> from benchmarks.synthetic import write_synthetic
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = write_synthetic(Path(folder, "files"), num=100, seed=0)
        ...     _ = prepare([Path(folder, "files")], Path(folder, "set"))
        ...     dataset = Dataset.open(Path(folder, "set"))
        ...     dataset.split("train").sketch(0).category
        'circle'
    """

    def __init__(self, folder: Path, card: DatasetCard) -> None:
        self.folder = folder
        self.card = card
        self._splits = {}
        for name in SPLITS:
            counts = list(card.counts[name].values())
            file = SplitFile(folder / f"{name}.arrow", counts, card.longest)
            self._splits[name] = Split(name, card, file)

    def __repr__(self) -> str:
        return f"Dataset({self.folder.name!r}, {len(self.card.categories)} categories)"

    @staticmethod
    def open(path: str | Path) -> Dataset:
        """Open a prepared data set; nothing of the drawings is read yet.

        Raises:
            DatasetError: If it is not a data set, of another version, or incomplete.
        """
        folder = Path(path)
        card = DatasetCard.read(folder)
        try:
            return Dataset(folder, card)
        except DatasetError as error:
            raise DatasetError(f"`{folder}`: {error}") from error

    def size(self, name: str) -> int:
        """Return the bytes that a split takes on disk."""
        return (self.folder / f"{self.split(name).name}.arrow").stat().st_size

    def split(self, name: str) -> Split:
        """Return the split of a name: "train", "valid" or "test"."""
        if name not in self._splits:
            raise UsageError("`name` must be train, valid or test", got=name)
        return self._splits[name]
