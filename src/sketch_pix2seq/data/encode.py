"""Parsed drawings to what is stored: stroke-3, digests, splits; a block at a time.

Decides which drawings are the same and to which split a drawing belongs. Blocks wait in buffer
files, one a category, until all sources are read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from jaxtyping import Bool, Int8, Int16, Int32, Int64, Shaped, UInt64

from sketch_pix2seq.data.options import PrepareOptions
from sketch_pix2seq.data.split_file import DrawingRows
from sketch_pix2seq.io.ndjson import MAX_EXTENT, TOO_WIDE, SimplifiedDrawing
from sketch_pix2seq.sketch.pen import LIFT, OFFSET
from sketch_pix2seq.sketch.simplify import rdp_mask

TRAIN, VALID, TEST = 0, 1, 2
"Splits as numbers: indices in `card.SPLITS`."

TEST_BELOW = 32
"A drawing whose first digest byte is below this is for testing: one in eight."
HELD_OUT_BELOW = 48
"A drawing whose first digest byte is below this is held out: for validation, if not for testing."

MIN_TEST, MIN_VALID = 8, 4
"Drawings of a category for testing and for validation, where its digests alone give fewer."

GRID = 16
"Cells along the longest side of the grid on which near-duplicates are compared."


class Identities(NamedTuple):
    """What decides the splits of drawings of one category.

    Args:
        digests: Equal for equal drawings, (B,); see `digests_of`.
        near_duplicate_hashes: Equal for near-duplicates, (B,); see `near_duplicate_hashes_of`.
        sources: Number of the source file of each, (B,).
    """

    digests: UInt64[np.ndarray, " B"]
    near_duplicate_hashes: UInt64[np.ndarray, " B"]
    sources: Int32[np.ndarray, " B"]


@dataclass(frozen=True, eq=False)
class EncodedBlock:
    """Drawings of one category, ready to be stored."""

    rows: DrawingRows
    identities: Identities


def split_of(digests: UInt64[np.ndarray, " B"]) -> Int8[np.ndarray, " B"]:
    """Return `TRAIN`, `VALID` or `TEST` for each drawing of a category, from the digests alone.

    *Convention*:
        The first byte decides. Where that gives a small category too few drawings for a split,
        those that come next in the order of digests join it: an eighth (up to 8) for testing, a
        sixteenth (up to 4) for validation, at least one each. At most a third and a sixth.

    Args:
        digests: Of different drawings, all that the category has, (B,).

    Example:
        >>> split_of(np.arange(200, 210, dtype=np.uint64)).tolist()
        [2, 2, 1, 0, 0, 0, 0, 0, 0, 0]
    """
    order = np.argsort(digests.byteswap(), kind="stable")  # little-endian: by the first byte first
    first = (digests & np.uint64(0xFF))[order]
    num = len(digests)
    num_test = max(int((first < TEST_BELOW).sum()), min(-(-num // 8), MIN_TEST))
    num_test = min(num_test, -(-num // 3))
    num_valid = max(int((first < HELD_OUT_BELOW).sum()) - num_test, min(-(-num // 16), MIN_VALID))
    num_valid = min(num_valid, -(-num // 6))
    split = np.full(num, TRAIN, np.int8)
    split[order[:num_test]] = TEST
    split[order[num_test : num_test + num_valid]] = VALID
    return split


def digests_of(
    points: Int16[np.ndarray, "N 2"],
    lifts: Bool[np.ndarray, " N"],
    lengths: Int64[np.ndarray, " B"],
) -> UInt64[np.ndarray, " B"]:
    """Return a digest of each drawing: equal for equal drawings, wherever they are stored.

    *Convention*:
        blake2b of 8 bytes over the points (int16, little-endian, x and y in turn,
        shifted so that the smallest x and the smallest y are 0), then the lifts (a byte
        each); read as a little-endian number.

    Args:
        points: Points of all drawings, one after another, (N, 2).
        lifts: Whether the pen leaves the paper after each point, (N,).
        lengths: Points of each drawing, (B,).
    """
    if len(lengths) == 0:
        return np.zeros(0, np.uint64)
    starts = np.cumsum(lengths) - lengths
    low = np.minimum.reduceat(points, starts, axis=0)
    shifted = memoryview((points - np.repeat(low, lengths, axis=0)).astype("<i2").tobytes())
    raised = memoryview(lifts.astype(np.uint8).tobytes())
    joined = bytearray()
    stops = (starts + lengths).tolist()
    for start, stop in zip(starts.tolist(), stops, strict=True):
        digest = blake2b(shifted[4 * start : 4 * stop], digest_size=8)
        digest.update(raised[start:stop])
        joined += digest.digest()
    return np.frombuffer(bytes(joined), "<u8").astype(np.uint64)


def near_duplicate_hashes_of(
    points: Int16[np.ndarray, "N 2"],
    lifts: Bool[np.ndarray, " N"],
    lengths: Int64[np.ndarray, " B"],
) -> UInt64[np.ndarray, " B"]:
    """Return a hash of each drawing that is equal for near-duplicates.

    *Convention*:
        The digest (`digests_of`, with the same arguments) of the drawing on a grid: its longest
        side scaled to 16, points rounded, and of neighbours of a stroke that fall together only
        the last kept.
    """
    if len(lengths) == 0:
        return np.zeros(0, np.uint64)
    starts = np.cumsum(lengths) - lengths
    low = np.minimum.reduceat(points, starts, axis=0).astype(np.float64)
    side = (np.maximum.reduceat(points, starts, axis=0) - low).max(axis=1)
    scale = np.repeat(GRID / np.maximum(side, 1.0), lengths)[:, None]
    coarse = np.rint((points - np.repeat(low, lengths, axis=0)) * scale).astype(np.int16)
    keep = lifts.copy()
    keep[:-1] |= (coarse[1:] != coarse[:-1]).any(axis=1)
    return digests_of(coarse[keep], lifts[keep], np.add.reduceat(keep.astype(np.int64), starts))


def encode(
    drawings: Sequence[SimplifiedDrawing],
    *,
    source: int,
    options: PrepareOptions,
    left_out: Counter[str],
) -> EncodedBlock:
    """Turn drawings of one category, each with at least one point, into what is stored.

    Those that are left out are counted by reason in `left_out`: the block may be empty.
    """
    key_ids = np.array([drawing.key_id or 0 for drawing in drawings], np.uint64)
    flat = _Flat.of(drawings)
    low, high = flat.bounds()
    is_narrow = (high - low).max(axis=1) <= MAX_EXTENT
    left_out[TOO_WIDE] += int((~is_narrow).sum())
    flat, key_ids = flat.part(is_narrow), key_ids[is_narrow]
    digests = digests_of(flat.points, flat.lifts, flat.lengths)
    hashes = near_duplicate_hashes_of(flat.points, flat.lifts, flat.lengths)
    if options.epsilon is not None:
        flat = flat.simplified(options.epsilon)
    within_max = flat.lengths <= options.max_steps
    within_min = flat.lengths >= options.min_steps
    left_out[f"a drawing must have at most {options.max_steps} points"] += int((~within_max).sum())
    left_out[f"a drawing must have at least {options.min_steps} points"] += int((~within_min).sum())
    chosen = within_max & within_min
    flat, digests, hashes = flat.part(chosen), digests[chosen], hashes[chosen]
    return EncodedBlock(
        DrawingRows(flat.stroke3(), flat.lengths, key_ids[chosen]),
        Identities(digests, hashes, np.full(len(digests), source, np.int32)),
    )


@dataclass(frozen=True, eq=False)
class _Flat:
    """Points of drawings, end to end."""

    points: Int16[np.ndarray, "N 2"]
    lifts: Bool[np.ndarray, " N"]
    lengths: Int64[np.ndarray, " B"]

    @staticmethod
    def of(drawings: Sequence[SimplifiedDrawing]) -> _Flat:
        return _Flat(
            np.concatenate([drawing.points for drawing in drawings]),
            np.concatenate([drawing.lifts for drawing in drawings]),
            np.fromiter((len(d.points) for d in drawings), np.int64, count=len(drawings)),
        )

    @property
    def starts(self) -> Int64[np.ndarray, " B"]:
        return np.asarray(np.cumsum(self.lengths) - self.lengths)

    def bounds(self) -> tuple[Int32[np.ndarray, "B 2"], Int32[np.ndarray, "B 2"]]:
        """The smallest and the largest x and y of each drawing."""
        low = np.minimum.reduceat(self.points, self.starts, axis=0)
        high = np.maximum.reduceat(self.points, self.starts, axis=0)
        return low.astype(np.int32), high.astype(np.int32)

    def part(self, mask: Bool[np.ndarray, " B"]) -> _Flat:
        if mask.all():
            return self
        rows = np.repeat(mask, self.lengths)
        return _Flat(self.points[rows], self.lifts[rows], self.lengths[mask])

    def simplified(self, epsilon: float) -> _Flat:
        """Simplify every stroke; ends of strokes stay where they are."""
        if len(self.lengths) == 0:
            return self
        stroke_lengths = np.diff(np.flatnonzero(self.lifts) + 1, prepend=0)
        keep = rdp_mask(self.points, stroke_lengths, epsilon)
        lengths = np.add.reduceat(keep.astype(np.int64), self.starts)
        return _Flat(self.points[keep], self.lifts[keep], lengths)

    def stroke3(self) -> Int16[np.ndarray, "N 3"]:
        """Offsets, each drawing's origin the floored middle of its bounding box."""
        rows = np.empty((len(self.points), 3), np.int16)
        if len(self.lengths) == 0:
            return rows
        starts = self.starts
        low, high = self.bounds()
        # from one drawing to the next the difference may overflow; it is put right below
        rows[1:, OFFSET] = self.points[1:] - self.points[:-1]
        rows[starts, OFFSET] = self.points[starts] - (low + high) // 2
        rows[:, LIFT] = self.lifts
        return rows


