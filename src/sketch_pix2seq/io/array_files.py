"""NumPy's `.npz` and `.npy`: stroke-3, stroke-5, and bitmaps, which are traced.

sketch-rnn's files hold `train`, `valid` and `test`, pickled arrays of a drawing each (see
`pickled_arrays`); a drawing's split follows from the drawing itself, so these are read one after
another. Of other files every array that can be drawings is read.

*Source*: the README of sketch-rnn (magenta) and files of it; that of the Quick, Draw! Dataset for
bitmaps of 784 numbers.
"""

from __future__ import annotations

import contextlib
import math
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from io import BufferedIOBase, BytesIO
from typing import Any

import numpy as np
from jaxtyping import Float32, Shaped
from PIL import Image

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.ndjson import RawDrawing, Record, SimplifiedDrawing, raw_of
from sketch_pix2seq.io.pickled_arrays import load_arrays
from sketch_pix2seq.io.picture.picture_in import read_picture
from sketch_pix2seq.sketch.geometry import MAX_COORDINATE, MAX_POINTS
from sketch_pix2seq.sketch.pen import LIFT, OFFSET, stroke5_to_stroke3

SPLITS = ("train", "valid", "test")

# all that `zipfile` raises for a damaged file or an unknown compression
_NO_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
_BLOCK = 1 << 18
_MAX_BYTES = 2_000_000_000
_MAX_ARRAYS = 100
_LARGEST_RATIO = 50  # real ones: 3; of bitmaps of thin lines 200
_SMALL = 50_000_000  # bytes of an array of numbers that may be packed as tightly as can be
_SMALLEST_ARRAY = 32  # bytes of a pickled array
_SMALLEST_SIDE = 8  # of a bitmap
_MANY_ROWS = 2_000  # of bitmaps or of a picture: as many show which of them it is
_SMALLEST_KNOWN_SIDE = 10  # of bitmaps that differ enough from a picture
_ALIKE = 0.7  # pictures of lines: 0.1 to 0.5; bitmaps of one class: above 1
_CHANNELS = (1, 3, 4)  # of a bitmap with colours
_NUMBERS = re.compile(r"[<>|=]([iuf][1248]|b1)")
_WIDEST = np.iinfo(np.int16).max


def read_npz(file: BufferedIOBase) -> Iterator[Record | DrawingError]:
    """Read the drawings of an npz, without categories, one array at a time.

    Yields:
        Each drawing, or what is wrong with it.

    Raises:
        DrawingError: If it is no such file. Nothing in it has run.
    """
    with tempfile.TemporaryFile() as whole:  # a zip is read from its end
        assert isinstance(whole, BufferedIOBase)
        size = 0
        while block := file.read(_BLOCK):
            size += len(block)
            if size > _MAX_BYTES:
                raise DrawingError(f"an npz must have at most {_MAX_BYTES:,} bytes", got="more")
            whole.write(block)
        for drawings in _members(whole):
            yield from drawings


def read_npy(file: BufferedIOBase) -> Iterator[Record | DrawingError]:
    """Read the drawings of an array file; as `read_npz`."""
    content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise DrawingError(f"an npy must have at most {_MAX_BYTES:,} bytes", got="more")
    return _drawings("the array", _array("the array", BytesIO(content), len(content), len(content)))


def _members(whole: BufferedIOBase) -> Iterator[Iterator[Record | DrawingError]]:
    """The drawings of each array: of sketch-rnn's splits, or else of all that can be drawings."""
    try:
        with zipfile.ZipFile(whole) as archive:
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            splits = [f"{split}.npy" for split in SPLITS if f"{split}.npy" in names]
            other: DrawingError | None = None
            has_drawings = False
            known = splits or _without_labels(archive, names)
            for name in known[:_MAX_ARRAYS]:
                try:
                    drawings = _drawings(f"`{name[:-4]}`", _member(archive, archive.getinfo(name)))
                except _OtherArrayError as error:
                    if splits:
                        raise
                    other = other or error
                else:
                    has_drawings = True
                    yield drawings
            if not has_drawings:
                do = "Save stroke-3 or stroke-5 arrays, or pictures."
                raise other or DrawingError("an npz must hold arrays", got="none", do=do)
    except _NO_ZIP as error:
        raise DrawingError("an npz must be a whole zip file", got=str(error)[:80]) from error


