"""Pickled arrays of numbers, read without running anything that is in the pickle.

A pickle is a program. This reader knows the few instructions that numpy's arrays are made of,
and three names, none of which is looked up anywhere: they stand for classes of ours that can
do nothing but hold numbers. Everything else is refused where it stands.

Source: Python's `pickle` module and the state that `numpy.ndarray.__reduce__` leaves.
"""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Callable
from io import BufferedIOBase
from typing import Any

import numpy as np

from sketch_pix2seq.errors import DatasetError

_ALLOWED = (
    *("PROTO", "FRAME", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE"),
    *("INT", "BININT", "BININT1", "BININT2", "LONG1", "STRING", "BINSTRING", "SHORT_BINSTRING"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BINUNICODE", "SHORT_BINUNICODE", "UNICODE"),
    *("TUPLE", "EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
    *("LIST", "EMPTY_LIST", "APPEND", "APPENDS"),
    *("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "GET", "BINGET", "LONG_BINGET"),
    *("GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD"),
)
_KINDS = re.compile(r"[<>|=]?([iuf][1248]|O8?)")
_INSTRUCTIONS_AN_ARRAY = 64
_MOST_DIMENSIONS = 3


class _RefusedError(Exception):
    """What stands there is not made of arrays alone."""


class _Kind:
    """A dtype in the making."""

    __slots__ = ("dtype",)

    def __init__(self, name: object) -> None:
        text = name.decode("latin1") if isinstance(name, bytes) else name
        if not isinstance(text, str) or not _KINDS.fullmatch(text):
            raise _RefusedError(f"numbers of the type {str(text)[:40]!r}")
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


def _counted(handler: Callable[[Any], None]) -> Callable[[Any], None]:
    def load(self: _ArraysOnly) -> None:
        self.left -= 1
        if self.left < 0:
            raise _RefusedError("far more than its head announces")
        handler(self)

    return load


class _Dispatch(dict[int, Callable[[Any], None]]):
    """The instructions; the missing ones are refused."""

    def __missing__(self, code: int) -> Callable[[Any], None]:
        raise _RefusedError(f"the instruction {bytes([code])!r}")


class _ArraysOnly(pickle._Unpickler):
    """The standard reader in Python (the one in C trusts the sizes it is told)."""

    dispatch = _Dispatch(
        {
            code[0]: _counted(pickle._Unpickler.dispatch[code[0]])
            for code in (getattr(pickle, name) for name in _ALLOWED)
        }
    )

    def __init__(self, file: BufferedIOBase, num_arrays: int) -> None:
        super().__init__(file, encoding="latin1")
        self.left = _INSTRUCTIONS_AN_ARRAY * (num_arrays + 16)

    def find_class(self, module: str, name: str) -> Any:
        """Only what is known by heart; nothing is imported."""
        try:
            return _NAMES[module, name]
        except KeyError:
            raise _RefusedError(f"the name `{module}.{name}`"[:80]) from None


def load_arrays(file: BufferedIOBase, num_arrays: int) -> list[np.ndarray]:
    """Read a pickled array of arrays of numbers.

    Args:
        file: At the beginning of the pickle.
        num_arrays: How many it must hold.

    Returns:
        The arrays, (num_arrays,).

    Raises:
        DatasetError: If there is anything else in it, or it is damaged. Nothing in it has run.
    """
    try:
        outer = _ArraysOnly(file, num_arrays).load()
        arrays = outer.value if isinstance(outer, _Array) else None
        if not isinstance(arrays, list) or len(arrays) != num_arrays:
            raise _RefusedError("another number of arrays than its head announces")
        found = [item.value if isinstance(item, _Array) else None for item in arrays]
    except _RefusedError as error:
        raise DatasetError(
            "a pickle must hold arrays of numbers alone; nothing in it was run", got=error
        ) from error
    except Exception as error:  # a damaged pickle fails in any of many ways
        raise DatasetError("a pickle must be whole", got=type(error).__name__) from error
    if not all(isinstance(array, np.ndarray) for array in found):
        raise DatasetError("a pickle must hold arrays of numbers alone", got="lists of lists")
    return [array for array in found if isinstance(array, np.ndarray)]
