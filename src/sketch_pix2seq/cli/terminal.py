"""Lines of text for people and pipes: nothing in a name can command the terminal."""

from __future__ import annotations

import sys
import unicodedata

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_CONTROL = frozenset(("Cc", "Cs", "Zl", "Zp"))


def printable(text: str) -> str:
    r"""Escape what would move the cursor, change colours or turn the direction of writing.

    Example:
        >>> printable("cat\x1b[2J.svg"), printable("café.svg")
        ('cat\\x1b[2J.svg', 'café.svg')
    """
    if text.isprintable():
        return text
    return "".join(map(_escaped, text))


def print_line(text: object = "", *, flush: bool = False) -> None:
    """Print a line of results; flush it if a reader is waiting for it."""
    print(printable(str(text)), flush=flush)


def notify(message: str) -> None:
    """Write a line on stderr, after the command's name; line breaks become spaces."""
    print(f"sketch-pix2seq: {printable(' '.join(message.split()))}", file=sys.stderr)


def _escaped(sign: str) -> str:
    if unicodedata.category(sign) in _CONTROL or sign in _BIDI:
        return sign.encode("unicode_escape").decode("ascii")
    return sign
