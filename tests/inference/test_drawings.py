"""What the encoder reads, and started drawings as the first steps of a decoder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.synthetic import write_synthetic
from bundles import plain_card
from sketch_pix2seq.bundle.architectures import STROKES
from sketch_pix2seq.data.batches import BatchSource
from sketch_pix2seq.data.dataset import Dataset
from sketch_pix2seq.data.prepare import prepare
from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.inference.drawings import (
    WHOLE,
    Placement,
    likeliest_prefix,
    placements_of,
    prefix_of,
    views_of,
)
from sketch_pix2seq.sketch.pen import END_STEP, OFFSET
from sketch_pix2seq.sketch.raster import rasterise_batch
from sketch_pix2seq.sketch.sketch import Sketch

CARD = plain_card()


def test_pictures_are_the_rasterisers() -> None:
    sketch = Sketch.from_points([[(0, 0), (5, 9)]])
    found = views_of([sketch, Sketch(())], CARD)
    np.testing.assert_array_equal(found, rasterise_batch([sketch, Sketch(())], CARD.raster))


def test_strokes_are_the_rows_of_the_training_data(tmp_path: Path) -> None:
    write_synthetic(tmp_path / "files", num=40, seed=1)
    for epsilon in (None, 6.0):
        folder = tmp_path / f"set-{epsilon}"
        prepare([tmp_path / "files"], folder, epsilon=epsilon)
        dataset = Dataset.open(folder)
        split = dataset.split("train")
        card = plain_card(
            STROKES,
            offset_scale=dataset.card.offset_scale,
            data={"options": {"epsilon": epsilon}},
        )
        source = BatchSource(
            split, offset_scale=card.offset_scale, batch_size=1, seed=0, augmentation=None
        )
        batch = source.batch(0)
        sketch = split.sketch(int(source.indices(0)[0]))
        (rows,) = views_of([sketch], card)
        length = int(batch.lengths[0])
        np.testing.assert_allclose(rows[:length], batch.steps[0, 1 : length + 1], atol=0.1)
        assert (rows[length:] == END_STEP).all()


def test_long_drawings_are_cut_and_empty_ones_are_all_end() -> None:
    wave = Sketch.from_points([[(x, 60 * (x % 2)) for x in range(300)]])
    long, empty = views_of([wave, Sketch(())], plain_card(STROKES))
    assert (long[:-1, 4] == 0).all() and long[-1, 4] == 1
    assert (empty == END_STEP).all()


STARTED = Sketch.from_points([[(10, 10), (50, 20), (40, 60)], [(30, 30), (35, 40)]])


def test_a_prefix_lies_where_its_frame_says() -> None:
    placement = Placement(0.5, (60.0, -40.0))
    prefix = prefix_of(STARTED, CARD, placement)
    offsets = prefix.steps[:, OFFSET] * CARD.offset_scale
    points = offsets.cumsum(axis=0)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    np.testing.assert_allclose(middle, placement.middle, atol=1.5)
    assert np.ptp(points, axis=0).max() == pytest.approx(0.5 * 255, abs=1)
    back = points * prefix.scale + np.array(prefix.middle)
    np.testing.assert_allclose(back[0], (10, 10), atol=0.5)
    np.testing.assert_allclose(back[-1], (35, 40), atol=0.5)


def test_frames_keep_a_started_drawing_inside() -> None:
    placements = placements_of(STARTED)
    assert placements[0].share == 1 and len(set(placements)) == len(placements)
    for placement in placements:
        points = (prefix_of(STARTED, CARD, placement).steps[:, OFFSET] * CARD.offset_scale).cumsum(
            0
        )
        assert np.abs(points).max() <= 127.5 + 2


def test_a_started_drawing_too_long_for_one_placement_gets_another() -> None:
    zigzag = [(x, 2 * (x % 2)) for x in range(30)]
    drawing = Sketch.from_points([[(x, y + 30 * row) for x, y in zigzag] for row in range(4)])
    with pytest.raises(DrawingError, match="fewer than"):
        prefix_of(drawing, CARD)

    def largest_first(prefixes: Sequence[np.ndarray]) -> np.ndarray:
        return -1e6 * np.arange(len(prefixes), dtype=np.float32)

    assert len(likeliest_prefix(drawing, CARD, largest_first).steps) < CARD.max_steps


def test_a_dot_has_frames() -> None:
    dot = Sketch.from_points([[(5, 5)]])
    assert WHOLE in placements_of(dot)
    for placement in placements_of(dot):
        assert np.isfinite(prefix_of(dot, CARD, placement).steps).all()
