"""`sketch-pix2seq draw` and `complete`: drawings in, drawings by the model out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sketch_pix2seq.cli.default_bundle import model_at
from sketch_pix2seq.cli.inputs import read_files
from sketch_pix2seq.cli.outputs import PLAIN, Format, Style, plan_results
from sketch_pix2seq.cli.progress import progress_bar

if TYPE_CHECKING:
    from sketch_pix2seq.inference.sketcher import Sketcher


def draw(
    *inputs: Path,
    bundle: Path | None = None,
    out: Path = Path(),
    form: Annotated[Format, Parameter(name="--format")] = "svg",
    n: Annotated[int, Parameter(name="-n")] = 1,
    fidelity: float | None = None,
    best_of: int = 1,
    temperature: float | None = None,
    seed: int = 0,
    overwrite: bool = False,
    style: Style = PLAIN,
) -> None:
    """Draw drawings again, stroke by stroke.

    Writes NAME-redrawn.svg for each input, NAME-redrawn-0.svg and so on with -n, and prints
    each path.

    Args:
        inputs: SVG files, pictures (PNG, JPEG, ...) or ndjson files of drawings.
        bundle: The model, a folder or zip file; without it the one that comes with the package.
        out: Where to write; without it the current folder.
        form: svg, png, gif, apng: a file for each drawing; the last two draw themselves.
            ndjson: NAME.ndjson for each input, a line for each drawing.
        n: How many drawings of each input.
        fidelity: From 0, the model's own way of drawing what it sees, to 1: keep to the picture;
            without it as near as the model can.
        best_of: Draw so many for each one wanted and keep the best: most like the input and, if the
            bundle holds a classifier, showing what the input shows.
        temperature: How freely to draw, 0 or more; without it what suits the model.
        seed: Another seed, other drawings.
        overwrite: Replace files that exist, but never an input.
        style: How results look.
    """
    check_settings(len(inputs), n, temperature, seed, best_of, fidelity)
    read = read_files(inputs)
    if not read.sketches:
        read.report_problems()
    check_settings(len(read.sketches), n, temperature, seed, best_of, fidelity)
    results = plan_results(
        read.sources, read.paths, out, form, "redrawn", style, n=n, overwrite=overwrite
    )
    sketcher = load_sketcher(bundle)
    with progress_bar("drawing") as progress:
        drawings = sketcher.redraw(
            read.sketches,
            n,
            temperature,
            seed,
            progress=progress,
            fidelity=fidelity,
            best_of=best_of,
        )
    made = facts(sketcher, temperature, seed, best_of) | {"fidelity": fidelity}
    results.write(drawings, made)
    read.report_problems()


def complete(
    *inputs: Path,
    bundle: Path | None = None,
    out: Path = Path(),
    form: Annotated[Format, Parameter(name="--format")] = "svg",
    n: Annotated[int, Parameter(name="-n")] = 1,
    category: str | None = None,
    temperature: float | None = None,
    seed: int = 0,
    overwrite: bool = False,
    style: Style = PLAIN,
) -> None:
    """Finish started drawings: what is given stays, the rest is drawn.

    Writes NAME-completed.svg for each input, NAME-completed-0.svg and so on with -n, and prints
    each path.

    Args:
        inputs: SVG files, pictures (PNG, JPEG, ...) or ndjson files of started drawings.
        bundle: The model, a folder or zip file; without it the one that comes with the package.
        out: Where to write; without it the current folder.
        form: svg, png, gif, apng: a file for each drawing; the last two draw themselves.
            ndjson: NAME.ndjson for each input, a line for each drawing.
        n: How many drawings of each input.
        category: What they are to become, one of the model's categories; without it what they
            look like.
        temperature: How freely to draw, 0 or more; without it what suits the model.
        seed: Another seed, other drawings.
        overwrite: Replace files that exist, but never an input.
        style: How results look.
    """
    check_settings(len(inputs), n, temperature, seed)
    read = read_files(inputs)
    if not read.sketches:
        read.report_problems()
    check_settings(len(read.sketches), n, temperature, seed)
    results = plan_results(
        read.sources, read.paths, out, form, "completed", style, n=n, overwrite=overwrite
    )
    sketcher = load_sketcher(bundle)
    with progress_bar("drawing") as progress:
        drawings = sketcher.complete(
            read.sketches, n, temperature, seed, progress=progress, category=category
        )
    if form == "ndjson":
        drawings = [[drawing.rounded() for drawing in some] for some in drawings]
    results.write(drawings, facts(sketcher, temperature, seed) | {"category": category})
    read.report_problems()


def check_settings(
    num_inputs: int,
    n: int,
    temperature: float | None,
    seed: int,
    best_of: int = 1,
    fidelity: float | None = None,
) -> None:
    """Check the settings that need no model, before anything is read, named or loaded for them.

    Args:
        num_inputs: Drawings to draw from, or as many files while they are unread.
        n: Drawings of each.
        temperature: How freely to draw; None: what suits the model.
        seed: Of the noise.
        best_of: Drawn for each one wanted.
        fidelity: How near to keep to the picture.

    Raises:
        UsageError: If one does not fit, or there would be too many drawings.
    """
    from sketch_pix2seq.inference.arguments import (
        check_amount,
        checked_fidelity,
        checked_seed,
        checked_temperature,
    )

    check_amount(num_inputs, n, best_of)
    checked_seed(seed)
    checked_fidelity(fidelity)
    if temperature is not None:
        checked_temperature(temperature)


def load_sketcher(bundle: Path | None) -> Sketcher:
    """Load a model.

    Args:
        bundle: A folder or zip file; None or `default`: the one that comes with the package.
    """
    from sketch_pix2seq.inference.sketcher import Sketcher

    return Sketcher.load(model_at(bundle))


def facts(
    sketcher: Sketcher, temperature: float | None, seed: int, best_of: int = 1
) -> dict[str, Any]:
    """Return how drawings were made, for `--format ndjson`."""
    if temperature is None:
        temperature = sketcher.card.temperature
    return {"seed": seed, "temperature": temperature, "best_of": best_of if best_of > 1 else None}
