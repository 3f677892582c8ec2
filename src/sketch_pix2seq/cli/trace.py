"""`sketch-pix2seq trace`: the lines of pictures as strokes, without any model."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sketch_pix2seq.cli.inputs import STANDARD, Inputs, read_inputs
from sketch_pix2seq.cli.outputs import (
    DEFAULT_STYLE,
    Format,
    ResultFiles,
    Style,
    refuse_place,
    refuse_to_replace,
)
from sketch_pix2seq.cli.terminal import notify, print_line
from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.sketch.sketch import Order, Sketch

if TYPE_CHECKING:
    from PIL import Image


def trace(
    *inputs: Path,
    out: Path = Path(),
    form: Annotated[Format | None, Parameter(name="--format")] = None,
    order: Order | None = None,
    split: bool = False,
    straighten: Annotated[bool, Parameter(negative="--no-straighten")] = True,
    merge_lines: bool = False,
    stages: Path | None = None,
    overwrite: bool = False,
    style: Style = DEFAULT_STYLE,
) -> None:
    """Turn the lines of pictures into strokes, in the order of a plotter's pen or of a hand.

    Writes NAME-traced.svg for each input and prints each path. Strokes of a picture lie where its
    lines lie, and are as wide as these; of a tilted sheet on a darker table, where they lie on it.

    Args:
        inputs: Pictures (PNG, JPEG, ...), photos of drawings, SVG files, files of drawings, folders
            of these, or - for standard input.
        out: The folder to write to; without it the current folder. A name that ends in .svg or
            another format is the file for one drawing (of ndjson for all), and - standard output.
        form: svg, png, dxf, excalidraw, gif, apng: a file for each drawing; the last two draw
            themselves.
            ndjson: NAME.ndjson for each input, a line for each drawing. As --out ends, or else svg.
        order: pen: the lifted pen goes a short way. hand: as a person would draw. none: as found,
            long ones first. Without it pictures and SVGs get pen, or hand if the result draws
            itself or is ndjson, and files of strokes keep their order.
        split: Split a page into its drawings, a file for each, in reading order.
        straighten: A tilted sheet on a darker table is straightened, and is then the whole picture.
        merge_lines: Lines that are drawn over each other, or closely side by side, become one: for
            rough sketches.
        stages: Also write what the picture looks like at each stage of reading it into this
            folder.
        overwrite: Replace files that exist, but never an input.
        style: How results look.
    """
    where = (out, form, "traced", style)
    ResultFiles((), inputs, *where, overwrite=overwrite)  # refuses before anything is read
    if stages is not None:
        refuse_place(stages, "stages")
    drawings = read_inputs(inputs, split=split, straighten=straighten, merge_lines=merge_lines)
    how = {"straighten": straighten, "merge_lines": merge_lines}
    is_piped = out == STANDARD
    show_stages = partial(_write_stages, drawings, stages, overwrite, is_piped, **how)
    if not drawings.sketches:
        show_stages()
        drawings.raise_problems()
    results = ResultFiles(
        drawings.sources, drawings.paths, *where, overwrite=overwrite, curved=True
    )
    show_stages()
    shows_order = style.animate or results.form in ("gif", "apng", "ndjson")
    default: Order = "hand" if shows_order else "pen"
    sketches = [
        _in_order(sketch, order or (default if sketch.frame or _is_svg(file.path) else "none"))
        for file in drawings.files
        for sketch in file.sketches
    ]
    if results.form == "ndjson":
        sketches = [sketch.to_quickdraw_grid() for sketch in sketches]
    results.write([[sketch] for sketch in sketches], {})
    drawings.raise_problems()


def _is_svg(path: Path) -> bool:
    """Whether a file is an SVG by its name: those with lines beyond their page have no frame."""
    return path.name.lower().removesuffix(".gz").endswith((".svg", ".svgz"))


def _in_order(sketch: Sketch, order: Order) -> Sketch:
    """Order strokes; too many for a hand's order get the pen's, with a warning."""
    from sketch_pix2seq.sketch.order import MAX_HAND_STROKES

    if order == "hand" and len(sketch.strokes) > MAX_HAND_STROKES:
        notify(f"`{sketch.name}`: over {MAX_HAND_STROKES} strokes: `order` is pen, not hand")
        order = "pen"
    return sketch.ordered(order)


def _write_stages(
    inputs: Inputs, folder: Path | None, overwrite: bool, is_piped: bool, **how: bool
) -> None:
    """Write the stages of each picture, as far as it can be read, if there is a folder for them.

    Paths are printed unless the result itself goes to standard output.
    """
    from sketch_pix2seq.io.atomic import atomic_write
    from sketch_pix2seq.io.kinds import is_picture
    from sketch_pix2seq.io.picture.decoding import MAX_PICTURE_BYTES
    from sketch_pix2seq.io.picture.picture_in import read_picture
    from sketch_pix2seq.io.saving import png_bytes

    if folder is None:
        return
    for path, source, _ in inputs.files:
        if path == STANDARD:
            notify("`stages` shows files, not standard input")
        if not path.is_file():
            continue
        with path.open("rb") as file:
            data = file.read(MAX_PICTURE_BYTES + 1)
        stages: dict[str, Image.Image] = {}
        if not is_picture(data[:32]):
            notify(f"`{path}` is no picture: `stages` shows none of it")
        else:
            with suppress(DrawingError):  # reported where the input was read
                read_picture(data, on_stage=stages.__setitem__, **how)
        files = {
            folder / f"{source.name}-{number}-{name}.png": picture
            for number, (name, picture) in enumerate(stages.items(), start=1)
        }
        if not files:
            continue
        refuse_to_replace(files, inputs.paths, overwrite=overwrite)
        folder.mkdir(parents=True, exist_ok=True)
        for path, picture in files.items():
            atomic_write(path, png_bytes(picture))
            if not is_piped:
                print_line(path)
