"""In which numbers the `attention` model computes: 16-bit ones where they are fast."""

from __future__ import annotations

from pathlib import Path

import torch

_CPU_FACTS = Path("/proc/cpuinfo")


def precision_of(device: torch.device) -> torch.dtype:
    """`bfloat16` where the device multiplies such matrices much faster, else `float32`.

    Weights, moments and losses are kept in 32 bits either way. A run that goes on on a machine
    of another kind computes in that one's precision.

    Args:
        device: where a model is trained.

    Source: GPUs from compute capability 8.0, and x86 processors with AMX (flag `amx_bf16`), of
    which the products measured here are eight times as fast (docs/LOG.md).
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    try:
        flags = _CPU_FACTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return torch.float32
    return torch.bfloat16 if "amx_bf16" in flags else torch.float32
