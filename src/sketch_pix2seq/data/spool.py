"""Drawings of one category, put aside on disk until the whole category is known.

Knows blocks of numbers in a temporary file of our own; never read by anyone else.
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
    """What tells the drawings of a spool apart, in the order they were added.

    Args:
        digests: Equal for equal drawings.
        likenesses: Equal for drawings that are nearly the same.
        sources: Number of the source of each.
    """

    digests: UInt64[np.ndarray, " B"]
    likenesses: UInt64[np.ndarray, " B"]
    sources: Int32[np.ndarray, " B"]


class Spool:
    """Files that blocks are added to, and that are then read block by block, as one.

    Convention:
        A block is two numbers (drawings, rows), then digests, likenesses, sources, key ids,
        lengths and steps, each as numpy lays them out. A file is open only while a block is
        added, so that hundreds of categories need no hundreds of open files.

    Args:
        paths: The files, in order. The last one grows.
    """

    def __init__(self, *paths: Path) -> None:
        """Begin with what there is."""
        self.paths = paths

    def append(self, block: EncodedBlock) -> None:
        """Add a block.

        Args:
            block: Drawings of this spool's category.
        """
        rows = block.rows
        header = np.array([len(rows.lengths), len(rows.steps)], np.int64)
        identities = (block.digests, block.likenesses, block.sources)
        with self.paths[-1].open("ab") as file:
            for part in (header, *identities, rows.key_ids, rows.lengths, rows.steps):
                file.write(np.ascontiguousarray(part).data)

    def identities(self) -> Identities:
        """Read what tells drawings apart, passing over their strokes."""
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
    """Read what tells so many drawings apart."""
    digests, likenesses = (_numbers(file, np.uint64, num) for _ in range(2))
    return Identities(digests, likenesses, _numbers(file, np.int32, num))


def _header(file: BinaryIO) -> tuple[int, int] | None:
    """Read how large the next block is; None at the end."""
    header = _numbers(file, np.int64, 2)
    return (int(header[0]), int(header[1])) if len(header) else None


def _numbers(file: BinaryIO, kind: type[np.generic], num: int) -> Shaped[np.ndarray, " num"]:
    """Read so many numbers."""
    return np.frombuffer(file.read(num * np.dtype(kind).itemsize), kind)
