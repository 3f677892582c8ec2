"""Writing a file whole: under its final name stands what was there before, or all of the new.

Knows bytes and names; does not know what a drawing is.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
from pathlib import Path

from PIL import Image


def png_bytes(picture: Image.Image) -> bytes:
    """Return a picture as a PNG file's content.

    Args:
        picture: The picture.
    """
    file = io.BytesIO()
    picture.save(file, "png", optimize=True)
    return file.getvalue()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside the place it is for, and put it there once it is whole.

    A link stays a link: what it points to is written. What is no file, such as a pipe, is
    written to as it is.

    Args:
        path: The file; what was there is replaced.
        content: What it will hold.

    Raises:
        OSError: Naming the file, if it cannot be written. Then nothing has changed.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        path.write_bytes(content)
        return
    aside = target.parent / f".sketch-pix2seq-{secrets.token_hex(4)}.partial"
    try:
        try:
            with aside.open("xb") as file:
                file.write(content)
            if target.exists():
                shutil.copymode(target, aside)
            aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def put_in_place(made: Path, path: Path) -> None:
    """Move a file that is whole to the place it is for, as `write_whole` would write it there.

    Args:
        made: The file, beside `path`.
        path: Its place; what was there is replaced, and a link stays a link.

    Raises:
        OSError: Naming `path`, if it cannot be written.
    """
    if not os.path.lexists(path):
        try:
            made.replace(path)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
        return
    write_whole(path, made.read_bytes())
    made.unlink()
