"""Sources on disk: finding them, and reading them in constant memory.

Knows names, gzip and line ends; does not know what is in a file.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeAlias

from sketch_pix2seq.errors import DatasetError, UsageError
from sketch_pix2seq.io.ndjson import MAX_LINE_BYTES
from sketch_pix2seq.io.svg_in import MAX_SVG_BYTES

SUFFIXES = (".ndjson", ".bin", ".npz")
SVG_SUFFIXES = (".svg", ".svgz")
_BLOCK = 1 << 18
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31
_GOOGLES_NAMES = re.compile(r"(full_(simplified|raw|binary)|sketchrnn)_(?=.)")


class SourceEndedError(Exception):
    """A source stops before its end, or cannot be read from here on."""


def find_sources(sources: Sequence[str | Path]) -> list[Source]:
    """List the sources that are meant.

    Args:
        sources: Files, and folders of them. A folder of SVG files is one source, named after
            it; so is each folder of SVG files in a folder.

    Returns:
        The sources: as given, those of a folder by name.

    Raises:
        UsageError: If there is none.
        DatasetError: If one does not exist, holds nothing, or is named twice.
    """
    files: list[Path] = []
    for path in map(Path, sources):
        if path.is_dir():
            files.extend(_files_below(path))
        elif path.is_file():
            files.append(path)
        else:
            raise DatasetError(f"source `{path}` must be a file or a folder that exists")
    if not files:
        raise UsageError("at least one source is needed", do="Name a file or a folder.")
    known: set[Path] = set()
    for path in files:
        if path.resolve() in known:
            raise DatasetError(f"source `{path}` is named twice", do="Name each file once.")
        known.add(path.resolve())
    found: list[Source] = []
    drawings: dict[Path, list[Path]] = {}
    for path in files:
        if not path.name.casefold().endswith(SVG_SUFFIXES):
            found.append(SourceFile(path))
        elif path.parent in drawings:
            drawings[path.parent].append(path)
        else:
            drawings[path.parent] = [path]
            found.append(SourceFolder(path.parent, drawings[path.parent]))
    return found


def _files_below(folder: Path) -> list[Path]:
    """List what a folder holds by name, and then the SVG files of the folders in it."""
    try:
        inside = sorted(folder.iterdir())
        files = [path for path in inside if _is_source(path.name) and path.is_file()]
        for below in inside:
            if below.is_dir():
                files += _svgs_of(below)
    except OSError as error:
        raise DatasetError(f"folder `{folder}` cannot be read", got=error.strerror) from error
    if not files:
        raise DatasetError(
            f"folder `{folder}` has no drawings",
            do=f"Name one with {', '.join(f'*{suffix}' for suffix in SUFFIXES)} (also .gz) or "
            "SVG files in it, or with folders of SVG files.",
        )
    return files


def _svgs_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.casefold().endswith(SVG_SUFFIXES))


def _is_source(name: str) -> bool:
    return name.removesuffix(".gz").endswith(SUFFIXES) or name.casefold().endswith(SVG_SUFFIXES)


def stem(path: Path) -> str:
    """Return the file name without its suffixes: the category of nameless records.

    Example:
        >>> stem(Path("smiley face.ndjson.gz")), stem(Path("sketchrnn_cat.full.npz"))
        ('smiley face', 'cat')
    """
    name = path.name.removesuffix(".gz")
    for suffix in (*SUFFIXES, ".full"):
        name = name.removesuffix(suffix)
    return _GOOGLES_NAMES.sub("", name, count=1) if _GOOGLES_NAMES.match(name) else name


class SourceFile:
    """One source, read once from its beginning to its end.

    Convention:
        gzip is recognised by content, not by name.

    Args:
        path: The file.
        span: Only the lines that begin from this byte on and before that one. The digest is
            then that of the whole file if it is the first part, else of nothing.
    """

    def __init__(self, path: Path, span: tuple[int, int] | None = None) -> None:
        """Prepare to read; nothing is opened yet."""
        self.path = path
        self.span = span
        self.bytes_read = 0
        self._hash = hashlib.sha256()

    @property
    def size(self) -> int:
        """In bytes, as it lies on disk."""
        return self.path.stat().st_size

    def can_be_cut(self) -> bool:
        """Whether its lines can be read in parts: ndjson that is not gzipped."""
        try:
            with self.path.open("rb") as file:
                is_packed = file.read(2) == _GZIP_MAGIC
        except OSError:
            return False
        return self.path.name.endswith(".ndjson") and not is_packed

    @property
    def category(self) -> str:
        """Its name without suffixes."""
        return stem(self.path)

    @property
    def sha256(self) -> str:
        """Digest of the bytes read so far: after all content, of the file."""
        return self._hash.hexdigest()

    @contextmanager
    def content(self) -> Iterator[Iterator[bytes]]:
        """Read what is in it, inflated if it is gzip.

        Yields:
            The blocks, which raise `SourceEndedError` if the gzip stream is cut short or
            damaged, after the valid blocks before it.

        Raises:
            DatasetError: If the file cannot be opened or read.
        """
        try:
            with self.path.open("rb") as file:
                if self.span is not None:
                    yield self._lines_of_span(file, *self.span)
                    return
                try:
                    yield self._inflated(file)
                finally:  # what follows damage or padding still counts in the digest
                    deque(self._blocks(file), maxlen=0)
        except OSError as error:
            raise DatasetError(
                f"source `{self.path.name}` cannot be read", got=error.strerror or str(error)
            ) from error

    def _blocks(self, file: BinaryIO) -> Iterator[bytes]:
        """Read the file as it lies on disk, counting and digesting."""
        while block := file.read(_BLOCK):
            self.bytes_read += len(block)
            self._hash.update(block)
            yield block

    def _lines_of_span(self, file: BinaryIO, start: int, stop: int) -> Iterator[bytes]:
        """Read the lines that begin in a part of the file, the last one to its end."""
        if start == 0:
            while block := file.read(_BLOCK):
                self._hash.update(block)
        file.seek(max(start - 1, 0))
        block = b"" if start else b"\n"
        while not block.endswith(b"\n") and (block := file.readline(_BLOCK)):
            pass  # this line began in the part before
        while file.tell() < stop and (block := file.read(min(_BLOCK, stop - file.tell()))):
            self.bytes_read += len(block)
            yield block
        while not block.endswith(b"\n") and (block := file.readline(_BLOCK)):
            yield block

    def _inflated(self, file: BinaryIO) -> Iterator[bytes]:
        """Read the file's content, inflated if it is gzip."""
        blocks = self._blocks(file)
        first = next(blocks, b"")
        if first.startswith(_GZIP_MAGIC):
            yield from _inflate(first, blocks)
        else:
            yield first
            yield from blocks


