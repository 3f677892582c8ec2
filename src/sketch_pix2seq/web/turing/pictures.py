"""The sketches as pictures that reveal nothing but the drawing, not even by their size.

They are held in memory under the study's own names: no request ever becomes the path of a file,
and none takes longer than another.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from sketch_pix2seq.errors import StudyError
from sketch_pix2seq.evaluation.turing.study import SKETCHES, Study

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
_FILLING = b"fiLl"  # a chunk of no meaning: all who read PNGs pass over it
_CHUNK_BYTES = 12


def load_pictures(study: Study, folder: Path) -> dict[str, bytes]:
    """Read the pictures of a study from its folder and make all equally long.

    Returns:
        PNG files by the names of sketches and attention checks (StudyError if one is no PNG).
    """
    pictures: dict[str, bytes] = {}
    for name in study.pictures:
        path = folder / SKETCHES / f"{name}.png"
        content = path.read_bytes()
        if not content.startswith(_SIGNATURE) or not content.endswith(_END):
            raise StudyError(f"`{path}` must be a PNG file")
        pictures[name] = content
    longest = max(len(content) for content in pictures.values()) + _CHUNK_BYTES
    return {name: filled(content, longest) for name, content in pictures.items()}


def filled(png: bytes, length: int) -> bytes:
    """Make a PNG file at least 12 bytes longer without changing what it shows."""
    filling = bytes(length - len(png) - _CHUNK_BYTES)
    chunk = (
        struct.pack(">I", len(filling))
        + _FILLING
        + filling
        + struct.pack(">I", zlib.crc32(_FILLING + filling))
    )
    return png.removesuffix(_END) + chunk + _END
