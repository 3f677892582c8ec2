"""The results of verbs that draw: how they look, what they are called, all written or none."""

from __future__ import annotations

import errno
import itertools
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from sketch_pix2seq.cli.inputs import Shown, read_all, tell
from sketch_pix2seq.errors import UsageError

if TYPE_CHECKING:
    from sketch_pix2seq.sketch.sketch import Sketch

Format = Literal["svg", "png", "gif", "apng", "json"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Look:
    """How results look, where it is not as `Sketch.save` does it anyway."""

    smooth: Annotated[bool, Parameter(help="Draw curves through the points; corners stay.")] = False
    animate: Annotated[bool, Parameter(help="SVGs draw themselves, stroke by stroke.")] = False
    size: Annotated[int | None, Parameter(help="Width and height in pixels; 256.")] = None
    size_mm: Annotated[float | None, Parameter(help="Real size of SVGs, for plotters.")] = None

    def options(self, form: str) -> dict[str, Any]:
        """What `Sketch.save` is told.

        Args:
            form: Suffix of the files.

        Returns:
            Its options.

        Raises:
            UsageError: If something is asked for that such files cannot show.
        """
        only_svg = {"animate": self.animate or None, "size_mm": self.size_mm}
        asked = {name: value for name, value in only_svg.items() if value is not None}
        if asked and form != "svg":
            raise UsageError(f"`{next(iter(asked))}` is for SVGs", got=form)
        asked |= {"smooth": True} if self.smooth else {}
        asked |= {"size": self.size} if self.size is not None else {}
        if asked and form == "json":
            raise UsageError(f"`{next(iter(asked))}` is for pictures", got=form)
        return asked


PLAIN = Look()
"""As `Sketch.save` does it."""


@dataclass(frozen=True)
class Wanted:
    """What a verb is to write.

    Args:
        inputs: The files it was given.
        out: The folder for the results.
        form: Kind of the files.
        made: What the results are called after: `NAME-redrawn.svg`.
        look: How they look.
        n: How many for each drawing of the inputs.
    """

    inputs: Sequence[Path]
    out: Path
    form: Format
    made: str
    look: Look
    n: int = 1


Make = Callable[[list["Sketch"]], tuple[Sequence[Sequence["Sketch"]], dict[str, Any]]]
"""From all drawings of the inputs: the results of each, and how they were made."""


def make_results(wanted: Wanted, make: Make) -> None:
    """Read the inputs, make something of each, write all of it and print where.

    Args:
        wanted: What to write.
        make: Called once, after all that can be checked has been.

    Raises:
        UsageError: If there is no input, or a result cannot be written.
        DrawingError: If an input could not be read, after the others have been made.
    """
    if not wanted.inputs:
        raise UsageError("there must be an input", do="Name a file with a drawing.")
    wanted.look.options(wanted.form)  # refuses what such files cannot show
    shown, problems = read_all(wanted.inputs)
    if shown:
        make_results_of(shown, wanted, make)
    if problems:
        tell(problems)


def make_results_of(shown: Sequence[Shown], wanted: Wanted, make: Make) -> None:
    """Make something of what is there already, write all of it and print where.

    Args:
        shown: What results are made of; one name for each of them.
        wanted: What to write.
        make: As of `make_results`.

    Raises:
        UsageError: If a result cannot be written.
    """
    options = wanted.look.options(wanted.form)
    names = file_names(shown, wanted.n, wanted.form, wanted.made)
    refuse_place(wanted.out)
    refuse_to_replace([wanted.out / name for name in names], wanted.inputs)
    results, facts = make([sketch for one in shown for sketch in one.sketches])
    contents: Iterable[Sketch | bytes] = itertools.chain.from_iterable(results)
    if wanted.form == "json":
        contents = as_ndjson(shown, results, facts)
    write_all(list(zip(names, contents, strict=True)), wanted.out, options)


def file_names(shown: Sequence[Shown], n: int, form: Format, made: str) -> list[str]:
    """Name the files to be: one for each input, or one for each of n drawings."""
    if form == "json":
        return [f"{one.name}.ndjson" for one in shown]
    width = len(str(n - 1))
    numbers = [f"-{index:0{width}d}" for index in range(n)] if n > 1 else [""]
    names = [name for one in shown for name in one.names]
    return [f"{name}-{made}{number}.{form}" for name in names for number in numbers]


def as_ndjson(
    shown: Sequence[Shown],
    drawings: Sequence[Sequence[Sketch]],
    made: dict[str, Any],
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
                what = {"word": sketch.category, "input": name, "index": index}
                lines.append(format_record(strokes, **what, **made) + b"\n")
        yield b"".join(lines)


def refuse_place(out: Path) -> None:
    """Check that `out` is a folder that files can be made in, or can become one."""
    place = out
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise UsageError(f"`out` must be a folder, and `{place}` is none")
    if not os.access(place, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))


def refuse_to_replace(targets: Sequence[Path], inputs: Sequence[Path]) -> None:
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
    """Whether an ndjson was written by us: its drawings say what they were made from."""
    import orjson

    with path.open("rb") as file:
        line = file.readline(1 << 20)
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(record, dict) and record.keys() >= {"input", "index", "drawing"}


def write_all(
    files: Sequence[tuple[str, Sketch | bytes]], out: Path, options: dict[str, Any]
) -> None:
    """Write all files aside, then put each in its place and print where."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".sketch-pix2seq-") as aside:
        for name, content in files:
            if isinstance(content, bytes):
                (Path(aside) / name).write_bytes(content)
            else:
                content.save(Path(aside) / name, **options)
        for name, _ in files:
            (Path(aside) / name).replace(out / name)
    for name, _ in files:
        print(out / name)