class SourceFolder:
    """The SVG files of a folder as one source.

    Args:
        path: The folder.
        files: Those of its files that are meant.
    """

    def __init__(self, path: Path, files: list[Path]) -> None:
        """Prepare to read; nothing is opened yet."""
        self.path = path
        self.bytes_read = 0
        self.files = files
        self._hash = hashlib.sha256()

    @classmethod
    def of(cls, path: Path) -> SourceFolder:
        """All SVG files of a folder."""
        return cls(path, _svgs_of(path))

    @property
    def size(self) -> int:
        """In bytes, all files together."""
        return sum(path.stat().st_size for path in self.files if path.is_file())

    @property
    def category(self) -> str:
        """The folder's name."""
        return self.path.resolve().name

    @property
    def sha256(self) -> str:
        """Digest of the names and bytes read so far."""
        return self._hash.hexdigest()

    def documents(self) -> Iterator[tuple[str, bytes | None]]:
        """Read file by file, by name.

        Yields:
            The name and the content (inflated if it is gzip) of each; None for what cannot be
            read or is larger than `MAX_SVG_BYTES`.
        """
        for path in sorted(self.files):
            try:
                with path.open("rb") as file:
                    packed = file.read(MAX_SVG_BYTES + 1)
            except OSError:
                packed = None
            self._hash.update(path.name.encode("utf-8", "surrogateescape") + b"\0")
            self._hash.update(packed or b"")
            self.bytes_read += len(packed or b"")
            yield path.name, None if packed is None else _svg_content(packed)


Source: TypeAlias = SourceFile | SourceFolder
"""What drawings are read from, once, from its beginning to its end."""


def _svg_content(packed: bytes) -> bytes | None:
    content = packed
    if packed.startswith(_GZIP_MAGIC):
        try:
            content = zlib.decompressobj(_GZIP_WINDOW).decompress(packed, MAX_SVG_BYTES + 1)
        except zlib.error:
            return None
    return content if len(content) <= MAX_SVG_BYTES else None


def _inflate(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Inflate gzip members one after another, at most `_BLOCK` bytes at a time."""
    member = zlib.decompressobj(_GZIP_WINDOW)
    pending = first
    while True:
        try:
            content = member.decompress(pending, _BLOCK)
        except zlib.error as error:
            raise SourceEndedError("its gzip stream is damaged") from error
        if content:
            yield content
        if member.eof:
            rest = member.unused_data or next(blocks, b"")
            if not rest.startswith(_GZIP_MAGIC):  # padding after the last member is allowed
                return
            member, pending = zlib.decompressobj(_GZIP_WINDOW), rest
            continue
        pending = member.unconsumed_tail or (b"" if content else next(blocks, b""))
        if not pending and not content:
            raise SourceEndedError("its gzip stream is cut short")


def split_lines(blocks: Iterator[bytes]) -> Iterator[bytes | None]:
    """Cut content into lines.

    Args:
        blocks: The content.

    Yields:
        Each line without its line end; None for a line longer than `MAX_LINE_BYTES`, which is
        passed over and never held whole.
    """
    rest = b""
    too_long = False
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            yield None if too_long or len(line) > MAX_LINE_BYTES else line
            too_long = False
        if len(rest) > MAX_LINE_BYTES:
            too_long, rest = True, b""
    if too_long or rest:
        yield None if too_long else rest
