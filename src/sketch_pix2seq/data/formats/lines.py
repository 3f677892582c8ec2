"""QuickDraw's ndjson, simplified and raw, in any mixture.

Raw lines (with times, or with numbers that are not whole) are simplified as QuickDraw did it,
many at once. `io.ndjson` parses each line.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sketch_pix2seq.data.formats.reading import Reading, checked_word
from sketch_pix2seq.data.sources import ENDS_EARLY, Content, split_lines
from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.ndjson import (
    MAX_LINE_BYTES,
    RawDrawing,
    SimplifiedDrawing,
    parse_line,
)
from sketch_pix2seq.sketch.normalise import normalise_points

_MANY = 128


def read_lines(
    file: Content, reading: Reading, stop: int | None = None
) -> Iterator[SimplifiedDrawing]:
    """Read the drawings of an ndjson in file order, of lines that begin before byte `stop`."""
    waiting: list[SimplifiedDrawing | RawDrawing] = []
    reading.unit = "line"
    try:
        for line in split_lines(file, stop):
            if line is not None and not line.strip():
                reading.report.number += 1
                continue
            if line is not None and reading.skip is not None and reading.skip(line):
                reading.report.number += 1
                reading.report.skipped += 1
                continue
            reading.begin()
            try:
                if line is None:
                    raise DrawingError(f"a line must have at most {MAX_LINE_BYTES} bytes")
                drawing = checked_word(parse_line(line))
            except DrawingError as error:
                reading.wrong(error)
                continue
            if not waiting and isinstance(drawing, SimplifiedDrawing):
                yield drawing
                continue
            waiting.append(drawing)
            if len(waiting) == _MANY:
                yield from _simplified(waiting)
                waiting.clear()
    except ENDS_EARLY:
        yield from _simplified(waiting)  # what came before a damaged end is valid
        raise
    yield from _simplified(waiting)


def _simplified(drawings: list[SimplifiedDrawing | RawDrawing]) -> Iterator[SimplifiedDrawing]:
    """Simplify the raw ones among some drawings."""
    raw = [drawing for drawing in drawings if isinstance(drawing, RawDrawing)]
    simple = iter(_simplified_points(raw))
    for drawing in drawings:
        if isinstance(drawing, RawDrawing):
            points, lifts = next(simple)
            yield SimplifiedDrawing(points, lifts, *drawing[2:])
        else:
            yield drawing


def _simplified_points(raw: list[RawDrawing]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Points and lifts of each raw drawing, simplified."""
    if not raw:
        return []
    num_strokes = np.array([len(drawing.lengths) for drawing in raw])
    points, lengths = normalise_points(
        np.concatenate([drawing.points for drawing in raw]),
        np.array([length for drawing in raw for length in drawing.lengths]),
        num_strokes,
    )
    lifts = np.zeros(len(points), bool)
    ends = np.cumsum(lengths)
    lifts[ends - 1] = True
    between = ends[np.cumsum(num_strokes) - 1][:-1]
    whole = np.split(points.astype(np.int16), between)
    return list(zip(whole, np.split(lifts, between), strict=True))
