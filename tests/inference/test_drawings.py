"""Started drawings as first steps of a decoder."""

from __future__ import annotations

import numpy as np
import pytest

from bundles import plain_card
from sketch_pix2seq.inference.drawings import WHOLE, Frame, frames_of, prefix_of
from sketch_pix2seq.sketch.pen import OFFSET
from sketch_pix2seq.sketch.sketch import Sketch

CARD = plain_card()
STARTED = Sketch.from_points([[(10, 10), (50, 20), (40, 60)], [(30, 30), (35, 40)]])


def test_a_prefix_lies_where_its_frame_says() -> None:
    frame = Frame(0.5, (60.0, -40.0))
    prefix = prefix_of(STARTED, CARD, frame)
    offsets = prefix.steps[:, OFFSET] * CARD.offset_scale
    points = offsets.cumsum(axis=0)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    np.testing.assert_allclose(middle, frame.middle, atol=1.5)
    assert np.ptp(points, axis=0).max() == pytest.approx(0.5 * 255, abs=1)
    back = points * prefix.scale + np.array(prefix.middle)
    np.testing.assert_allclose(back[0], (10, 10), atol=0.5)
    np.testing.assert_allclose(back[-1], (35, 40), atol=0.5)


def test_frames_keep_a_started_drawing_inside() -> None:
    frames = frames_of(STARTED)
    assert frames[0].share == 1 and len(set(frames)) == len(frames)
    for frame in frames:
        points = (prefix_of(STARTED, CARD, frame).steps[:, OFFSET] * CARD.offset_scale).cumsum(0)
        assert np.abs(points).max() <= 127.5 + 2


def test_a_dot_has_frames() -> None:
    dot = Sketch.from_points([[(5, 5)]])
    assert WHOLE in frames_of(dot)
    for frame in frames_of(dot):
        assert np.isfinite(prefix_of(dot, CARD, frame).steps).all()