def _without_labels(archive: zipfile.ZipFile, names: list[str]) -> list[str]:
    """Leave out arrays that describe drawings of another: as many rows, fewer dimensions."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name in names[:_MAX_ARRAYS]:
        with archive.open(name) as member, contextlib.suppress(DrawingError):
            assert isinstance(member, BufferedIOBase)
            shapes[name] = _header(member)[0]
    longest: dict[tuple[int, ...], int] = {}
    for shape in shapes.values():
        longest[shape[:1]] = max(longest.get(shape[:1], 0), len(shape))
    labels = {name for name, shape in shapes.items() if len(shape) < longest[shape[:1]]}
    return [name for name in names if name not in labels]


class _OtherArrayError(DrawingError):
    """An array, but none of drawings."""


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray | list[np.ndarray]:
    """The array of a file in a zip, or the arrays that it holds."""
    name = info.filename.removesuffix(".npy")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DrawingError(f"`{name}` in an npz must be packed by deflate, or not at all")
    with archive.open(info) as member:
        assert isinstance(member, BufferedIOBase)
        return _array(f"`{name}`", member, info.file_size, info.compress_size)


def _array(
    name: str, member: BufferedIOBase, size: int, packed: int
) -> np.ndarray | list[np.ndarray]:
    """Read an array of numbers, or a list of such arrays, and nothing that could run.

    Args:
        name: As it is named in messages.
        member: The array file.
        size: Its bytes.
        packed: Bytes that they take in the zip.
    """
    shape, dtype, is_fortran = _header(member)
    most = _LARGEST_RATIO * (packed + 1000)
    if size > min(_MAX_BYTES, most if dtype.hasobject else max(most, _SMALL)):
        raise DrawingError(
            f"{name} in an npz must not be packed so tightly", got=f"{packed:,} bytes for {size:,}"
        )
    content = member.read(size)
    if not all(type(side) is int and 0 <= side <= size for side in shape):
        raise DrawingError(f"{name} must be as large as it says", got=str(shape)[:60])
    if dtype.hasobject and dtype.str == "|O":
        if len(shape) != 1 or shape[0] > size // _SMALLEST_ARRAY:
            do = "Save drawings of one length as an array of numbers, without `dtype=object`."
            raise DrawingError(f"{name} must hold a list of arrays", got=shape, do=do)
        return load_arrays(content, shape[0])
    if not _NUMBERS.fullmatch(dtype.str):
        raise _OtherArrayError(f"{name} must be numbers", got=str(dtype)[:60])
    if math.prod(shape) * dtype.itemsize != len(content):
        raise DrawingError(f"{name} must be as large as it says", got=shape)
    return np.frombuffer(content, dtype).reshape(shape, order="F" if is_fortran else "C")


def _header(member: BufferedIOBase) -> tuple[tuple[int, ...], np.dtype, bool]:
    """Shape, number type and Fortran order from an array file's header, which runs nothing."""
    try:
        version = np.lib.format.read_magic(member)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, is_fortran, dtype = read(member, max_header_size=10_000)
    except Exception as error:  # numpy parses it as Python text, which fails in many ways
        raise DrawingError(
            "an array in an npz must have a valid header", got=" ".join(str(error).split())[:80]
        ) from error
    return shape, dtype, is_fortran


def _drawings(name: str, array: np.ndarray | list[np.ndarray]) -> Iterator[Record | DrawingError]:
    """Read an array by its shape: rows of one drawing or of many, or bitmaps."""
    if not isinstance(array, np.ndarray):
        return map(_tried, array)
    shape = array.shape
    has_rows = array.dtype.kind in "if" and len(shape) in (2, 3) and shape[-1] in (3, 5)
    has_rows = has_rows and not _is_coloured(array)
    if has_rows and shape[-2] > 0:
        return map(_tried, array if len(shape) == 3 else array[None])
    pictures = None if has_rows else _bitmaps(array)
    if pictures is None:
        raise _OtherArrayError(
            f"{name} must hold drawings: stroke-3 or stroke-5 rows, or pictures",
            got=f"{array.dtype} of shape {shape}",
        )
    sides = " x ".join(map(str, shape))
    return (_traced(picture, f"of an array of {sides}") for picture in pictures)


def _tried(rows: np.ndarray) -> Record | DrawingError:
    if rows.ndim == 3 or (rows.ndim == 2 and rows.shape[-1] not in (3, 5)):
        pictures = _bitmaps(rows)
        if pictures is not None and len(pictures) == 1:
            return _traced(pictures[0], "of a list of arrays")
    try:
        return drawing_of_rows(rows)
    except DrawingError as error:
        return error


def drawing_of_rows(rows: Shaped[np.ndarray, "..."]) -> Record:
    """Return the drawing that rows of stroke-3 or stroke-5 stand for.

    Whole numbers stay as they are, around the middle of the drawing; others are of some unit that
    is not known, and are still to be simplified.

    Raises:
        DrawingError: If they are no such rows.
    """
    if rows.ndim == 2 and rows.shape[1] == 5:
        rows = stroke5_to_stroke3(rows)
    if rows.ndim != 2 or rows.shape[1] != 3:
        raise DrawingError("a drawing must have rows of dx, dy, lift", got=rows.shape)
    if not 1 <= len(rows) <= MAX_POINTS:
        raise DrawingError(f"a drawing must have 1 to {MAX_POINTS} points", got=len(rows))
    if rows.dtype.kind == "f" and not np.isfinite(rows).all():
        raise DrawingError("offsets must be finite", got="NaN or infinity")
    offsets = rows[:, OFFSET].astype(np.float64)
    lifts = rows[:, LIFT] != 0
    lifts[-1] = True
    if np.abs(offsets).max() > 2 * _WIDEST:  # (the sum of larger ones may be no number)
        raise DrawingError(f"a drawing must be at most {_WIDEST} units wide and high")
    points = offsets.cumsum(axis=0)
    if (offsets != np.rint(offsets)).any() and np.abs(points).max() <= MAX_COORDINATE:
        return RawDrawing(points, np.diff(np.flatnonzero(lifts), prepend=-1).tolist())
    points = np.rint(points)
    points -= np.floor((points.min(axis=0) + points.max(axis=0)) / 2)
    if np.abs(points).max() > _WIDEST:
        raise DrawingError(f"a drawing must be at most {_WIDEST} units wide and high")
    return SimplifiedDrawing(points.astype(np.int16), lifts, None, None, None)


