"""QuickDraw's ndjson: one drawing a line, read strictly and fast, and written.

`parse_line` gives flat arrays: it is what `data prepare` runs millions of times. Other layouts give
the same records: see `io.records`.

*Source*: the README of the Quick, Draw! Dataset (googlecreativelab/quickdraw-dataset).
"""

from __future__ import annotations

import contextlib
import itertools
import math
import re
from array import array
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import orjson
from jaxtyping import Bool, Float64, Int16

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.sketch.geometry import MAX_COORDINATE, MAX_POINTS, Drawing, strokes_of
from sketch_pix2seq.sketch.sketch import Sketch

MAX_LINE_BYTES = 8_000_000
"""The longest line that is read: real ones have below 100,000 bytes."""
MAX_EXTENT = np.iinfo(np.int16).max
"""The widest drawing, and the highest, whose offsets fit stroke-3 rows."""
TOO_WIDE = f"a drawing must be at most {MAX_EXTENT} units wide and high"

_WHOLE = re.compile(r"[0-9]{1,20}([.,]0)?")
_ROUNDED = re.compile(r"[0-9][0-9.,' \u00a0\u202f]{,40}(E\+?[0-9]{1,3})?", re.IGNORECASE)
_DO = "Write a stroke as `[[x, ...], [y, ...]]`, as QuickDraw does."


class SimplifiedDrawing(NamedTuple):
    """A drawing in the units of a simplified file, flat.

    Args:
        points: (T, 2) int16, absolute, as in the file: all points of all strokes, T >= 1.
        lifts: (T,) bool, True on the last point of each stroke.
        word: Category, None where the record has none.
        key_id: Google's number of the drawing, None where the record has none.
        recognized: Whether Google's game recognised it, None where the record does not say.
        country: Where it was drawn, as Google's files say; None where the record does not say.
        is_key_rounded: Whether the record has a key whose last digits another program rounded,
            so that `key_id` is None.
    """

    points: Int16[np.ndarray, "T 2"]
    lifts: Bool[np.ndarray, " T"]
    word: str | None
    key_id: int | None
    recognized: bool | None
    country: str | None = None
    is_key_rounded: bool = False


class RawDrawing(NamedTuple):
    """A drawing in any units, still to be simplified; other fields as of `SimplifiedDrawing`.

    Args:
        points: (T, 2) float64, absolute: all points of all strokes, T >= 1.
        lengths: Points of each stroke.
        left_out: What of its file is not in it, in words.
    """

    points: Float64[np.ndarray, "T 2"]
    lengths: list[int]
    word: str | None = None
    key_id: int | None = None
    recognized: bool | None = None
    country: str | None = None
    is_key_rounded: bool = False
    left_out: str | None = None


Record: TypeAlias = SimplifiedDrawing | RawDrawing
"""One drawing of a file of many."""


def parse_line(line: bytes) -> Record:
    """Read a line of a simplified or of a raw file: with times, or numbers that are not whole.

    Raises:
        DrawingError: Saying what is wrong with the line.

    Example:
        >>> parse_line(b'{"drawing": [[[0, 3], [0, 4], [0, 17]]]}').points.tolist()
        [[0.0, 0.0], [3.0, 4.0]]
    """
    return record_of(parse_object(line))


def parse_alone(line: bytes) -> Record:
    """Read a line of which nothing but the drawing and its word counts; as `parse_line`."""
    fields = parse_object(line)
    return record_of({name: fields.get(name) for name in ("word", "drawing")})


def parse_sketch(line: bytes) -> Sketch:
    """Read the drawing of a line, simplified or raw.

    Raises:
        DrawingError: Saying what is wrong with the line.

    Example:
        >>> sketch = parse_sketch(b'{"word": "cat", "drawing": [[[0, 3], [0, 4]]]}')
        >>> sketch.category, sketch.strokes[0].tolist()
        ('cat', [[0.0, 0.0], [3.0, 4.0]])
    """
    return sketch_of(parse_alone(line))


def record_of(fields: dict[str, Any]) -> Record:
    """Check the fields of a drawing, as they stand in a line.

    Raises:
        DrawingError: Saying what is wrong with them.
    """
    coordinates = _coordinates(fields)
    lengths = [len(stroke[0]) for stroke in coordinates]
    facts: tuple[Any, ...] = (_text(fields, "word"), _key_id(fields), _recognized(fields))
    country = fields.get("countrycode")
    facts += (country if type(country) is str else None, _is_rounded(fields.get("key_id")))
    if max(map(len, coordinates)) == 2:  # without times
        try:
            points = _points(coordinates, "h")
        except (TypeError, OverflowError):  # not whole, or not small
            pass
        else:
            lifts = bytearray(len(points))
            for end in itertools.accumulate(lengths):
                lifts[end - 1] = True
            return SimplifiedDrawing(points, np.frombuffer(lifts, bool), *facts)
    return RawDrawing(_real_points(coordinates), lengths, *facts)


def record_of_strokes(
    strokes: Sequence[np.ndarray],
    word: str | None = None,
    key_id: int | None = None,
    recognized: bool | None = None,
    country: str | None = None,
) -> SimplifiedDrawing:
    """Lay the strokes of a drawing, whole-numbered (P, 2) points each, end to end."""
    lifts = np.zeros(sum(map(len, strokes)), bool)
    lifts[np.cumsum([len(stroke) for stroke in strokes]) - 1] = True
    points = np.concatenate(strokes).astype(np.int16)
    return SimplifiedDrawing(points, lifts, word, key_id, recognized, country)