class CategoryBuffer:
    """Files that blocks are added to, and that are then read block by block, as one.

    *Convention*:
        A block is two numbers (drawings, rows), then digests, near-duplicate hashes, sources,
        key ids, lengths and steps, each as numpy lays them out. A file is open only while a block
        is added, as there may be hundreds of categories.

    Args:
        paths: The files, in order; they may exist already. The last one grows.
    """

    def __init__(self, *paths: Path) -> None:
        self.paths = paths

    def append(self, block: EncodedBlock) -> None:
        """Add drawings of this buffer's category."""
        rows = block.rows
        header = np.array([len(rows.lengths), len(rows.steps)], np.int64)
        with self.paths[-1].open("ab") as file:
            for part in (header, *block.identities, rows.key_ids, rows.lengths, rows.steps):
                file.write(np.ascontiguousarray(part).data)

    def identities(self) -> Identities:
        """Read the identities of all drawings in the order they were added, without strokes."""
        empty = (np.zeros(0, np.uint64), np.zeros(0, np.uint64), np.zeros(0, np.int32))
        parts = [Identities(*empty)]
        for path in self.paths:
            with path.open("rb") as file:
                while len(header := _numbers(file, np.int64, 2)):
                    num, num_rows = header.tolist()
                    parts.append(_identities(file, num))
                    file.seek(16 * num + 6 * num_rows, 1)  # keys and lengths, steps
        return Identities(*map(np.concatenate, zip(*parts, strict=True)))

    def blocks(self) -> Iterator[EncodedBlock]:
        """Read the blocks in the order they were added, one at a time."""
        for path in self.paths:
            with path.open("rb") as file:
                while len(header := _numbers(file, np.int64, 2)):
                    num, num_rows = header.tolist()
                    identities = _identities(file, num)
                    key_ids = _numbers(file, np.uint64, num)
                    lengths = _numbers(file, np.int64, num)
                    steps = _numbers(file, np.int16, 3 * num_rows).reshape(-1, 3)
                    yield EncodedBlock(DrawingRows(steps, lengths, key_ids), identities)


def _identities(file: BinaryIO, num: int) -> Identities:
    digests, hashes = (_numbers(file, np.uint64, num) for _ in range(2))
    return Identities(digests, hashes, _numbers(file, np.int32, num))


def _numbers(file: BinaryIO, kind: type[np.generic], num: int) -> Shaped[np.ndarray, " num"]:
    return np.frombuffer(file.read(num * np.dtype(kind).itemsize), kind)
