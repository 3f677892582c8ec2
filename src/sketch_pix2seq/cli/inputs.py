"""Inputs of verbs: drawings, each under a unique name, and models.

`-` is standard input, and `default` in the place of a model the one in the package, or its
classifier.
"""

from __future__ import annotations

import io
import itertools
import os
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sketch_pix2seq.cli.terminal import notify
from sketch_pix2seq.errors import BundleError, DrawingError, UsageError

if TYPE_CHECKING:
    from sketch_pix2seq.bundle.bundle import Bundle
    from sketch_pix2seq.bundle.classifier import ClassifierFiles
    from sketch_pix2seq.sketch.sketch import Sketch

MAX_REPORTED = 10
"""The most problems of inputs that are reported one by one."""


STANDARD = Path("-")
"""Standard input among inputs, standard output as a place for results."""


class Source(NamedTuple):
    """What results are named after.

    Args:
        name: Of an input; no other one has it.
        names: Of what drawings are made of; no other one has it.
    """

    name: str
    names: list[str]


class InputFile(NamedTuple):
    """An input file, a name for each of its drawings, and these; none if it cannot be read."""

    path: Path
    source: Source
    sketches: list[Sketch]


@dataclass(frozen=True)
class Inputs:
    """What was read of the inputs of one call, and what could not be read."""

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
    def sources(self) -> list[Source]:
        """The names of the files that hold drawings."""
        return [file.source for file in self.files if file.sketches]

    def without(self, wrong: Mapping[int, DrawingError]) -> Inputs:
        """Leave out some drawings, by their place in `sketches`; what is wrong with them is known.

        Args:
            wrong: What is wrong with each; it becomes a problem of its file.
        """
        files, problems, number = [], list(self.problems), 0
        for file in self.files:
            kept = []
            for place in range(len(file.sketches)):
                if (error := wrong.get(number)) is None:
                    kept.append(place)
                else:
                    problems.append(DrawingError(f"`{file.source.names[place]}`: {error}"))
                number += 1
            source = file.source._replace(names=[file.source.names[place] for place in kept])
            files.append(InputFile(file.path, source, [file.sketches[place] for place in kept]))
        return Inputs(files, problems)

    def report_problems(self) -> None:
        """Write a line for each problem, and fail with the last; if there is none, do nothing."""
        if not self.problems:
            return
        *others, last = self.problems[:MAX_REPORTED]
        for problem in others:
            notify(str(problem))
        more = len(self.problems) - MAX_REPORTED
        raise DrawingError(f"{last}; and {more:,} more like it") if more > 0 else last


def read_files(paths: Sequence[Path], **options: bool) -> Inputs:
    """Read all that can be read of files, and of the files of folders.

    Inputs of the same name are numbered. Names are the same if a file system might take them for
    one: case and the ways to write an accent do not count.

    Args:
        paths: The files.
        options: Of `read_sketches`.
    """
    from sketch_pix2seq.io.kinds import stem
    from sketch_pix2seq.io.reading import MAX_BYTES, read_sketches

    if not paths:
        raise UsageError("there must be an input", do="Name a file with a drawing.")
    files: list[InputFile] = []
    problems: list[DrawingError] = []
    taken: set[str] = set()
    for path in itertools.chain.from_iterable(_files_of(path, problems) for path in paths):
        is_piped = path == STANDARD
        source = _StandardInput(sys.stdin.buffer.read(MAX_BYTES + 1)) if is_piped else path
        name = source.name
        try:
            sketches = read_sketches(source, problems.append, **options)
        except DrawingError as error:
            problems.append(error)
            sketches = []
        for left_out in dict.fromkeys(sketch.left_out for sketch in sketches):
            if left_out is not None:
                notify(f"`{name}`: left out: {left_out}")
        ends = [(sketch.name or stem(name)).removeprefix(stem(name)) for sketch in sketches]
        files.append(InputFile(path, name_source(stem(name), ends, taken), sketches))
    return Inputs(files, problems)


class _StandardInput(io.BytesIO):
    """What came by standard input, as a file that has a name."""

    name = "stdin"


def _files_of(path: Path, problems: list[DrawingError]) -> Iterator[Path]:
    """A file itself, and the drawings of a folder by name."""
    from sketch_pix2seq.io.kinds import is_drawing

    if path == STANDARD or not os.path.isdir(path):  # noqa: PTH112 - a name may be too long
        yield path
        return
    try:
        found = sorted(filter(is_drawing, path.iterdir()))
    except OSError as error:
        problems.append(DrawingError(f"`{path}`: a folder must be readable", got=error.strerror))
        return
    if not found:
        problems.append(DrawingError(f"`{path}`: a folder must hold drawings", got="none"))
    yield from found


def name_source(stem: str, ends: Sequence[str], taken: set[str]) -> Source:
    """Name what results are made of; `-2` and so on if a name is taken.

    Args:
        stem: The preferred name.
        ends: Added to it for each drawing.
        taken: Names that are taken, to which the new ones are added.
    """
    for number in itertools.count(1):
        name = stem if number == 1 else f"{stem}-{number}"
        names = [name + end for end in ends]
        new = set(map(_as_one, (name, *names)))
        if taken.isdisjoint(new):
            break
    taken |= new
    return Source(name, names)


def _as_one(name: str) -> str:
    """Write names that a file system might take for one in one way."""
    return unicodedata.normalize("NFC", name).casefold()


def model_at(place: Path | None) -> Path | None:
    """Return the path of a model; None: the one in the package."""
    return None if place is None or _is_default(place) else place


def bundle_at(place: Path) -> Bundle:
    """Read a bundle, or the one in the package."""
    from sketch_pix2seq.bundle.bundle import Bundle

    return Bundle.default() if _is_default(place) else Bundle.open(place)


def classifier_at(place: Path) -> ClassifierFiles:
    """Read an exported classifier, or the one that a model's bundle holds."""
    from sketch_pix2seq.bundle.bundle import Bundle
    from sketch_pix2seq.bundle.classifier import read_classifier

    if not _is_default(place):
        return read_classifier(place)
    classifier = Bundle.default().classifier
    if classifier is None:
        raise BundleError("the model in the package holds no classifier")
    return classifier


def _is_default(place: Path) -> bool:
    """Whether the model in the package is meant."""
    return place == Path("default") and not place.exists()