def sketch_of(record: Record) -> Sketch:
    """Return the drawing of a record, in the units of its file."""
    if isinstance(record, SimplifiedDrawing):
        ends = np.flatnonzero(record.lifts) + 1
    else:
        ends = np.cumsum(record.lengths)
    points = record.points.astype(np.float32)
    left_out = None if isinstance(record, SimplifiedDrawing) else record.left_out
    return Sketch(tuple(np.split(points, ends[:-1])), record.word, left_out=left_out)


def raw_of(sketch: Sketch) -> RawDrawing:
    """Return a drawing as one that is still to be simplified; it must have a stroke."""
    points = np.concatenate(sketch.strokes).astype(np.float64)
    lengths = [len(stroke) for stroke in sketch.strokes]
    return RawDrawing(points, lengths, sketch.category, left_out=sketch.left_out)


def _points(coordinates: list[list[Any]], kind: Literal["h", "d"]) -> np.ndarray:
    """The points of all strokes as numbers of that kind."""
    x: list[Any] = []
    y: list[Any] = []
    for stroke in coordinates:
        x += stroke[0]
        y += stroke[1]
    columns = np.frombuffer(array(kind, x + y), np.dtype(kind)).reshape(2, -1)
    return np.ascontiguousarray(columns.T)


def _real_points(coordinates: list[list[Any]]) -> Float64[np.ndarray, "T 2"]:
    try:
        points = _points(coordinates, "d")
    except (TypeError, OverflowError):
        raise DrawingError("strokes of `drawing` must hold numbers only", do=_DO) from None
    if not (np.abs(points) <= MAX_COORDINATE).all():
        raise DrawingError(
            f"coordinates of `drawing` must be between -{MAX_COORDINATE:.0f} and "
            f"{MAX_COORDINATE:.0f}",
            got="a larger one",
        )
    return points


def format_record(drawing: Drawing, **extra: object) -> bytes:
    """Write a drawing as one line in QuickDraw's simplified layout, without the line break.

    Whole numbers below 2^63 are written as such, others in full float32 precision, so that
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
    whole = all(((stroke == np.rint(stroke)) & (abs(stroke) < 2**63)).all() for stroke in strokes)
    rows = [np.ascontiguousarray(stroke.T, np.int64 if whole else np.float32) for stroke in strokes]
    fields = {name: value for name, value in extra.items() if value is not None}
    try:
        return orjson.dumps({**fields, "drawing": rows}, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError as error:
        raise DrawingError("a field of an ndjson line must be JSON", got=error) from None


def parse_object(line: bytes) -> dict[str, Any]:
    """Parse the JSON of a line and check that it is an object."""
    if len(line) > MAX_LINE_BYTES:
        raise DrawingError(
            f"a line must have at most {MAX_LINE_BYTES} bytes", got=f"{len(line)} bytes"
        )
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        written = line.rstrip()
        if written.endswith(b"},"):  # an item of a list without its brackets
            return parse_object(written[:-1])
        reason, do = f"`{error.msg}` at byte {error.pos}", None
        if not written:
            reason = "an empty line"
        elif "UTF-8" in error.msg:
            reason, do = "text that is not UTF-8", "Save the file as UTF-8."
        raise DrawingError("a line must be a JSON object", got=reason, do=do) from None
    if type(fields) is not dict:
        raise DrawingError("a line must be a JSON object", got=type(fields).__name__)
    return fields


def _coordinates(fields: dict[str, Any]) -> list[list[Any]]:
    """Return `drawing` as [x, y] per stroke, its shape checked and its numbers not yet."""
    drawing = fields.get("drawing")
    if type(drawing) is str and len(drawing) <= MAX_LINE_BYTES:  # JSON in JSON
        with contextlib.suppress(orjson.JSONDecodeError):
            drawing = orjson.loads(drawing)
    if type(drawing) is not list:
        got = "none" if drawing is None else type(drawing).__name__
        raise DrawingError("a record must have a list `drawing`", got=got, do=_DO)
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
    """Return the key as a number; Google writes it as a string, pandas at times as a float.

    A rounded one stands for several keys, so it is none; nor is NaN.
    """
    value = fields.get("key_id")
    if value is None or _is_rounded(value) or (type(value) is float and math.isnan(value)):
        return None
    if type(value) is str and _WHOLE.fullmatch(value):
        value = int(re.split("[.,]", value)[0])
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int or not 0 <= value < 1 << 64:
        raise DrawingError("`key_id` must be a whole number below 2^64", got=repr(value)[:40])
    return value


def _is_rounded(key: object) -> bool:
    """Whether a key went through a program that keeps too few digits of it, as spreadsheets do."""
    if type(key) is float:
        return abs(key) >= 1 << 53
    if type(key) is not str or key.isdecimal():
        return False
    if _WHOLE.fullmatch(key):
        return float(key.replace(",", ".")) >= 1 << 53
    return _ROUNDED.fullmatch(key) is not None


def _recognized(fields: dict[str, Any]) -> bool | None:
    """Return the flag; some copies of the data write 0 and 1."""
    value = fields.get("recognized")
    if value is None or type(value) is bool:
        return value
    if value in (0, 1):
        return bool(value)
    raise DrawingError("`recognized` must be true or false", got=repr(value)[:40])


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is None or type(value) is str:
        return value
    raise DrawingError(f"`{name}` must be text", got=repr(value)[:40])
