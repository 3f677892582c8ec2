"""The benchmark of reading measures what a folder of Quick, Draw! holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import reading


def test_without_raw_drawings_the_rest_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_some", lambda sources: "some")
    monkeypatch.setattr(reading, "_all", lambda folder: [folder.name])
    monkeypatch.setattr(reading, "_raw", lambda files: files[0].name)
    assert list(map(str, reading.measure([], tmp_path))) == ["some", "simplified"]
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "cat.ndjson").touch()
    assert list(map(str, reading.measure([], tmp_path))) == ["some", "simplified", "cat.ndjson"]
