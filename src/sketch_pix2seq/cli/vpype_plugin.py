"""Commands of vpype that read pictures: `sptrace` traces one, `spredraw` lets the model draw it.

vpype finds them by the entry points `vpype.plugins`; nothing else loads this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import vpype
import vpype_cli
from jaxtyping import Complex128, Float

from sketch_pix2seq.cli.inputs import model_at, notify_of_parts
from sketch_pix2seq.errors import SketchPix2SeqError, UsageError
from sketch_pix2seq.io.paper import MM_PER_PIXEL, layers_of, paper_for
from sketch_pix2seq.sketch.curves import curves_of, flattened
from sketch_pix2seq.sketch.geometry import fit
from sketch_pix2seq.sketch.sketch import Sketch

_GROUP = "sketch-pix2seq"


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that both commands take."""
    for option in (
        click.option(
            "-q",
            "--quantization",
            type=vpype_cli.LengthType(),
            default="0.1mm",
            help="Length of the segments that curves become; 0.1mm.",
        ),
        click.option(
            "-l",
            "--layer",
            type=vpype_cli.LayerType(accept_new=True),
            default=None,
            help="Layer of the first pen, or 'new'; other pens get new ones.",
        ),
        click.option(
            "-w",
            "--width",
            type=vpype_cli.LengthType(),
            default=None,
            help="Width of the picture on the page; its real one, or a pixel is 1/96 inch.",
        ),
        click.argument("file", type=vpype_cli.PathType(exists=True, dir_okay=False)),
    ):
        command = option(command)
    return command


@click.command(help="Trace the lines of FILE: a picture, a photo of a drawing, or an SVG.")
@_options
@vpype_cli.global_processor  # type: ignore[untyped-decorator]
def sptrace(
    document: vpype.Document,
    file: str,
    width: float | None,
    layer: int | None,
    quantization: float,
) -> vpype.Document:
    """Add the strokes of a picture to a document, each pen in a layer; the page is the picture."""
    with _in_one_line():
        _check_lengths(width, quantization)
        return _added(document, _opened(file), width, layer, quantization)


@click.command(help="Let the model draw FILE again: a picture, a photo of a drawing, or an SVG.")
@click.option("--bundle", type=str, default=None, help="The model; the one of the package.")
@click.option("--fidelity", type=float, default=None, help="From 0, its own way, to 1.")
@click.option("--best-of", type=int, default=1, help="Draw so many and keep the best.")
@click.option("--seed", type=int, default=0, help="Another seed, another drawing.")
@_options
@vpype_cli.global_processor  # type: ignore[untyped-decorator]
def spredraw(
    document: vpype.Document,
    file: str,
    width: float | None,
    layer: int | None,
    quantization: float,
    seed: int,
    best_of: int,
    fidelity: float | None,
    bundle: str | None,
) -> vpype.Document:
    """Add the model's drawing of a picture to a document, where the picture's ink is."""
    from sketch_pix2seq.inference.sketcher import Sketcher

    with _in_one_line():
        _check_lengths(width, quantization)
        sketch = _opened(file)
        sketcher = Sketcher.load(model_at(None if bundle is None else Path(bundle)))
        (drawing,) = sketcher.redraw(sketch, 1, seed=seed, fidelity=fidelity, best_of=best_of)
        return _added(document, _placed_like(sketch, drawing), width, layer, quantization)


for _command in (sptrace, spredraw):
    vars(_command)["help_group"] = _GROUP  # by which vpype's help orders commands


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Turn errors into those of vpype: a line, and exit status 1."""
    try:
        yield
    except SketchPix2SeqError as error:
        raise click.ClickException(str(error)) from error


def _opened(file: str) -> Sketch:
    """Read a drawing; what of its file is left out is said on stderr."""
    sketch = Sketch.open(Path(file))
    notify_of_parts(file, [sketch.left_out])
    return sketch


def _check_lengths(width: float | None, quantization: float) -> None:
    for name, length in (("width", width), ("quantization", quantization)):
        if length is not None and length <= 0:
            raise UsageError(f"`{name}` must be above 0", got=length)


def _placed_like(original: Sketch, drawing: Sketch) -> Sketch:
    """Fit a drawing to the position and size of another one's ink, with its frame."""
    drawing = drawing.smoothed()  # between its few points the model's lines are round
    (left, top, right, bottom), box = original.bounds or (0, 0, 1, 1), drawing.bounds
    if box is None:
        return replace(drawing, frame=original.frame)
    paper = paper_for(original)
    size = max(right - left, bottom - top, paper.line_width / paper.scale)
    scale, middle = fit(np.array(box[:2]), np.array(box[2:]), size, 0)
    target = np.array([left + right, top + bottom]) / 2
    strokes = [
        ((stroke - middle) * scale + target).astype(np.float32) for stroke in drawing.strokes
    ]
    return replace(drawing, strokes=tuple(strokes), frame=original.frame)


def _added(
    document: vpype.Document,
    sketch: Sketch,
    width: float | None,
    layer: int | None,
    quantization: float,
) -> vpype.Document:
    paper = paper_for(sketch)
    scale = paper.mm_per_pixel / MM_PER_PIXEL if width is None else width / paper.width
    lines = [
        _line(paper.transform(flattened(curves, quantization / paper.scale / scale)) * scale)
        if len(curves)
        else _line(paper.transform(stroke).repeat(2, axis=0) * scale)  # a dot
        for stroke, curves in zip(sketch.strokes, curves_of(sketch), strict=True)
    ]
    first = vpype_cli.single_to_layer_id(layer, document)
    everything: list[tuple[str, str, list[int]]] = [("", "", list(range(len(lines))))]
    for index, (name, pen, some) in enumerate(layers_of(sketch) or everything):
        number = first if index == 0 else document.free_id()
        document.add([lines[k] for k in some], number)
        pen_width = paper.line_width * scale
        document.layers[number].set_property(vpype.METADATA_FIELD_PEN_WIDTH, pen_width)
        if name:
            document.layers[number].set_property(vpype.METADATA_FIELD_NAME, name)
            document.layers[number].set_property(vpype.METADATA_FIELD_COLOR, vpype.Color(pen))
    document.extend_page_size((paper.width * scale, paper.height * scale))
    return document


def _line(points: Float[np.ndarray, "P 2"]) -> Complex128[np.ndarray, " P"]:
    """Points as complex numbers, as vpype stores them."""
    line: Complex128[np.ndarray, " P"] = points[:, 0] + 1j * points[:, 1]
    return line
