"""The inputs of verbs that take drawings: all that can be read, each under a name of its own."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sketch_pix2seq.errors import DrawingError

if TYPE_CHECKING:
    from sketch_pix2seq.sketch.sketch import Sketch

MAX_TOLD = 10
"""The most wrong inputs that are told one by one."""


class Shown(NamedTuple):
    """An input file, under a name that no other one has, and its drawings."""

    name: str
    sketches: list[Sketch]
    names: list[str]


def read_all(inputs: Sequence[Path]) -> tuple[list[Shown], list[DrawingError]]:
    """Read all that can be read; inputs of the same name are numbered."""
    from sketch_pix2seq.sketch.reading import read_inputs

    shown: list[Shown] = []
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


def _named(path: Path, sketches: list[Sketch], taken: set[str]) -> Shown:
    """Name an input and its drawings after the file; `-2` and so on if that is taken."""
    stem = path.name.split(".")[0] or path.name
    ends = [(sketch.name or stem).removeprefix(stem) for sketch in sketches]
    for number in itertools.count(1):
        name = stem if number == 1 else f"{stem}-{number}"
        names = [name + end for end in ends]
        if taken.isdisjoint({name, *names}):
            break
    return Shown(name, sketches, names)


def tell(problems: Sequence[DrawingError]) -> None:
    """Say each problem in a line, and fail with the last; of very many, say how many more."""
    told, more = problems[:MAX_TOLD], len(problems) - MAX_TOLD
    for problem in told[:-1]:
        print(f"sketch-pix2seq: {problem}", file=sys.stderr)
    raise told[-1] if more <= 0 else DrawingError(f"{told[-1]}; and {more:,} more like it")
