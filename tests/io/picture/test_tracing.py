from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.picture import line_graph
from sketch_pix2seq.io.picture.centre_lines import centre_lines, centre_on_ink
from sketch_pix2seq.io.picture.thinning import thin
from sketch_pix2seq.io.picture.tracing import walk_lines
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise

WIDTH = 7.0


def traced(*strokes: list[tuple[float, float]], line_width: float = WIDTH) -> list[np.ndarray]:
    """Draw thick lines and trace them."""
    settings = RasterSettings(size=200, margin=20, line_width=line_width)
    ink = rasterise([np.array(stroke) for stroke in strokes], settings) > 0.5
    return [line.points for line in walk_lines(centre_lines(ink))]


def sweep(line: np.ndarray) -> float:
    """Distance between the ends of a line."""
    return float(np.hypot(*(line[0] - line[-1])))


def test_a_line_is_one_line_with_its_ends() -> None:
    (line,) = traced([(0, 0), (100, 100)])
    assert sweep(line) > 0.9 * 160 * np.sqrt(2)


def test_crossing_lines_go_straight_on() -> None:
    lines = traced([(0, 0), (100, 100)], [(100, 0), (0, 100)])
    assert len(lines) == 2
    assert all(sweep(line) > 200 for line in lines)


def test_slanting_crossings_too() -> None:
    lines = traced([(0, 20), (100, 80)], [(0, 80), (100, 20)])
    assert len(lines) == 2
    assert all(sweep(line) > 150 for line in lines)
    assert len(traced([(0, 40), (100, 60)], [(0, 60), (100, 40)])) <= 3


def test_a_side_street_ends_at_the_main_street() -> None:
    lines = traced([(0, 0), (100, 0)], [(50, 0), (50, 100)])
    assert len(lines) == 2
    assert sorted(round(sweep(line), -1) for line in lines) == [160, 160]


def test_a_corner_is_one_line() -> None:
    assert len(traced([(0, 0), (100, 0), (100, 100)])) == 1


def test_a_loop_is_closed_and_one_line() -> None:
    turn = np.linspace(0, 2 * np.pi, 60)
    (line,) = traced(list(zip(np.cos(turn), np.sin(turn), strict=True)))
    assert sweep(line) < 3
    assert len(line) > 400


def test_a_loop_with_a_tail_is_walked_whole() -> None:
    lines = traced([(50, 100), (50, 50), (20, 30), (50, 0), (80, 30), (50, 50)])
    inked = {tuple(point) for line in lines for point in np.floor(line).tolist()}
    assert len(lines) <= 2
    assert len(inked) > 250


def test_dots_are_lines_of_one_point() -> None:
    skeleton = np.zeros((9, 9), bool)
    skeleton[4, 6] = True
    (dot,) = walk_lines(skeleton.astype(np.float32))
    assert dot.points.tolist() == [[6.5, 4.5]]


def test_every_pixel_of_thin_lines_is_near_a_line(rng: np.random.Generator) -> None:
    for _ in range(10):
        turns = np.cumsum(rng.normal(scale=0.6, size=25))
        walk = np.cumsum(np.stack([np.cos(turns), np.sin(turns)], axis=1), axis=0)
        ink = rasterise([walk], RasterSettings(size=150, margin=10, line_width=2)) > 0.5
        lines = walk_lines(centre_lines(ink))
        points = np.concatenate([line.points for line in lines])
        for y, x in np.argwhere(thin(ink)).tolist():
            assert np.hypot(*(points - (x + 0.5, y + 0.5)).T).min() < 3


def test_hairs_of_thick_lines_are_cut() -> None:
    skeleton = np.zeros((40, 100), bool)
    skeleton[20, 5:95] = True
    skeleton[16:20, 50] = True
    assert len(walk_lines(skeleton * np.float32(5))) == 1
    assert len(walk_lines(skeleton * np.float32(1))) == 2


def test_nothing_gives_nothing() -> None:
    assert walk_lines(np.zeros((5, 5), np.float32)) == []


def test_too_many_lines_are_refused(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_graph, "_MAX_EDGES", 50)
    with pytest.raises(DrawingError, match="must show clean lines; got over 50 pieces"):
        walk_lines(centre_lines(rng.random((100, 100)) < 0.4))


def test_a_point_to_which_a_line_goes_and_back_is_on_one_line() -> None:
    lines = traced([(0, 0), (50, 100), (55, 0), (100, 100)], line_width=12)
    assert len(lines) == 1
    assert lines[0][:, 1].max() > 170


def test_lines_that_cross_at_a_small_angle_are_two() -> None:
    lines = traced([(0, 40), (100, 60)], [(0, 60), (100, 40)], line_width=5)
    assert len(lines) == 2
    assert all(sweep(line) > 150 for line in lines)


def test_the_middle_is_found_to_a_part_of_a_pixel() -> None:
    ink = np.zeros((40, 60), bool)
    ink[10:16, 5:50] = True  # six pixels: no pixel is in the middle
    share = ink.astype(np.float32)
    (line,) = walk_lines(centre_lines(ink))
    (points,) = centre_on_ink([line.points], [line.radii], share)
    np.testing.assert_allclose(points[5:-5, 1], 13, atol=0.05)


def test_corners_of_wide_lines_are_not_cut_off() -> None:
    ink = np.zeros((90, 90), bool)
    ink[10:26, 10:80] = ink[10:80, 64:80] = True
    (line,) = walk_lines(centre_lines(ink))
    (points,) = centre_on_ink([line.points], [line.radii], ink.astype(np.float32))
    assert np.hypot(*(points - (72, 18)).T).min() < 1.5


@pytest.mark.parametrize(("gap", "num_lines"), [(4, 1), (9, 1), (12, 2)])
def test_gaps_are_bridged_from_left_and_from_right_alike(gap: int, num_lines: int) -> None:
    distance = np.zeros((9, 80), np.float32)
    distance[4, 5:30], distance[4, 29 + gap : 70] = 2, 5  # lines 3 and 9 pixels wide
    turned = (distance, distance[:, ::-1], distance.T, distance[:, ::-1].T)
    assert [len(walk_lines(np.ascontiguousarray(one))) for one in turned] == [num_lines] * 4


def test_a_blot_gets_a_line_round_it_and_a_wide_line_none() -> None:
    y, x = np.mgrid[:120, :200]
    ink = (abs(y - 20) < 3) | (np.hypot(x - 60, y - 80) < 12)
    lines = [line.points for line in walk_lines(centre_lines(ink))]
    ring = min(lines, key=len)
    assert sweep(ring) < 2
    assert abs(np.hypot(*(ring - (60.5, 80.5)).T) - 9).max() < 2
    ink = (abs(y - 20) < 3) | (abs(y - 80) < 12)
    assert len(walk_lines(centre_lines(ink))) == 2
