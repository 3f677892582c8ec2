"""How a hand's order is measured: the person's own is wholly right, its reverse wholly wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from measure_hand_order import compared, main

from benchmarks.synthetic import write_synthetic
from sketch_pix2seq.data.prepare import prepare

DRAWN = [
    np.array([[0.0, 0], [200, 0]]),
    np.array([[50.0, 100], [50, 190], [60, 190]]),
    np.array([[100.0, 50], [200, 50], [200, 150], [100, 150], [100, 50]]),
]
CLOSED = np.array([False, False, True])


def test_the_persons_own_order_is_right() -> None:
    found = compared(DRAWN, np.arange(3), DRAWN, CLOSED)
    assert (found.tau, found.is_first_right) == (1, True)
    assert found.ways.tolist() == [[2, 2], [1, 1]]


def test_a_closed_stroke_may_begin_anywhere() -> None:
    turned = np.concatenate([DRAWN[2][2:], DRAWN[2][1:3]])
    assert compared(DRAWN, np.arange(3), [*DRAWN[:2], turned], CLOSED).ways[1].tolist() == [1, 1]


def test_all_backwards_is_wrong() -> None:
    backwards = [stroke[::-1] for stroke in DRAWN[::-1]]
    found = compared(DRAWN, np.arange(3)[::-1], backwards, CLOSED[::-1])
    assert (found.tau, found.is_first_right) == (-1, False)
    assert found.ways.tolist() == [[0, 2], [0, 1]]


def test_the_packages_network_has_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = write_synthetic(tmp_path / "files", num=90, seed=0, categories=["house"])
    prepare(files, tmp_path / "set")
    words = ["measure_hand_order", str(tmp_path / "set"), "--drawings", "5"]
    monkeypatch.setattr("sys.argv", words)
    main()
    assert "| hand_order | " in capsys.readouterr().out
