"""Where what is exported goes: a folder or a zip file, all of it or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sketch_pix2seq.errors import BundleError


@contextmanager
def made_at(out: Path) -> Iterator[Path]:
    """Make a folder aside, and put it in its place when all is in it.

    Args:
        out: a folder to be made, or a file name that ends in `.zip`.

    Yields:
        The folder to fill.

    Raises:
        BundleError: if `out` exists already.
    """
    if os.path.lexists(out):  # a link to nowhere as well
        raise BundleError(f"`{out}` exists already", do="Name another place.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch:
        folder = Path(scratch) / "bundle"
        folder.mkdir()
        yield folder
        if out.suffix == ".zip":
            _zip(folder, Path(scratch) / "bundle.zip").replace(out)
        else:
            shutil.copytree(folder, Path(scratch) / "finished")
            (Path(scratch) / "finished").replace(out)


def _zip(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return path
