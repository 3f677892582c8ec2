"""Checks of untrusted bundles: upper limits, JSON, and fields that other modules read.

Size, depth and texts are bounded before anything is made of them, so that a bundle cannot take
unlimited time or memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from sketch_pix2seq.errors import BundleError
from sketch_pix2seq.sketch.raster import RasterSettings

MAX_TEMPERATURE = 100.0
"""The highest that is accepted; drawings are noise from far lower ones on."""
MIN_SCALE, MAX_SCALE = 1e-6, 1e6
"""Pixels to one unit of the offsets."""
MAX_STEPS = 2_000
"""Of one drawing."""
MAX_CATEGORIES = 10_000
MAX_NAME = 100
"""Largest number of characters of a category, or of a model's name."""
MAX_TEXT = 10_000
"""Largest number of characters of a licence or an attribution."""
MAX_DEPTH = 20
"""Objects and lists inside each other in a card."""
MAX_PICTURE_SIZE = 512
"""Side of the encoder's picture, in pixels."""
MAX_FIRST_LAYER = 1 << 21
"""Channels of the first convolution times the pixels of a picture."""

MAX_ATTENDED = 1 << 21
"""Numbers that a drawing in progress keeps as keys: layers times head size times positions."""

MAX_WEIGHTS = 1 << 24
"""Numbers in all networks of a model together; the model in the package has 2.6 million."""

MAX_TOTAL_BYTES = 96 << 20
"""Of all files of a bundle together, unpacked."""
MAX_CARD_BYTES = 2 << 20
"""Of `model.json` or `classifier.json`."""
MAX_GALLERY_BYTES = 16 << 20
MAX_HEADER_BYTES = 1 << 20
"""Of the header of a safetensors file, and of the list of files of a zip file."""
MAX_WEIGHTS_BYTES = 4 * MAX_WEIGHTS + MAX_HEADER_BYTES
"""Of one safetensors file."""

_SPACES = "\t\n\r"


def read_object(text: str | bytes, file: str) -> dict[str, Any]:
    """Read a JSON object.

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
        level = [part for value in level for part in _inside(value, file)]
        if not level:
            return values
    raise BundleError(f"`{file}` must be nested at most {MAX_DEPTH} deep")


def _inside(value: dict[str, Any] | list[Any], file: str) -> list[Any]:
    """The objects and lists in an object or a list, whose texts are checked."""
    parts = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    for part in parts:
        if isinstance(part, str) and not _is_plain(part):
            raise BundleError(
                f"`{file}` must hold texts without control characters", got=ascii(part[:60])
            )
    return [part for part in parts if isinstance(part, dict | list)]


def _is_plain(text: str) -> bool:
    return text.isprintable() or not any(
        (letter < " " and letter not in _SPACES) or "\x7f" <= letter < "\xa0" for letter in text
    )


def text_problems(values: Mapping[str, object], limit: int) -> list[str]:
    """Return a line for each field that is no short printable text."""
    return [
        f"`{name}` must be a printable text of at most {limit:,} letters, got {ascii(value)[:80]}"
        for name, value in values.items()
        if not (isinstance(value, str) and value.isprintable() and len(value) <= limit)
    ]


def category_problems(categories: object, least: int) -> list[str]:
    """Return problems of a list of categories."""
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
    """Return a line for each field that is no object."""
    return [
        f"`{name}` must be an object, got {ascii(value)[:80]}"
        for name, value in values.items()
        if not isinstance(value, dict)
    ]


def is_number(value: object, least: float, most: float) -> bool:
    """Whether a value is a number within a range; a bool is not a number."""
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


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 53


def _is_counts(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_count, value.values()))


def _is_losses(value: object) -> bool:
    return isinstance(value, dict) and all(is_number(value.get(n), -1e6, 1e6) for n in _LOSSES)


_LOSSES = ("stroke_nll", "pen_ce", "reconstruction", "kl")
_FACTS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    **dict.fromkeys(
        (
            *("recipe.model", "recipe.kl", "recipe.augmentation", "recipe.conditions"),
            *("data.options", "data.counts", "metrics.test"),
        ),
        (_is_object, "an object"),
    ),
    **dict.fromkeys(
        ("recipe.name", "recipe.oversample", "recipe.focus", "metrics.test.data"),
        (_is_text, "a text"),  # older bundles call `oversample` `focus`
    ),
    **dict.fromkeys(
        ("metrics.test.valid", "metrics.test.magenta"),
        (_is_losses, f"an object of {', '.join(_LOSSES)}"),
    ),
    "recipe.kl.weight": (lambda value: is_number(value, 0, 1e6), "a number, not negative"),
    "data.options.epsilon": (lambda value: is_number(value, 0, 1e3), "a number from 0 to 1,000"),
    "data.counts.train": (_is_counts, "an object of counts"),
    "metrics.step": (_is_count, "a count"),
}
"""Fields of `recipe`, `data` and `metrics` that other modules read; the others are free in form."""


def fact_problems(facts: Mapping[str, Any]) -> list[str]:
    """Say which of these fields have another type than their readers expect; they may be missing.

    Args:
        facts: `recipe`, `data` and `metrics` of a card, each an object.

    Example:
        >>> fact_problems({"recipe": {"kl": 3}, "data": {}, "metrics": {}})
        ['`recipe.kl` must be an object, got 3']
    """
    problems = []
    for path, (fits, rule) in sorted(_FACTS.items()):
        *above, last = path.split(".")
        parent: Any = facts
        for name in above:
            parent = parent.get(name) if isinstance(parent, dict) else None
        value = parent.get(last) if isinstance(parent, dict) else None
        if value is not None and not fits(value):
            problems.append(f"`{path}` must be {rule}, got {ascii(value)[:80]}")
    test = facts["metrics"].get("test")
    names = ("data", "valid", "magenta")
    if isinstance(test, dict) and any(test.get(name) is None for name in names):
        problems.append("`metrics.test` must hold data, valid and magenta")
    return problems
