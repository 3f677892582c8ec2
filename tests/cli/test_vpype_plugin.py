"""The commands that vpype gets: in its pipeline, in its units."""

from __future__ import annotations

import tomllib
import warnings
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from sketch_pix2seq.sketch.sketch import Frame, Sketch

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    click_testing = pytest.importorskip("click.testing")
    vpype = pytest.importorskip("vpype")
    vpype_cli = pytest.importorskip("vpype_cli")
    plugin = import_module("sketch_pix2seq.cli.vpype_plugin")

pytestmark = pytest.mark.filterwarnings("ignore")
ROOT = Path(__file__).parents[2]
MM = 96 / 25.4
"""vpype's pixels to a millimetre."""
HOUSE = Sketch.from_points([[(0, 60), (50, 0), (100, 60)], [(10, 70), (10, 120), (90, 120)]])


@pytest.fixture(autouse=True)
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What vpype does with the entry points of an installed package."""
    monkeypatch.chdir(tmp_path)
    for name in ("sptrace", "spredraw"):
        monkeypatch.setitem(vpype_cli.cli.commands, name, getattr(plugin, name))


def test_entry_points_name_the_commands() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    entries = project["entry-points"]["vpype.plugins"]
    assert set(entries) == {"sptrace", "spredraw"}
    for name, place in entries.items():
        module, _, command = place.partition(":")
        assert getattr(import_module(module), command).name == name


def test_a_picture_is_traced_in_its_frame() -> None:
    HOUSE.to_image(300, line_width=4).save("house.png")
    document = vpype_cli.execute("sptrace house.png")
    assert document.page_size == (300, 300)
    (lines,) = document.layers.values()
    assert len(lines) == 2
    _, top, _, bottom = document.bounds()
    assert (top, bottom) == (pytest.approx(12.5, abs=2), pytest.approx(287.5, abs=2))
    assert lines.property("vp_pen_width") == pytest.approx(4, abs=1)
    step = max(float(np.abs(np.diff(line)).max()) for line in lines)
    assert step <= 0.1 * MM + 1e-6


def test_a_width_in_millimetres_and_the_rest_of_a_pipeline() -> None:
    HOUSE.to_image(300, line_width=4).save("house.png")
    document = vpype_cli.execute("sptrace -w 150mm -q 1mm house.png linesort linesimplify")
    assert document.page_size == (pytest.approx(150 * MM), pytest.approx(150 * MM))
    _, top, _, bottom = document.bounds()
    assert bottom - top == pytest.approx(137.5 * MM, abs=2 * MM)
    assert sum(map(len, document.layers.values())) == 2


def test_each_pen_has_a_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = Frame(100, 100, 2)
    sketch = Sketch(HOUSE.strokes, frame=frame, colours=("#c02020", "#2040c0"))
    monkeypatch.setattr(Sketch, "open", lambda _: sketch)
    Path("house.png").touch()
    document = vpype_cli.execute("sptrace house.png")
    assert [layer.property("vp_name") for layer in document.layers.values()] == ["red", "blue"]
    assert document.layers[1].property("vp_color") == vpype.Color("#c02020")
    assert [len(layer) for layer in document.layers.values()] == [1, 1]
    # an SVG of it has the same layers
    sketch.save("house.svg")
    read = vpype_cli.execute("read house.svg")
    assert [layer.property("vp_name") for layer in read.layers.values()] == ["red", "blue"]


def test_a_redrawing_lies_where_the_drawing_lies() -> None:
    drawing = HOUSE.to_image(200, line_width=4)
    page = drawing.resize((400, 400))
    page.paste(255, (0, 0, 400, 400))
    page.paste(drawing, (190, 190))
    page.save("corner.png")
    document = vpype_cli.execute("spredraw --seed 3 corner.png")
    assert document.page_size == (400, 400)
    _, top, _, bottom = document.bounds()
    assert bottom - top == pytest.approx(183, abs=25)
    assert (top + bottom) / 2 == pytest.approx(290, abs=15)


def test_a_redrawing_of_a_dot_is_as_large_as_the_dot() -> None:
    dot = '<path d="M50 40h0" stroke="#000" stroke-width="8" stroke-linecap="round"/>'
    Path("dot.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 90">{dot}</svg>'
    )
    left, top, right, bottom = vpype_cli.execute("spredraw dot.svg").bounds()
    assert max(right - left, bottom - top) == pytest.approx(8, abs=0.1)
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((50, 40), abs=0.1)


@pytest.mark.parametrize("command", ["sptrace", "spredraw"])
def test_what_is_left_out_is_said(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Sketch, "open", lambda _: replace(HOUSE, left_out="printed lines"))
    Path("house.png").touch()
    vpype_cli.execute(f"{command} house.png")
    assert capsys.readouterr().err == "sketch-pix2seq: `house.png`: left out: printed lines\n"


def test_what_is_wrong_is_a_line(tmp_path: Path) -> None:
    Path("words.txt").write_text("no drawing")
    result = click_testing.CliRunner().invoke(vpype_cli.cli, ["sptrace", "words.txt"])
    assert result.exit_code == 1
    assert "Error: `words.txt`: an input must be an SVG, a picture" in result.output
