"""Atomic writing: a file holds its old content or all of its new content, never a part.

Also makes the content of PNG files.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
from pathlib import Path

from PIL import Image


def png_bytes(picture: Image.Image) -> bytes:
    """Return a picture as a PNG file's content."""
    file = io.BytesIO()
    picture.save(file, "png", optimize=True)
    return file.getvalue()


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
            with temporary.open("xb") as file:
                file.write(content)
            if target.exists():
                shutil.copymode(target, temporary)
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
