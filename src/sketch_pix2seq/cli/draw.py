"""`sketch-pix2seq draw` and `complete`: drawings in, drawings by the model out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sketch_pix2seq.cli.ours import model_at
from sketch_pix2seq.cli.outputs import PLAIN, Format, Look, Wanted, make_results
from sketch_pix2seq.cli.progress import progress_bar

if TYPE_CHECKING:
    from sketch_pix2seq.inference.sketcher import Sketcher
    from sketch_pix2seq.sketch.sketch import Sketch


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
    look: Look = PLAIN,
) -> None:
    """Draw drawings again, stroke by stroke.

    Writes NAME-redrawn.svg for each input, NAME-redrawn-0.svg and so on with -n, and prints
    each path.

    Args:
        inputs: SVG files, pictures (PNG, JPEG, ...) or ndjson files of drawings.
        bundle: The model, a folder or zip file; without it the one that comes with the package.
        out: Where to write; without it the current folder.
        form: svg, png, gif, apng: a file for each drawing; the last two draw themselves. json:
            NAME.ndjson for each input, a line for each drawing.
        n: How many drawings of each input.
        fidelity: From 0, the model's own way of drawing what it sees, to 1: keep to the picture;
            without it as near as the model can.
        best_of: Draw so many for each one wanted and keep the best: most like the input and, if the
            bundle holds a judge, showing what the input shows.
        temperature: How freely to draw, 0 or more; without it what suits the model.
        seed: Another seed, other drawings.
        look: How results look.
    """

    def make(sketches: list[Sketch]) -> tuple[Sequence[Sequence[Sketch]], dict[str, Any]]:
        sketcher = load(bundle, len(sketches), n, best_of)
        with progress_bar("drawing") as progress:
            drawings = sketcher.redraw(
                sketches,
                n,
                temperature,
                seed,
                progress=progress,
                fidelity=fidelity,
                best_of=best_of,
            )
        return drawings, facts(sketcher, temperature, seed, best_of) | {"fidelity": fidelity}

    make_results(Wanted(inputs, out, form, "redrawn", look, n), make)


def complete(
    *inputs: Path,
    bundle: Path | None = None,
    out: Path = Path(),
    form: Annotated[Format, Parameter(name="--format")] = "svg",
    n: Annotated[int, Parameter(name="-n")] = 1,
    category: str | None = None,
    temperature: float | None = None,
    seed: int = 0,
    look: Look = PLAIN,
) -> None:
    """Finish started drawings: what is given stays, the rest is drawn.

    Writes NAME-completed.svg for each input, NAME-completed-0.svg and so on with -n, and prints
    each path.

    Args:
        inputs: SVG files, pictures (PNG, JPEG, ...) or ndjson files of started drawings.
        bundle: The model, a folder or zip file; without it the one that comes with the package.
        out: Where to write; without it the current folder.
        form: svg, png, gif, apng: a file for each drawing; the last two draw themselves. json:
            NAME.ndjson for each input, a line for each drawing.
        n: How many drawings of each input.
        category: What they are to become, one of the model's categories; without it what they
            look like.
        temperature: How freely to draw, 0 or more; without it what suits the model.
        seed: Another seed, other drawings.
        look: How results look.
    """

    def make(sketches: list[Sketch]) -> tuple[Sequence[Sequence[Sketch]], dict[str, Any]]:
        sketcher = load(bundle, len(sketches), n)
        with progress_bar("drawing") as progress:
            drawings = sketcher.complete(
                sketches, n, temperature, seed, progress=progress, category=category
            )
        if form == "json":
            drawings = [[drawing.rounded() for drawing in some] for some in drawings]
        return drawings, facts(sketcher, temperature, seed) | {"category": category}

    make_results(Wanted(inputs, out, form, "completed", look, n), make)


def load(bundle: Path | None, num_inputs: int, n: int = 1, best_of: int = 1) -> Sketcher:
    """Load a model, once what is asked of it is known to be possible.

    Args:
        bundle: A folder or zip file; None or `default`: the one that comes with the package.
        num_inputs: What drawings are made of.
        n: Drawings of each.
        best_of: Drawn for each one wanted.

    Returns:
        What draws.
    """
    from sketch_pix2seq.inference.arguments import check_amount
    from sketch_pix2seq.inference.sketcher import Sketcher

    check_amount(num_inputs, n, best_of)
    return Sketcher.load(model_at(bundle))


def facts(
    sketcher: Sketcher, temperature: float | None, seed: int, best_of: int = 1
) -> dict[str, Any]:
    """Say how drawings were made, for `--format json`."""
    heat = sketcher.card.temperature if temperature is None else temperature
    return {"seed": seed, "temperature": heat, "best_of": best_of if best_of > 1 else None}
