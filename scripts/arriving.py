"""How drawings may arrive at a model: as strokes, pictures or photos. For scripts that measure."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

from simulated_photo import photograph

from sketch_pix2seq import Sketch
from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.evaluation.evaluation import DOT
from sketch_pix2seq.io.picture_in import read_picture

SIZE, LINE = 1000, 20
"""Of pictures and their lines, in pixels."""


def _png(drawing: Sketch, seed: int) -> Sketch:
    file = io.BytesIO()
    drawing.to_image(SIZE, line_width=LINE).save(file, "png")
    return read_picture(file.getvalue())


WAYS: dict[str, Callable[[Sketch, int], Sketch]] = {
    "strokes": lambda drawing, seed: drawing,
    "PNG": _png,
    "photo": lambda drawing, seed: read_picture(photograph(drawing, seed)),
}


def as_they_arrive(sketches: Sequence[Sketch], way: str) -> list[Sketch]:
    """Read drawings as they arrive in one of the `WAYS`; one that is refused becomes a dot."""
    found = []
    for seed, sketch in enumerate(sketches):
        try:
            found.append(WAYS[way](sketch, seed))
        except DrawingError as error:
            print(f"drawing {seed} is refused: {error}")
            found.append(DOT)
    return found
