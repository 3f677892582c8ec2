"""Photos of a sheet that lies tilted on a table."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sketch_pix2seq.io.picture.picture_in import read_picture
from sketch_pix2seq.sketch.sketch import Sketch

SIZE = (1000, 800)
TURNS = np.linspace(0, 2 * np.pi, 60)
DISTANCE = 1.5
"""Of the camera, in focal lengths."""


def lines_on(width: float, height: float) -> list[np.ndarray]:
    """A house, a sun and ground, in millimetres of the sheet."""
    house = np.array([(0.2, 0.8), (0.2, 0.4), (0.35, 0.2), (0.5, 0.4), (0.5, 0.8), (0.2, 0.8)])
    sun = np.array([0.75, 0.4]) + 0.15 * np.stack([np.cos(TURNS), np.sin(TURNS)], axis=1)
    ground = np.array([(0.1, 0.9), (0.9, 0.9)])
    return [dense(line * (width, height)) for line in (house, sun, ground)]


def dense(line: np.ndarray) -> np.ndarray:
    steps = np.linspace(0, 1, 30)[:, None]
    return np.concatenate([a + (b - a) * steps for a, b in itertools.pairwise(line)])


def in_space(tilt: float, direction: float, turn: float) -> np.ndarray:
    """The rotation by `turn` on the table, then away from the camera (Rodrigues' formula)."""
    tilt, direction, turn = np.radians([tilt, direction, turn])
    x, y = np.cos(direction), np.sin(direction)
    cross = np.array([[0, 0, y], [0, 0, -x], [-y, x, 0]])
    away = np.eye(3) + np.sin(tilt) * cross + (1 - np.cos(tilt)) * cross @ cross
    sine, cosine = np.sin(turn), np.cos(turn)
    rotation: np.ndarray = away @ np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    return rotation


def photo_of(
    sheet: tuple[float, float],
    rotation: np.ndarray,
    rng: np.random.Generator,
    *,
    focal_length: float = 0.8,
    table: tuple[int, int, int] = (70, 50, 40),
) -> bytes:
    """A sheet with lines, by a pinhole camera, in uneven light, as a JPEG."""

    def seen(points: np.ndarray) -> list[tuple[float, ...]]:
        flat = (points - np.array(sheet) / 2) / max(sheet)
        there = np.column_stack([flat, np.zeros(len(flat))]) @ rotation.T
        there[:, 2] += DISTANCE * focal_length
        places = there[:, :2] / there[:, 2:] * focal_length * max(SIZE) + np.array(SIZE) / 2
        return [tuple(place) for place in (2 * places).tolist()]

    width, height = sheet
    image = Image.new("RGB", (2 * SIZE[0], 2 * SIZE[1]), table)
    pen = ImageDraw.Draw(image)
    pen.polygon(seen(np.array([(0, 0), (width, 0), sheet, (0, height)])), (240, 238, 230))
    for line in lines_on(*sheet):
        pen.line(seen(line), (40, 40, 60), 8, joint="curve")
    light = np.linspace(0.95, 0.65, SIZE[0])[None, :, None]
    grain = rng.normal(0, 3, (SIZE[1], SIZE[0], 1))
    picture = np.asarray(image.reduce(2)) * light + grain
    file = io.BytesIO()
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(file, "jpeg", quality=88)
    return file.getvalue()


def off(found: Sketch, sheet: tuple[float, float]) -> float:
    """How far true lines and found ones are apart at most, of the sheet's longest side."""
    assert found.frame is not None
    scale = max(sheet) / max(found.frame[:2])
    drawn = np.concatenate([dense(stroke * scale) for stroke in found.strokes])
    true = np.concatenate(lines_on(*sheet))
    apart = np.hypot(*(drawn[:, None] - true).T)
    return float(max(apart.min(axis=0).max(), apart.min(axis=1).max())) / max(sheet)


@pytest.mark.parametrize("sheet", [(297, 210), (216, 279), (200, 200)])
@pytest.mark.parametrize(
    ("tilt", "direction", "turn"),
    [(0, 0, 4), (0, 0, -38), (15, 0, 0), (30, 90, 0), (30, 45, 8), (38, 200, -10), (25, 130, 20)],
)
def test_a_tilted_sheet_is_seen_from_above(
    sheet: tuple[float, float], tilt: float, direction: float, turn: float, rng: np.random.Generator
) -> None:
    found = read_picture(photo_of(sheet, in_space(tilt, direction, turn), rng))
    assert found.frame is not None
    ratio = found.frame.width / found.frame.height
    assert ratio == pytest.approx(sheet[0] / sheet[1], rel=0.015)
    assert off(found, sheet) < 0.02
    assert len(found.strokes) == 3
    assert (found.left_out or "").startswith("what lies round the sheet, which is straightened")


@pytest.mark.parametrize("focal_length", [0.65, 1.4])
def test_the_camera_may_be_any(focal_length: float, rng: np.random.Generator) -> None:
    data = photo_of((297, 210), in_space(30, 60, 5), rng, focal_length=focal_length)
    assert off(read_picture(data), (297, 210)) < 0.02


def test_corners_may_be_hidden(rng: np.random.Generator) -> None:
    data = photo_of((297, 210), in_space(20, 60, 10), rng)
    image = Image.open(io.BytesIO(data))
    corner = np.argwhere(np.asarray(image.convert("L")) > 120)[0][::-1]  # the uppermost one
    pen = ImageDraw.Draw(image)
    pen.circle((float(corner[0]), float(corner[1])), 50, (60, 45, 40))
    file = io.BytesIO()
    image.save(file, "png")
    assert off(read_picture(file.getvalue()), (297, 210)) < 0.015


def test_the_frame_is_the_picture_if_wished_or_upright(rng: np.random.Generator) -> None:
    tilted = photo_of((297, 210), in_space(0, 0, 20), rng)
    found = read_picture(tilted, straighten=False)
    assert found.frame is not None and found.frame[:2] == pytest.approx(SIZE)
    assert found.left_out == "what lies round the sheet"
    upright = read_picture(photo_of((297, 210), in_space(0, 0, 1), rng))
    assert upright.frame is not None and upright.frame[:2] == pytest.approx(SIZE)


@pytest.mark.parametrize("side", [10, 12, 16])
def test_icons_may_look_like_a_tilted_sheet(side: int) -> None:
    for turn in range(-10, 11, 4):
        image = Image.new("L", (80, 80), 20)
        pen = ImageDraw.Draw(image)
        pen.regular_polygon((40, 40, 45), 4, rotation=turn, fill=240)
        pen.line([(30, 40), (50, 45)], 0, 5)
        file = io.BytesIO()
        image.resize((side, side), Image.Resampling.BOX).save(file, "png")
        assert read_picture(file.getvalue()).strokes


def test_a_sheet_of_six_corners_is_not_straightened(rng: np.random.Generator) -> None:
    image = Image.new("RGB", SIZE, (60, 45, 40))
    pen = ImageDraw.Draw(image)
    pen.regular_polygon((500, 400, 340), 6, rotation=10, fill=(240, 238, 230))
    pen.line([(400, 300), (600, 500)], (30, 30, 40), 6)
    picture = np.asarray(image) + rng.normal(0, 3, (SIZE[1], SIZE[0], 1))
    file = io.BytesIO()
    Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)).save(file, "png")
    found = read_picture(file.getvalue())
    assert found.frame is not None and found.frame[:2] == pytest.approx(SIZE)
