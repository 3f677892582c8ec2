"""Inputs: whatever shows the same drawing becomes the same picture; what shows none is refused."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from bundles import plain_card
from sketch_pix2seq.bundle.architectures import STROKES
from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.inference.inputs import as_list, as_views
from sketch_pix2seq.sketch.raster import rasterise
from sketch_pix2seq.sketch.sketch import Sketch

CARD = plain_card()
ROOF = Sketch.from_points([[(0, 60), (50, 0), (100, 60)], [(10, 60), (10, 120), (90, 120)]])
NDJSON = b'{"drawing": [[[0, 9], [0, 9]]]}\n'


def test_one_input_is_told_from_several() -> None:
    picture = np.zeros((48, 48), np.float32)
    content, opened = b"<svg/>", io.BytesIO(b"<svg/>")
    for one in ("a.svg", Path("a.svg"), ROOF, ROOF.to_image(), picture, content, opened):
        inputs, alone = as_list(one)
        assert alone
        assert inputs[0] is one
    for several in ([ROOF], (ROOF, "a.svg"), []):
        assert as_list(several) == (list(several), False)


@pytest.mark.parametrize("given", [None, 3, {"a": 1}])
def test_something_else_is_refused(given: object) -> None:
    with pytest.raises(DrawingError, match="an input must be a path"):
        as_views([given], CARD)


def test_content_that_is_no_drawing_is_refused_in_plain_words(
    unchecked_shapes: Callable[[], AbstractContextManager[None]],
) -> None:
    with pytest.raises(DrawingError, match="an input must be an SVG, .* got something else"):
        as_views([b"bytes"], CARD)
    with unchecked_shapes(), pytest.raises(DrawingError, match="got a file open for reading text"):
        as_views([io.StringIO("<svg/>")], CARD)


def test_what_is_no_sequence_is_refused() -> None:
    with pytest.raises(DrawingError, match="an input must be a path, .*; got dict"):
        as_list({"a": 1})


def test_every_kind_of_input_gives_about_the_same_picture(tmp_path: Path) -> None:
    ROOF.save(tmp_path / "roof.svg")
    ROOF.save(tmp_path / "roof.png", size=600, line_width=14)
    expected = rasterise(ROOF, CARD.raster)
    picture = ROOF.to_image(400, line_width=9)
    inputs: list[object] = [ROOF, expected, tmp_path / "roof.svg", str(tmp_path / "roof.png")]
    content = (tmp_path / "roof.svg").read_bytes()
    with (tmp_path / "roof.png").open("rb") as file:
        inputs += [picture, content, content.decode(), io.BytesIO(content), file]
        pictures = as_views(inputs, CARD)
    assert pictures.shape == (9, 1, 48, 48)
    assert pictures.dtype == np.float32
    np.testing.assert_array_equal(pictures[0, 0], expected)
    np.testing.assert_array_equal(pictures[1, 0], expected)
    for found in pictures[2:, 0]:
        assert np.abs(found - expected).mean() < 0.025


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F"])
def test_pillow_pictures_of_any_mode(mode: str) -> None:
    picture = ROOF.to_image(200, line_width=5).convert(mode)
    found = as_views([picture], CARD)[0, 0]
    assert np.abs(found - rasterise(ROOF, CARD.raster)).mean() < 0.03


@pytest.mark.parametrize("mode", ["RGBa", "PA"])
def test_what_is_transparent_is_paper_in_any_mode(mode: str) -> None:
    ink = ImageOps.invert(ROOF.to_image(200, line_width=5))
    picture = Image.new("RGBA", ink.size)
    picture.putalpha(ink)
    found = as_views([picture.convert(mode)], CARD)[0, 0]
    assert np.abs(found - rasterise(ROOF, CARD.raster)).mean() < 0.03


def test_a_turned_photo_is_read_upright() -> None:
    picture = ROOF.to_image(200, line_width=5)
    expected = as_views([picture], CARD)
    turned = picture.transpose(Image.Transpose.ROTATE_90)
    turned.getexif()[0x0112] = 6  # to be turned clockwise
    np.testing.assert_array_equal(as_views([turned], CARD), expected)


def test_a_picture_that_cannot_be_read_is_a_drawing_error() -> None:
    file = io.BytesIO()
    ROOF.to_image(200).save(file, "png")
    for broken in (Image.open(io.BytesIO(file.getvalue()[:-200])), Image.new("L", (0, 0))):
        with pytest.raises(DrawingError):
            as_views([broken], CARD)


def test_a_boolean_array_is_a_picture() -> None:
    ink = rasterise(ROOF, CARD.raster) > 0.5
    np.testing.assert_array_equal(as_views([ink], CARD)[0, 0], ink)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((47, 48)), "of shape (48, 48); got (47, 48)"),
        (np.zeros((48, 48, 3)), "of shape (48, 48)"),
        (np.ones((48, 48), np.uint8), "must hold float numbers"),
        (np.full((48, 48), 255.0), "from 0 (paper) to 1 (ink)"),
        (np.full((48, 48), -0.1), "from 0 (paper) to 1 (ink)"),
        (np.full((48, 48), np.nan), "from 0 (paper) to 1 (ink)"),
        (np.zeros((48, 48)), "must show ink; got a blank one"),
    ],
)
def test_arrays_that_are_no_pictures(picture: np.ndarray, message: str) -> None:
    with pytest.raises(DrawingError, match=re.escape(message)):
        as_views([picture], CARD)


def test_the_wrong_one_of_several_is_named() -> None:
    with pytest.raises(DrawingError, match="input 12: a drawing must have a stroke"):
        as_views([ROOF, ROOF, Sketch(())], CARD, 10)
    with pytest.raises(DrawingError, match="input 1024: a drawing must have a stroke"):
        as_views([Sketch(())], CARD, 1024)


def test_blank_and_missing_drawings(tmp_path: Path) -> None:
    with pytest.raises(DrawingError, match="a drawing must have a stroke"):
        as_views([Sketch(())], CARD)
    with pytest.raises(DrawingError):
        as_views([Image.new("L", (60, 60), 255)], CARD)
    with pytest.raises(DrawingError, match="`none.svg`: there must be such a file"):
        as_views([tmp_path / "none.svg"], CARD)


def test_a_file_of_several_drawings_is_not_one(tmp_path: Path) -> None:
    (tmp_path / "one.ndjson").write_bytes(NDJSON)
    (tmp_path / "two.ndjson").write_bytes(2 * NDJSON)
    assert as_views([tmp_path / "one.ndjson"], CARD).any()
    with pytest.raises(DrawingError, match="must hold one drawing; got 2. Read all with"):
        as_views([tmp_path / "two.ndjson"], CARD)


def test_a_model_that_reads_strokes_takes_drawings_and_traced_pictures_but_no_arrays() -> None:
    card = plain_card(STROKES)
    views = as_views([ROOF, ROOF.to_image(200, line_width=5)], card)
    assert views.shape == (2, card.max_steps + 1, 5)
    with pytest.raises(DrawingError, match="model `plain` reads strokes"):
        as_views([np.ones((48, 48), np.float32)], card)
