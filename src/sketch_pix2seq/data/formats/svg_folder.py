"""A folder of SVG files: one drawing each, all of the category that the folder is named after.

They are simplified as QuickDraw simplified its drawings, so that both can be trained on
together.
"""

from __future__ import annotations

from collections.abc import Iterator

from sketch_pix2seq.data.formats.lines import joined
from sketch_pix2seq.data.formats.reading import Reading
from sketch_pix2seq.data.sources import SourceFolder
from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.ndjson import SimplifiedDrawing
from sketch_pix2seq.io.svg_in import read_svg
from sketch_pix2seq.sketch.geometry import Stroke
from sketch_pix2seq.sketch.normalise import quickdraw_normalise_all

_MANY = 64


def read_svg_folder(folder: SourceFolder, reading: Reading) -> Iterator[SimplifiedDrawing]:
    """Read the drawings of a folder.

    Args:
        folder: Of SVG files.
        reading: Where to count files and what is wrong with them.

    Yields:
        The drawings, by the names of their files; without categories.
    """
    waiting: list[tuple[Stroke, ...]] = []
    reading.unit = "file"
    for name, content in folder.documents():
        reading.begin()
        try:
            if content is None:
                raise DrawingError("an SVG must be readable, and not too large")
            waiting.append(tuple(read_svg(content).strokes))
        except DrawingError as error:
            reading.wrong(DrawingError(f"{error}; got it in `{name}`"))
        if len(waiting) == _MANY:
            yield from map(joined, quickdraw_normalise_all(waiting))
            waiting.clear()
    yield from map(joined, quickdraw_normalise_all(waiting))
