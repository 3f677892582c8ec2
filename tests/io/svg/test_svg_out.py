from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from sketch_pix2seq import Sketch, read_sketches
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.io.svg.svg_out import drawing_group, number, path_data, to_svg
from sketch_pix2seq.sketch.sketch import Frame

SVG = "{http://www.w3.org/2000/svg}"
CROSS = [np.array([[0, 0], [10, 10]]), np.array([[10, 0], [0, 10]]), np.array([[5, 0]])]


def test_one_clean_path_per_stroke() -> None:
    root = ET.fromstring(to_svg(CROSS, size=48, margin=4, line_width=1, colour="navy"))
    assert root.get("viewBox") == "0 0 48 48"
    (group,) = root.iter(f"{SVG}g")
    assert (group.get("fill"), group.get("stroke"), group.get("stroke-width")) == (
        "none",
        "navy",
        "1",
    )
    assert group.get("stroke-linecap") == group.get("stroke-linejoin") == "round"
    paths = [path.get("d") for path in root.iter(f"{SVG}path")]
    assert paths == ["M4 4L44 44", "M44 4L4 44", "M24 4h0"]


def test_nothing_is_an_empty_document() -> None:
    root = ET.fromstring(to_svg([]))
    assert list(root) == []
    assert drawing_group([], 10, 1, 1, "black") == ""


def test_markup_in_texts_does_no_harm() -> None:
    svg = to_svg(CROSS, title="<b>&", colour='"/><script>')
    root = ET.fromstring(svg)
    assert root.findtext(f"{SVG}title") == "<b>&"
    bell = ET.fromstring(to_svg(CROSS, title="a\x0bb"))
    assert bell.findtext(f"{SVG}title") == "a b"
    assert not list(root.iter(f"{SVG}script"))


@pytest.mark.parametrize(
    "options",
    [{"size": 0}, {"size": 1e9}, {"margin": -1}, {"size": 10, "margin": 5}, {"line_width": 0}],
)
def test_sizes_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="`size` must be up to"):
        to_svg(CROSS, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-0.001, "0"), (100, "100"), (0.1, "0.1"), (-2.345, "-2.35"), (1e6, "1000000")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) in (text, "-2.34")


def test_a_dot_is_a_line_of_no_length() -> None:
    assert path_data(np.array([[3.0, 4.0]])) == "M3 4h0"


def test_small_frames_keep_their_shape() -> None:
    """Hundredths of a pixel would be coarse in a frame of one."""
    sketch = Sketch.from_points([[(0.123456, 0.5), (0.9, 0.654321)]])
    small = replace(sketch, frame=Frame(1, 1, 0.005, 200.0))
    (read,) = read_sketches(small.to_svg().encode())
    assert read.frame is not None
    assert read.frame.size_mm == pytest.approx(200)
    scale = 1 / max(read.frame.width, read.frame.height)
    np.testing.assert_allclose(read.strokes[0][[0, -1]] * scale, sketch.strokes[0], atol=1e-3)
