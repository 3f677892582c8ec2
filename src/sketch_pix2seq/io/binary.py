"""QuickDraw's binary files: drawings packed one after another, little endian, without a header.

Layout: u64 key, 2 bytes country, i8 recognised, u32 time, u16 strokes; of each stroke u16
points, then as many u8 x, then as many u8 y. Source: the README of the Quick, Draw! Dataset.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

import numpy as np

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.ndjson import SimplifiedDrawing, record_of_strokes
from sketch_pix2seq.io.opened import Content, SourceEndedError
from sketch_pix2seq.sketch.geometry import MAX_POINTS

_HEADER = struct.Struct("<Q2sbIH")
_COUNT = struct.Struct("<H")
WIDEST = np.iinfo(np.uint8).max
"The longest side of a drawing."
_NO_COUNTRY = b"\0\0"


def read_binary(file: Content) -> Iterator[SimplifiedDrawing | DrawingError]:
    """Read the drawings of a binary file, in file order and without categories.

    Yields:
        Each drawing, or what is wrong with it.

    Raises:
        SourceEndedError: If it is cut short, or invalid from some byte on: what follows
            cannot be read then.
    """
    while header := file.read(_HEADER.size):
        _check_whole(header, _HEADER.size)
        key_id, country, recognized, _, num_strokes = _HEADER.unpack(header)
        if recognized not in (0, 1) or not (country == _NO_COUNTRY or country.isalnum()):
            raise SourceEndedError("it is not in QuickDraw's binary layout from here on")
        strokes = _strokes(file, num_strokes)
        if not strokes or any(len(stroke) == 0 for stroke in strokes):
            yield DrawingError("`drawing` must have strokes, and each a point")
            continue
        where = None if country == _NO_COUNTRY else country.decode("latin1")
        yield record_of_strokes(strokes, None, key_id or None, bool(recognized), where)


def _take(file: Content, num: int) -> bytes:
    part = file.read(num)
    _check_whole(part, num)
    return part


def _check_whole(part: bytes, num: int) -> None:
    if len(part) < num:
        raise SourceEndedError("its last drawing is cut short")


def _strokes(file: Content, num_strokes: int) -> list[np.ndarray]:
    strokes, num_points = [], 0
    for _ in range(num_strokes):
        (num,) = _COUNT.unpack(_take(file, _COUNT.size))
        num_points += num
        if num_points > MAX_POINTS:
            raise SourceEndedError("it is not in QuickDraw's binary layout from here on")
        strokes.append(np.frombuffer(_take(file, 2 * num), np.uint8).reshape(2, num).T)
    return strokes


def scaled_to_fit(drawing: SimplifiedDrawing) -> SimplifiedDrawing:
    """The drawing itself if it fits the layout, else scaled down until it does."""
    points = drawing.points.astype(np.float64) - drawing.points.min(axis=0)
    if points.max() <= WIDEST:
        return drawing
    small = np.rint(points * (WIDEST / points.max()))
    return drawing._replace(points=small.astype(np.int16))


def write_binary(drawings: Iterable[SimplifiedDrawing]) -> Iterator[bytes]:
    """Write drawings at most 255 wide and high.

    *Convention*: shifted to (0, 0). What the layout cannot say is lost: the category; time and
    country are written as 0, an unknown `recognized` as true.

    Raises:
        DrawingError: If a drawing does not fit the layout.
    """
    for drawing in drawings:
        points = drawing.points.astype(np.int32) - drawing.points.min(axis=0)
        if points.max() > WIDEST:
            raise DrawingError(
                f"a drawing in the binary layout must be at most {WIDEST} wide and high",
                got=int(points.max()),
                do="Scale it with `scaled_to_fit`.",
            )
        ends = np.flatnonzero(drawing.lifts) + 1
        strokes = np.split(points.astype(np.uint8), ends[:-1])
        if max(len(strokes), *map(len, strokes)) > np.iinfo(np.uint16).max:
            raise DrawingError("a drawing in the binary layout must have below 65,536 points")
        recognized = drawing.recognized is not False
        yield _HEADER.pack(drawing.key_id or 0, _NO_COUNTRY, recognized, 0, len(strokes))
        for stroke in strokes:
            yield _COUNT.pack(len(stroke)) + stroke.T.tobytes()
