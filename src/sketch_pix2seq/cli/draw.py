"""`sketch-pix2seq draw` and `complete`: drawings in, drawings by the model out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sketch_pix2seq.cli.inputs import Inputs, ResultNames, model_at, read_inputs
from sketch_pix2seq.cli.outputs import DEFAULT_STYLE, Format, ResultFiles, Style
from sketch_pix2seq.cli.terminal import progress_bar
from sketch_pix2seq.errors import DrawingError

if TYPE_CHECKING:
    from sketch_pix2seq.inference.sketcher import Sketcher
    from sketch_pix2seq.sketch.sketch import Sketch


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class DrawOptions:
    """How drawings are made, and where they go.

    Args:
        bundle: The model, a folder or zip file; without it the one that comes with the package.
        out: The folder to write to; without it the current folder. A name that ends in .svg or
            another format is the file for one drawing (of ndjson for all), and - standard output.
        form: svg, png, dxf, excalidraw, gif, apng: a file for each drawing; the last two draw
            themselves.
            ndjson: NAME.ndjson for each input, a line for each drawing. As --out ends, or else svg.
        n: Number of drawings of each input.
        temperature: Sampling temperature, 0 or more; without it the model's own.
        seed: Another seed, other drawings.
        overwrite: Replace files that exist, but never an input.
        style: How results look.
    """

    bundle: Path | None = None
    out: Path = Path()
    form: Annotated[Format | None, Parameter(name="--format")] = None
    n: Annotated[int, Parameter(name="-n")] = 1
    temperature: float | None = None
    seed: int = 0
    overwrite: bool = False
    style: Style = DEFAULT_STYLE

    def check(self, num_inputs: int, best_of: int = 1, fidelity: float | None = None) -> None:
        """Check what needs no model, before anything is read or loaded.

        Args:
            num_inputs: Drawings to draw from, or as many files while they are unread.
            best_of: Drawn for each one wanted.
            fidelity: How near to keep to the picture.

        Raises:
            UsageError: If a setting does not fit, or there would be too many drawings.
        """
        from sketch_pix2seq.inference import arguments

        arguments.check_amount(num_inputs, self.n, best_of)
        arguments.checked_seed(self.seed)
        arguments.checked_fidelity(fidelity)
        if self.temperature is not None:
            arguments.checked_temperature(self.temperature)

    def plan(
        self, sources: Sequence[ResultNames], inputs: Sequence[Path], suffix: str
    ) -> ResultFiles:
        """Name the results; see `ResultFiles`."""
        where = (self.out, self.form, suffix, self.style)
        return ResultFiles(sources, inputs, *where, n=self.n, overwrite=self.overwrite)

    def load_sketcher(self) -> Sketcher:
        """Load the model."""
        from sketch_pix2seq.inference.sketcher import Sketcher

        return Sketcher.load(model_at(self.bundle))

    def facts(self, sketcher: Sketcher, best_of: int = 1) -> dict[str, Any]:
        """Return how drawings were made, for `--format ndjson`."""
        temperature = sketcher.card.temperature_or(self.temperature)
        facts = {"seed": self.seed, "temperature": temperature}
        return facts | {"best_of": best_of if best_of > 1 else None}


DEFAULT_OPTIONS = DrawOptions()


def draw(
    *inputs: Path,
    fidelity: float | None = None,
    best_of: int = 1,
    options: DrawOptions = DEFAULT_OPTIONS,
) -> None:
    """Draw drawings again, stroke by stroke.

    Writes NAME-redrawn.svg for each input, NAME-redrawn-0.svg and so on with -n, and prints
    each path.

    Args:
        inputs: SVG files, pictures (PNG, JPEG, ...), files of drawings (ndjson, ...), folders of
            these, or - for standard input.
        fidelity: From 0, the model's own way of drawing what it sees, to 1: keep to the picture;
            without it as near as the model can.
        best_of: Draw so many for each one wanted and keep the best: nearest to the input and, if
            the bundle holds a classifier, showing what the input shows.
        options: How drawings are made, and where they go.
    """
    options.check(len(inputs), best_of, fidelity)
    options.plan((), inputs, "redrawn")  # refuses before anything is read
    read = read_inputs(inputs)
    if not read.sketches:
        read.raise_problems()
    options.check(len(read.sketches), best_of, fidelity)
    results = options.plan(read.sources, read.paths, "redrawn")
    sketcher = options.load_sketcher()
    with progress_bar("drawing") as progress:
        drawings = sketcher.redraw(
            read.sketches,
            options.n,
            options.temperature,
            options.seed,
            progress=progress,
            fidelity=fidelity,
            best_of=best_of,
        )
    facts = options.facts(sketcher, best_of) | {"fidelity": fidelity}
    results.write(drawings, facts, redrawn=read.sketches)
    read.raise_problems()


def complete(
    *inputs: Path,
    category: str | None = None,
    best_of: int = 1,
    options: DrawOptions = DEFAULT_OPTIONS,
) -> None:
    """Complete started drawings: their strokes stay, the model adds the others.

    Writes NAME-completed.svg for each input, NAME-completed-0.svg and so on with -n, and prints
    each path.

    Args:
        inputs: SVG files, pictures (PNG, JPEG, ...), files of started drawings (ndjson, ...),
            folders of these, or - for standard input.
        category: Category of the completed drawings; without it sampled for each drawing.
        best_of: Draw so many for each one wanted and keep the best: the one that shows most
            clearly what it was to become, and draws least of what was given once more.
        options: How drawings are made, and where they go.
    """
    options.check(len(inputs), best_of)
    options.plan((), inputs, "completed")  # refuses before anything is read
    read = read_inputs(inputs)
    if not read.sketches:
        read.raise_problems()
    options.check(len(read.sketches), best_of)
    results = options.plan(read.sources, read.paths, "completed")
    sketcher = options.load_sketcher()
    named = None if category is None else sketcher.card.categories[sketcher.category_id(category)]
    read, drawings = _completed(sketcher, read, category, best_of, options)
    if not drawings:
        read.raise_problems()
    results = options.plan(read.sources, read.paths, "completed")
    if results.form == "ndjson":
        drawings = [[drawing.to_quickdraw_grid() for drawing in some] for some in drawings]
    results.write(drawings, options.facts(sketcher, best_of) | {"category": named})
    read.raise_problems()


def _completed(
    sketcher: Sketcher,
    read: Inputs,
    category: str | None,
    best_of: int,
    options: DrawOptions,
) -> tuple[Inputs, list[list[Sketch]]]:
    """Complete what can be completed; a drawing that is too long becomes a problem."""

    def complete_one(sketches: Any, progress: Callable[[int, int], None] | None) -> Any:
        n, temperature, seed = options.n, options.temperature, options.seed
        return sketcher.complete(
            sketches, n, temperature, seed, progress, category=category, best_of=best_of
        )

    errors, drawings = {}, []
    with progress_bar("drawing") as progress:
        try:
            return read, complete_one(read.sketches, progress)
        except DrawingError:
            pass
        for number, sketch in enumerate(read.sketches):
            try:
                drawings.append(complete_one(sketch, None))
            except DrawingError as error:
                errors[number] = error
    return read.without(errors), drawings
