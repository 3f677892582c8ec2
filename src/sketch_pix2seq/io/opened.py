"""An open file of drawings, gzipped or not, read in constant memory."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from typing import TypeAlias

from sketch_pix2seq.io.ndjson import MAX_LINE_BYTES

GZIP = b"\x1f\x8b"
"""How gzipped content begins."""
_BLOCK = 1 << 18


class SourceEndedError(Exception):
    """A file stops before its end, or cannot be read from here on."""


Content: TypeAlias = io.BufferedReader | gzip.GzipFile
"""What is in a file."""


def split_lines(file: Content, stop: int | None = None) -> Iterator[bytes | None]:
    """Yield each line without its line end; None for one longer than `MAX_LINE_BYTES`.

    Such a line is passed over and never held whole. Lines that begin at `stop` or after it are
    left out.
    """
    while (stop is None or file.tell() < stop) and (line := file.readline(MAX_LINE_BYTES + 1)):
        if line.endswith(b"\n"):
            yield line[:-1]
        elif len(line) <= MAX_LINE_BYTES:
            yield line
        else:
            while line and not line.endswith(b"\n"):
                line = file.readline(_BLOCK)
            yield None
