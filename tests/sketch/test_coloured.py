"""Pictures in colours, against Pillow's own way of laying an ink over paper through a mask."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from sketch_pix2seq.io.sheet import Sheet, SheetRow
from sketch_pix2seq.sketch.coloured import coloured_picture, pens_of
from sketch_pix2seq.sketch.raster import RasterSettings
from sketch_pix2seq.sketch.sketch import Sketch

LINES = Sketch.from_points([[(0, 0), (90, 60)], [(0, 60), (90, 0)], [(0, 30), (90, 30)]]).strokes
PENS = ("#c02020", "#2040c0", "#c02020")
DRAWING = Sketch(LINES, colours=PENS)
PAIR = (Sketch((LINES[0], LINES[2])), Sketch((LINES[1],)))


def over_paper(size: int, line_width: float, margin: float) -> Image.Image:
    """The red lines, then the blue one, each through a mask of where it lies."""
    picture = Image.new("RGB", (size, size), "white")
    scale = (size - 2 * margin) / 90
    for pen, own in (("#c02020", PAIR[0]), ("#2040c0", PAIR[1])):
        mask = np.zeros((size, size))
        y, x = np.mgrid[:size, :size] + 0.5
        for stroke in own.strokes:
            (ax, ay), (bx, by) = (stroke - (45, 30)) * scale + size / 2
            length2 = (bx - ax) ** 2 + (by - ay) ** 2
            share = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length2, 0, 1)
            apart = np.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay))
            mask = np.maximum(mask, np.clip(line_width / 2 + 0.5 - apart, 0, 1))
        picture.paste(pen, mask=Image.fromarray(np.rint(255 * mask).astype(np.uint8)))
    return picture


def apart(one: Image.Image, other: Image.Image) -> float:
    return float(np.abs(np.asarray(one, float) - np.asarray(other, float)).mean())


def last_frame(data: bytes) -> Image.Image:
    film = Image.open(io.BytesIO(data))
    film.seek(film.n_frames - 1)  # type: ignore[attr-defined]
    return film.convert("RGB")


def test_pictures_are_drawn_in_the_colours_of_their_pens() -> None:
    expected = over_paper(96, 6, 8)
    settings = RasterSettings(size=96, margin=8, line_width=6)
    picture = DRAWING.to_image(96, margin=8, line_width=6)
    assert apart(picture, expected) < 1
    assert np.array_equal(np.asarray(picture), coloured_picture(DRAWING, settings))
    for kind in ("gif", "apng"):
        moving = DRAWING.to_animation(kind, 96, margin=8, line_width=6)
        assert apart(last_frame(moving), expected) < 2


def test_a_film_shows_one_pen_before_the_other() -> None:
    film = Image.open(io.BytesIO(DRAWING.to_animation("gif", 64)))
    seen = []
    for number in range(film.n_frames):  # type: ignore[attr-defined]
        film.seek(number)
        red, _, blue = np.asarray(film.convert("RGB"), int).reshape(-1, 3).T
        seen.append((bool((red - blue > 90).any()), bool((blue - red > 90).any())))
    assert sorted(set(seen)) == [(True, False), (True, True)]
    assert seen == sorted(seen)


def test_sheets_show_colours() -> None:
    sheet = Sheet(rows=[SheetRow([DRAWING, Sketch(LINES)])], cell=96)
    text = sheet.to_svg()
    assert [text.count(f'stroke="{pen}"') for pen in ("#c02020", "#2040c0", "#1b1b1b")] == [1, 1, 1]
    red, _, blue = np.asarray(sheet.to_image(), int).reshape(-1, 3).T
    assert ((red - blue) > 100).any() and ((blue - red) > 100).any()
    grey = np.asarray(sheet.to_image(), int)[:, sheet.size[0] :]
    assert np.ptp(grey, axis=2).max() == 0


def test_drawings_without_colours_stay_grey() -> None:
    assert Sketch(LINES).to_image(32).mode == "L"
    assert pens_of(LINES) == pens_of(Sketch(LINES)) == []
    for kind in ("gif", "apng"):
        picture = last_frame(Sketch(LINES).to_animation(kind, 32))
        assert np.ptp(np.asarray(picture, int), axis=2).max() == 0
        assert apart(picture, Sketch(LINES).to_image(32).convert("RGB")) < 3


@pytest.mark.parametrize("num", [17, pytest.param(300, marks=pytest.mark.slow)])
def test_many_pens(num: int) -> None:
    lines = tuple(np.array([(0, k), (9, k)], np.float32) for k in range(num))
    colours = tuple(f"#{k % 256:02x}{40 + k // 256:02x}80" for k in range(num))
    drawing = Sketch(lines, colours=colours)
    assert len(pens_of(drawing)) == num
    assert apart(last_frame(drawing.to_animation("gif", 32)), drawing.to_image(32)) < 12


def test_an_empty_drawing_is_paper() -> None:
    assert coloured_picture(Sketch(()), RasterSettings(size=8)).min() == 255
