"""Drawings of one category, put aside on disk until the whole category is known.

Knows blocks of numbers in a temporary file of our own; never read by anyone else.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from jaxtyping import Int32, Shaped, UInt64

from sketch_pix2seq.data.encode import EncodedBlock
from sketch_pix2seq.data.split_file import DrawingRows


class Spool:
    """A file that blocks are added to, and that is then read block by block.

    Convention:
        A block is two numbers (drawings, rows), then digests, sources, key ids, lengths and
        steps, each as numpy lays them out. The file is open only while a block is added,
        so that hundreds of categories need no hundreds of open files.

    Args:
        path: The file to make.
    """

    def __init__(self, path: Path) -> None:
        """Begin empty."""
        self.path = path
        self.path.touch()

    def append(self, block: EncodedBlock) -> None:
        """Add a block.

        Args:
            block: Drawings of this spool's category.
        """
        rows = block.rows
        header = np.array([len(rows.lengths), len(rows.steps)], np.int64)
        with self.path.open("ab") as file:
            for part in (header, block.digests, block.sources, rows.key_ids, rows.lengths):
                file.write(np.ascontiguousarray(part).data)
            file.write(np.ascontiguousarray(rows.steps).data)

    def identities(self) -> tuple[UInt64[np.ndarray, " B"], Int32[np.ndarray, " B"]]:
        """Read what tells drawings apart, passing over their strokes.

        Returns:
            Digests and source numbers of all drawings in the order they were added, (B,) each.
        """
        digests, sources = [np.zeros(0, np.uint64)], [np.zeros(0, np.int32)]
        with self.path.open("rb") as file:
            while size := _header(file):
                num, num_rows = size
                digests.append(_numbers(file, np.uint64, num))
                sources.append(_numbers(file, np.int32, num))
                file.seek(num * 16 + num_rows * 6, 1)  # keys and lengths, steps
        return np.concatenate(digests), np.concatenate(sources)

    def blocks(self) -> Iterator[EncodedBlock]:
        """Read the blocks in the order they were added.

        Yields:
            The blocks, one at a time.
        """
        with self.path.open("rb") as file:
            while size := _header(file):
                num, num_rows = size
                digests = _numbers(file, np.uint64, num)
                sources = _numbers(file, np.int32, num)
                key_ids = _numbers(file, np.uint64, num)
                lengths = _numbers(file, np.int64, num)
                steps = _numbers(file, np.int16, 3 * num_rows).reshape(-1, 3)
                yield EncodedBlock(DrawingRows(steps, lengths, key_ids), digests, sources)


def _header(file: BinaryIO) -> tuple[int, int] | None:
    """Read how large the next block is; None at the end."""
    header = _numbers(file, np.int64, 2)
    return (int(header[0]), int(header[1])) if len(header) else None


def _numbers(file: BinaryIO, kind: type[np.generic], num: int) -> Shaped[np.ndarray, " num"]:
    """Read so many numbers."""
    return np.frombuffer(file.read(num * np.dtype(kind).itemsize), kind)
