"""`sketch-pix2seq trace`: the lines of pictures as strokes, without any model."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sketch_pix2seq.cli.outputs import PLAIN, Format, Look, Wanted, make_results
from sketch_pix2seq.errors import DrawingError

if TYPE_CHECKING:
    from PIL import Image

    from sketch_pix2seq.sketch.sketch import Sketch


def trace(
    *inputs: Path,
    out: Path = Path(),
    form: Annotated[Format, Parameter(name="--format")] = "svg",
    stages: Path | None = None,
    look: Look = PLAIN,
) -> None:
    """Turn the lines of pictures into strokes, in the order in which a hand would draw them.

    Writes NAME-traced.svg for each input and prints each path.

    Args:
        inputs: Pictures (PNG, JPEG, ...), photos of drawings, SVG files or ndjson files.
        out: Where to write; without it the current folder.
        form: svg, png, gif, apng: a file for each drawing; the last two draw themselves. json:
            NAME.ndjson for each input, a line for each drawing.
        stages: Also write what the picture looks like at each stage of reading it into this
            folder.
        look: How results look.
    """
    if stages is not None:
        _write_stages(inputs, stages)

    def make(sketches: list[Sketch]) -> tuple[Sequence[Sequence[Sketch]], dict[str, Any]]:
        return [[sketch.rounded() if form == "json" else sketch] for sketch in sketches], {}

    make_results(Wanted(inputs, out, form, "traced", look), make)


def _write_stages(inputs: Sequence[Path], folder: Path) -> None:
    """Write what is seen of each picture, as far as it can be read."""
    from sketch_pix2seq.sketch.picture_in import read_picture
    from sketch_pix2seq.sketch.reading import is_picture

    for path in inputs:
        if not path.is_file() or not is_picture(path):
            continue
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(DrawingError):  # told where the input is read
            read_picture(path, on_stage=_Album(folder, path.stem).add)


class _Album:
    """The stages of one picture, a file each."""

    def __init__(self, folder: Path, stem: str) -> None:
        self._folder = folder
        self._stem = stem
        self._num = 0

    def add(self, name: str, picture: Image.Image) -> None:
        """Write a stage and print where."""
        from sketch_pix2seq.sketch.writing import png_bytes, write_whole

        self._num += 1
        place = self._folder / f"{self._stem}-{self._num}-{name}.png"
        write_whole(place, png_bytes(picture))
        print(place)
