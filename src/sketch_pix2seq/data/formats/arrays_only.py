"""Pickled arrays of numbers, read without running anything that is in the pickle.

A pickle is a program. Its instructions are gone through first, which makes nothing: only the few
that numpy's arrays are made of may be there, no more of them than the arrays need, and none may
claim or repeat more than the file holds. Then three names are known, none of which is looked up
anywhere: they stand for classes of ours that can do nothing but hold numbers.

Source: Python's `pickletools` and `pickle` (restricting globals), and the state that
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

from sketch_pix2seq.errors import DatasetError

_TEXTS = frozenset(
    ("BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BINUNICODE")
) | {"SHORT_BINUNICODE"}
_TUPLES = frozenset(("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"))
_PUTS = frozenset(("BINPUT", "LONG_BINPUT", "MEMOIZE"))
_GETS = frozenset(("BINGET", "LONG_BINGET"))
_ALLOWED = (
    frozenset(("PROTO", "FRAME", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "EMPTY_TUPLE"))
    | frozenset(("BININT", "BININT1", "BININT2", "LONG1", "EMPTY_LIST", "APPEND", "APPENDS"))
    | frozenset(("GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD"))
    | (_TEXTS | _TUPLES | _PUTS | _GETS)
)
_KINDS = re.compile(r"[<>|=]?([iuf][1248]|O8?)")
_INSTRUCTIONS_AN_ARRAY = 64
_TUPLES_AN_ARRAY = 6
_LONGEST_REPEATED = 64  # letters of a text that may be used again
_MOST_DIMENSIONS = 3


class _RefusedError(Exception):
    """What stands there is not made of arrays alone."""


class _Kind:
    """A dtype in the making."""

    __slots__ = ("dtype",)

    def __init__(self, name: object) -> None:
        text = name.decode("latin1") if isinstance(name, bytes) else name
        if not isinstance(text, str) or not _KINDS.fullmatch(text):
            shown = text[:40] if isinstance(text, str) else type(text).__name__
            raise _RefusedError(f"numbers of the type {shown!r}")
        self.dtype = np.dtype(text)

    def __setstate__(self, state: object) -> None:
        order = state[1] if isinstance(state, tuple) and len(state) >= 2 else None
        if isinstance(order, bytes):
            order = order.decode("latin1")
        if order == ">":
            self.dtype = self.dtype.newbyteorder(">")
        elif order not in ("<", "|", "="):
            raise _RefusedError("a dtype of an odd state")


class _Array:
    """An array in the making."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: np.ndarray | list[object] | None = None

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise _RefusedError("an array of an odd state")
        _, shape, kind, is_fortran, content = state
        if (
            not isinstance(shape, tuple)
            or not 1 <= len(shape) <= _MOST_DIMENSIONS
            or not all(type(side) is int and side >= 0 for side in shape)
            or not isinstance(kind, _Kind)
        ):
            raise _RefusedError("an array of an odd shape")
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
    """What a pickle may call: only what is here, by the arguments numpy gives it."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., object]) -> None:
        self._make = make

    def __call__(self, *arguments: object) -> object:
        return self._make(*arguments)

    def __setstate__(self, state: object) -> None:
        raise _RefusedError("a state for a name")


def _encoded(text: object, encoding: object) -> bytes:
    """How Python 3 writes bytes for Python 2."""
    if not isinstance(text, str) or encoding != "latin1":
        raise _RefusedError("another text encoding")
    return text.encode("latin1")


_NDARRAY = _Name(lambda *arguments: _refuse("an array made directly"))
_NAMES = {
    ("numpy", "ndarray"): _NDARRAY,
    ("numpy", "dtype"): _Name(lambda name, *_: _Kind(name)),
    ("_codecs", "encode"): _Name(_encoded),
    **{
        (f"numpy.{core}.multiarray", "_reconstruct"): _Name(
            lambda kind, *_: _Array() if kind is _NDARRAY else _refuse("another array class")
        )
        for core in ("core", "_core")
    },
}


def _refuse(what: str) -> object:
    raise _RefusedError(what)


class _ArraysOnly(pickle.Unpickler):
    """The standard reader, which knows our names alone."""

    def find_class(self, module: str, name: str) -> Any:
        """Only what is known by heart; nothing is imported."""
        try:
            return _NAMES[module, name]
        except KeyError:
            raise _RefusedError(f"the name `{module[:60]}.{name[:60]}`") from None


def load_arrays(content: bytes, num_arrays: int) -> list[np.ndarray]:
    """Read a pickled array of arrays of numbers.

    Args:
        content: The pickle.
        num_arrays: How many it must hold.

    Returns:
        The arrays, (num_arrays,).

    Raises:
        DatasetError: If there is anything else in it, or it is damaged. Nothing in it has run.
    """
    try:
        _check_instructions(content, num_arrays)
        outer = _ArraysOnly(BytesIO(content), encoding="latin1").load()
        arrays = outer.value if isinstance(outer, _Array) else None
        if not isinstance(arrays, list) or len(arrays) != num_arrays:
            raise _RefusedError("another number of arrays than its head announces")
        found = [item.value if isinstance(item, _Array) else None for item in arrays]
        if sum(array.nbytes for array in found if isinstance(array, np.ndarray)) > len(content):
            raise _RefusedError("the same array again and again")
    except _RefusedError as error:
        raise DatasetError(
            "a pickle must hold arrays of numbers alone; nothing in it was run", got=error
        ) from error
    except Exception as error:  # a damaged pickle fails in any of many ways
        raise DatasetError("a pickle must be whole", got=type(error).__name__) from error
    if not all(isinstance(array, np.ndarray) for array in found):
        raise DatasetError("a pickle must hold arrays of numbers alone", got="lists of lists")
    return [array for array in found if isinstance(array, np.ndarray)]


def _check_instructions(content: bytes, num_arrays: int) -> None:
    """Go through a pickle without carrying it out, and refuse what arrays do not need.

    Raises:
        _RefusedError: If there is such an instruction, or too many of them.
        ValueError: If the pickle is cut short.
    """
    counts: Counter[str] = Counter()
    most = {"EMPTY_LIST": 1, "tuples": _TUPLES_AN_ARRAY * (num_arrays + 16)}
    num_puts, length = 0, 0
    long_texts: set[int] = set()
    for number, (opcode, argument, _) in enumerate(pickletools.genops(content)):
        name = opcode.name
        if name not in _ALLOWED:
            raise _RefusedError(f"the instruction {name}")
        kind = "tuples" if name in _TUPLES else name
        counts[kind] += 1
        if number > _INSTRUCTIONS_AN_ARRAY * (num_arrays + 16) or counts[kind] > most.get(
            kind, number + 1
        ):
            raise _RefusedError("far more than its head announces")
        if name in _PUTS:
            place: int = num_puts if argument is None else argument
            num_puts += 1
            if place > number:
                raise _RefusedError("a memory far larger than itself")
            (long_texts.add if length > _LONGEST_REPEATED else long_texts.discard)(place)
        elif name in _GETS and argument in long_texts:
            raise _RefusedError("the same numbers again and again")
        elif name == "FRAME" and int(argument or 0) > len(content):
            raise _RefusedError("a frame larger than itself")
        length = len(argument or "") if name in _TEXTS else 0
