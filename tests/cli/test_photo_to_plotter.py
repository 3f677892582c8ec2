"""A plotter owner's whole way: phone photo, strokes in millimetres, pen order, vpype."""

from __future__ import annotations

import io
import re
import shlex
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from simulated_photo import simulate_photo

import sketch_pix2seq
from sketch_pix2seq.cli.app import main
from sketch_pix2seq.io.reading import read_sketches

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    vpype = pytest.importorskip("vpype")
    vpype_cli = pytest.importorskip("vpype_cli")
    plugin = import_module("sketch_pix2seq.cli.vpype_plugin")

pytestmark = pytest.mark.filterwarnings("ignore")
PAGE = Path(__file__).parents[2] / "docs" / "photo-to-plotter.md"
MM = 96 / 25.4
"""vpype's pixels to a millimetre."""
PER_MM = 5
PHOTO = (250, 340)
SHEET = (20, 25, 230, 322)
"""The photo, and the sheet on it, in millimetres."""
TURNS = np.linspace(0, 2 * np.pi, 80)
BLACK = [
    np.stack([125 + 60 * np.cos(TURNS), 150 + 70 * np.sin(TURNS)], axis=1),
    np.array([(70.0, 250), (180, 250)]),
    np.array([(60.0, 270), (190, 285)]),
]
RED = [np.array([(80.0, 120), (100, 90), (120, 118)]), np.array([(100.0, 180), (150, 180)])]


def phone_photo(rng: np.random.Generator) -> bytes:
    """A sheet with two pens' lines on a dark table, in lamp light, as a JPEG."""
    size = (PHOTO[0] * PER_MM, PHOTO[1] * PER_MM)
    image = Image.new("RGB", size, (62, 44, 34))
    pen = ImageDraw.Draw(image)
    pen.rectangle([side * PER_MM for side in SHEET], (246, 244, 238))
    for lines, ink in ((BLACK, (28, 28, 32)), (RED, (190, 36, 40))):
        for line in lines:
            pen.line([tuple(point) for point in line * PER_MM], ink, 6, joint="curve")
    image = image.filter(ImageFilter.GaussianBlur(1))
    fall = np.linspace(1, 0.7, size[0])[None, :, None] * np.array([1, 0.95, 0.84])
    noisy = np.asarray(image) * fall + rng.normal(0, 3, (size[1], size[0], 3))
    file = io.BytesIO()
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(file, "jpeg", quality=85)
    return file.getvalue()


def dense(line: np.ndarray) -> np.ndarray:
    """Points along a line, as complex numbers, four to a millimetre."""
    z = line[:, 0] + 1j * line[:, 1]
    along = np.append(0, np.cumsum(np.abs(np.diff(z))))
    points: np.ndarray = np.interp(np.arange(0, along[-1], 0.25), along, z)
    return points


def apart(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How far each point is from the nearest of others."""
    distances: np.ndarray = np.abs(points[:, None] - others).min(axis=1)
    return distances


def test_from_the_photo_to_the_plotters_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("page.jpg").write_bytes(phone_photo(rng))
    assert main(["trace", "page.jpg", "--size-mm", str(PHOTO[1])]) == 0
    before = vpype_cli.execute("read page-traced.svg")
    width, height = before.page_size
    assert (width / MM, height / MM) == (pytest.approx(250, abs=0.1), pytest.approx(340, abs=0.1))
    vpype_cli.execute("read page-traced.svg linesort write sorted.svg")
    after = vpype_cli.execute("read sorted.svg")
    assert after.page_size == pytest.approx(before.page_size)
    assert before.pen_up_length() <= 1.01 * after.pen_up_length()  # `trace` has sorted them
    layers = {layer.property("vp_name"): layer for layer in after.layers.values()}
    assert set(layers) == {"black", "red"}
    for name, lines in (("black", BLACK), ("red", RED)):
        true = np.concatenate([dense(line) for line in lines])
        drawn = np.concatenate(
            [dense(np.stack([line.real, line.imag], axis=1) / MM) for line in layers[name]]
        )
        assert len(layers[name]) <= len(lines) + 1
        assert apart(drawn, true).max() < 1  # millimetre
        assert apart(true, drawn).max() < 2
        assert apart(true, drawn).mean() < 0.3
    vpype_cli.execute("read sorted.svg layout -m 2cm a4 write --device hp7475a page.hpgl")
    assert Path("page.hpgl").read_text().count("PD") >= 5


@pytest.mark.slow
def test_commands_of_the_page_run_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("sptrace", "spredraw"):
        monkeypatch.setitem(vpype_cli.cli.commands, name, getattr(plugin, name))
    cat = Path(sketch_pix2seq.__file__).parent / "examples" / "cat.svg"
    Path("cat.jpg").write_bytes(simulate_photo(read_sketches(cat)[0], seed=9))
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    commands = [shlex.split(line) for block in blocks for line in block.splitlines()]
    assert len(commands) == 10
    for program, *words in commands:
        if any(word.endswith(".dxf") for word in words):
            pytest.importorskip("ezdxf")
        if program == "vpype":
            vpype_cli.execute(shlex.join(words))
        else:
            assert main(words) == 0, words
    made = {path.name for path in tmp_path.iterdir()}
    assert {"cat-traced.svg", "cat.hpgl", "cat-a4.svg", "cat.dxf", "cat.excalidraw"} <= made
    assert "cat-redrawn-sorted.svg" in made and "cat-redrawn-7.svg" in made
