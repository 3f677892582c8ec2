"""QuickDraw's ndjson: one drawing a line, read strictly and fast, and written.

Two readers of a line. `parse_sketch` takes what any tool may have written (real numbers, raw
files with times) and gives a `Sketch`. `parse_line` gives flat arrays: it is what `data prepare`
runs millions of times.

*Source*: the README of the Quick, Draw! Dataset (googlecreativelab/quickdraw-dataset).
"""

from __future__ import annotations

from array import array
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import orjson
from jaxtyping import Bool, Float64, Int16

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.sketch.geometry import (
    MAX_COORDINATE,
    MAX_POINTS,
    Drawing,
    strokes_of,
)
from sketch_pix2seq.sketch.sketch import Sketch

MAX_LINE_BYTES = 8_000_000
"""The longest line that is read: real ones have below 100,000 bytes."""

_DO = "Write a stroke as `[[x, ...], [y, ...]]`, as QuickDraw does."


class SimplifiedDrawing(NamedTuple):
    """One line of a simplified file, flat.

    Args:
        points: (T, 2) int16, absolute, as in the file: all points of all strokes, T >= 1.
        lifts: (T,) bool, True on the last point of each stroke.
        word: Category, None where the line has none.
        key_id: Google's number of the drawing, None where the line has none.
        recognized: Whether Google's game recognised it, None where the line does not say.
    """

    points: Int16[np.ndarray, "T 2"]
    lifts: Bool[np.ndarray, " T"]
    word: str | None
    key_id: int | None
    recognized: bool | None


def parse_sketch(line: bytes) -> Sketch:
    """Read a line, simplified or raw; times of raw lines are left out.

    Raises:
        DrawingError: Saying what is wrong with the line.

    Example:
        >>> sketch = parse_sketch(b'{"word": "cat", "drawing": [[[0, 3], [0, 4]]]}')
        >>> sketch.category, sketch.strokes[0].tolist()
        ('cat', [[0.0, 0.0], [3.0, 4.0]])
    """
    fields = _parse_object(line)
    strokes = []
    for number, stroke in enumerate(_coordinates(fields)):
        x, y = stroke[:2]
        if not all(type(value) is int or type(value) is float for value in chain(x, y)):
            raise DrawingError(f"stroke {number} of `drawing` must hold numbers only", do=_DO)
        points = np.empty((len(x), 2), np.float32)
        try:
            with np.errstate(over="ignore"):
                points[:, 0], points[:, 1] = x, y
        except OverflowError:
            points.fill(np.inf)
        if not (np.abs(points) <= MAX_COORDINATE).all():
            raise DrawingError(
                f"coordinates of `drawing` must be between -{MAX_COORDINATE:.0f} and "
                f"{MAX_COORDINATE:.0f}",
                got=f"a larger one in stroke {number}",
            )
        strokes.append(points)
    return Sketch(tuple(strokes), _text(fields, "word"))


class RawDrawing(NamedTuple):
    """One line of a raw file, still to be simplified; other fields as of `SimplifiedDrawing`.

    Args:
        points: (T, 2) float64, absolute: all points of all strokes, T >= 1.
        lengths: Points of each stroke.
    """

    points: Float64[np.ndarray, "T 2"]
    lengths: list[int]
    word: str | None
    key_id: int | None
    recognized: bool | None


def parse_line(line: bytes) -> SimplifiedDrawing | RawDrawing:
    """Read a line of a simplified or of a raw file: with times, or numbers that are not whole.

    Raises:
        DrawingError: Saying what is wrong with the line.

    Example:
        >>> parse_line(b'{"drawing": [[[0, 3], [0, 4], [0, 17]]]}').points.tolist()
        [[0.0, 0.0], [3.0, 4.0]]
    """
    fields = _parse_object(line)
    coordinates = _coordinates(fields)
    if all(len(stroke) == 2 for stroke in coordinates):
        drawing = _simplified(fields, coordinates)
        if drawing is not None:
            return drawing
    lengths = [len(stroke[0]) for stroke in coordinates]
    return RawDrawing(
        _real_points(coordinates),
        lengths,
        _text(fields, "word"),
        _key_id(fields),
        _recognized(fields),
    )


def _simplified(fields: dict[str, Any], coordinates: list[list[Any]]) -> SimplifiedDrawing | None:
    """The drawing of a simplified line; None if its numbers are not whole and small."""
    try:
        x = array("h", chain.from_iterable([stroke[0] for stroke in coordinates]))
        y = array("h", chain.from_iterable([stroke[1] for stroke in coordinates]))
    except (TypeError, OverflowError):
        return None
    points = np.empty((len(x), 2), np.int16)
    points[:, 0], points[:, 1] = x, y
    lifts = np.zeros(len(x), bool)
    end = -1
    for stroke in coordinates:
        end += len(stroke[0])
        lifts[end] = True
    return SimplifiedDrawing(
        points, lifts, _text(fields, "word"), _key_id(fields), _recognized(fields)
    )


