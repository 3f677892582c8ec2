"""Documents of drawings that are read whole: JSON of several shapes, CSV, InkML, Excalidraw.

*Source*: Kaggle's "Quick, Draw! Doodle Recognition" (its columns); ml5.js, `SketchRNN` (dx, dy and
what the pen does next); W3C, Ink Markup Language (InkML), sections 3.2 and 3.3; the JSON schema of
Excalidraw.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
import orjson
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.array_files import SPLITS, drawing_of_rows
from sketch_pix2seq.io.kinds import header_of
from sketch_pix2seq.io.ndjson import MAX_LINE_BYTES, RawDrawing, Record, raw_of, record_of
from sketch_pix2seq.io.svg.xml import decoded
from sketch_pix2seq.sketch.geometry import MAX_COORDINATE, MAX_POINTS
from sketch_pix2seq.sketch.sketch import Sketch

MAX_DOCUMENT_BYTES = 200_000_000
"""The largest document that is read whole."""
MAX_INK_BYTES = 24_000_000
"""The largest InkML."""

_DO = 'Write a drawing a line: `{"word": "cat", "drawing": [[[x, ...], [y, ...]], ...]}`.'
_ELLIPSE = 33  # points
_KAGGLES = ["countrycode", "drawing", "key_id", "recognized", "timestamp", "word"]
_FLAGS = dict.fromkeys(("true", "1", "wahr", "vrai"), True)  # as spreadsheets write them
_FLAGS |= dict.fromkeys(("false", "0", "falsch", "faux"), False)
_BLANK = re.compile(r"\s*")
_VALUE = re.compile(
    r"""(['"!]?)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[TF*?]|\#[0-9A-Fa-f]{1,8})"""
)


def read_json(text: bytes) -> Iterator[Record | DrawingError]:
    """Read JSON: a list of drawings, one drawing, or values one after another, over any lines.

    Yields:
        Each drawing, or what is wrong with it.

    Raises:
        DrawingError: If it is no JSON.
    """
    for value in _values(text):
        for item in _each(value):
            try:
                yield _drawing(item)
            except DrawingError as error:
                yield error


def _values(text: bytes) -> Iterator[Any]:
    """The value of a document, or the values that follow each other in it."""
    try:
        yield orjson.loads(text)
        return
    except orjson.JSONDecodeError:
        pass
    decoder, position = json.JSONDecoder(), 0
    try:
        decoded = text.decode().strip()
        while position < len(decoded):
            value, end = decoder.raw_decode(decoded, position)
            yield value
            blank = _BLANK.match(decoded, end)
            position = blank.end() if blank else end
    except UnicodeDecodeError:
        raise DrawingError("JSON must be UTF-8", do=_DO) from None
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:80]
        raise DrawingError("JSON must be whole", got=f"`{reason}`", do=_DO) from None


def _each(value: Any) -> Iterator[Any]:
    """The items of a value that are one drawing each."""
    if isinstance(value, dict) and value.get("type") == "excalidrawlib":
        items = value.get("libraryItems") or value.get("library")  # the older one: just elements
        for item in items if isinstance(items, list) else ():
            yield {"elements": item} if isinstance(item, list) else item
    elif isinstance(value, dict) and "drawing" not in value:
        splits = [value[split] for split in SPLITS if isinstance(value.get(split), list)]
        yield from (item for split in splits for item in split) if splits else (value,)
    elif not isinstance(value, list) or _is_rows(value) or _is_strokes(value):
        yield value
    else:
        yield from value


def _is_rows(value: Any) -> bool:
    """Whether a list is rows of stroke-3, of stroke-5, or of ml5's steps."""
    if not isinstance(value, list) or not value:
        return False
    if all(isinstance(row, dict) and "dx" in row for row in value):
        return True
    num = len(value[0]) if isinstance(value[0], list) else 0
    return num in (3, 5) and all(
        isinstance(row, list)
        and len(row) == num
        and all(type(number) in (int, float) for number in row)
        and all(pen in (0, 1) for pen in row[2:])
        for row in value
    )


def _is_strokes(value: list[Any]) -> bool:
    """Whether a list is a drawing: strokes, each a list of x and one of y."""
    return not all(map(_is_rows, value)) and all(
        isinstance(stroke, list)
        and len(stroke) in (2, 3)
        and all(
            isinstance(axis, list) and axis and type(axis[0]) in (int, float) for axis in stroke
        )
        for stroke in value
    )


