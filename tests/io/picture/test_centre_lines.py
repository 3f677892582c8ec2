"""Lines in the middle of ink, against the shapes that were drawn."""

from __future__ import annotations

import sys
from itertools import count

import numpy as np
import pytest

from sketch_pix2seq.io.picture.centre_lines import centre_lines, centre_on_ink, meeting_point

Y, X = np.mgrid[:90, :120].astype(float)


def band(angle: float, width: float) -> np.ndarray:
    """How much of each pixel a straight line through (60, 45) covers, 100 long."""
    turn = np.radians(angle)
    along = (X + 0.5 - 60) * np.cos(turn) + (Y + 0.5 - 45) * np.sin(turn)
    across = (Y + 0.5 - 45) * np.cos(turn) - (X + 0.5 - 60) * np.sin(turn)
    covered = np.clip(width / 2 + 0.5 - np.abs(across), 0, 1)
    return np.where(np.abs(along) < 40, covered, 0).astype(np.float32)


@pytest.mark.parametrize("width", [3, 7, 12])
def test_a_bar_becomes_a_line_with_half_its_width_beside_it(width: int) -> None:
    ink = np.zeros((40, 100), bool)
    ink[15 : 15 + width, 10:90] = True
    distance = centre_lines(ink)
    rows, columns = np.nonzero(distance)
    inner = (columns > 20) & (columns < 79)
    assert np.bincount(columns[inner]).max() == 1
    assert np.abs(rows[inner] + 0.5 - (15 + width / 2)).max() <= 0.5
    assert np.allclose(2 * distance[rows, columns][inner] - 1, width, atol=1)


def test_a_blot_on_a_line_is_drawn_round() -> None:
    ink = np.abs(Y - 45) < 2
    blot = np.hypot(X - 60, Y - 45) < 20
    distance = centre_lines(ink | blot)
    rows, columns = np.nonzero(distance)
    beside = np.abs(columns - 60) < 15
    apart = np.hypot(columns[beside] - 60, rows[beside] - 45)
    assert apart.min() > 15
    assert apart.max() < 20
    assert not centre_lines(np.zeros((9, 9), bool)).any()


@pytest.mark.parametrize("angle", [0, 17, 45, 80])
def test_lines_are_moved_to_the_middle_of_ink_to_a_part_of_a_pixel(angle: float) -> None:
    turn = np.radians(angle)
    way, normal = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    line = np.array([60, 45]) + np.linspace(-30, 30, 61)[:, None] * way + 0.9 * normal
    (found,) = centre_on_ink([line], [np.full(61, 3.0)], band(angle, 5), 1.0)
    aside = (found - (60, 45)) @ normal
    assert np.abs(aside[6:-6]).max() < 0.15
    steps = np.hypot(*np.diff(found, axis=0).T)
    assert steps.max() < 1.6


def test_corners_are_sharp() -> None:
    level = np.where(X + 0.5 <= 60, np.abs(Y + 0.5 - 45), np.inf)
    upright = np.where(Y + 0.5 >= 45, np.abs(X + 0.5 - 60), np.inf)
    nearest = np.minimum(np.minimum(level, upright), np.hypot(X + 0.5 - 60, Y + 0.5 - 45))
    ink = np.clip(3.0 - nearest, 0, 1).astype(np.float32)
    rounded = np.array([(x, 45.0) for x in range(20, 57)] + [(57.5, 46), (59, 47.5)])
    line = np.concatenate([rounded, [(60.0, y) for y in range(49, 80)]])
    (found,) = centre_on_ink([line], [np.full(len(line), 3.0)], ink, 1.0)
    assert np.hypot(*(found - (60, 45)).T).min() < 0.5


def calls_for_corners(num: int) -> int:
    """How many calls of functions a zigzag of so many corners takes."""
    at = np.arange(num + 2)
    zigzag = np.stack([20.0 * at, 20.0 * (at % 2)], axis=1)
    calls = count()
    before = sys.getprofile()
    sys.setprofile(lambda frame, event, argument: event == "call" and next(calls))
    try:
        (found,) = centre_on_ink([zigzag], [np.full(num + 2, 2.0)], np.zeros((40, 40), np.float32))
    finally:
        sys.setprofile(before)
    apart = [np.hypot(*(found - corner).T).min() for corner in zigzag[1:-1]]
    assert max(apart) < 0.5
    return next(calls)


def test_work_grows_no_faster_than_the_number_of_corners() -> None:
    """A space-filling curve is one line of thousands of corners."""
    assert calls_for_corners(400) < 2.2 * calls_for_corners(200)


def test_nothing_and_a_dot() -> None:
    assert centre_on_ink([], [], np.zeros((5, 5), np.float32)) == []
    (dot,) = centre_on_ink([np.array([[2.5, 2.5]])], [np.ones(1)], np.ones((5, 5), np.float32))
    assert dot.tolist() == [[2.5, 2.5]]


def test_lines_meet_where_the_equations_of_both_hold(rng: np.random.Generator) -> None:
    for _ in range(20):
        corner, (one, other) = rng.uniform(-9, 9, 2), rng.uniform(0, 2 * np.pi, 2)
        if abs(np.sin(one - other)) < 0.25:
            continue
        ways = [np.array([np.cos(turn), np.sin(turn)]) for turn in (one, other)]
        starts = [corner - rng.uniform(1, 5) * way for way in ways]
        met = meeting_point(starts[0], 3 * ways[0], starts[1], ways[1], farthest=5)
        assert met is not None and np.allclose(met, corner)
        assert meeting_point(starts[0], ways[0], starts[1], ways[1], farthest=0.5) is None
        assert meeting_point(starts[0], -ways[0], starts[1], ways[1], farthest=5) is None
