"""The library that draws and traces in browsers, as far as it needs no page, under node."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import sketch_pix2seq

LIBRARY = Path(sketch_pix2seq.__file__).parent / "web" / "static" / "sketch"
NODE = shutil.which("node")
TESTS = Path(__file__).with_name("sketch.test.js")


@pytest.mark.skipif(NODE is None, reason="no node on this machine")
def test_large_hostile_and_wrong_inputs(tmp_path: Path) -> None:
    shutil.copytree(LIBRARY, tmp_path / "sketch")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    shutil.copy(TESTS, tmp_path)
    command = [str(NODE), "--test", TESTS.name]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
