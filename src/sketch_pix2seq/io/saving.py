"""The content of files of drawings: their suffix says which kind."""

from __future__ import annotations

import inspect
import io
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.io.dxf_out import to_dxf
from sketch_pix2seq.io.excalidraw_out import to_excalidraw
from sketch_pix2seq.sketch.sketch import Sketch

KINDS: Mapping[str, Callable[..., Any]] = {
    ".svg": Sketch.to_svg,
    ".png": Sketch.to_image,
    ".gif": partial(Sketch.to_animation, kind="gif"),
    ".apng": partial(Sketch.to_animation, kind="apng"),
    ".dxf": to_dxf,
    ".excalidraw": to_excalidraw,
}
"""By suffix, what makes a file's content, or its picture."""


def png_bytes(picture: Image.Image) -> bytes:
    """Return a picture as a PNG file's content."""
    file = io.BytesIO()
    picture.save(file, "png", optimize=True)
    return file.getvalue()


def file_content(sketch: Sketch, path: Path, options: dict[str, Any]) -> bytes:
    """Make the content of a file; see `Sketch.save`.

    Raises:
        UsageError: If the suffix is another, or files of that suffix cannot show an option.
    """
    suffix = path.suffix.lower()
    if suffix not in KINDS:
        *others, last = KINDS
        kinds = f"{', '.join(others)} or {last}"
        raise UsageError(f"a sketch must be saved as {kinds}", got=path.name)
    write = KINDS[suffix]
    _, *known = inspect.signature(write).parameters  # the first is the sketch
    fixed = write.keywords if isinstance(write, partial) else {}
    if unknown := sorted(options.keys() - set(known) | options.keys() & fixed):
        raise UsageError(f"{suffix} files have no `{unknown[0]}`")
    content = write(sketch, **options)
    if suffix == ".png":
        return png_bytes(content)
    return content if isinstance(content, bytes) else content.encode()
