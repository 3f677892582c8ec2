"""The machine of a run: memory, signals, the precision of products, a clock."""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import torch

from sketch_pix2seq.errors import RunError

HELD = (signal.SIGINT, signal.SIGTERM)  # a batch system sends the second before it kills

_CPU_FACTS = Path("/proc/cpuinfo")
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # M_* in glibc's malloc.h
_MMAP_THRESHOLDS = (1 << 30, 1 << 25)  # some versions refuse more than 32 MiB
_LARGEST_INT = 2**31 - 1


def keep_freed_memory() -> None:
    """Make the C library keep large freed blocks for the next step; does nothing without glibc.

    By default it maps and unmaps them anew, and the system clears every page again: a third of a
    step on a CPU. It holds for the whole process; call it before large allocations.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):  # no glibc: macOS, musl, Windows
        return
    any(mallopt(_MMAP_THRESHOLD, size) for size in _MMAP_THRESHOLDS)
    mallopt(_TRIM_THRESHOLD, _LARGEST_INT)


@contextmanager
def out_of_memory_errors() -> Iterator[None]:
    """Turn the errors of numpy, torch and a GPU when memory runs out into a `RunError`."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch has no class for it on a CPU
        is_memory_error = isinstance(error, MemoryError | torch.OutOfMemoryError)
        if not is_memory_error and "can't allocate memory" not in str(error):
            raise
        raise RunError(
            "there is not enough memory for this run",
            do="Lower `batch_size` or the sizes of `model`.",
        ) from error


def precision_of(device: torch.device) -> torch.dtype:
    """`bfloat16` where the device multiplies such matrices much faster, else `float32`.

    Weights, moments and losses are kept in 32 bits either way. A run that goes on on a machine
    of another kind computes in that one's precision.

    *Source*: GPUs from compute capability 8.0, and x86 processors with AMX (flag `amx_bf16`), of
    which the products measured here are eight times as fast (docs/LOG.md).
    """
    if device.type == "cuda":
        is_native = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if is_native else torch.float32
    try:
        flags = _CPU_FACTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return torch.float32
    return torch.bfloat16 if "amx_bf16" in flags else torch.float32


@contextmanager
def hold_interrupts() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into an event; a second one interrupts as usual.

    Signals that are ignored stay so. Outside the main thread, where signals do not arrive, the
    event is never set.
    """
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def handle(number: int, frame: FrameType | None) -> None:
        event.set()
        put_back()

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {
        number: signal.signal(number, handle)
        for number in HELD
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield event
    finally:
        put_back()


class Speed:
    """Drawings a second, over the steps since something else took time."""

    WINDOW = 50

    def __init__(self) -> None:
        self.rate = 0.0
        self.restart()

    def restart(self) -> None:
        """Start again, after something else took time."""
        self._began = time.perf_counter()
        self._drawings = 0
        self._steps = 0

    def add(self, drawings: int) -> None:
        """Count the drawings of a step that is done."""
        self._drawings += drawings
        self._steps += 1
        self.rate = self._drawings / max(time.perf_counter() - self._began, 1e-9)
        if self._steps >= self.WINDOW:
            self.restart()
