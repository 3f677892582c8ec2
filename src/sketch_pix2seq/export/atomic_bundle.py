"""Bundles that appear complete or not at all, as a folder or a zip file."""

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
def atomic_bundle(out: Path) -> Iterator[Path]:
    """Make a temporary folder that becomes `out` at the end, or is removed after an error.

    Args:
        out: the folder to make, or a file name that ends in `.zip`.

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
