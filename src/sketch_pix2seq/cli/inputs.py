"""The inputs of verbs that take drawings: all that can be read, each under a name of its own."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from sketch_pix2seq.cli.terminal import notify
from sketch_pix2seq.errors import DrawingError, UsageError

if TYPE_CHECKING:
    from sketch_pix2seq.sketch.sketch import Sketch

MAX_REPORTED = 10
"""The most problems of inputs that are reported one by one."""


class InputFile(NamedTuple):
    """An input file and its drawings.

    Args:
        path: As it was given.
        name: What results are named after; no other input has it.
        sketches: Its drawings; none if the file could not be read.
        names: A name for each drawing; no other drawing has it.
    """

    path: Path
    name: str
    sketches: list[Sketch]
    names: list[str]


@dataclass(frozen=True)
class Inputs:
    """What was read of the inputs of one call.

    Args:
        files: One for each input, in their order.
        problems: What could not be read.
    """

    files: list[InputFile]
    problems: list[DrawingError]

    @property
    def paths(self) -> list[Path]:
        """The files, as they were given."""
        return [file.path for file in self.files]

    @property
    def sketches(self) -> list[Sketch]:
        """All drawings, in the order of the inputs."""
        return [sketch for file in self.files for sketch in file.sketches]

    @property
    def names(self) -> list[str]:
        """The names of all drawings."""
        return [name for file in self.files for name in file.names]

    def report_problems(self) -> None:
        """Write a line for each problem, and fail with the last; if there is none, do nothing.

        Raises:
            DrawingError: If there is a problem.
        """
        if self.problems:
            self._fail()

    def _fail(self) -> NoReturn:
        reported, more = self.problems[:MAX_REPORTED], len(self.problems) - MAX_REPORTED
        for problem in reported[:-1]:
            notify(str(problem))
        if more <= 0:
            raise reported[-1]
        raise DrawingError(f"{reported[-1]}; and {more:,} more like it")


def read_files(paths: Sequence[Path]) -> Inputs:
    """Read all that can be read; inputs of the same name are numbered.

    Names are the same if a file system might take them for one: case and the ways to write an
    accent do not count.

    Args:
        paths: One or more files.

    Raises:
        UsageError: If there is none.
    """
    from sketch_pix2seq.sketch.reading import read_sketches

    if not paths:
        raise UsageError("there must be an input", do="Name a file with a drawing.")
    files: list[InputFile] = []
    problems: list[DrawingError] = []
    taken: set[str] = set()
    for path in paths:
        try:
            sketches = read_sketches(path, on_wrong_line=problems.append)
        except DrawingError as error:
            problems.append(error)
            sketches = []
        file = _named(path, sketches, taken)
        taken.update(map(_as_one, {file.name, *file.names}))
        files.append(file)
    return Inputs(files, problems)


def _named(path: Path, sketches: list[Sketch], taken: set[str]) -> InputFile:
    """Name an input and its drawings after the file; `-2` and so on if that is taken."""
    stem = path.name.split(".")[0] or path.name
    ends = [(sketch.name or stem).removeprefix(stem) for sketch in sketches]
    for number in itertools.count(1):
        name = stem if number == 1 else f"{stem}-{number}"
        names = [name + end for end in ends]
        if taken.isdisjoint(map(_as_one, {name, *names})):
            break
    return InputFile(path, name, sketches, names)


def _as_one(name: str) -> str:
    """Write names that a file system might take for one in one way."""
    return unicodedata.normalize("NFC", name).casefold()
