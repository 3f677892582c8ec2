"""Reading and writing safetensors files: arrays by name, nothing that could run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from sketch_pix2seq.bundle.checks import MAX_HEADER_BYTES
from sketch_pix2seq.errors import BundleError

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
"""Shapes of arrays by name."""

_LENGTH_BYTES = 8
_TYPES: Mapping[str, np.dtype[Any]] = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4")}


def read_weights(data: bytes, file: str, shapes: Shapes) -> dict[str, np.ndarray]:
    """Read arrays of 16-bit or 32-bit floats, of which name and shape are known.

    Args:
        data: Content of the file.
        file: File name, for the error.
        shapes: Expected shape of each array; the file must hold exactly these.

    Returns:
        Arrays by name, read-only, as they are stored.

    Raises:
        BundleError: If the file is no safetensors file, or holds other arrays, other types or
            numbers that are not finite.

    Example:
        >>> content = write_weights({"bias": np.zeros(1, np.float16)})
        >>> read_weights(content, "a file", {"bias": (1,)})
        {'bias': array([0.], dtype=float16)}
    """
    if int.from_bytes(data[:_LENGTH_BYTES], "little") > MAX_HEADER_BYTES:
        raise _unreadable(file, f"a header of more than {MAX_HEADER_BYTES >> 20} MiB")
    try:
        entries: dict[str, Any] = dict(deserialize(data))  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise _unreadable(file, error) from error
    _check_names(file, set(entries), set(shapes))
    arrays = {}
    for name, shape in shapes.items():
        entry = entries.pop(name)
        if tuple(entry["shape"]) != shape or entry["dtype"] not in _TYPES:
            raise BundleError(
                f"`{name}` in `{file}` of the bundle must be F16 or F32 of shape {shape}, as the "
                "card says",
                got=f"{entry['dtype']} of shape {tuple(entry['shape'])}",
            )
        array = np.frombuffer(entry["data"], _TYPES[entry["dtype"]]).reshape(shape)
        array.setflags(write=False)
        if not np.isfinite(array).all():
            raise BundleError(f"`{name}` in `{file}` of the bundle must be finite numbers")
        arrays[name] = array
    return arrays


def write_weights(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the content of a safetensors file of 16-bit or 32-bit floats by name."""
    content: bytes = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    return content


def _check_names(file: str, present: set[str], expected: set[str]) -> None:
    """Name one array that is missing or unexpected."""
    for names, rule in ((expected - present, "must hold"), (present - expected, "must not hold")):
        if names:
            name = min(names)
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise BundleError(
                f"`{file}` of the bundle {rule} an array {name[:80]!a}{more}, as the card says"
            )


def _unreadable(file: str, reason: object) -> BundleError:
    return BundleError(
        f"`{file}` of the bundle must be a safetensors file",
        got=ascii(str(reason)[:100])[1:-1],
        do="Export or download it again.",
    )
