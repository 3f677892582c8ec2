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
    left out. A line ends with a line feed, a carriage return, or both; `stop` does not count
    between lines that a carriage return alone ends.
    """
    rest: bytes | None = None  # what follows the last of the lines that a carriage return ends
    while rest is not None or stop is None or file.tell() < stop:
        line = (rest or b"") + file.readline(MAX_LINE_BYTES + 1 - len(rest or b""))
        if not line:
            return
        rest = None
        if line.endswith(b"\n") or len(line) <= MAX_LINE_BYTES:
            yield from line.removesuffix(b"\n").removesuffix(b"\r").split(b"\r")
        elif b"\r" in line:
            *whole, rest = line.split(b"\r")
            yield from whole
        else:
            while line and not line.endswith(b"\n"):
                line = file.readline(_BLOCK)
            yield None
