"""`sketch-pix2seq draw`: drawings in, redrawings out."""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from cyclopts import Parameter

from sketch_pix2seq.cli.progress import progress_bar
from sketch_pix2seq.errors import DrawingError, UsageError

if TYPE_CHECKING:
    from sketch_pix2seq.sketch.sketch import Sketch

Format = Literal["svg", "png", "json"]
MAX_TOLD = 10
"""The most wrong inputs that are told one by one."""


def draw(
    *inputs: Path,
    bundle: Path | None = None,
    out: Path = Path(),
    form: Annotated[Format, Parameter(name="--format")] = "svg",
    n: Annotated[int, Parameter(name="-n")] = 1,
    best_of: int = 1,
    temperature: float | None = None,
    seed: int = 0,
) -> None:
    """Draw drawings again, stroke by stroke.

    Writes NAME-redrawn.svg for each input, NAME-redrawn-0.svg and so on with -n, and prints
    each path.

    Args:
        inputs: SVG files, pictures (PNG, JPEG, ...) or ndjson files of drawings.
        bundle: The model, a folder or zip file; without it the one that comes with the package.
        out: Where to write; without it the current folder.
        form: svg or png: a file for each drawing. json: NAME.ndjson for each input, a line for
            each drawing.
        n: How many drawings of each input.
        best_of: Draw so many for each one wanted and keep those most like the input.
        temperature: How freely to draw, 0 or more; without it what suits the model.
        seed: Another seed, other drawings.
    """
    if not inputs:
        raise UsageError("there must be an input", do="Name a file with a drawing.")
    shown, problems = _read(inputs)
    if shown:
        from sketch_pix2seq.inference.sketcher import Sketcher

        sketcher = Sketcher.load(bundle)
        sketches = [sketch for one in shown for sketch in one.sketches]
        with progress_bar("drawing") as progress:
            drawings = sketcher.redraw(
                sketches, n, temperature, seed, progress=progress, best_of=best_of
            )
        heat = sketcher.card.temperature if temperature is None else temperature
        made = {"seed": seed, "temperature": heat, "best_of": best_of if best_of > 1 else None}
        if form == "json":
            files = _as_ndjson(shown, drawings, made)
        else:
            files = _as_pictures(shown, drawings, form)
        _refuse_to_replace([out / name for name, _ in files], inputs)
        _write(files, out)
    if problems:
        _tell(problems)


def _tell(problems: Sequence[DrawingError]) -> None:
    """Say each problem in a line, and fail with the last; of very many, say how many more."""
    told, more = problems[:MAX_TOLD], len(problems) - MAX_TOLD
    for problem in told[:-1]:
        print(f"sketch-pix2seq: {problem}", file=sys.stderr)
    raise told[-1] if more <= 0 else DrawingError(f"{told[-1]}; and {more:,} more like it")


class _Shown(NamedTuple):
    """An input file, under a name that no other one has, and its drawings."""

    name: str
    sketches: list[Sketch]
    names: list[str]


_File = tuple[str, "Sketch | bytes"]
"""The name of a file to be, and what it will hold."""


def _read(inputs: Sequence[Path]) -> tuple[list[_Shown], list[DrawingError]]:
    """Read all that can be read; inputs of the same name are numbered."""
    from sketch_pix2seq.sketch.reading import read_inputs

    shown: list[_Shown] = []
    problems: list[DrawingError] = []
    taken: set[str] = set()
    for path in inputs:
        try:
            sketches = read_inputs(path, on_wrong_line=problems.append)
        except DrawingError as error:
            problems.append(error)
            continue
        if not sketches:
            continue
        one = _named(path, sketches, taken)
        taken.update({one.name, *one.names})
        shown.append(one)
    return shown, problems


def _named(path: Path, sketches: list[Sketch], taken: set[str]) -> _Shown:
    """Name an input and its drawings after the file; `-2` and so on if that is taken."""
    stem = path.name.split(".")[0] or path.name
    ends = [(sketch.name or stem).removeprefix(stem) for sketch in sketches]
    for number in itertools.count(1):
        name = stem if number == 1 else f"{stem}-{number}"
        names = [name + end for end in ends]
        if taken.isdisjoint({name, *names}):
            break
    return _Shown(name, sketches, names)


def _as_pictures(
    shown: Sequence[_Shown], drawings: Sequence[Sequence[Sketch]], form: str
) -> list[_File]:
    """Name a file for each drawing."""
    names = [name for one in shown for name in one.names]
    files: list[_File] = []
    for name, some in zip(names, drawings, strict=True):
        width = len(str(len(some) - 1))
        for index, sketch in enumerate(some):
            number = f"-{index:0{width}d}" if len(some) > 1 else ""
            files.append((f"{name}-redrawn{number}.{form}", sketch))
    return files


def _as_ndjson(
    shown: Sequence[_Shown],
    drawings: Sequence[Sequence[Sketch]],
    made: dict[str, float | None],
) -> list[_File]:
    """Write a line for each drawing, in whole numbers as QuickDraw does."""
    import numpy as np

    from sketch_pix2seq.sketch.ndjson import format_record

    rest = iter(drawings)
    files: list[_File] = []
    for one in shown:
        lines = []
        for name in one.names:
            for index, sketch in enumerate(next(rest)):
                strokes = [np.rint(stroke) for stroke in sketch.strokes]
                lines.append(format_record(strokes, input=name, index=index, **made) + b"\n")
        files.append((f"{one.name}.ndjson", b"".join(lines)))
    return files


def _refuse_to_replace(targets: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Check that no result would take the place of an input, a folder or somebody's ndjson."""
    sources = {path.resolve() for path in inputs}
    for target in targets:
        if target.resolve() in sources:
            what = "the input"
        elif target.is_dir():
            what = "the folder"
        elif target.suffix == ".ndjson" and target.is_file() and not _is_ours(target):
            what = "the file"
        else:
            continue
        raise UsageError(
            f"a result must not take the place of {what} `{target}`",
            do="Name another folder with --out.",
        )


def _is_ours(path: Path) -> bool:
    """Whether an ndjson was written by `draw`: its drawings say what they were made from."""
    with path.open("rb") as file:
        return b'"input":' in file.readline(1 << 20)


def _write(files: Sequence[_File], out: Path) -> None:
    """Write all files aside, then put each in its place and print where."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".sketch-pix2seq-") as aside:
        for name, content in files:
            if isinstance(content, bytes):
                (Path(aside) / name).write_bytes(content)
            else:
                content.save(Path(aside) / name)
        for name, _ in files:
            (Path(aside) / name).replace(out / name)
    for name, _ in files:
        print(out / name)
