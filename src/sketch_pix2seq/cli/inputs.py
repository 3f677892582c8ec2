"""Inputs of verbs: drawings, each under a unique name, and models.

`-` is standard input; as a model, `default` is the one in the package, or its classifier.
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
"""Standard input among inputs, standard output as the path of results."""


class ResultNames(NamedTuple):
    """The names that results are named after, unique among those of one call.

    Args:
        name: Name of an input file or a category.
        names: Names of its drawings.
    """

    name: str
    names: list[str]


class InputFile(NamedTuple):
    """An input file, a name for each of its drawings, and these; none if it cannot be read."""

    path: Path
    source: ResultNames
    sketches: list[Sketch]


@dataclass(frozen=True)
class Inputs:
    """What was read of the inputs of one call, and what could not be read."""

    files: list[InputFile]
    problems: list[DrawingError]

    @property
    def paths(self) -> list[Path]:
        """Paths of the input files."""
        return [file.path for file in self.files]

    @property
    def sketches(self) -> list[Sketch]:
        """All drawings, in the order of the inputs."""
        return [sketch for file in self.files for sketch in file.sketches]

    @property
    def sources(self) -> list[ResultNames]:
        """The names of the files that hold drawings."""
        return [file.source for file in self.files if file.sketches]

    def without(self, errors: Mapping[int, DrawingError]) -> Inputs:
        """Leave out drawings with errors, which become problems.

        Args:
            errors: By the drawing's index in `sketches`.
        """
        files, problems, number = [], list(self.problems), 0
        for file in self.files:
            indices = []
            for index in range(len(file.sketches)):
                if (error := errors.get(number)) is None:
                    indices.append(index)
                else:
                    problems.append(DrawingError(f"`{file.source.names[index]}`: {error}"))
                number += 1
            source = file.source._replace(names=[file.source.names[index] for index in indices])
            files.append(InputFile(file.path, source, [file.sketches[index] for index in indices]))
        return Inputs(files, problems)

    def raise_problems(self) -> None:
        """Write a line for each problem but the last that is listed, and raise that one.

        Raises:
            DrawingError: If there is a problem.
        """
        if not self.problems:
            return
        *others, last = self.problems[:MAX_REPORTED]
        for problem in others:
            notify(str(problem))
        more = len(self.problems) - MAX_REPORTED
        raise DrawingError(f"{last} ({more:,} more are not listed)") if more > 0 else last


def read_inputs(paths: Sequence[Path], **options: bool) -> Inputs:
    """Read the drawings of files and of the files in folders.

    Inputs of the same name are numbered; case and Unicode normalisation do not distinguish names,
    since some file systems ignore them.

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
    used: set[str] = set()
    for path in itertools.chain.from_iterable(_files_of(path, problems) for path in paths):
        is_piped = path == STANDARD
        source = _StandardInput(sys.stdin.buffer.read(MAX_BYTES + 1)) if is_piped else path
        name = source.name
        try:
            sketches = read_sketches(source, problems.append, **options)
        except DrawingError as error:
            problems.append(error)
            sketches = []
        notify_of_parts(name, [sketch.left_out for sketch in sketches])
        ends = [(sketch.name or stem(name)).removeprefix(stem(name)) for sketch in sketches]
        files.append(InputFile(path, unique_names(stem(name), ends, used), sketches))
    return Inputs(files, problems)


def notify_of_parts(name: str, left_out: list[str | None]) -> None:
    """Say what was left out of the drawings of a file; where it differs, of the first."""
    parts = [part for part in left_out if part is not None]
    if len(set(parts)) > 1:
        of = f" of {len(parts):,} of {len(left_out):,} drawings, of the first"
        notify(f"`{name}`: left out{of}: {parts[0]}")
    elif parts:
        notify(f"`{name}`: left out: {parts[0]}")


class _StandardInput(io.BytesIO):
    """Standard input as a file with a name."""

    name = "stdin"


def _files_of(path: Path, problems: list[DrawingError]) -> Iterator[Path]:
    """A file itself, or the drawings in a folder, ordered by name."""
    from sketch_pix2seq.io.kinds import is_drawing

    if path == STANDARD or not os.path.isdir(path):  # noqa: PTH112 - a name may be too long
        yield path
        return
    try:
        inside = sorted(path.iterdir())
        files = list(filter(is_drawing, inside))
        folders = [f"`{child.name}`" for child in inside if child.is_dir()]
    except OSError as error:
        problems.append(DrawingError(f"`{path}`: a folder must be readable", got=error.strerror))
        return
    if folders:
        more = ["..."] if len(folders) > MAX_REPORTED else []
        notify(f"`{path}`: left out: folders in it: {', '.join(folders[:MAX_REPORTED] + more)}")
    if not files:
        problems.append(DrawingError(f"`{path}`: a folder must hold drawings", got="none"))
    yield from files


def unique_names(stem: str, ends: Sequence[str], used: set[str]) -> ResultNames:
    """Choose unique names; `-2` and so on is appended if a name is used already.

    Args:
        stem: The preferred name.
        ends: Suffix of each drawing's name.
        used: Names that are used; the new ones are added.
    """
    for number in itertools.count(1):
        name = stem if number == 1 else f"{stem}-{number}"
        names = [name + end for end in ends]
        new = set(map(_normalised, (name, *names)))
        if used.isdisjoint(new):
            break
    used |= new
    return ResultNames(name, names)


def _normalised(name: str) -> str:
    """A name's form in which names are compared."""
    return unicodedata.normalize("NFC", name).casefold()


def model_at(path: Path | None) -> Path | None:
    """Return the path of a model; None: the one in the package."""
    return None if path is None or _is_default(path) else path


def bundle_at(path: Path) -> Bundle:
    """Read a bundle, or the one in the package."""
    from sketch_pix2seq.bundle.bundle import Bundle

    return Bundle.default() if _is_default(path) else Bundle.open(path)


def classifier_at(path: Path) -> ClassifierFiles:
    """Read an exported classifier, or the one that a model's bundle holds."""
    from sketch_pix2seq.bundle.bundle import Bundle
    from sketch_pix2seq.bundle.classifier import read_classifier

    if not _is_default(path):
        return read_classifier(path)
    classifier = Bundle.default().classifier
    if classifier is None:
        raise BundleError("the model in the package holds no classifier")
    return classifier


def _is_default(path: Path) -> bool:
    """Whether the model in the package is meant."""
    return path == Path("default") and not path.exists()
