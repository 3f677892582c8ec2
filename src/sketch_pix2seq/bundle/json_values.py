"""JSON that a stranger wrote: size, depth and texts are bounded before anything is made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from sketch_pix2seq.bundle.limits import MAX_CATEGORIES, MAX_DEPTH, MAX_NAME
from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.sketch.raster import RasterSettings

_SPACES = "\t\n\r"


def read_object(text: str | bytes, file: str) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        text: Content of the file.
        file: Its name, for the error.

    Raises:
        BundleError: If it is no JSON object, is nested deeper than `MAX_DEPTH` or has a text
            with control characters.

    Example:
        >>> read_object('{"size": 48}', "a file")
        {'size': 48}
    """
    try:
        values = orjson.loads(text)
    except ValueError as error:
        raise BundleError(f"`{file}` is not JSON", got=error) from error
    if not isinstance(values, dict):
        raise BundleError(f"`{file}` must hold an object", got=type(values).__name__)
    level: list[Any] = [values]
    for _ in range(MAX_DEPTH):
        level = [part for value in level for part in _parts(value, file)]
        if not level:
            return values
    raise BundleError(f"`{file}` must be nested at most {MAX_DEPTH} deep")


def _parts(value: object, file: str) -> Sequence[object]:
    """What stands in an object or a list; a text is checked."""
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, list):
        return value
    if isinstance(value, str) and not _is_plain(value):
        raise BundleError(
            f"`{file}` must hold texts without control characters", got=ascii(value[:60])
        )
    return ()


def _is_plain(text: str) -> bool:
    return text.isprintable() or not any(
        (letter < " " and letter not in _SPACES) or "\x7f" <= letter < "\xa0" for letter in text
    )


def text_problems(values: Mapping[str, object], limit: int) -> list[str]:
    """Say which of some fields are no short printable texts."""
    return [
        f"`{name}` must be a printable text of at most {limit:,} letters, got {ascii(value)[:80]}"
        for name, value in values.items()
        if not (isinstance(value, str) and value.isprintable() and len(value) <= limit)
    ]


def category_problems(categories: object, least: int) -> list[str]:
    """Say what is wrong with a list of categories."""
    if not isinstance(categories, list | tuple):
        return ["`categories` must be a list of names"]
    if not least <= len(categories) <= MAX_CATEGORIES:
        rule = f"`categories` must name {least} to {MAX_CATEGORIES:,} categories"
        return [f"{rule}, got {len(categories):,}"]
    for name in categories:
        if not (isinstance(name, str) and name.isprintable() and 0 < len(name) <= MAX_NAME):
            rule = f"`categories` must be a list of names of 1 to {MAX_NAME} printable letters"
            return [f"{rule}, got {ascii(name)[:80]}"]
    if len(set(categories)) < len(categories):
        return ["`categories` must differ from each other"]
    return []


def object_problems(values: Mapping[str, object]) -> list[str]:
    """Say which of some fields are no objects."""
    return [
        f"`{name}` must be an object, got {ascii(value)[:80]}"
        for name, value in values.items()
        if not isinstance(value, dict)
    ]


def is_number(value: object, least: float, most: float) -> bool:
    """Whether a value is a number within a range; a bool is none."""
    return type(value) in (int, float) and least <= value <= most  # type: ignore[operator]


def raster_from(values: object) -> RasterSettings:
    """Make the raster settings that a card holds.

    Raises:
        TypeError: If a field is missing, unknown or of another type.
        UsageError: If a value is out of its range.
    """
    if not isinstance(values, dict):
        raise TypeError(f"`raster` must be an object, got {ascii(values)[:80]}")
    size = values.get("size")
    if type(size) is not int:
        raise TypeError(f"`size` of the raster must be a whole number, got {ascii(size)[:80]}")
    for name in ("margin", "line_width"):
        if type(values.get(name)) not in (int, float):
            raise TypeError(f"`{name}` of the raster must be a number")
    return RasterSettings(**values)
