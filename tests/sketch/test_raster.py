from __future__ import annotations

import gzip
import itertools
from collections.abc import Sequence
from pathlib import Path

import cairocffi
import numpy as np
import pytest

from sketch_pix2seq.errors import DrawingError, UsageError
from sketch_pix2seq.io.ndjson import parse_sketch
from sketch_pix2seq.sketch.geometry import fit
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise, rasterise_batch
from sketch_pix2seq.sketch.sketch import Sketch

DEFAULT = RasterSettings()


def cairo(strokes: Sequence[np.ndarray], settings: RasterSettings = DEFAULT) -> np.ndarray:
    """The reference: the same geometry, drawn by cairo."""
    size = settings.size
    surface = cairocffi.ImageSurface(cairocffi.FORMAT_A8, size, size)
    context = cairocffi.Context(surface)
    context.set_antialias(cairocffi.ANTIALIAS_BEST)
    context.set_line_width(settings.line_width)
    context.set_line_cap(cairocffi.LINE_CAP_ROUND)
    context.set_line_join(cairocffi.LINE_JOIN_ROUND)
    points = np.concatenate(strokes).astype(np.float64)
    scale, middle = fit(points.min(axis=0), points.max(axis=0), size, settings.margin)
    for stroke in strokes:
        placed = ((stroke - middle) * scale + size / 2).tolist()
        context.move_to(*placed[0])
        for point in placed[1:] or placed:
            context.line_to(*point)
        context.stroke()
    surface.flush()
    rows = np.frombuffer(surface.get_data(), np.uint8).reshape(size, surface.get_stride())
    return rows[:, :size].astype(np.float64)


def differences(
    drawings: Sequence[Sequence[np.ndarray]], settings: RasterSettings = DEFAULT
) -> np.ndarray:
    """Mean absolute difference from cairo per drawing, in steps of 255."""
    ours = 255 * rasterise_batch(drawings, settings)[:, 0].astype(np.float64)
    theirs = np.stack([cairo(drawing, settings) for drawing in drawings])
    per_drawing: np.ndarray = np.abs(ours - theirs).mean(axis=(1, 2))
    return per_drawing


def made_up(rng: np.random.Generator, num: int) -> list[list[np.ndarray]]:
    """Wobbly curves, like drawings of a few strokes."""
    drawings = []
    for _ in range(num):
        strokes = []
        for _ in range(int(rng.integers(1, 7))):
            turns = np.cumsum(rng.normal(scale=0.5, size=int(rng.integers(2, 15))))
            steps = 25 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
            strokes.append(np.cumsum(steps, axis=0) + rng.uniform(0, 200, size=2))
        drawings.append(strokes)
    return drawings


def test_made_up_drawings_look_as_cairo_draws_them(rng: np.random.Generator) -> None:
    found = differences(made_up(rng, 200))
    assert found.mean() < 1
    assert found.max() < 4


@pytest.mark.parametrize("line_width", [0.5, 1.0, 1.4, 1.6, 3.0, 9.0, 33.3])
@pytest.mark.parametrize("size", [47, 200])
def test_other_sizes_and_widths_do_too(
    rng: np.random.Generator, size: int, line_width: float
) -> None:
    settings = RasterSettings(size=size, margin=size / 10, line_width=line_width)
    assert differences(made_up(rng, 12), settings).mean() < 1.2


def test_single_lines_are_nearly_exact(rng: np.random.Generator) -> None:
    lines = [[rng.uniform(0, 255, size=(2, 2))] for _ in range(300)]
    assert differences(lines).mean() < 0.25


def test_real_drawings_look_as_cairo_draws_them(quickdraw: Path) -> None:
    drawings = []
    for path in sorted(quickdraw.glob("*.ndjson.gz"))[::12]:
        with gzip.open(path) as lines:
            drawings += [parse_sketch(line).strokes for line in itertools.islice(lines, 30)]
    found = differences(drawings)
    assert found.mean() < 1.2
    assert np.quantile(found, 0.95) < 3.5


def test_nothing_is_blank() -> None:
    assert not rasterise([]).any()
    assert not rasterise(Sketch(())).any()
    assert rasterise_batch([]).shape == (0, 1, 48, 48)


def test_one_point_is_a_dot_in_the_middle() -> None:
    for place in ((0, 0), (1e6, -3), (255, 255)):
        picture = rasterise([np.array([place])])
        assert 0.5 < picture.sum() < 1.5
        assert picture[23:25, 23:25].sum() == picture.sum()


def test_dots_beside_lines_are_seen() -> None:
    line = np.array([[0, 0], [100, 0]])
    with_dot = rasterise([line, np.array([[50, 40]])])
    assert 0.5 < with_dot[30:].sum() < 1.5


