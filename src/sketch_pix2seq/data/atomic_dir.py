"""Folders that appear complete or not at all.

A folder is filled under a hidden name, made of its own and the process id, and renamed when it is
complete. What a killed process left is removed by the next one with the same target.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sketch_pix2seq.errors import DatasetError

if sys.platform != "win32":
    import fcntl


@contextmanager
def atomic_dir(out: Path) -> Iterator[Path]:
    """Make a temporary folder that is renamed to `out` at the end, or removed after an error.

    Raises:
        DatasetError: If `out` exists, or cannot be made or written.
    """
    if out.exists() or out.is_symlink():
        raise DatasetError(
            f"`{out}` must not exist yet", do="Name another folder, or remove it first."
        )
    _clear_abandoned(out)
    partial = out.parent / f".{out.name}-{os.getpid()}-{secrets.token_hex(4)}.partial"
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise DatasetError(f"`{out}` cannot be made", got=error.strerror) from error
    try:
        with locked(partial):
            yield partial
            partial.rename(out)
    except OSError as error:
        raise DatasetError(f"`{out}` cannot be written", got=error.strerror) from error
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
