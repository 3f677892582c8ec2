from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sketch_pix2seq.errors import DrawingError, UsageError
from sketch_pix2seq.sketch.pen import START_STEP
from sketch_pix2seq.sketch.sketch import Sketch

HOUSE = Sketch.from_points(
    [[(0, 10), (10, 0), (20, 10)], [(0, 10), (0, 30), (20, 30), (20, 10)], [(5, 5)]],
    category="house",
    name="mine",
)


def test_points_are_copied_and_closed_against_writing() -> None:
    points = np.zeros((3, 2), np.float32)
    sketch = Sketch.from_points([points])
    points[:] = 7
    assert not sketch.strokes[0].any()
    with pytest.raises(ValueError, match="read-only"):
        sketch.strokes[0][0, 0] = 1
    with pytest.raises(AttributeError):
        sketch.category = "cat"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("stroke", "message"),
    [
        (np.zeros((3, 2)), "stroke 0 of `strokes` must be a float32 array; got float64. Use"),
        (np.zeros((0, 2), np.float32), r"must be of shape \(P, 2\), P >= 1; got \(0, 2\)"),
        (np.zeros((2, 3), np.float32), r"must be of shape \(P, 2\), P >= 1; got \(2, 3\)"),
        (np.full((2, 2), np.nan, np.float32), "stroke 0 of `strokes` must be finite"),
    ],
)
def test_what_is_no_stroke_is_refused(stroke: np.ndarray, message: str) -> None:
    with pytest.raises(DrawingError, match=message):
        Sketch((stroke,))


@pytest.mark.parametrize("stroke", [[("a", 1)], [(1,)], [], 5, None, [(1, 2), (3,)], [(1e60, 0)]])
def test_from_points_refuses_what_is_no_pair_of_numbers(stroke: object) -> None:
    with pytest.raises(DrawingError, match="stroke 1 of `strokes` must be"):
        Sketch.from_points([[(0, 0)], stroke])


def test_measures() -> None:
    assert HOUSE.num_points == 8
    assert HOUSE.bounds == (0.0, 0.0, 20.0, 30.0)
    assert Sketch(()).num_points == 0
    assert Sketch(()).bounds is None


def test_equal_by_strokes_not_by_labels() -> None:
    again = Sketch.from_points(HOUSE.strokes)
    assert again == HOUSE
    assert hash(again) == hash(HOUSE)
    assert Sketch.from_points([[(0.0, 0)]]) == Sketch.from_points([[(-0.0, 0)]])
    assert hash(Sketch.from_points([[(0.0, 0)]])) == hash(Sketch.from_points([[(-0.0, 0)]]))
    assert HOUSE.truncated(7) != HOUSE
    assert Sketch.from_points([[(0, 0), (1, 1)]]) != Sketch.from_points([[(0, 0)], [(1, 1)]])
    assert HOUSE != "house"


def test_repr_is_one_short_line() -> None:
    assert repr(HOUSE) == "Sketch(3 strokes, 8 points, category='house', name='mine')"
    assert repr(Sketch(())) == "Sketch(0 strokes, 0 points)"


def test_stroke3_and_stroke5_come_back() -> None:
    assert Sketch.from_stroke3(HOUSE.to_stroke3(), "house").category == "house"
    assert Sketch.from_stroke3(HOUSE.to_stroke3()) == HOUSE
    assert Sketch.from_stroke5(HOUSE.to_stroke5()) == HOUSE
    assert Sketch.from_stroke5(HOUSE.to_stroke5(max_steps=40)) == HOUSE
    started = np.concatenate([START_STEP[None], HOUSE.to_stroke5()])
    assert Sketch.from_stroke5(started, start_row=True) == HOUSE
    with pytest.raises(DrawingError, match="Shorten it with"):
        HOUSE.to_stroke5(max_steps=7)


def test_centring_moves_by_whole_pixels_and_keeps_labels() -> None:
    centred = HOUSE.centred()
    assert centred.bounds == (-10.0, -15.0, 10.0, 15.0)
    assert (centred.category, centred.name) == ("house", "mine")
    for corner, bounds in (((5, 7), (-2, -3, 3, 4)), ((-5, -8), (-2, -4, 3, 4))):
        assert Sketch.from_points([[(0, 0), corner]]).centred().bounds == bounds
    assert Sketch(()).centred() == Sketch(())


def test_simplified_and_normalised() -> None:
    line = Sketch.from_points([[(0, 0), (5, 0.4), (10, 0)]], category="line")
    assert line.simplified(1).num_points == 2
    assert line.simplified(0.1).num_points == 3
    assert line.simplified(1).category == "line"
    assert HOUSE.normalised().bounds == (0.0, 0.0, 170.0, 255.0)


def test_truncating_keeps_the_first_points() -> None:
    assert [len(stroke) for stroke in HOUSE.truncated(5).strokes] == [3, 2]
    assert [len(stroke) for stroke in HOUSE.truncated(3).strokes] == [3]
    assert HOUSE.truncated(0) == Sketch(())
    assert HOUSE.truncated(99) == HOUSE
    with pytest.raises(UsageError, match="`max_steps` must be 0 or more"):
        HOUSE.truncated(-1)


def test_an_image_is_black_on_white() -> None:
    image = HOUSE.to_image(100)
    assert (image.size, image.mode) == ((100, 100), "L")
    assert np.asarray(image).min() < 40
    assert image.getpixel((0, 0)) == 255
    thick = HOUSE.to_image(100, line_width=12, margin=12)
    assert np.asarray(thick).mean() < np.asarray(image).mean() - 50


def test_saving_goes_by_suffix(tmp_path: Path) -> None:
    svg = HOUSE.save(tmp_path / "house.svg", size=64)
    assert svg.read_text(encoding="utf-8") == HOUSE.to_svg(size=64)
    png = HOUSE.save(str(tmp_path / "house.PNG"), size=64)
    with Image.open(png) as image:
        assert image.size == (64, 64)
    with pytest.raises(
        UsageError, match=r"must be saved as \.svg, .* or \.excalidraw; got house\.bmp"
    ):
        HOUSE.save(tmp_path / "house.bmp")
    assert not (tmp_path / "house.bmp").exists()


def test_a_notebook_shows_it() -> None:
    shown = HOUSE._repr_svg_()
    assert shown.startswith("<svg")
    assert "<title>house</title>" in shown


@pytest.mark.parametrize("colour", ["red", "", '#12345"'])
def test_colours_are_hexadecimal(colour: str) -> None:
    with pytest.raises(DrawingError, match="#rrggbb"):
        Sketch((np.zeros((1, 2), np.float32),), colours=(colour,))