def _drawing(value: Any) -> Record:
    if _is_rows(value):
        if isinstance(value[0], dict):
            value = [_ml5_step(step) for step in value]
        try:
            return drawing_of_rows(np.array(value, np.float64))
        except OverflowError:
            raise DrawingError("offsets must be finite", got="a huge number") from None
    if isinstance(value, list):
        return record_of({"drawing": value})
    if not isinstance(value, dict):
        raise DrawingError("a drawing must be a JSON object", got=type(value).__name__, do=_DO)
    if isinstance(value.get("elements"), list) or value.get("type") == "excalidraw":
        return _excalidraw(value)
    if "tldrawFileFormatVersion" in value:
        raise DrawingError("tldraw's files are not read", do="Export it as an SVG.")
    return record_of(value)


def _ml5_step(step: dict[str, Any]) -> list[float]:
    x, y, pen = step.get("dx"), step.get("dy"), step.get("pen")
    if not all(isinstance(number, int | float) for number in (x, y)):
        raise DrawingError("a step must have numbers `dx` and `dy`", got=f"{x!r} and {y!r}"[:60])
    return [x, y, float(pen not in ("down", None))]  # type: ignore[list-item]


def _excalidraw(document: dict[str, Any]) -> RawDrawing:
    """Read the visible lines and shapes of an Excalidraw file; texts and pictures are no lines."""
    elements = document.get("elements")
    strokes = []
    left_out: Counter[str] = Counter()
    try:
        for element in elements if isinstance(elements, list) else ():
            if not element.get("isDeleted"):
                is_visible = _is_visible(element)
                outline = _outline(element) if is_visible else []
                strokes += outline
                kind = str(element["type"])[:20]
                left_out[kind if is_visible else f"invisible {kind}"] += not outline
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise DrawingError(
            "an Excalidraw file must be as Excalidraw writes it", got=str(error)[:60]
        ) from None
    named = ", ".join(f"{count} x {kind}" for kind, count in left_out.most_common(4) if count)
    record = _checked(strokes, "an Excalidraw file", named or "none")
    return record._replace(left_out=named or None)


def _is_visible(element: dict[str, Any]) -> bool:
    """Whether anybody sees an element in Excalidraw."""
    colours = [element.get("strokeColor"), element.get("backgroundColor") or "transparent"]
    return element.get("opacity") != 0 and colours != ["transparent", "transparent"]


def _outline(element: dict[str, Any]) -> list[np.ndarray]:
    """The line of an element in the units of the page."""
    kind = element["type"]
    if kind in ("freedraw", "line", "arrow"):
        points = np.array(element["points"], np.float64).reshape(len(element["points"]), 2)
        points = points[: 1 if (points == points[:1]).all() else None]  # a dot has its point twice
    elif kind in ("rectangle", "diamond"):
        steps = {"rectangle": [0, 0, 1, 1, 0], "diamond": [0.5, 1, 0.5, 0, 0.5]}[kind]
        others = {"rectangle": [0, 1, 1, 0, 0], "diamond": [0, 0.5, 1, 0.5, 0]}[kind]
        points = np.array([steps, others]).T * [element["width"], element["height"]]
    elif kind == "ellipse":
        turn = np.linspace(0, math.tau, _ELLIPSE)
        points = (np.stack([np.cos(turn), np.sin(turn)], axis=1) + 1) / 2
        points *= [element["width"], element["height"]]
    else:
        return []
    if not len(points):
        return []
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    sine, cosine = math.sin(element.get("angle") or 0), math.cos(element.get("angle") or 0)
    turned = (points - middle) @ np.array([[cosine, sine], [-sine, cosine]])
    return [turned + middle + [element["x"], element["y"]]]


def _checked(strokes: list[np.ndarray], what: str, others: str = "none") -> RawDrawing:
    """Make a drawing of untrusted strokes; `others` is what there is besides."""
    if not strokes:
        raise DrawingError(f"{what} must hold a line", got=others)
    if sum(map(len, strokes)) > MAX_POINTS:
        raise DrawingError(f"a drawing must have at most {MAX_POINTS} points", got="more")
    if not all((np.abs(stroke) <= MAX_COORDINATE).all() for stroke in strokes):
        raise DrawingError(
            f"coordinates must be between -{MAX_COORDINATE:g} and {MAX_COORDINATE:g}"
        )
    return raw_of(Sketch(tuple(stroke.astype(np.float32) for stroke in strokes)))


