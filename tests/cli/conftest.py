"""A model and inputs for verbs that draw."""

from __future__ import annotations

from pathlib import Path

import pytest

from bundles import write_bundle
from sketch_pix2seq.sketch.sketch import Sketch

HOUSE = Sketch.from_points([[(0, 60), (50, 0), (100, 60)], [(10, 60), (10, 120), (90, 120)]])
LINES = (
    b'{"drawing": [[[0, 9], [0, 9]]]}\n{"word": "zigzag", "drawing": [[[0, 9, 4], [0, 3, 8]]]}\n'
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("draw") / "bundle")


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with three inputs."""
    folder = tmp_path / "work"
    folder.mkdir()
    HOUSE.save(folder / "house.svg")
    HOUSE.save(folder / "thick.png", size=300, line_width=12)
    (folder / "two.ndjson").write_bytes(LINES)
    monkeypatch.chdir(folder)
    return folder
