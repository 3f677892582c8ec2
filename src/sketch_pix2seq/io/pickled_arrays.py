"""Pickled arrays of numbers, read and never run.

A pickle is a program. numpy asks to be allowed to run it; here nothing of it runs. Its instructions
are checked first: only the few that numpy's arrays are made of may be there, no more of them
than the arrays need, and none may claim or repeat more than the file holds. Then it is read by an
`Unpickler` that knows five names, which stand for objects that can do nothing but hold numbers.

*Source*: Python's `pickletools` and `pickle` (restricting globals); the state that
`numpy.ndarray.__reduce__` leaves.
"""

from __future__ import annotations

import math
import pickle
import pickletools
import re
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np

from sketch_pix2seq.errors import DrawingError

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


def load_arrays(content: bytes, num_arrays: int) -> list[np.ndarray]:
    """Read a pickled array of `num_arrays` arrays of numbers.

    Raises:
        DrawingError: If there is anything else in it, or it is damaged. Nothing in it has run.
    """
    try:
        _check_instructions(content, num_arrays)
        outer = _Unpickler(BytesIO(content), encoding="latin1").load()
        items = outer.value if isinstance(outer, _Array) else None
        if not isinstance(items, list) or len(items) != num_arrays:
            raise _RefusedError("another number of arrays than its header announces")
        values = [item.value if isinstance(item, _Array) else None for item in items]
        arrays = [value for value in values if isinstance(value, np.ndarray)]
        if len(arrays) != num_arrays:
            raise _RefusedError("lists of lists")
        if sum(array.nbytes for array in arrays) > len(content):
            raise _RefusedError("the same array again and again")
    except _RefusedError as error:
        raise DrawingError(
            "a pickle must hold arrays of numbers alone; nothing in it was run", got=error
        ) from error
    except Exception as error:  # a damaged pickle fails in any of many ways
        raise DrawingError("a pickle must be whole", got=type(error).__name__) from error
    return arrays


class _RefusedError(Exception):
    """A pickle holds more than arrays."""


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
            memo_index: int = num_puts if argument is None else argument
            num_puts += 1
            if memo_index > number:
                raise _RefusedError("a memory far larger than itself")
            (long_texts.add if length > _LONGEST_REPEATED else long_texts.discard)(memo_index)
        elif name in _GETS and argument in long_texts:
            raise _RefusedError("the same numbers again and again")
        length = len(argument or "") if name in _TEXTS else 0


class _Numbers:
    __slots__ = ("dtype",)

    def __init__(self, name: object) -> None:
        text = name.decode("latin1") if isinstance(name, bytes) else name
        if not isinstance(text, str) or not _PICKLED_NUMBERS.fullmatch(text):
            got = text[:40] if isinstance(text, str) else type(text).__name__
            raise _RefusedError(f"numbers of the type {got!r}")
        self.dtype = np.dtype(text)

    def __setstate__(self, state: object) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) >= 2 else None
        if order in (">", b">"):
            self.dtype = self.dtype.newbyteorder(">")
        elif order not in ("<", "|", "=", b"<", b"|", b"="):
            raise _RefusedError("a dtype of an unexpected state")


class _Array:
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
