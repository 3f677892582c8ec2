"""sketch-rnn's `.npz`: arrays `train`, `valid` and `test` of stroke-3 arrays.

They are pickled, and a pickle is a program. numpy asks to be allowed to run it; here nothing of it
runs. Its instructions are gone through first: only the few that numpy's arrays are made of may be
there, no more of them than the arrays need, and none may claim or repeat more than the file holds.
Then it is read by an `Unpickler` that knows five names, which stand for objects that can do
nothing but hold numbers.

A drawing's split follows from the drawing itself, so the file's own splits are read one after
another and not kept.

Source: the README of sketch-rnn (magenta), and files of it; Python's `pickletools` and `pickle`
(restricting globals); the state that `numpy.ndarray.__reduce__` leaves.
"""

from __future__ import annotations

import math
import pickle
import pickletools
import re
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import BufferedIOBase, BytesIO
from typing import Any

import numpy as np

from sketch_pix2seq.data.formats.reading import Reading
from sketch_pix2seq.errors import DatasetError, DrawingError
from sketch_pix2seq.io.ndjson import SimplifiedDrawing
from sketch_pix2seq.sketch.geometry import MAX_POINTS
from sketch_pix2seq.sketch.pen import LIFT, OFFSET

SPLITS = ("train", "valid", "test")
MAGIC = b"PK\x03\x04"

# all that `zipfile` raises for a damaged file or an unknown compression
_NO_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
_BLOCK = 1 << 18
_MAX_BYTES = 2_000_000_000
_LARGEST_RATIO = 50  # real ones: 3
_SMALLEST_ARRAY = 32  # bytes of a pickled array
_NUMBERS = re.compile(r"[<>|=][iuf][1248]")
_WIDEST = np.iinfo(np.int16).max