def read_csv(lines: Iterator[bytes | None]) -> Iterator[Record | DrawingError]:
    """Read a CSV with a column `drawing`, as Kaggle's, whose lines these are.

    Yields:
        Each drawing, or what is wrong with it.

    Raises:
        DrawingError: If it has no such column.
    """
    texts: Iterator[str] = map(_row_text, lines)  # a map goes on after an error
    first = next(filter(_is_header, texts), "")
    names, sign = header_of(first)
    if len(names) == len(_KAGGLES) and names[1].startswith("[[["):  # its header was cut off
        names, texts = _KAGGLES, chain([first], texts)
    if "drawing" not in names:
        do = "Its first line must name its columns, its drawings be `[[[x, ...], [y, ...]], ...]`."
        raise DrawingError(
            "a CSV must have a column `drawing`", got=", ".join(names)[:60] or None, do=do
        )
    csv.field_size_limit(MAX_LINE_BYTES)
    rows = csv.DictReader(texts, names, delimiter=sign, skipinitialspace=True)
    while True:
        try:
            row = next(rows, None)
            if row is None:
                return
            yield record_of(_row_fields(row))
        except csv.Error as error:
            yield DrawingError("a CSV must have whole rows", got=error)
        except DrawingError as error:
            yield error


def _is_header(line: str) -> bool:
    """Whether a line is neither blank nor the one by which Excel knows the separator."""
    return bool(line.strip()) and not line.casefold().startswith("sep=")


def _row_text(line: bytes | None) -> str:
    if line is None:
        raise DrawingError(f"a line must have at most {MAX_LINE_BYTES} bytes")
    return line.decode("utf-8", "replace") + "\n"


def _row_fields(row: dict[str, Any]) -> dict[str, Any]:
    """The fields as a line of ndjson has them."""
    fields = {name: value for name, value in row.items() if name and value}
    try:
        fields["drawing"] = orjson.loads(fields.get("drawing") or "")
    except orjson.JSONDecodeError:
        raise DrawingError("`drawing` of a CSV must be JSON") from None
    if "recognized" in fields:
        fields["recognized"] = _FLAGS.get(fields["recognized"].lower(), fields["recognized"])
    return fields


def read_inkml(data: bytes) -> RawDrawing:
    """Read the traces of digital ink, without those of a pen in the air.

    Raises:
        DrawingError: If it is no InkML, has no trace, or is too large.
    """
    if len(data) > MAX_INK_BYTES:
        raise DrawingError(f"InkML must have at most {MAX_INK_BYTES} bytes", got="more")
    try:
        root = fromstring(decoded(data))
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise DrawingError("InkML must be well-formed XML", got=str(error)[:60]) from None
    names = [element.get("name") for element in root.iter() if _tag(element) == "channel"]
    columns = [names.index(name) if name in names else index for index, name in enumerate("XY")]
    traces = [element for element in root.iter() if _tag(element) == "trace"]
    drawn = [element for element in traces if element.get("type") != "penUp"]
    strokes = [_trace(element.text or "", columns) for element in drawn]
    record = _checked([stroke for stroke in strokes if len(stroke)], "InkML")
    num_above = len(traces) - len(drawn)
    return record._replace(left_out=f"{num_above} x pen in the air" if num_above else None)


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _trace(text: str, columns: list[int]) -> np.ndarray:
    """The points of a trace: values, or after `'` and `"` first and second differences."""
    points: list[list[float]] = []
    state: dict[int, list[Any]] = {}  # of each channel: how it is written, value, velocity
    for point in filter(str.strip, text.split(",")):
        values: dict[int, float] = {}
        for channel, (sign, number) in enumerate(_VALUE.findall(point)):
            if channel not in columns:
                continue
            how, value, speed = state.get(channel, ["!", 0.0, 0.0])
            how = sign or how
            if number not in "TF*?":  # (`*` is the value before)
                parsed = float(int(number[1:], 16) if number.startswith("#") else number)
                if how == "!":
                    speed, value = parsed - value, parsed
                else:
                    speed = parsed if how == "'" else speed + parsed
                    value += speed
            state[channel] = [how, value, speed]
            values[columns.index(channel)] = value
        if len(values) < 2:
            raise DrawingError("a trace of InkML must have X and Y", got=point.strip()[:40])
        points.append([values[0], values[1]])
    return np.array(points).reshape(-1, 2)
