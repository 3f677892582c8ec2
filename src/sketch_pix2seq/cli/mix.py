"""`sketch-pix2seq mix`: what lies between drawings, as a strip or as a film."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sketch_pix2seq.cli.draw import DrawOptions
from sketch_pix2seq.cli.inputs import STANDARD, ResultNames, read_inputs
from sketch_pix2seq.cli.outputs import ndjson, refuse_place, refuse_to_replace, writing_aside
from sketch_pix2seq.cli.terminal import progress_bar
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.inference.arguments import check_mix

if TYPE_CHECKING:
    from sketch_pix2seq.sketch.sketch import Sketch

_SUFFIXES = (".svg", ".png", ".gif", ".apng", ".ndjson")


def mix(
    *inputs: Path,
    steps: int = 11,
    spherical: bool = False,
    best_of: int = 1,
    out: Path = Path("mixed.svg"),
    bundle: Path | None = None,
    temperature: float | None = None,
    seed: int = 0,
    curves: bool = False,
    overwrite: bool = False,
) -> None:
    """Draw what lies between two drawings, or from each one to the next.

    Args:
        inputs: Two drawings or more: SVG files, pictures (PNG, JPEG, ...), files of drawings,
            folders of these, or - for standard input.
        steps: Drawings from one to the next, both redrawn ones included.
        spherical: Mix along great circles instead of straight lines.
        best_of: Draw so many for each one wanted, and keep the best: near to the mixed code and, if
            the bundle holds a classifier, showing what one of the two drawings shows.
        out: The file to write. .svg or .png: a strip; .gif or .apng: one turning into the next
            and back; .ndjson: a line for each drawing. -: a strip on standard output.
        bundle: The model, a folder or zip file; without it the one that comes with the package.
        temperature: Sampling temperature, 0 or more; without it the model's own.
        seed: Another seed, other drawings.
        curves: Draw curves, not straight lines; corners stay.
        overwrite: Replace a file that exists, but never an input.
    """
    is_piped = out == STANDARD
    out = Path("mixed.svg") if is_piped else out
    if out.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"`out` must end in {', '.join(_SUFFIXES)}", got=out.name)
    if curves and out.suffix.lower() == ".ndjson":
        raise UsageError("`curves` is for pictures", got="ndjson")
    options = DrawOptions(bundle=bundle, temperature=temperature, seed=seed)
    options.check(1)
    check_mix(max(len(inputs), 2), steps, best_of)
    if not is_piped:
        refuse_place(out.parent)
        refuse_to_replace([out], inputs, overwrite=overwrite)
    read = read_inputs(inputs)
    read.raise_problems()
    check_mix(len(read.sketches), steps, best_of)
    sketcher = options.load_sketcher()
    with progress_bar("drawing") as progress:
        drawings = sketcher.mix(
            read.sketches,
            steps,
            temperature,
            seed,
            progress=progress,
            spherical=spherical,
            best_of=best_of,
        )
    if curves:
        drawings = [drawing.smoothed() for drawing in drawings]
    how = {**options.facts(sketcher, best_of), "spherical": spherical or None}
    name = " to ".join(name for source in read.sources for name in source.names)
    with writing_aside([out], is_piped=is_piped) as (aside,):
        _save(drawings, steps, name, how, aside)
        if not is_piped:
            refuse_to_replace([out], read.paths, overwrite=overwrite)


def _save(drawings: list[Sketch], steps: int, name: str, how: dict[str, object], out: Path) -> None:
    from sketch_pix2seq.io.animation import film
    from sketch_pix2seq.io.atomic import atomic_write
    from sketch_pix2seq.io.sheet import Sheet, SheetRow

    suffix = out.suffix.lower()
    if suffix == ".ndjson":
        atomic_write(out, b"".join(ndjson([ResultNames(name, [name])], [drawings], how)))
    elif suffix in (".gif", ".apng"):
        atomic_write(out, film(drawings, "gif" if suffix == ".gif" else "apng"))
    else:
        legs = range(0, len(drawings) - 1, steps - 1)
        Sheet(rows=[SheetRow(drawings[first : first + steps]) for first in legs]).save(out)
