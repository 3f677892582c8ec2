"""`sketch-pix2seq draw`: drawings in, redrawings out."""

from __future__ import annotations

import errno
import itertools
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
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
        from sketch_pix2seq.inference.arguments import check_amount
        from sketch_pix2seq.inference.sketcher import Sketcher

        sketches = [sketch for one in shown for sketch in one.sketches]
        check_amount(len(sketches), n, best_of)
        names = _file_names(shown, n, form)
        _refuse_place(out)
        _refuse_to_replace([out / name for name in names], inputs)
        sketcher = Sketcher.load(bundle)
        with progress_bar("drawing") as progress:
            drawings = sketcher.redraw(
                sketches, n, temperature, seed, progress=progress, best_of=best_of
            )
        heat = sketcher.card.temperature if temperature is None else temperature
        made = {"seed": seed, "temperature": heat, "best_of": best_of if best_of > 1 else None}
        contents: Iterable[Sketch | bytes] = itertools.chain.from_iterable(drawings)
        if form == "json":
            contents = _as_ndjson(shown, drawings, made)
        _write(list(zip(names, contents, strict=True)), out)
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


def _file_names(shown: Sequence[_Shown], n: int, form: Format) -> list[str]:
    """Name the files to be: one for each input, or one for each of n drawings."""
    if form == "json":
        return [f"{one.name}.ndjson" for one in shown]
    width = len(str(n - 1))
    numbers = [f"-{index:0{width}d}" for index in range(n)] if n > 1 else [""]
    names = [name for one in shown for name in one.names]
    return [f"{name}-redrawn{number}.{form}" for name in names for number in numbers]


def _as_ndjson(
    shown: Sequence[_Shown],
    drawings: Sequence[Sequence[Sketch]],
    made: dict[str, float | None],
) -> Iterator[bytes]:
    """Write a line for each drawing, in whole numbers as QuickDraw does."""
    import numpy as np

    from sketch_pix2seq.sketch.ndjson import format_record

    rest = iter(drawings)
    for one in shown:
        lines = []
        for name in one.names:
            for index, sketch in enumerate(next(rest)):
                strokes = [np.rint(stroke) for stroke in sketch.strokes]
                lines.append(format_record(strokes, input=name, index=index, **made) + b"\n")
        yield b"".join(lines)


def _refuse_place(out: Path) -> None:
    """Check that `out` is a folder that files can be made in, or can become one."""
    place = out
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise UsageError(f"`out` must be a folder, and `{place}` is none")
    if not os.access(place, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))


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
    import orjson

    with path.open("rb") as file:
        line = file.readline(1 << 20)
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(record, dict) and record.keys() >= {"input", "index", "seed", "drawing"}


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
