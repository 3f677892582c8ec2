"""What a run needs of its machine: memory, signals, the precision of products."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from sketch_pix2seq.errors import RunError
from sketch_pix2seq.training import machine
from sketch_pix2seq.training.machine import hold_interrupts, out_of_memory_errors, precision_of

PROGRAM = """
import resource
import torch
from sketch_pix2seq.training.machine import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        blocks = [torch.ones(size) for size in (10 << 20, 1 << 20, 12 << 20)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
without = faults()
keep_freed_memory()
faults()
print(without, faults())
"""


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="the C library is not glibc"
)
def test_blocks_that_come_again_cost_few_page_faults() -> None:
    output = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    ).stdout
    without, kept = map(int, output.split())
    assert kept < 0.1 * without


def test_too_little_memory_is_one_clear_error() -> None:
    clear = pytest.raises(RunError, match="not enough memory for this run. Lower `batch_size`")
    with clear, out_of_memory_errors():
        torch.empty(1 << 60, dtype=torch.uint8)
    with pytest.raises(RunError, match="not enough memory"), out_of_memory_errors():
        raise MemoryError
    with pytest.raises(RuntimeError, match="another"), out_of_memory_errors():
        raise RuntimeError("another")


@pytest.fixture
def listening() -> Iterator[object]:
    """Ctrl-C is heard, also where the tests run in a shell's background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_the_first_one_waits_and_the_second_breaks_off(
    first: signal.Signals, listening: object
) -> None:
    with hold_interrupts() as interrupted:
        assert not interrupted.is_set()
        signal.raise_signal(first)
        assert interrupted.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is listening


def test_signals_that_the_caller_ignores_stay_ignored() -> None:
    former = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as nohup and batch systems do
    try:
        with hold_interrupts() as interrupted:
            signal.raise_signal(signal.SIGINT)
            assert not interrupted.is_set()
            signal.raise_signal(signal.SIGTERM)
            assert interrupted.is_set()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, former)


def test_other_threads_are_left_alone() -> None:
    found: list[bool] = []

    def work() -> None:
        with hold_interrupts() as interrupted:
            found.append(interrupted.is_set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [False]


CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("flags : fpu sse2 avx512_bf16 amx_bf16 amx_tile", torch.bfloat16),
        ("flags : fpu sse2 avx512_bf16", torch.float32),  # no faster without the tiles
        ("Features : fp asimd bf16", torch.float32),
        ("", torch.float32),
    ],
)
def test_processors_with_tiles_compute_in_16_bits(
    flags: str, expected: torch.dtype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(flags)
    monkeypatch.setattr(machine, "_CPU_FACTS", tmp_path / "cpuinfo")
    assert precision_of(CPU) == expected


def test_where_a_processor_says_nothing_it_computes_in_32_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "_CPU_FACTS", tmp_path / "none")
    assert precision_of(CPU) == torch.float32


@pytest.mark.parametrize(
    ("capability", "expected"), [(9, torch.bfloat16), (8, torch.bfloat16), (7, torch.float32)]
)
def test_graphics_cards_compute_in_16_bits_where_they_need_not_emulate_it(
    capability: int, expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_supported(including_emulation: bool = True) -> bool:  # as torch's
        return capability >= 8 or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_supported)
    assert precision_of(GPU) == expected
