"""The demo, and the examples that ship with the package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from bundles import write_bundle
from sketch_pix2seq import demo
from sketch_pix2seq.io.reading import read_sketches

ROOT = Path(__file__).parents[1]
EXAMPLES = Path(demo.__file__).parent / "examples"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script that draws the examples."""
    path = ROOT / "scripts" / "draw_examples.py"
    spec = importlib.util.spec_from_file_location("draw_examples", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_demo_draws_a_sheet_and_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = write_bundle(tmp_path / "bundle")
    out = tmp_path / "new" / "demo"
    assert demo.main(["--out", str(out), "--bundle", str(bundle)]) == 0
    told, err = capsys.readouterr()
    assert err == ""
    num = 6 * demo.NUM_DRAWINGS  # its one category has no example to complete
    assert told.startswith(f"{num} drawings in ")
    assert "ms a drawing" in told
    assert told.splitlines()[-2:] == [str(out / "redrawings.svg"), str(out / "redrawings.png")]
    assert sorted(path.name for path in out.iterdir()) == ["redrawings.png", "redrawings.svg"]
    with Image.open(out / "redrawings.png") as picture:
        assert min(picture.size) > 1000
    svg = (out / "redrawings.svg").read_text()
    assert "cat.svg" in svg
    assert "data:image/png" in svg  # the thick lines as they are


def test_a_broken_bundle_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.main(["--out", str(tmp_path / "out"), "--bundle", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.startswith("sketch-pix2seq: there is no bundle")
    assert not (tmp_path / "out").exists()


def test_every_example_is_read_as_the_drawing_it_is() -> None:
    (cat,) = read_sketches(EXAMPLES / "cat.svg")
    assert len(cat.strokes) == 14
    (pig,) = read_sketches(EXAMPLES / "pig.png")
    assert 6 <= len(pig.strokes) <= 12
    doodles = read_sketches(EXAMPLES / "doodles.ndjson")
    assert [doodle.category for doodle in doodles] == ["face", "car", "teapot", "alarm clock"]
    for sketch in (cat, pig, *doodles):
        assert 40 < sketch.normalised().num_points < 90  # as people's drawings have


def test_the_examples_are_what_the_script_draws(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "EXAMPLES", tmp_path / "examples")
    script.main()
    names = {path.name for path in (tmp_path / "examples").iterdir()}
    assert names == {path.name for path in EXAMPLES.iterdir()} > set(demo.EXAMPLES)
    for name in ("cat.svg", "doodles.ndjson", "started-car.ndjson"):
        assert (tmp_path / "examples" / name).read_text() == (EXAMPLES / name).read_text()
    with (
        Image.open(tmp_path / "examples" / "pig.png") as new,
        Image.open(EXAMPLES / "pig.png") as old,
    ):
        np.testing.assert_allclose(np.asarray(new, int), np.asarray(old, int), atol=1)
