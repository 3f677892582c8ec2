"""Memory: freed blocks kept for the next step, and one clear error when it runs out.

Each training step asks for the same large blocks. By default the C library maps and unmaps
them anew, and the system clears every page again: a third of a step on a CPU.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from sketch_pix2seq.errors import RunError

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # M_* in glibc's malloc.h
_MMAP_THRESHOLDS = (1 << 30, 1 << 25)  # some versions refuse more than 32 MiB
_LARGEST_INT = 2**31 - 1


def keep_freed_memory() -> None:
    """Make the C library keep large freed blocks; does nothing without glibc.

    It holds for the whole process and changes the speed alone. Call it before large allocations.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # no glibc: macOS, musl, Windows
        return
    any(mallopt(_MMAP_THRESHOLD, size) for size in _MMAP_THRESHOLDS)
    mallopt(_TRIM_THRESHOLD, _LARGEST_INT)


@contextmanager
def out_of_memory_errors() -> Iterator[None]:
    """Turn the errors of numpy, torch and a GPU when memory runs out into a `RunError`.

    Raises:
        RunError: if it does.
    """
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise _out_of_memory() from error
    except RuntimeError as error:
        if "can't allocate memory" not in str(error):  # torch has no class for it on a CPU
            raise
        raise _out_of_memory() from error


def _out_of_memory() -> RunError:
    return RunError(
        "there is not enough memory for this run",
        do="Lower `batch_size` or the sizes of `model`.",
    )
