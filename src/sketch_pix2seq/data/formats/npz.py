"""sketch-rnn's `.npz`: arrays `train`, `valid` and `test` of stroke-3 arrays.

They are pickled, so numpy asks to be allowed to run whatever is in them. We do not allow it:
see `arrays_only`. A drawing's split follows from the drawing itself, so those of the file are
read one after another and forgotten.

Source: the README of sketch-rnn (magenta), and files of it.
"""

from __future__ import annotations

import math
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BufferedIOBase
from typing import Any

import numpy as np

from sketch_pix2seq.data.formats.arrays_only import load_arrays
from sketch_pix2seq.data.formats.reading import Reading
from sketch_pix2seq.errors import DatasetError, DrawingError
from sketch_pix2seq.io.ndjson import SimplifiedDrawing
from sketch_pix2seq.sketch.geometry import MAX_POINTS
from sketch_pix2seq.sketch.pen import LIFT, OFFSET

SPLITS = ("train", "valid", "test")
MAGIC = b"PK\x03\x04"

_MAX_BYTES = 2_000_000_000
_LARGEST_RATIO = 50  # real ones: 3
_SMALLEST_ARRAY = 32  # bytes of a pickled array
_NUMBERS = re.compile(r"[<>|=][iuf][1248]")
_WIDEST = np.iinfo(np.int16).max


def read_npz(blocks: Iterator[bytes], reading: Reading) -> Iterator[SimplifiedDrawing]:
    """Read the drawings of an npz.

    Memory: one of the file's splits at a time.

    Args:
        blocks: The file's content.
        reading: Where to count drawings.

    Yields:
        The drawings: train, valid, test; without categories.

    Raises:
        DatasetError: If it is no such file. Nothing in it has run.
    """
    with tempfile.TemporaryFile() as whole:  # a zip is read from its end
        assert isinstance(whole, BufferedIOBase)
        size = 0
        for block in blocks:
            size += len(block)
            if size > _MAX_BYTES:
                raise DatasetError(f"an npz must have at most {_MAX_BYTES:,} bytes", got="more")
            whole.write(block)
        for split in _members(whole):
            for array in split:
                reading.begin()
                try:
                    yield _drawing(array)
                except DrawingError as error:
                    reading.wrong(error)


def _members(whole: BufferedIOBase) -> Iterator[Iterable[np.ndarray]]:
    """The arrays of each split."""
    try:
        with zipfile.ZipFile(whole) as archive:
            names = archive.namelist()
            if len(names) > 100 or not any(f"{split}.npy" in names for split in SPLITS):
                raise DatasetError(
                    "an npz of drawings must hold `train`, `valid` or `test`",
                    got=", ".join(sorted(names)[:5]) or "nothing",
                )
            for split in SPLITS:
                if f"{split}.npy" in names:
                    yield _arrays(archive, archive.getinfo(f"{split}.npy"))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DatasetError("an npz must be a whole zip file", got=str(error)[:80]) from error


def _arrays(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterable[np.ndarray]:
    """The arrays of a split."""
    name = info.filename.removesuffix(".npy")
    if info.file_size > min(_MAX_BYTES, _LARGEST_RATIO * (info.compress_size + 1000)):
        raise DatasetError(
            f"`{name}` in an npz must not be packed so tightly",
            got=f"{info.compress_size:,} bytes for {info.file_size:,}",
        )
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DatasetError(f"`{name}` in an npz must be packed by deflate, or not at all")
    with archive.open(info) as member:
        assert isinstance(member, BufferedIOBase)
        shape, dtype = _head(member)
        content = member.read(info.file_size)
    if not all(type(side) is int and 0 <= side <= info.file_size for side in shape):
        raise DatasetError(f"`{name}` must be as large as it says", got=str(shape)[:60])
    if dtype.hasobject and dtype.str == "|O":
        if len(shape) != 1 or shape[0] > info.file_size // _SMALLEST_ARRAY:
            raise DatasetError(f"`{name}` must hold a list of arrays", got=shape)
        return load_arrays(content, shape[0])
    # all drawings of one length: numpy has stacked them
    if not _NUMBERS.fullmatch(dtype.str):
        raise DatasetError(f"`{name}` must be numbers", got=str(dtype)[:60])
    if len(shape) != 3 or shape[2] != 3 or shape[1] == 0:
        raise DatasetError(f"`{name}` must hold stroke-3 arrays", got=shape)
    if math.prod(shape) * dtype.itemsize != len(content):
        raise DatasetError(f"`{name}` must be as large as it says", got=shape)
    return np.frombuffer(content, dtype).reshape(shape)


def _head(member: BufferedIOBase) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and number type from the head of an array file, which runs nothing."""
    try:
        version = np.lib.format.read_magic(member)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, is_fortran, dtype = read(member, max_header_size=10_000)
    except Exception as error:  # numpy parses it as Python text, which fails in many ways
        raise DatasetError(
            "an array in an npz must have a sound head", got=" ".join(str(error).split())[:80]
        ) from error
    if is_fortran and len(shape) > 1:
        raise DatasetError("arrays in an npz must be in C order")
    return shape, dtype


def _drawing(array: np.ndarray) -> SimplifiedDrawing:
    """A drawing from its stroke-3 rows."""
    if array.ndim != 2 or array.shape[1] != 3:
        raise DrawingError("a drawing must have rows of dx, dy, lift", got=array.shape)
    if not 1 <= len(array) <= MAX_POINTS:
        raise DrawingError(f"a drawing must have 1 to {MAX_POINTS} points", got=len(array))
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DrawingError("offsets must be finite", got="NaN or infinity")
    offsets = array[:, OFFSET].astype(np.float64)
    if np.abs(offsets).max() > 2 * _WIDEST:  # (the sum of larger ones may be no number)
        raise DrawingError(f"a drawing must be at most {_WIDEST} units wide and high")
    points = np.rint(offsets.cumsum(axis=0))
    points -= np.floor((points.min(axis=0) + points.max(axis=0)) / 2)
    if np.abs(points).max() > _WIDEST:
        raise DrawingError(f"a drawing must be at most {_WIDEST} units wide and high")
    lifts = array[:, LIFT] != 0
    lifts[-1] = True
    return SimplifiedDrawing(points.astype(np.int16), lifts, None, None, None)


def write_npz(file: BufferedIOBase, splits: Mapping[str, Sequence[np.ndarray]]) -> None:
    """Write drawings as sketch-rnn's readers want them.

    Args:
        file: Where to.
        splits: For `train`, `valid` and `test`, stroke-3 rows of each drawing, int16.
    """
    arrays: dict[str, Any] = {}
    for split in SPLITS:
        drawings = splits.get(split, ())
        arrays[split] = np.empty(len(drawings), object)
        for number, drawing in enumerate(drawings):
            arrays[split][number] = drawing.astype(np.int16)
    np.savez_compressed(file, **arrays)
