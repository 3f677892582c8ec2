"""Results of verbs that draw: style, file names, and writing all of them or none."""

from __future__ import annotations

import errno
import itertools
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from cyclopts import Parameter

from sketch_pix2seq.cli.inputs import STANDARD, ResultNames
from sketch_pix2seq.cli.terminal import print_line
from sketch_pix2seq.errors import UsageError

if TYPE_CHECKING:
    from sketch_pix2seq.sketch.sketch import Sketch

Format = Literal["svg", "dxf", "excalidraw", "png", "gif", "apng", "ndjson"]
_LONGEST_NAME = 255
"""Bytes of a file's name that all usual file systems take."""
_FILE_SUFFIX = re.compile(r"\.([A-Za-z]{2,7}[0-9]?|excalidrawlib)")
"""What follows the last dot of a file's name, such as .hpgl; not of a folder like run.2."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Style:
    """How results look, where that differs from the defaults of `Sketch.save`."""

    curves: Annotated[
        bool | None,
        Parameter(help="Draw curves, not straight lines; corners stay.", negative="--no-curves"),
    ] = None
    animate: Annotated[bool, Parameter(help="SVGs draw themselves, stroke by stroke.")] = False
    size: Annotated[int | None, Parameter(help="Width and height in pixels; 256.")] = None
    size_mm: Annotated[
        float | None, Parameter(help="Real size of SVGs and DXFs, for plotters.")
    ] = None

    def options(self, form: str, *, curved: bool = False) -> dict[str, Any]:
        """Return the options of `Sketch.save`; refuse what the format does not support.

        Args:
            form: The suffix.
            curved: Whether SVGs show curves if nothing else is asked for.
        """
        if self.animate and form != "svg":
            raise UsageError("`animate` is for SVGs", got=form)
        if self.size_mm is not None and form not in ("svg", "dxf"):
            raise UsageError("`size_mm` is for SVGs and DXFs", got=form)
        options: dict[str, Any] = {"animate": True} if self.animate else {}
        options |= {"size_mm": self.size_mm} if self.size_mm is not None else {}
        _check_sizes(self.size, self.size_mm, form)
        curves = (curved and form == "svg") if self.curves is None else self.curves
        options |= {"curves": True} if curves else {}
        options |= {"size": self.size} if self.size is not None else {}
        if options and form == "ndjson":
            raise UsageError(f"`{next(iter(options))}` is for pictures", got=form)
        return options


def _check_sizes(size: int | None, size_mm: float | None, form: str) -> None:
    """Refuse what `Sketch.save` would refuse, before anything is drawn."""
    from sketch_pix2seq.io.animation import check_size
    from sketch_pix2seq.sketch.raster import RasterSettings
    from sketch_pix2seq.sketch.sketch import Sketch

    if size is not None:
        if size < 1:
            raise UsageError("`size` must be at least 1", got=size)
        if form in ("png", "gif", "apng"):
            RasterSettings(size=size, margin=0)
        if form in ("gif", "apng"):
            check_size(size)
    if size_mm is not None:
        Sketch.from_points([[(0, 0)]]).to_svg(size_mm=size_mm)


DEFAULT_STYLE = Style()
"""The defaults of `Sketch.save`."""


class ResultFiles:
    """The files that a verb will write, checked before anything is drawn.

    Args:
        sources: The inputs that files are named after; none while they are unread: what can be
            checked without them is.
        inputs: The input files, which are never replaced.
        out: The folder for them; or the file, if it is named like one; or `-`, standard output.
        form: Kind of the files; None: as the file is named, or else svg.
        suffix: Second part of file names, `redrawn` in `NAME-redrawn.svg`.
        style: How results look.
        n: Number of files for each name of the sources.
        overwrite: Replace files that exist.
        curved: Whether SVGs show curves if `style` does not say.
    """

    def __init__(
        self,
        sources: Sequence[ResultNames],
        inputs: Sequence[Path],
        out: Path,
        form: Format | None,
        suffix: str,
        style: Style,
        *,
        n: int = 1,
        overwrite: bool = False,
        curved: bool = False,
    ) -> None:
        named = out.suffix.lower().removeprefix(".")
        is_file = named in get_args(Format) and not out.is_dir()
        _refuse_other_kinds(out, is_file=is_file)
        if is_file and form not in (None, named):
            raise UsageError(f"`out` must end in .{form}, as `form` says", got=out.name)
        self.form: str = form or (named if is_file else "svg")
        self._options = style.options(self.form, curved=curved)
        names = _file_names(sources, n, self.form, suffix)
        self._is_piped = out == STANDARD
        if (is_file or self._is_piped) and self.form != "ndjson" and len(names) > 1:
            raise UsageError(
                "`out` must be a folder for more than one result",
                got=f"`{out}` for {len(names):,}",
                do="Name a folder, or ask for `form` ndjson.",
            )
        self._targets = [out] if is_file else [out / name for name in names]
        self._targets = [Path("stdout." + self.form)] if self._is_piped else self._targets
        self._is_whole = is_file or self._is_piped
        self._sources, self._inputs, self._overwrite = sources, inputs, overwrite
        names = [target.name for target in self._targets]
        longest = max(names, key=lambda name: len(os.fsencode(name)), default="")
        if len(os.fsencode(longest)) > _LONGEST_NAME:
            raise UsageError(
                f"a result's name must have at most {_LONGEST_NAME} bytes",
                got=f"{longest[:40]}...",
                do="Give the input a shorter name, or name a file with `out`.",
            )
        if not self._is_piped:
            refuse_place(out.parent if is_file else out)
            self._refuse_to_replace()

    def _refuse_to_replace(self) -> None:
        refuse_to_replace(self._targets, self._inputs, overwrite=self._overwrite)

    def write(
        self,
        drawings: Sequence[Sequence[Sketch]],
        made: dict[str, Any],
        redrawn: Sequence[Sketch] = (),
    ) -> None:
        """Write all files, all or none, and print their paths.

        Args:
            drawings: The results of each name of the sources.
            made: How they were made, for ndjson.
            redrawn: What each name's results redraw; ndjson holds how near they are.
        """
        contents: Iterable[Sketch | bytes] = itertools.chain.from_iterable(drawings)
        if self.form == "ndjson":
            contents = ndjson(self._sources, drawings, made, redrawn)
            contents = [b"".join(contents)] if self._is_whole else contents
        with writing_aside(self._targets, is_piped=self._is_piped) as made_files:
            for file, content in zip(made_files, contents, strict=True):
                if isinstance(content, bytes):
                    file.write_bytes(content)
                else:
                    content.save(file, **self._options)
            if not self._is_piped:
                self._refuse_to_replace()


@contextmanager
def writing_aside(targets: Sequence[Path], *, is_piped: bool) -> Iterator[list[Path]]:
    """Yield temporary paths to write to; move the files to `targets` at the end; print these.

    Args:
        targets: Final paths, in one folder.
        is_piped: Write them to standard output instead, and print nothing.
    """
    from sketch_pix2seq.io.atomic import replace_file

    folder = None if is_piped else targets[0].parent
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".sketch-pix2seq-") as scratch:
        aside = [Path(scratch) / target.name for target in targets]
        yield aside
        for file, target in zip(aside, targets, strict=True):
            if is_piped:
                sys.stdout.buffer.write(file.read_bytes())
            else:
                replace_file(file, target)
    if not is_piped:
        for target in targets:
            print_line(target)


def refuse_place(out: Path, name: str = "out") -> None:
    """Check that `out` is a folder that files can be made in, or can become one.

    `name` is that of the flag.
    """
    folder = out
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir():
        raise UsageError(f"`{name}` must be a folder, and `{folder}` is not one")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def refuse_to_replace(
    targets: Iterable[Path], inputs: Sequence[Path], *, overwrite: bool = False
) -> None:
    """Check that no result replaces an input, a folder, or, without `overwrite`, a file.

    What is no file, such as a pipe, is written to anyway.
    """
    present = [path for path in inputs if os.path.exists(path)]  # noqa: PTH110 - a name may be too long
    sources = {_identity(path) for path in present}
    for target in targets:
        if not os.path.lexists(target):
            continue
        do = "Name another place with `out`."
        if target.exists() and _identity(target) in sources:
            what = "input"
        elif target.is_dir():
            what = "folder"
        elif not overwrite and (target.is_file() or not target.exists()):
            what = "file"
            do = "Name another place with `out`, or give `overwrite`."
        else:
            continue
        raise UsageError(f"a result must not take the place of the {what} `{target}`", do=do)


def _identity(path: Path) -> tuple[int, int]:
    """Alike for names of one file."""
    found = path.stat()
    return found.st_dev, found.st_ino


def _refuse_other_kinds(out: Path, *, is_file: bool) -> None:
    """Refuse a name such as cat.jpg or cat.hpgl, which would become a folder."""
    if not is_file and not out.is_dir() and _FILE_SUFFIX.fullmatch(out.suffix):
        kinds = ", ".join(f".{name}" for name in get_args(Format))
        raise UsageError(
            f"`out` must be a folder, or end in one of {kinds}",
            got=out.name,
            do="Make the folder first if it is to have this name.",
        )


def _file_names(sources: Sequence[ResultNames], n: int, form: str, suffix: str) -> list[str]:
    """File names: one for each source, or one for each of n drawings."""
    if form == "ndjson":
        return [f"{source.name}.ndjson" for source in sources]
    width = len(str(n - 1))
    numbers = [f"-{index:0{width}d}" for index in range(n)] if n > 1 else [""]
    names = [name for source in sources for name in source.names]
    return [f"{name}-{suffix}{number}.{form}" for name in names for number in numbers]


def ndjson(
    sources: Sequence[ResultNames],
    drawings: Sequence[Sequence[Sketch]],
    made: dict[str, Any],
    redrawn: Sequence[Sketch] = (),
) -> Iterator[bytes]:
    """Yield the content of a file for each source: a line for each drawing, in whole numbers."""
    import numpy as np

    from sketch_pix2seq.io.ndjson import format_record

    remaining = iter(drawings)
    originals = iter(redrawn)
    for source in sources:
        lines = []
        for name in source.names:
            original = next(originals, None)
            for index, sketch in enumerate(next(remaining)):
                strokes = [np.rint(stroke) for stroke in sketch.strokes]
                names: dict[str, Any] = {"word": sketch.category, "input": name, "index": index}
                if original is not None:
                    names["distance"] = round(sketch.distance_to(original), 2)
                lines.append(format_record(strokes, **names, **made) + b"\n")
        yield b"".join(lines)
