"""Freed memory, kept for the next step instead of being handed back to the system.

Each training step asks for the same large blocks. By default the C library maps and unmaps
them anew, and the system clears every page again: a third of a step on a CPU.
"""

from __future__ import annotations

import ctypes

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # M_* in glibc's malloc.h
_MMAP_THRESHOLDS = (1 << 30, 1 << 25)  # some versions refuse more than 32 MiB
_LARGEST_INT = 2**31 - 1


def keep_freed_memory() -> None:
    """Tell the C library not to give large freed blocks back; does nothing where it is not glibc.

    It holds for the whole process and changes speed alone. Before any large block is asked for.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # no glibc: macOS, musl, Windows
        return
    any(mallopt(_MMAP_THRESHOLD, size) for size in _MMAP_THRESHOLDS)
    mallopt(_TRIM_THRESHOLD, _LARGEST_INT)