def test_ink_is_between_0_and_1_and_stays_inside_the_margin(rng: np.random.Generator) -> None:
    pictures = rasterise_batch(made_up(rng, 50))
    assert pictures.dtype == np.float32
    assert pictures.min() == 0
    assert 0.9 < pictures.max() <= 1
    frame = np.ones((48, 48), bool)
    frame[1:-1, 1:-1] = False
    assert not pictures[:, 0, frame].any()


def test_a_drawing_does_not_depend_on_its_batch(rng: np.random.Generator) -> None:
    drawings = [*made_up(rng, 300), [], [np.zeros((1, 2))]]
    batch = rasterise_batch(drawings)
    for number in (0, 7, 112, 113, 114, 250, 300, 301):
        np.testing.assert_array_equal(batch[number, 0], rasterise(drawings[number]))


def test_place_and_scale_do_not_matter(rng: np.random.Generator) -> None:
    (drawing,) = made_up(rng, 1)
    moved = [stroke * 0.125 - 1000 for stroke in drawing]
    np.testing.assert_allclose(rasterise(moved), rasterise(drawing), atol=0.02)


def test_integers_floats_and_sketches_draw_alike() -> None:
    points = np.array([[0, 0], [200, 30], [17, 99]])
    expected = rasterise([points.astype(np.float64)])
    np.testing.assert_array_equal(rasterise([points.astype(np.int16)]), expected)
    np.testing.assert_array_equal(rasterise(Sketch.from_points([points])), expected)
    np.testing.assert_array_equal(rasterise((points.astype(np.float32),)), expected)


def test_turned_drawings_give_turned_pictures(rng: np.random.Generator) -> None:
    (drawing,) = made_up(rng, 1)
    turned = [stroke[:, ::-1] for stroke in drawing]
    np.testing.assert_allclose(rasterise(turned), rasterise(drawing).T, atol=0.02)


def test_ink_that_leaves_the_picture_is_cut_off() -> None:
    settings = RasterSettings(size=20, margin=0, line_width=9)
    frame = np.array([[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]])
    pictures = rasterise_batch([[frame], [], [frame]], settings)[:, 0]
    assert not pictures[1].any()
    np.testing.assert_array_equal(pictures[0], pictures[2])
    assert pictures[0][0].min() == 1
    assert differences([[frame]], settings).max() < 1.5


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e30, 1e150])
def test_tiny_and_huge_drawings_fit(scale: float) -> None:
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * scale
    expected = rasterise([square / scale])
    np.testing.assert_allclose(rasterise([square]), expected, atol=0.02)


@pytest.mark.parametrize(
    ("stroke", "message"),
    [
        (np.zeros((0, 2)), "every stroke must have a point"),
        (np.zeros((4, 3)), "rows"),
        (np.zeros(2), "rows"),
        (np.array([[np.nan, 0]]), "must be finite"),
        (np.array([[np.inf, 0], [0, 0]]), "must be finite"),
        (np.array([["a", "b"]]), "must be numbers"),
    ],
)
def test_what_is_no_stroke_is_refused(stroke: np.ndarray, message: str) -> None:
    with pytest.raises(DrawingError, match=message):
        rasterise([stroke])
    with pytest.raises(DrawingError):
        rasterise([np.zeros((3, 2)), stroke])


def test_wrong_settings_are_all_reported_at_once() -> None:
    with pytest.raises(UsageError, match="`size` must .*; `margin` must .*; `line_width` must "):
        RasterSettings(size=0, margin=-1, line_width=float("nan"))
    with pytest.raises(UsageError, match="`margin` must be from 0 to below half"):
        RasterSettings(size=48, margin=24)


def test_wide_lines_are_full_at_any_width_and_slope(rng: np.random.Generator) -> None:
    for line_width in rng.uniform(4, 40, 60):
        settings = RasterSettings(size=120, margin=30, line_width=line_width)
        for turn in (0.0, 0.003, 0.05, 0.4):
            line = np.array([[0, 0], [100, 100 * turn]])
            for points in (line, line[:, ::-1]):
                picture = rasterise([points, points + np.array([0, 1e-9])], settings)
                middle = picture[59:61, 59:61]
                assert middle.min() > 0.99, (line_width, turn)
                inked = picture.sum() - np.pi * line_width**2 / 4  # without the round ends
                assert abs(inked / (60 * np.hypot(1, turn)) / line_width - 1) < 0.05


def test_parts_of_a_drawing_lie_where_they_lie_in_it() -> None:
    whole = [np.array([[0, 0], [10, 0]]), np.array([[0, 8], [10, 8]])]
    parts = rasterise_batch([whole[:1], whole[1:], []], within=whole)
    np.testing.assert_array_equal(parts.max(axis=0)[0], rasterise(whole))
    assert parts[0].sum() > 0 and parts[2].sum() == 0
