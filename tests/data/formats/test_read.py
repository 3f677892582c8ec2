"""Folders of SVG files as sources."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sketch_pix2seq.data.formats.read import read_drawings
from sketch_pix2seq.data.formats.reading import ReadReport
from sketch_pix2seq.errors import DatasetError

LINE = (
    '<svg xmlns="http://www.w3.org/2000/svg">'
    '<path d="M{x} 0 L{x} 500 L30 500" fill="none" stroke="black"/></svg>'
)
BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">]><svg xmlns="http://www.w3.org/2000/svg">&c;</svg>'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "corners").mkdir()
    for number in range(70):
        (tmp_path / "corners" / f"{number:02}.svg").write_text(LINE.format(x=10 + number % 7))
    return tmp_path / "corners"


def test_each_file_is_a_drawing_simplified_like_quickdraws(folder: Path) -> None:
    report = ReadReport()
    found = list(read_drawings(folder, report=report))
    assert (len(found), report.read, report.left_out.total()) == (70, 70, 0)
    assert found[0].points.tolist() == [[0, 0], [0, 255], [10, 255]]
    assert found[0].points.dtype == np.int16
    assert found[0].lifts.tolist() == [False, False, True]


def test_wrong_files_are_counted_and_named(folder: Path) -> None:
    (folder / "03.svg").write_text("<svg")
    (folder / "04.svg").write_text(BOMB)
    (folder / "05.svg").write_bytes(b"\xff\xfe\x00")
    (folder / "06.svg").unlink()
    (folder / "06.svg").mkdir()
    report = ReadReport()
    assert len(list(read_drawings(folder, report=report))) == 66
    assert report.left_out.total() == 4
    assert report.first_wrong is not None and "03.svg" in report.first_wrong[1]
    with pytest.raises(DatasetError, match=r"`corners` file 4: .*`03\.svg`"):
        list(read_drawings(folder, strict=True))
