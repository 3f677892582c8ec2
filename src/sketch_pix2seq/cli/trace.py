"""`sketch-pix2seq trace`: the lines of pictures as strokes, without any model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sketch_pix2seq.cli.outputs import Format, Look, Wanted, make_results

if TYPE_CHECKING:
    from PIL import Image

    from sketch_pix2seq.sketch.sketch import Sketch


def trace(
    *inputs: Path,
    out: Path = Path(),
    form: Annotated[Format, Parameter(name="--format")] = "svg",
    stages: Path | None = None,
    look: Look = Look(),  # noqa: B008
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
    from sketch_pix2seq.sketch.picture_in import read_picture
    from sketch_pix2seq.sketch.reading import is_picture
    from sketch_pix2seq.sketch.writing import png_bytes, write_whole

    for path in inputs:
        if not path.is_file() or not is_picture(path):
            continue  # what is wrong with it is told where it is read
        pictures: dict[str, Image.Image] = {}
        read_picture(path, on_stage=pictures.__setitem__)
        folder.mkdir(parents=True, exist_ok=True)
        for number, (name, picture) in enumerate(pictures.items(), start=1):
            place = folder / f"{path.stem}-{number}-{name}.png"
            write_whole(place, png_bytes(picture))
            print(place)
