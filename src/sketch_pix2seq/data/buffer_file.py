"""Buffer files: drawings of one category on disk, until all sources are read.

Blocks of numbers in temporary files that only this package reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from jaxtyping import Int32, Shaped, UInt64

from sketch_pix2seq.data.encode import EncodedBlock
from sketch_pix2seq.data.split_file import DrawingRows


class Identities(NamedTuple):
    """Digests and sources of the drawings of a buffer, in the order they were added.

    Args:
        digests: Equal for equal drawings.
        near_duplicate_hashes: Equal for drawings that are the same on a coarse grid.
        sources: Number of the source of each.
    """

    digests: UInt64[np.ndarray, " B"]
    near_duplicate_hashes: UInt64[np.ndarray, " B"]
    sources: Int32[np.ndarray, " B"]


class CategoryBuffer:
    """Files that blocks are added to, and that are then read block by block, as one.

    Convention:
        A block is two numbers (drawings, rows), then digests, near-duplicate hashes, sources,
        key ids, lengths and steps, each as numpy lays them out. A file is open only while a block
        is added, as there may be hundreds of categories.

    Args:
        paths: The files, in order. The last one grows.
    """

    def __init__(self, *paths: Path) -> None:
        """Use files that may exist already."""
        self.paths = paths

    def append(self, block: EncodedBlock) -> None:
        """Add a block.

        Args:
            block: Drawings of this buffer's category.
        """
        rows = block.rows
        header = np.array([len(rows.lengths), len(rows.steps)], np.int64)
        identities = (block.digests, block.near_duplicate_hashes, block.sources)
        with self.paths[-1].open("ab") as file:
            for part in (header, *identities, rows.key_ids, rows.lengths, rows.steps):
                file.write(np.ascontiguousarray(part).data)

    def identities(self) -> Identities:
        """Read digests and sources, skipping the strokes."""
        empty = (np.zeros(0, np.uint64), np.zeros(0, np.uint64), np.zeros(0, np.int32))
        found = [Identities(*empty)]
        for path in self.paths:
            with path.open("rb") as file:
                while size := _header(file):
                    found.append(_identities(file, size[0]))
                    file.seek(size[0] * 16 + size[1] * 6, 1)  # keys and lengths, steps
        return Identities(*map(np.concatenate, zip(*found, strict=True)))

    def blocks(self) -> Iterator[EncodedBlock]:
        """Read the blocks in the order they were added.

        Yields:
            The blocks, one at a time.
        """
        for path in self.paths:
            with path.open("rb") as file:
                while size := _header(file):
                    num, num_rows = size
                    identities = _identities(file, num)
                    key_ids = _numbers(file, np.uint64, num)
                    lengths = _numbers(file, np.int64, num)
                    steps = _numbers(file, np.int16, 3 * num_rows).reshape(-1, 3)
                    yield EncodedBlock(DrawingRows(steps, lengths, key_ids), *identities)


def _identities(file: BinaryIO, num: int) -> Identities:
    """Read digests and sources of `num` drawings."""
    digests, hashes = (_numbers(file, np.uint64, num) for _ in range(2))
    return Identities(digests, hashes, _numbers(file, np.int32, num))


def _header(file: BinaryIO) -> tuple[int, int] | None:
    """Read the sizes of the next block; None at the end of the file."""
    header = _numbers(file, np.int64, 2)
    return (int(header[0]), int(header[1])) if len(header) else None


def _numbers(file: BinaryIO, kind: type[np.generic], num: int) -> Shaped[np.ndarray, " num"]:
    """Read `num` numbers."""
    return np.frombuffer(file.read(num * np.dtype(kind).itemsize), kind)
