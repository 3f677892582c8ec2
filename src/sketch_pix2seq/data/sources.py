"""Sources on disk: finding them, and reading them in constant memory, gzipped or not."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, TypeAlias

from sketch_pix2seq.data.card import FILE_NAME, LONGEST_CATEGORY, is_category
from sketch_pix2seq.errors import DatasetError, DrawingError, UsageError
from sketch_pix2seq.io.kinds import (
    HEAD,
    MANY_DRAWINGS,
    ONE_DRAWING,
    Kind,
    encoding_of,
    is_drawing,
    kind_of,
    without_suffix,
)
from sketch_pix2seq.io.opened import GZIP, Content, SourceEndedError
from sketch_pix2seq.io.picture.decoding import MAX_PICTURE_BYTES

_BLOCK = 1 << 18
_GZIP_WINDOW = 31
_GOOGLES_NAMES = re.compile(r"(full_(simplified|raw|binary|numpy_bitmap)|sketchrnn)_(?=.)")


def find_sources(
    sources: Sequence[str | Path], on_notice: Callable[[str], None] = lambda notice: None
) -> list[Source]:
    """List the sources: files as given, those of a folder by name.

    A folder of files of one drawing each (SVG, pictures, ...) is one source, named after it; so is
    each such folder in a folder. Files of many drawings are not looked for in such folders.

    Args:
        sources: Files and folders.
        on_notice: Called with a line for each such folder of which files of many, or folders in
            it, are passed over.

    Raises:
        UsageError: If there is no source, or one that does not stand in a list.
        DatasetError: If one does not exist, holds nothing, or is named twice.
    """
    check_several(sources)
    files: list[Path] = []
    for path in map(Path, sources):
        if (path / FILE_NAME).is_file():
            raise DatasetError(
                f"source `{path}` must not be a prepared data set",
                do="Name what it was made of, or convert it alone with `data convert`.",
            )
        if path.is_dir():
            files.extend(_files_below(path, on_notice))
        elif path.is_file():
            files.append(path)
        else:
            raise DatasetError(f"source `{path}` must be a file or a folder that exists")
    if not files:
        raise UsageError("at least one source is needed", do="Name a file or a folder.")
    resolved: set[Path] = set()
    for path in files:
        if path.resolve() in resolved:
            raise DatasetError(f"source `{path}` is named twice", do="Name each file once.")
        resolved.add(path.resolve())
    result: list[Source] = []
    folders: dict[Path, SourceFolder] = {}
    for path in files:
        if not _is_alone(path):
            result.append(SourceFile(path))
        elif path.parent in folders:
            folders[path.parent].files.append(path)
        else:
            folders[path.parent] = SourceFolder(path.parent, [path])
            result.append(folders[path.parent])
    return result


def check_several(sources: object) -> None:
    """Refuse a path in place of several: a text would be read as one path a letter.

    Raises:
        UsageError: If it is one.
    """
    if isinstance(sources, str | os.PathLike):
        raise UsageError("`sources` must be a list", got=f"one path, `{sources}`")


def _files_below(folder: Path, on_notice: Callable[[str], None]) -> list[Path]:
    """List what a folder holds by name, and then the drawings of the folders in it."""
    try:
        inside = sorted(folder.iterdir())
        files = [path for path in inside if is_drawing(path) and path.is_file()]
        for below in inside:
            if below.is_dir():
                files += _drawings_of(below)
                _notify_of_others(below, on_notice)
    except OSError as error:
        raise DatasetError(f"folder `{folder}` cannot be read", got=error.strerror) from error
    if not files:
        kinds = ", ".join(f"*{suffix}" for suffix in MANY_DRAWINGS)
        raise DatasetError(
            f"folder `{folder}` has no drawings",
            do=f"Name one of {kinds} (also .gz), SVG files or pictures, or of folders of these.",
        )
    return files


def _notify_of_others(folder: Path, on_notice: Callable[[str], None]) -> None:
    others = sorted(
        path.name
        for path in folder.iterdir()
        if (is_drawing(path) and not _is_alone(path))
        or (path.is_dir() and not path.name.startswith("."))
    )
    if others:
        more = f" and {len(others) - 1:,} more are" if len(others) > 1 else " is"
        on_notice(
            f"folder `{folder}`: `{others[0]}`{more} passed over. "
            "Name that folder as a source of its own."
        )


def _drawings_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if is_drawing(path) and _is_alone(path))


def _is_alone(path: Path) -> bool:
    return path.name.casefold().removesuffix(".gz").endswith(ONE_DRAWING)


def category_of_file(path: Path) -> str:
    """Return the file name without its suffixes: the category of nameless records.

    Example:
        >>> category_of_file(Path("sketchrnn_smiley face.full.npz"))
        'smiley face'
    """
    name = without_suffix(path.name, ".gz")
    for suffix in (*MANY_DRAWINGS, ".full"):
        name = without_suffix(name, suffix)
    return _GOOGLES_NAMES.sub("", name, count=1) if _GOOGLES_NAMES.match(name) else name


def _checked(category: str, path: Path) -> str:
    if not is_category(category):
        raise DatasetError(
            f"the name of source `{path.name}` must be 1 to {LONGEST_CATEGORY} printable letters",
            do="Rename it: it is the category of drawings without a `word`.",
        )
    return category


class SourceFile:
    """One source, read once from its beginning to its end.

    *Convention*:
        gzip is recognised by content, not by name.

    Args:
        path: The file.
        span: Only the lines that begin from this byte on and before that one.
    """

    def __init__(self, path: Path, span: tuple[int, int] | None = None) -> None:
        self.path = path
        self.span = span
        self._file: BinaryIO | None = None

    @property
    def size(self) -> int:
        """In bytes, as it lies on disk."""
        return self.path.stat().st_size

    @property
    def bytes_read(self) -> int:
        """Bytes that are read, as they lie on disk."""
        if self._file is None:
            return 0
        start, stop = self.span or (0, self.size)
        return stop - start if self._file.closed else self._file.tell() - start

    def can_be_cut(self) -> bool:
        """Whether its lines can be read in parts: ndjson that is neither gzipped nor UTF-16."""
        try:
            with self.path.open("rb") as file:
                head = file.read(HEAD)
            return encoding_of(head) == "utf-8" and kind_of(head, self.path.name) is Kind.LINES
        except (OSError, DrawingError):
            return False

    @cached_property
    def category(self) -> str:
        """Its name without suffixes; a DatasetError if no category can have it."""
        return _checked(category_of_file(self.path), self.path)

    def sha256(self) -> str:
        """Digest of the file; of nothing for a span that is not its beginning."""
        if self.span is not None and self.span[0] > 0:
            return hashlib.sha256().hexdigest()
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @contextmanager
    def content(self) -> Iterator[Content]:
        """Open what is in it, inflated if it is gzip, at the first line of the span.

        Raises:
            SourceEndedError: If a gzip stream is cut short or damaged.
            DatasetError: If the file cannot be opened or read.
        """
        start = self.span[0] if self.span else 0
        try:
            with self.path.open("rb") as file:
                self._file = file
                file.seek(max(start - 1, 0))
                while start and (part := file.readline(_BLOCK)) and not part.endswith(b"\n"):
                    pass  # this line began in the part before
                is_packed = start == 0 and file.peek(2).startswith(GZIP)
                yield gzip.GzipFile(fileobj=file) if is_packed else file
        except EOFError as error:
            raise SourceEndedError("its gzip stream is cut short") from error
        except (gzip.BadGzipFile, zlib.error) as error:
            raise SourceEndedError("its gzip stream is damaged") from error
        except OSError as error:
            raise DatasetError(
                f"source `{self.path.name}` cannot be read", got=error.strerror or str(error)
            ) from error


class SourceFolder:
    """The files of a folder that are one drawing each, as one source."""

    def __init__(self, path: Path, files: list[Path]) -> None:
        self.path = path
        self.bytes_read = 0
        self.files = files
        self._hash = hashlib.sha256()

    @classmethod
    def of(cls, path: Path) -> SourceFolder:
        """All such files of a folder."""
        return cls(path, _drawings_of(path))

    @property
    def size(self) -> int:
        """In bytes, all files together."""
        return sum(path.stat().st_size for path in self.files if path.is_file())

    @cached_property
    def category(self) -> str:
        """The folder's name; a DatasetError if no category can have it."""
        return _checked(self.path.resolve().name, self.path)

    def sha256(self) -> str:
        """Digest of the names and bytes read so far: after all documents, of the folder."""
        return self._hash.hexdigest()

    def documents(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield the name and the content (inflated if it is gzip) of each file, by name.

        The content is None if it cannot be read or is larger than `MAX_PICTURE_BYTES`.
        """
        for path in sorted(self.files):
            try:
                with path.open("rb") as file:
                    packed = file.read(MAX_PICTURE_BYTES + 1)
            except OSError:
                packed = None
            self._hash.update(path.name.encode("utf-8", "surrogateescape") + b"\0")
            self._hash.update(packed or b"")
            self.bytes_read += len(packed or b"")
            yield path.name, None if packed is None else _unpacked(packed)


Source: TypeAlias = SourceFile | SourceFolder
"""What drawings are read from, once, from its beginning to its end."""


def _unpacked(packed: bytes) -> bytes | None:
    content = packed
    if packed.startswith(GZIP):
        try:
            content = zlib.decompressobj(_GZIP_WINDOW).decompress(packed, MAX_PICTURE_BYTES + 1)
        except zlib.error:
            return None
    return content if len(content) <= MAX_PICTURE_BYTES else None