def _is_coloured(array: np.ndarray) -> bool:
    """Whether an array (H, W, 3) is a picture: lifts are 0 or 1, and some offsets are negative."""
    if array.ndim != 3 or array.shape[2] != 3 or min(array.shape[:2]) < _SMALLEST_SIDE:
        return False
    lifts = array[..., LIFT]
    is_share = array.min() >= 0 and array.max() <= 1
    return bool(np.isfinite(array).all() and (is_share or ((lifts != 0) & (lifts != 1)).any()))


def _bitmaps(array: np.ndarray) -> np.ndarray | None:
    """The pictures (N, H, W) or (N, H, W, C) in an array; None if there are none.

    They may be rows of H x W numbers, and their colours may come first, as in PyTorch. The shape
    (1, H, W) is always one picture, whatever its width.
    """
    shape = array.shape
    side = math.isqrt(shape[-1]) if shape else 0
    is_flat = side >= _SMALLEST_SIDE and side * side == shape[-1]
    if len(shape) == 1 or (len(shape) == 2 and shape[0] != shape[1]):
        is_rows = is_flat and not _is_one_picture(array, side)
        pictures = array.reshape(-1, side, side) if is_rows else array[None]
    elif len(shape) == 4 and shape[1] in _CHANNELS and shape[3] not in _CHANNELS:
        pictures = np.moveaxis(array, 1, 3)
    else:
        is_one = len(shape) == 2 or (len(shape) == 3 and shape[2] in _CHANNELS)
        pictures = array[None] if is_one else array
    has_channels = pictures.ndim == 3 or (pictures.ndim == 4 and pictures.shape[3] in _CHANNELS)
    return pictures if has_channels and min(pictures.shape[1:3]) >= _SMALLEST_SIDE else None


def _is_one_picture(array: np.ndarray, side: int) -> bool:
    """Whether an array (H, side * side) is one picture rather than bitmaps, a row each.

    In a picture a pixel is more like the one below it than like one `side` farther right, which
    is the one below it in a bitmap.
    """
    if array.ndim == 1 or side < _SMALLEST_KNOWN_SIDE or len(array) < _SMALLEST_SIDE:
        return False
    with np.errstate(over="ignore", invalid="ignore"):  # NaN and infinity are no picture
        values = array[:_MANY_ROWS].astype(np.float32)
        below = np.square(values[1:] - values[:-1]).mean()  # squares: grain then counts little
        beside = np.square(values[:, side:] - values[:, :-side]).mean()
    return bool(0 < below < _ALIKE * beside)


def _traced(picture: Shaped[np.ndarray, "..."], of: str) -> RawDrawing | DrawingError:
    """Trace the lines of a bitmap.

    Its values are from 0 to 255, from 0 to 1, or from its own least to its own most.
    """
    values: Float32[np.ndarray, "..."] = picture.astype(np.float32)
    is_number = np.isfinite(values)
    low, high = (float(f(values[is_number], initial=0)) for f in (np.min, np.max))
    if low < 0 or high > 255:
        values = (values - low) * (255 / (high - low))
    elif high <= 1:
        values = values * 255
    if picture.ndim == 3 and picture.shape[2] == 1:
        values = values[:, :, 0]
    file = BytesIO()
    Image.fromarray(np.nan_to_num(values).clip(0, 255).astype(np.uint8)).save(file, "png")
    try:
        return raw_of(read_picture(file.getvalue()))
    except DrawingError as error:
        height, width = picture.shape[:2]
        return DrawingError(f"a bitmap of {width} x {height} {of}: {error}")


def write_npz(file: BufferedIOBase, splits: Mapping[str, Sequence[np.ndarray]]) -> None:
    """Write stroke-3 rows of the drawings of each split as sketch-rnn's readers want them."""
    arrays: dict[str, Any] = {}
    for split in SPLITS:
        drawings = splits.get(split, ())
        arrays[split] = np.empty(len(drawings), object)
        for number, drawing in enumerate(drawings):
            arrays[split][number] = drawing.astype(np.int16)
    np.savez_compressed(file, **arrays)
