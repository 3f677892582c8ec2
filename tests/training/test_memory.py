"""Freed blocks stay with the process."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest
import torch

from sketch_pix2seq.errors import RunError
from sketch_pix2seq.training.memory import out_of_memory_errors

PROGRAM = """
import resource
import torch
from sketch_pix2seq.training.memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
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
