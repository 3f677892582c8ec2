"""Which numbers a device computes in."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sketch_pix2seq.training import precision
from sketch_pix2seq.training.precision import precision_of

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
    monkeypatch.setattr(precision, "_CPU_FACTS", tmp_path / "cpuinfo")
    assert precision_of(CPU) == expected


def test_where_a_processor_says_nothing_it_computes_in_32_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "_CPU_FACTS", tmp_path / "none")
    assert precision_of(CPU) == torch.float32


@pytest.mark.parametrize(("able", "expected"), [(True, torch.bfloat16), (False, torch.float32)])
def test_graphics_cards_compute_in_what_they_can(
    able: bool, expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: able)
    assert precision_of(GPU) == expected
