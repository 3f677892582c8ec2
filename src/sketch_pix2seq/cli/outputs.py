"""The results of verbs that draw: how they look, what they are called, all written or none."""

from __future__ import annotations

import errno
import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from sketch_pix2seq.cli.inputs import Source
from sketch_pix2seq.cli.terminal import print_line
from sketch_pix2seq.errors import UsageError

if TYPE_CHECKING:
    from sketch_pix2seq.sketch.sketch import Sketch

Format = Literal["svg", "png", "gif", "apng", "ndjson"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Style:
    """How results look, where it is not as `Sketch.save` does it anyway."""

    smooth: Annotated[bool, Parameter(help="Draw curves through the points; corners stay.")] = False
    animate: Annotated[bool, Parameter(help="SVGs draw themselves, stroke by stroke.")] = False
    size: Annotated[int | None, Parameter(help="Width and height in pixels; 256.")] = None
    size_mm: Annotated[float | None, Parameter(help="Real size of SVGs, for plotters.")] = None

    def options(self, form: str) -> dict[str, Any]:
        """Return the options of `Sketch.save`; refuse what files of that suffix cannot show."""
        only_svg = {"animate": self.animate or None, "size_mm": self.size_mm}
        options = {name: value for name, value in only_svg.items() if value is not None}
        if options and form != "svg":
            raise UsageError(f"`{next(iter(options))}` is for SVGs", got=form)
        options |= {"smooth": True} if self.smooth else {}
        options |= {"size": self.size} if self.size is not None else {}
        if options and form == "ndjson":
            raise UsageError(f"`{next(iter(options))}` is for pictures", got=form)
        return options


PLAIN = Style()
"""As `Sketch.save` does it."""


class ResultFiles:
    """The files that a verb is going to write; one that cannot be written is refused at once.

    Args:
        sources: The inputs that files are named after.
        inputs: The input files, which are never replaced.
        out: The folder for them.
        form: Kind of the files.
        suffix: Second part of file names, `redrawn` in `NAME-redrawn.svg`.
        style: How results look.
        n: Number of files for each name of the sources.
        overwrite: Replace files that exist.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        inputs: Sequence[Path],
        out: Path,
        form: Format,
        suffix: str,
        style: Style,
        *,
        n: int = 1,
        overwrite: bool = False,
    ) -> None:
        self._options = style.options(form)
        self._names = _file_names(sources, n, form, suffix)
        self._sources, self._inputs, self._overwrite = sources, inputs, overwrite
        self._folder, self._form = out, form
        refuse_place(out)
        self._refuse_to_replace()

    def _refuse_to_replace(self) -> None:
        targets = [self._folder / name for name in self._names]
        refuse_to_replace(targets, self._inputs, overwrite=self._overwrite)

    def write(self, drawings: Sequence[Sequence[Sketch]], made: dict[str, Any]) -> None:
        """Write all files aside, then put each in its place, and print where; all or none.

        Args:
            drawings: The results of each name of the sources.
            made: How they were made, for ndjson.
        """
        from sketch_pix2seq.io.atomic import put_in_place

        contents: Iterable[Sketch | bytes] = itertools.chain.from_iterable(drawings)
        if self._form == "ndjson":
            contents = ndjson(self._sources, drawings, made)
        targets = [self._folder / name for name in self._names]
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".sketch-pix2seq-") as scratch:
            made_files = [Path(scratch) / name for name in self._names]
            for file, content in zip(made_files, contents, strict=True):
                if isinstance(content, bytes):
                    file.write_bytes(content)
                else:
                    content.save(file, **self._options)
            self._refuse_to_replace()
            for file, target in zip(made_files, targets, strict=True):
                put_in_place(file, target)
        for target in targets:
            print_line(target)


def refuse_place(out: Path) -> None:
    """Check that `out` is a folder that files can be made in, or can become one."""
    place = out
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise UsageError(f"`out` must be a folder, and `{place}` is not one")
    if not os.access(place, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))


def refuse_to_replace(
    targets: Iterable[Path], inputs: Sequence[Path], *, overwrite: bool = False
) -> None:
    """Check that no result takes the place of an input, of a folder, or of a file unasked.

    With `overwrite` files other than inputs may be replaced. What is no file, such as a pipe, is
    written to anyway.
    """
    sources = [path for path in inputs if os.path.exists(path)]  # noqa: PTH110 - a name may be too long
    for target in targets:
        if not os.path.lexists(target):
            continue
        do = "Name another place with `out`."
        if target.exists() and any(target.samefile(source) for source in sources):
            what = "input"
        elif target.is_dir():
            what = "folder"
        elif not overwrite and (target.is_file() or not target.exists()):
            what = "file"
            do = "Name another place with `out`, or give `overwrite`."
        else:
            continue
        raise UsageError(f"a result must not take the place of the {what} `{target}`", do=do)


def _file_names(sources: Sequence[Source], n: int, form: Format, suffix: str) -> list[str]:
    """Name the files to be: one for each source, or one for each of n drawings."""
    if form == "ndjson":
        return [f"{source.name}.ndjson" for source in sources]
    width = len(str(n - 1))
    numbers = [f"-{index:0{width}d}" for index in range(n)] if n > 1 else [""]
    names = [name for source in sources for name in source.names]
    return [f"{name}-{suffix}{number}.{form}" for name in names for number in numbers]


def ndjson(
    sources: Sequence[Source], drawings: Sequence[Sequence[Sketch]], made: dict[str, Any]
) -> Iterator[bytes]:
    """Write a line for each drawing, in whole numbers as QuickDraw does."""
    import numpy as np

    from sketch_pix2seq.io.ndjson import format_record

    rest = iter(drawings)
    for source in sources:
        lines = []
        for name in source.names:
            for index, sketch in enumerate(next(rest)):
                strokes = [np.rint(stroke) for stroke in sketch.strokes]
                names = {"word": sketch.category, "input": name, "index": index}
                lines.append(format_record(strokes, **names, **made) + b"\n")
        yield b"".join(lines)
