"""Source files on disk: finding them, and reading their lines in constant memory.

Knows gzip and line ends; does not know what a line says.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from sketch_pix2seq.errors import DatasetError, UsageError
from sketch_pix2seq.sketch.ndjson import MAX_LINE_BYTES

SUFFIXES = (".ndjson", ".ndjson.gz")
_BLOCK = 1 << 18
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31


class SourceEndedError(Exception):
    """A compressed source stops before its end, or is damaged from here on."""


def find_sources(sources: Sequence[str | Path]) -> list[Path]:
    """List the files that are meant.

    Args:
        sources: Files, and folders whose `*.ndjson` and `*.ndjson.gz` are meant.

    Returns:
        The files: as given, those of a folder by name.

    Raises:
        UsageError: If there is none.
        DatasetError: If one does not exist, or is named twice.
    """
    files: list[Path] = []
    for source in map(Path, sources):
        found = _files_of_folder(source) if source.is_dir() else [source]
        missing = [path for path in found if not path.is_file()]
        if missing:
            raise DatasetError(f"source `{missing[0]}` must be a file or a folder that exists")
        files.extend(found)
    if not files:
        raise UsageError("at least one source is needed", do="Name an ndjson file or a folder.")
    resolved = [path.resolve() for path in files]
    twice = [path for i, path in enumerate(files) if resolved[i] in resolved[:i]]
    if twice:
        raise DatasetError(f"source `{twice[0]}` is named twice", do="Name each file once.")
    return files


def _files_of_folder(folder: Path) -> list[Path]:
    """List a folder's ndjson files by name."""
    files = sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIXES))
    if not files:
        raise DatasetError(
            f"folder `{folder}` has no ndjson files", do="Name a folder with *.ndjson[.gz] in it."
        )
    return files


def stem(path: Path) -> str:
    """Return the file name without its ndjson suffixes: the category of nameless records.

    Example:
        >>> stem(Path("smiley face.ndjson.gz"))
        'smiley face'
    """
    name = path.name.removesuffix(".gz")
    return name.removesuffix(".ndjson")


class SourceFile:
    """One source, read once from its beginning to its end.

    Convention:
        gzip is recognised by content, not by name.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        """Prepare to read; nothing is opened yet."""
        self.path = path
        self.bytes_read = 0
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Digest of the bytes read so far: after all lines, of the file."""
        return self._hash.hexdigest()

    def lines(self) -> Iterator[bytes | None]:
        """Read line by line.

        Yields:
            Each line without its line end; None for a line longer than `MAX_LINE_BYTES`,
            which is passed over and never held whole.

        Raises:
            SourceEndedError: If the gzip stream is cut short or damaged, once the whole lines
                of the sound blocks before have been given.
            DatasetError: If the file cannot be opened or read.
        """
        try:
            with self.path.open("rb") as file:
                try:
                    yield from _split_lines(self._content(file))
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

    def _content(self, file: BinaryIO) -> Iterator[bytes]:
        """Read the file's content, inflated if it is gzip."""
        blocks = self._blocks(file)
        first = next(blocks, b"")
        if first.startswith(_GZIP_MAGIC):
            yield from _inflate(first, blocks)
        else:
            yield first
            yield from blocks


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


def _split_lines(blocks: Iterator[bytes]) -> Iterator[bytes | None]:
    """Cut content into lines; an over-long one is passed over as None."""
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
