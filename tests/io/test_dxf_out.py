"""DXF as CAD programs read it: by ezdxf, the units and places of what it finds."""

from __future__ import annotations

import io
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sketch_pix2seq.errors import MissingExtraError
from sketch_pix2seq.io.dxf_out import to_dxf
from sketch_pix2seq.sketch.sketch import Frame, Sketch

WAVE = np.stack([np.linspace(20, 180, 80), 50 + 20 * np.sin(np.linspace(0, 6, 80))], axis=1)
LINES = (
    WAVE.astype(np.float32),
    np.array([(100, 90)], np.float32),
    np.array([(10, 10), (190, 10)], np.float32),
)
DRAWING = Sketch(LINES, frame=Frame(200, 100, 2), colours=("#c02020", "#2040c0", "#c02020"))


def modelspace(text: str) -> Any:
    ezdxf = pytest.importorskip("ezdxf")
    document = ezdxf.read(io.StringIO(text))
    audit = document.audit()
    assert not audit.errors and not audit.fixes
    assert (document.dxfversion, document.header["$INSUNITS"]) == ("AC1024", 4)
    return document.modelspace()


def test_lines_in_millimetres_with_y_up_in_layers() -> None:
    pytest.importorskip("ezdxf")
    space = modelspace(to_dxf(DRAWING, size_mm=400))
    wave, dot, line = space
    assert [entity.dxftype() for entity in space] == ["LWPOLYLINE", "POINT", "LWPOLYLINE"]
    assert [entity.dxf.layer for entity in space] == ["red", "blue", "red"]
    assert space.doc.layers.get("red").rgb == (0xC0, 0x20, 0x20)
    np.testing.assert_allclose(dot.dxf.location.vec2, (200, 20))
    np.testing.assert_allclose(line.get_points("xy"), [(20, 180), (380, 180)])
    np.testing.assert_allclose(wave.get_points("xy"), WAVE * (2, -2) + (0, 200), atol=1e-3)


def test_very_many_pens_of_one_hue_have_layers_of_their_own() -> None:
    pytest.importorskip("ezdxf")
    pens = tuple(f"#0000{blue:02x}" for blue in range(200, 255))
    lines = tuple(np.array([(0, y), (9, y)], np.float32) for y in range(len(pens)))
    space = modelspace(to_dxf(Sketch(lines, colours=pens)))
    layers = [entity.dxf.layer for entity in space]
    assert len(set(layers)) == len(pens)
    assert [layers[at] for at in (0, 25, 26, 54)] == ["blue a", "blue z", "blue aa", "blue bc"]


def test_curves_are_splines_along_the_line() -> None:
    pytest.importorskip("ezdxf")
    space = modelspace(to_dxf(DRAWING, size_mm=200, curves=True))
    spline = space.query("SPLINE").first
    places = np.array([(x, y) for x, y, _ in spline.construction_tool().approximate(400)])
    assert len(spline.control_points) < 30
    wanted = 100 - 50 - 20 * np.sin((places[:, 0] - 20) / 160 * 6)
    np.testing.assert_allclose(places[:, 1], wanted, atol=1.0)
    np.testing.assert_allclose(places[[0, -1]], WAVE[[0, -1]] * (1, -1) + (0, 100), atol=1e-3)


def test_the_header_says_where_the_drawing_ends() -> None:
    pytest.importorskip("ezdxf")
    for curves in (False, True):
        header = modelspace(to_dxf(DRAWING, size_mm=200, curves=curves)).doc.header
        # from the dot's height to that of the straight line, which is the widest
        np.testing.assert_allclose(header["$EXTMIN"], (10, 10, 0))
        np.testing.assert_allclose(header["$EXTMAX"], (190, 90, 0))
    empty = modelspace(to_dxf(Sketch(()))).doc.header
    assert empty["$EXTMIN"][0] > empty["$EXTMAX"][0], "as the format has it for no extent"


def test_without_a_size_96_pixels_are_an_inch() -> None:
    pytest.importorskip("ezdxf")
    (line,) = modelspace(to_dxf([np.array([(0.0, 0), (9, 0)])], size=96, margin=0))
    np.testing.assert_allclose(line.get_points("xy"), [(0, 12.7), (25.4, 12.7)], atol=1e-4)


def test_nothing_but_the_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ezdxf")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == "ezdxf"]:
        monkeypatch.delitem(sys.modules, name)
    path = DRAWING.save(tmp_path / "drawing.dxf")
    assert list(tmp_path.rglob("*")) == [path]


def test_threads_write_at_once_and_leave_the_environment_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("ezdxf")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == "ezdxf"]:
        monkeypatch.delitem(sys.modules, name)
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda _: to_dxf(DRAWING), range(40)))
    assert all("LWPOLYLINE" in text for text in texts)
    assert "XDG_CACHE_HOME" not in os.environ


def test_without_ezdxf_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ezdxf", None)
    with pytest.raises(MissingExtraError, match="this needs `ezdxf`.* the extra `dxf`"):
        to_dxf(DRAWING)
