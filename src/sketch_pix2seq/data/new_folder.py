"""A folder that is there once it is whole, and leaves nothing behind if it never is.

It is filled under a hidden name that says for whom and by which process. What a killed process
left is cleared by the next one with the same target. Knows nothing of what is in it.
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
def new_folder(out: Path) -> Iterator[Path]:
    """Give a temporary folder that becomes `out` if all goes well, and vanishes if not.

    Args:
        out: The folder to be; it must not exist yet.

    Yields:
        The folder to fill, beside it.

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
        with _locked(partial):
            yield partial
            partial.rename(out)
    except OSError as error:
        raise DatasetError(f"`{out}` cannot be written", got=error.strerror) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _clear_abandoned(out: Path) -> None:
    """Remove what killed processes left of the same target.

    Only what is surely abandoned: its process is gone from this machine, and nobody holds its
    lock, as one in another container or on another machine would.
    """
    pattern = re.compile(rf"\.{re.escape(out.name)}-(\d+)-[0-9a-f]{{8}}\.partial")
    with suppress(OSError):  # no such folder yet, or it cannot be listed: nothing to clear
        for path in list(out.parent.iterdir()):
            found = pattern.fullmatch(path.name)
            if found and path.is_dir() and not path.is_symlink():
                with _locked(path) as mine:
                    if mine and not _is_running(int(found[1])):
                        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold the lock of a folder where the system can, and say whether it is held.

    A process loses its locks when it dies, however it dies.
    """
    if sys.platform == "win32":
        yield False
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held = False
        else:
            held = True
        yield held
    finally:
        os.close(handle)


def _is_running(process: int) -> bool:
    """Whether there is such a process on this machine (asked on POSIX systems only)."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
