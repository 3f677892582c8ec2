"""C sources: compiled once, and done without where that fails."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sketch_pix2seq import compiled
from sketch_pix2seq.compiled import COMPILERS, compiled_library

SOURCE = "int answer(void) { return 42; }\n"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "answer.c"
    path.write_text(SOURCE)
    return path


@pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason="no C compiler on this machine")
def test_it_is_compiled_once(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = compiled_library(source)
    assert library is not None and library.answer() == 42
    (made,) = (source.parent / "cache" / "sketch-pix2seq").iterdir()
    assert made.name.startswith("answer-")
    monkeypatch.setattr(compiled, "COMPILERS", ())
    assert compiled_library(source) is not None
    source.write_text(SOURCE.replace("42", "43"))
    assert compiled_library(source) is None  # another source, and nothing to compile it with


def test_a_source_that_does_not_compile_is_done_without(source: Path) -> None:
    source.write_text("this is not C")
    assert compiled_library(source) is None
    assert compiled_library(source.with_name("missing.c")) is None


def test_a_home_that_cannot_be_written_is_done_without(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source.parent / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(source.parent / "file"))
    assert compiled_library(source) is None
