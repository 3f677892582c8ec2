"""Reading and writing safetensors files: arrays by name, nothing that could run.

Source: the layout of safetensors: the length of a JSON head (8 bytes, little endian), the head,
which names type, shape and place of each array, and the arrays themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from sketch_pix2seq.errors import BundleError

_LENGTH_BYTES = 8
_TYPES: dict[str, np.dtype[Any]] = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4")}


def read_weights(data: bytes, name: str) -> dict[str, np.ndarray]:
    """Read all arrays of 16-bit and 32-bit floats.

    Args:
        data: What the file holds.
        name: Of the file, for the error.

    Returns:
        Arrays by name, read only, without copying; those of other types are left out.

    Raises:
        BundleError: If it is no such file, or not whole.

    Example:
        >>> head = b'{"bias":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}'
        >>> read_weights(len(head).to_bytes(8, "little") + head + bytes(2), "a file")
        {'bias': array([0.], dtype=float16)}
    """
    try:
        head, start = _head(data)
        return {
            key: _array(data, start, entry)
            for key, entry in head.items()
            if entry["dtype"] in _TYPES
        }
    except (
        *(ValueError, KeyError, TypeError, AttributeError),
        *(OverflowError, RecursionError),
    ) as error:
        raise BundleError(
            f"`{name}` of the bundle cannot be read",
            got=str(error)[:100],
            do="Export or download it again.",
        ) from error


def places(data: bytes) -> dict[str, tuple[int, int]]:
    """Tell where in a whole file each array begins and ends, in bytes."""
    head, start = _head(data)
    ends = {key: entry["data_offsets"] for key, entry in head.items()}
    return {key: (start + first, start + last) for key, (first, last) in ends.items()}


def _head(data: bytes) -> tuple[dict[str, Any], int]:
    """What a file tells of its arrays, and where their bytes begin."""
    start = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
    head = json.loads(data[_LENGTH_BYTES:start])
    head.pop("__metadata__", None)
    return head, start


def write_weights(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Write arrays of 16-bit and 32-bit floats.

    Args:
        arrays: By name.

    Returns:
        What the file is to hold.

    Example:
        >>> read_weights(write_weights({"bias": np.ones(2, np.float16)}), "a file")
        {'bias': array([1., 1.], dtype=float16)}
    """
    kinds = {kind: name for name, kind in _TYPES.items()}
    head, start = {}, 0
    for name, array in arrays.items():
        place = [start, start := start + array.nbytes]
        kind = kinds[array.dtype.newbyteorder("<")]
        head[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": place}
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % _LENGTH_BYTES)
    length = len(text).to_bytes(_LENGTH_BYTES, "little")
    return b"".join([length, text, *(array.tobytes() for array in arrays.values())])


def _array(data: bytes, start: int, entry: dict[str, Any]) -> np.ndarray:
    kind = _TYPES[entry["dtype"]]
    first, last = entry["data_offsets"]
    if not 0 <= first <= last:
        raise ValueError(f"an array from byte {first} to {last}")
    found: np.ndarray = np.frombuffer(data, kind, (last - first) // kind.itemsize, start + first)
    return found.reshape([int(side) for side in entry["shape"]])