_TEXTS = {
    *("BINSTRING", "SHORT_BINSTRING", "BINUNICODE", "SHORT_BINUNICODE"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
_TUPLES = {"TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
_PUTS = {"BINPUT", "LONG_BINPUT", "MEMOIZE"}
_GETS = {"BINGET", "LONG_BINGET"}
_ALLOWED = {
    *("PROTO", "FRAME", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "EMPTY_TUPLE"),
    *("BININT", "BININT1", "BININT2", "LONG1", "EMPTY_LIST", "APPEND", "APPENDS"),
    *("GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", *_TEXTS, *_TUPLES, *_PUTS, *_GETS),
}
_PICKLED_NUMBERS = re.compile(r"[<>|=]?([iuf][1248]|O8?)")
_INSTRUCTIONS_AN_ARRAY = 64
_TUPLES_AN_ARRAY = 6
_LONGEST_REPEATED = 64  # letters of a text that may be used again


def read_npz(file: BufferedIOBase, reading: Reading) -> Iterator[SimplifiedDrawing]:
    """Read the drawings of an npz, without categories: train, valid, test, one split at a time.

    Raises:
        DatasetError: If it is no such file. Nothing in it has run.
    """
    with tempfile.TemporaryFile() as whole:  # a zip is read from its end
        assert isinstance(whole, BufferedIOBase)
        size = 0
        while block := file.read(_BLOCK):
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
    except _NO_ZIP as error:
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
        shape, dtype = _header(member)
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


def _header(member: BufferedIOBase) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and number type from the header of an array file, which runs nothing."""
    try:
        version = np.lib.format.read_magic(member)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, is_fortran, dtype = read(member, max_header_size=10_000)
    except Exception as error:  # numpy parses it as Python text, which fails in many ways
        raise DatasetError(
            "an array in an npz must have a valid header", got=" ".join(str(error).split())[:80]
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
    """Write stroke-3 rows of the drawings of each split as sketch-rnn's readers want them."""
    arrays: dict[str, Any] = {}
    for split in SPLITS:
        drawings = splits.get(split, ())
        arrays[split] = np.empty(len(drawings), object)
        for number, drawing in enumerate(drawings):
            arrays[split][number] = drawing.astype(np.int16)
    np.savez_compressed(file, **arrays)


def load_arrays(content: bytes, num_arrays: int) -> list[np.ndarray]:
    """Read a pickled array of `num_arrays` arrays of numbers.

    Raises:
        DatasetError: If there is anything else in it, or it is damaged. Nothing in it has run.
    """
    try:
        _check_instructions(content, num_arrays)
        outer = _Unpickler(BytesIO(content), encoding="latin1").load()
        items = outer.value if isinstance(outer, _Array) else None
        if not isinstance(items, list) or len(items) != num_arrays:
            raise _RefusedError("another number of arrays than its header announces")
        found = [item.value if isinstance(item, _Array) else None for item in items]
        arrays = [value for value in found if isinstance(value, np.ndarray)]
        if len(arrays) != num_arrays:
            raise _RefusedError("lists of lists")
        if sum(array.nbytes for array in arrays) > len(content):
            raise _RefusedError("the same array again and again")
    except _RefusedError as error:
        raise DatasetError(
            "a pickle must hold arrays of numbers alone; nothing in it was run", got=error
        ) from error
    except Exception as error:  # a damaged pickle fails in any of many ways
        raise DatasetError("a pickle must be whole", got=type(error).__name__) from error
    return arrays


class _RefusedError(Exception):
    """What stands there is not made of arrays alone."""


def _check_instructions(content: bytes, num_arrays: int) -> None:
    """Go through a pickle without carrying it out, and refuse what arrays do not need."""
    counts: Counter[str] = Counter()
    most_tuples = _TUPLES_AN_ARRAY * (num_arrays + 16)
    num_puts, length = 0, 0
    long_texts: set[int] = set()
    for number, (opcode, argument, _) in enumerate(pickletools.genops(content)):
        name = opcode.name
        if name not in _ALLOWED:
            raise _RefusedError(f"the instruction {name}")
        counts["tuples" if name in _TUPLES else name] += 1
        too_many = counts["EMPTY_LIST"] > 1 or counts["tuples"] > most_tuples
        if too_many or number > _INSTRUCTIONS_AN_ARRAY * (num_arrays + 16):
            raise _RefusedError("far more than its header announces")
        if name in _PUTS:
            place: int = num_puts if argument is None else argument
            num_puts += 1
            if place > number:
                raise _RefusedError("a memory far larger than itself")
            (long_texts.add if length > _LONGEST_REPEATED else long_texts.discard)(place)
        elif name in _GETS and argument in long_texts:
            raise _RefusedError("the same numbers again and again")
        length = len(argument or "") if name in _TEXTS else 0


class _Numbers:
    """A dtype in the making."""

    __slots__ = ("dtype",)

    def __init__(self, name: object) -> None:
        text = name.decode("latin1") if isinstance(name, bytes) else name
        if not isinstance(text, str) or not _PICKLED_NUMBERS.fullmatch(text):
            shown = text[:40] if isinstance(text, str) else type(text).__name__
            raise _RefusedError(f"numbers of the type {shown!r}")
        self.dtype = np.dtype(text)

    def __setstate__(self, state: object) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) >= 2 else None
        if order in (">", b">"):
            self.dtype = self.dtype.newbyteorder(">")
        elif order not in ("<", "|", "=", b"<", b"|", b"="):
            raise _RefusedError("a dtype of an unexpected state")


class _Array:
    """An array in the making."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: np.ndarray | list[object] | None = None

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise _RefusedError("an array of an unexpected state")
        _, shape, kind, is_fortran, content = state
        if (
            not isinstance(shape, tuple)
            or not 1 <= len(shape) <= 3
            or not all(type(side) is int and side >= 0 for side in shape)
            or not isinstance(kind, _Numbers)
        ):
            raise _RefusedError("an array of an unexpected shape")
        if kind.dtype.hasobject:
            if not isinstance(content, list) or shape != (len(content),):
                raise _RefusedError("a list of arrays of another length than it says")
            self.value = content
            return
        if isinstance(content, str):  # written by Python 2, read as latin1
            content = content.encode("latin1")
        if not isinstance(content, bytes):
            raise _RefusedError("an array without its bytes")
        if math.prod(shape) * kind.dtype.itemsize != len(content):
            raise _RefusedError("an array of another length than it says")
        flat = np.frombuffer(content, kind.dtype)
        self.value = flat.reshape(shape[::-1]).T if is_fortran is True else flat.reshape(shape)


class _Name:
    """What a pickle may call: only what is here, and its state cannot be set."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., object]) -> None:
        self._make = make

    def __call__(self, *arguments: object) -> object:
        return self._make(*arguments)

    def __setstate__(self, state: object) -> None:
        raise _RefusedError("a state for a name")


def _no_array(*_: object) -> object:
    raise _RefusedError("an array made directly")


def _new_array(kind: object, *_: object) -> _Array:
    if kind is not _NDARRAY:
        raise _RefusedError("another array class")
    return _Array()


def _encoded(text: object, encoding: object) -> bytes:
    """How Python 3 writes bytes for Python 2."""
    if not isinstance(text, str) or encoding != "latin1":
        raise _RefusedError("another text encoding")
    return text.encode("latin1")


_NDARRAY = _Name(_no_array)
_NAMES = {
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): _Name(lambda name, *_: _Numbers(name)),
    ("numpy.core.multiarray", "_reconstruct"): _Name(_new_array),
    ("numpy._core.multiarray", "_reconstruct"): _Name(_new_array),
    ("_codecs", "encode"): _Name(_encoded),
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Only allowlisted names; nothing is imported."""
        try:
            return _NAMES[module, name]
        except KeyError:
            raise _RefusedError(f"the name `{module[:60]}.{name[:60]}`") from None
