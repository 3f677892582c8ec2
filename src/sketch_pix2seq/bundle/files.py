"""The files of an untrusted bundle: a folder, or that folder zipped.

Only the named files are read. Nothing is unpacked to disk, and at most `MAX_TOTAL_BYTES`
are held in memory.
"""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from sketch_pix2seq.bundle.checks import (
    MAX_CARD_BYTES,
    MAX_GALLERY_BYTES,
    MAX_HEADER_BYTES,
    MAX_TOTAL_BYTES,
    MAX_WEIGHTS_BYTES,
)
from sketch_pix2seq.errors import BundleError

_LIMITS = {".json": MAX_CARD_BYTES, ".ndjson": MAX_GALLERY_BYTES, ".safetensors": MAX_WEIGHTS_BYTES}
_CHUNK = 1 << 16
_ADVICE = "A bundle is what `sketch-pix2seq export` makes of a run."
_IS_ENCRYPTED = 1


def read_files(path: Path, names: Sequence[str]) -> dict[str, bytes]:
    """Read files of a folder or of that folder zipped.

    Returns:
        Contents by name, of those that are there.

    Raises:
        BundleError: If there is no such bundle, it cannot be read, is too large or holds a file
            that is no plain file of its own.
    """
    if not os.path.exists(path):  # noqa: PTH110 - a name may be too long
        raise BundleError(f"there is no bundle `{path}`", do=_ADVICE)
    return _read_zip(path, names) if path.is_file() else _read_folder(path, names)


def missing_files_error(path: Path, missing: Iterable[str]) -> BundleError:
    """Return the error that says which files a bundle lacks."""
    return BundleError(f"bundle `{path}` lacks {' and '.join(missing)}", do=_ADVICE)


def _read_folder(folder: Path, names: Sequence[str]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    bytes_left = MAX_TOTAL_BYTES
    try:
        inside = folder.resolve()
        for name in names:
            file = folder / name
            if not os.path.lexists(file):
                continue
            if not file.resolve().is_relative_to(inside):
                raise BundleError(f"`{name}` in `{folder}` must not be a link that leads out")
            files[name] = _read_plain(file, min(bytes_left, _limit(name)))
            bytes_left -= len(files[name])
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead to each other
        raise BundleError(f"bundle `{folder}` cannot be read", got=error) from error
    return files


def _read_plain(file: Path, limit: int) -> bytes:
    """Read a regular file; never block on a pipe or device."""
    handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)  # `open` would refuse a folder, and leave it open
        raise BundleError(f"`{file}` must be a plain file")
    with open(handle, "rb") as opened:  # noqa: PTH123 - a handle, not a path
        content = opened.read(limit + 1)
    if len(content) > limit:
        raise _too_large(file.name)
    return content


def _read_zip(path: Path, names: Sequence[str]) -> dict[str, bytes]:
    try:
        with path.open("rb") as raw, zipfile.ZipFile(_BoundedFile(raw)) as archive:
            members = _members(path, archive, names)
            present = [name for name in names if name in members]
            bytes_left = MAX_TOTAL_BYTES
            for name in present:
                limit = min(bytes_left, _limit(name))
                if members[name].file_size > limit:
                    raise _too_large(name)
                bytes_left -= members[name].file_size
            return {name: _read_member(archive, members[name]) for name in present}
    except (  # all that `zipfile` raises for a damaged file or an unknown compression
        *(zipfile.BadZipFile, zlib.error, EOFError, OSError),
        *(RuntimeError, NotImplementedError, ValueError),
    ) as error:
        raise BundleError(
            f"bundle `{path}` must be a folder or a zip file", got=ascii(str(error)[:100])[1:-1]
        ) from error


def _members(
    path: Path, archive: zipfile.ZipFile, names: Sequence[str]
) -> dict[str, zipfile.ZipInfo]:
    """Find files of an archive by name; those in a folder as if they were outside of it."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        inner = PurePosixPath(info.filename)
        wrong = ""
        if inner.is_absolute() or ".." in inner.parts or "\\" in info.filename:
            wrong = "leads out of it"
        elif info.flag_bits & _IS_ENCRYPTED:
            wrong = "is encrypted"
        elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            wrong = "is compressed in another way than deflate"
        elif stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            wrong = "is a link or a device"
        elif inner.name in members and not info.is_dir():
            wrong = "is there twice"
        if wrong:
            raise BundleError(f"{info.filename[:80]!a} in bundle `{path}` {wrong}")
        if inner.name in names and not info.is_dir():
            members[inner.name] = info
    return members


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Unpack a member, no further than the size that it claims."""
    parts: list[bytes] = []
    bytes_left = info.file_size + 1
    with archive.open(info) as member:
        while bytes_left > 0 and (part := member.read(min(_CHUNK, bytes_left))):
            parts.append(part)
            bytes_left -= len(part)
    content = b"".join(parts)
    if len(content) != info.file_size:
        raise zipfile.BadZipFile("a file of another size than the archive says")
    return content


class _BoundedFile(io.RawIOBase):
    """An archive of which a list of files larger than `MAX_HEADER_BYTES` is not read.

    `zipfile` reads that list in one piece, and makes an object of each entry.
    """

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        limit = MAX_HEADER_BYTES + 1
        content = self._file.read(limit if size < 0 else min(size, limit))
        if len(content) == limit:
            raise zipfile.BadZipFile("a list of files that is too long")
        return content


def _limit(name: str) -> int:
    return _LIMITS.get(PurePosixPath(name).suffix, MAX_TOTAL_BYTES)


def _too_large(name: str) -> BundleError:
    return BundleError(
        f"`{name}` of the bundle is too large: it and the files before it must be at most "
        f"{MAX_TOTAL_BYTES >> 20} MiB unpacked, and it alone at most {_limit(name) >> 20} MiB"
    )
