"""Atomic writing: a file holds its old content or all of its new content, never a part.

A folder is filled under a hidden name, made of its own and the process id, and renamed when it is
complete. What a killed process left is removed by the next one with the same target.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sketch_pix2seq.errors import SketchPix2SeqError

if sys.platform != "win32":
    import fcntl


def atomic_write(path: Path, content: bytes) -> None:
    """Write a temporary file beside `path`, and rename it when it is complete.

    A link stays a link: its target is written. What is not a regular file, such as a pipe, is
    written to directly.

    Raises:
        OSError: Naming the file, if it cannot be written. Then nothing has changed.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        path.write_bytes(content)
        return
    temporary = target.parent / f".sketch-pix2seq-{secrets.token_hex(4)}.partial"
    try:
        try:
            is_new = not target.exists()
            temporary.touch(0o666 if is_new else 0o600, exist_ok=False)
            with temporary.open("wb") as file:
                if not is_new:  # before there is something to read; after opening: it may forbid it
                    shutil.copymode(target, temporary)
                file.write(content)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def replace_file(temporary: Path, path: Path) -> None:
    """Replace `path` by a complete temporary file beside it, as `atomic_write` would.

    Raises:
        OSError: Naming `path`, if it cannot be written.
    """
    if not os.path.lexists(path):
        try:
            temporary.replace(path)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
        return
    atomic_write(path, temporary.read_bytes())
    temporary.unlink()


@contextmanager
def atomic_dir(out: Path, refusal: type[SketchPix2SeqError]) -> Iterator[Path]:
    """Make a temporary folder that is renamed to `out` at the end, or removed after an error.

    Errors raised while it is filled stay as they are, but for those of its files and a full disk.

    Args:
        out: The folder.
        refusal: Raised if `out` exists, or cannot be made or written.
    """
    if os.path.lexists(out):  # a link to nowhere as well
        raise refusal(f"`{out}` must not exist yet", do="Name another place, or remove it first.")
    _clear_abandoned(out)
    partial = out.parent / f".{out.name}-{os.getpid()}-{secrets.token_hex(4)}.partial"
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise refusal(f"`{out}` cannot be made", got=error.strerror) from error
    try:
        with locked(partial):
            yield partial
            partial.rename(out)
    except OSError as error:
        is_inside = str(error.filename).startswith(str(partial))
        if is_inside or error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise refusal(f"`{out}` cannot be written", got=error.strerror) from error
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _clear_abandoned(out: Path) -> None:
    """Remove what killed processes left of the same target.

    That is a folder whose process does not run on this machine, and which nobody has locked, as
    a process in another container or on another machine would.
    """
    pattern = re.compile(rf"\.{re.escape(out.name)}-(\d+)-[0-9a-f]{{8}}\.partial")
    with suppress(OSError):  # no such folder yet, or it cannot be listed: nothing to clear
        for path in list(out.parent.iterdir()):
            match = pattern.fullmatch(path.name)
            if match and path.is_dir() and not path.is_symlink():
                with locked(path) as is_locked:
                    if is_locked and not _is_running(int(match[1])):
                        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def locked(path: Path) -> Iterator[bool | None]:
    """Lock a file or folder as long as this process lives.

    Yields:
        Whether it is locked: False if another process has locked it, None if the system cannot.
    """
    if sys.platform == "win32":
        yield None
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        is_locked: bool | None = True
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            is_locked = False
        except OSError:  # this file system has no locks
            is_locked = None
        yield is_locked
    finally:
        os.close(handle)


def _is_running(process: int) -> bool:
    """Whether a process of this id runs on this machine (POSIX only)."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True