def _real_points(coordinates: list[list[Any]]) -> Float64[np.ndarray, "T 2"]:
    """The points of a raw drawing."""
    try:
        x = array("d", chain.from_iterable([stroke[0] for stroke in coordinates]))
        y = array("d", chain.from_iterable([stroke[1] for stroke in coordinates]))
    except (TypeError, OverflowError):
        raise DrawingError("strokes of `drawing` must hold numbers only", do=_DO) from None
    points = np.empty((len(x), 2))
    points[:, 0], points[:, 1] = x, y
    if not (np.abs(points) <= MAX_COORDINATE).all():
        raise DrawingError(
            f"coordinates of `drawing` must be between -{MAX_COORDINATE:.0f} and "
            f"{MAX_COORDINATE:.0f}",
            got="a larger one",
        )
    return points


def format_record(drawing: Drawing, **extra: object) -> bytes:
    """Write a drawing as one line in QuickDraw's simplified layout, without the line break.

    Whole numbers are written as such, others in full float32 precision, so that
    `parse_sketch` gives the same points back.

    Args:
        drawing: A `Sketch` or its strokes.
        extra: More fields, such as `word="cat"`; None is left out.

    Raises:
        DrawingError: If an extra field cannot be written as JSON.

    Example:
        >>> format_record([np.array([[0.0, 0.5], [3.0, 4.0]], np.float32)], word="cat")
        b'{"word":"cat","drawing":[[[0.0,3.0],[0.5,4.0]]]}'
    """
    strokes = [np.asarray(stroke, np.float32) for stroke in strokes_of(drawing)]
    whole = all((stroke == np.rint(stroke)).all() for stroke in strokes)
    rows = [np.ascontiguousarray(stroke.T, np.int64 if whole else np.float32) for stroke in strokes]
    fields = {name: value for name, value in extra.items() if value is not None}
    try:
        return orjson.dumps({**fields, "drawing": rows}, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError as error:
        raise DrawingError("a field of an ndjson line must be JSON", got=error) from None


def _parse_object(line: bytes) -> dict[str, Any]:
    """Parse the JSON and check that it is an object."""
    if len(line) > MAX_LINE_BYTES:
        raise DrawingError(
            f"a line must have at most {MAX_LINE_BYTES} bytes", got=f"{len(line)} bytes"
        )
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        reason = "an empty line" if not line.strip() else f"`{error.msg}` at byte {error.pos}"
        raise DrawingError("a line must be a JSON object", got=reason) from None
    if type(fields) is not dict:
        raise DrawingError("a line must be a JSON object", got=type(fields).__name__)
    return fields


def _coordinates(fields: dict[str, Any]) -> list[list[Any]]:
    """Return `drawing` as [x, y] per stroke, its shape checked and its numbers not yet."""
    drawing = fields.get("drawing")
    if type(drawing) is not list:
        raise DrawingError("a line must have a list `drawing`", got=type(drawing).__name__, do=_DO)
    if not drawing:
        raise DrawingError("`drawing` must have a stroke", got="an empty list")
    num_points = 0
    for number, stroke in enumerate(drawing):
        if (
            type(stroke) is not list
            or not 2 <= len(stroke) <= 3  # raw files add a list of times
            or type(stroke[0]) is not list
            or type(stroke[1]) is not list
        ):
            raise DrawingError(f"stroke {number} of `drawing` must be two lists", do=_DO)
        if len(stroke[0]) != len(stroke[1]):
            raise DrawingError(
                f"stroke {number} of `drawing` must have as many x as y",
                got=f"{len(stroke[0])} and {len(stroke[1])}",
            )
        if not stroke[0]:
            raise DrawingError(f"stroke {number} of `drawing` must have a point", got="none")
        num_points += len(stroke[0])
    if num_points > MAX_POINTS:
        raise DrawingError(f"`drawing` must have at most {MAX_POINTS} points", got=num_points)
    return drawing


def _key_id(fields: dict[str, Any]) -> int | None:
    """Return the key as a number; Google writes it as a string."""
    value = fields.get("key_id")
    if value is None:
        return None
    if type(value) is str and value.isascii() and value.isdecimal() and len(value) <= 20:
        value = int(value)
    if type(value) is not int or not 0 <= value < 1 << 64:
        raise DrawingError("`key_id` must be a whole number below 2^64", got=repr(value)[:40])
    return value


def _recognized(fields: dict[str, Any]) -> bool | None:
    """Return the flag; some copies of the data write 0 and 1."""
    value = fields.get("recognized")
    if value is None or type(value) is bool:
        return value
    if value in (0, 1):
        return bool(value)
    raise DrawingError("`recognized` must be true or false", got=repr(value)[:40])


def _text(fields: dict[str, Any], name: str) -> str | None:
    """Return a text field."""
    value = fields.get(name)
    if value is None or type(value) is str:
        return value
    raise DrawingError(f"`{name}` must be text", got=repr(value)[:40])
