"""QuickDraw's own simplification: against Google's files, and alone as in crowds."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from sketch_pix2seq.io.ndjson import parse_sketch
from sketch_pix2seq.sketch.normalise import quickdraw_normalise, quickdraw_normalise_all
from sketch_pix2seq.sketch.simplify import simplify


def walk(rng: np.random.Generator, num: int) -> np.ndarray:
    points: np.ndarray = rng.normal(size=(num, 2)).cumsum(axis=0) * 5
    return points


def distance_to_line(points: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Distance of each point to the nearest segment of a polyline."""
    if len(line) == 1:
        to_dot: np.ndarray = np.hypot(*(points - line[0]).T)
        return to_dot
    start, chord = line[:-1], np.diff(line, axis=0)
    length2 = np.maximum((chord**2).sum(axis=1), 1e-30)
    away = points[:, None] - start
    along = np.clip((away * chord).sum(axis=2) / length2, 0, 1)
    distances = np.hypot(*np.moveaxis(away - along[..., None] * chord, 2, 0))
    nearest: np.ndarray = distances.min(axis=1)
    return nearest


def test_normalising_fits_whole_numbers_from_0_to_255(rng: np.random.Generator) -> None:
    strokes = [walk(rng, 80) * 3 - 40, walk(rng, 5), np.array([[1.0, 2.0]])]
    points = np.concatenate(quickdraw_normalise(strokes))
    assert points.min() == 0
    assert points.max() == 255
    np.testing.assert_array_equal(points, np.rint(points))
    (dot,) = quickdraw_normalise([np.array([[7.0, 7.0]])])
    assert dot.tolist() == [[0, 0], [0, 0]]
    assert quickdraw_normalise([]) == []


def test_normalising_real_raw_drawings_gives_googles_own(quickdraw: Path) -> None:
    """Where a raw drawing's simplified form is at hand too, most are equal to the last point."""
    compared, equal = 0, 0
    for raw_file in sorted((quickdraw.parent / "raw").glob("*.ndjson")):
        raw = {}
        for line in raw_file.read_bytes().splitlines():
            raw[json.loads(line).get("key_id")] = parse_sketch(line).strokes
        with gzip.open(quickdraw / f"{raw_file.name}.gz") as lines:
            for line in lines:
                key = json.loads(line).get("key_id")
                if key is None or key not in raw:
                    continue
                compared += 1
                google = parse_sketch(line).strokes
                ours = quickdraw_normalise(raw[key])
                assert len(ours) == len(google)
                equal += all(map(np.array_equal, ours, google))
                far = distance_to_line(np.concatenate(ours), np.concatenate(google)).max()
                assert far < 4
    if compared == 0:
        pytest.skip("no drawing is there both raw and simplified")
    assert equal / compared > 0.8


def test_a_drawing_comes_out_alone_as_in_a_crowd(rng: np.random.Generator) -> None:
    drawings = [
        [walk(rng, int(num)) * rng.choice([0.01, 1.0, 1000.0]) for num in rng.integers(1, 60, 4)]
        for _ in range(60)
    ]
    drawings[7:9] = [[], [np.zeros((3, 2))]]
    together = quickdraw_normalise_all(drawings)
    backwards = quickdraw_normalise_all(drawings[::-1])[::-1]
    for drawing, ours, again in zip(drawings, together, backwards, strict=True):
        alone = quickdraw_normalise(drawing)
        assert len(alone) == len(ours) == len(again) == len(drawing)
        assert all(map(np.array_equal, ours, alone))
        assert all(map(np.array_equal, again, alone))
    assert quickdraw_normalise_all([]) == []


def every_pixel(points: np.ndarray) -> np.ndarray:
    walked = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))))
    places = np.append(np.arange(0.0, walked[-1]), walked[-1])
    return np.stack([np.interp(places, walked, points[:, axis]) for axis in (0, 1)], axis=1)


def test_it_is_the_plain_recipe(rng: np.random.Generator) -> None:
    """A point every pixel, then Ramer-Douglas-Peucker: the same, but where distances tie."""
    equal = 0
    for _ in range(100):
        stroke = walk(rng, 50)
        stroke = (stroke - stroke.min(axis=0)) * (255 / np.ptp(stroke, axis=0).max())
        (plain,) = simplify([every_pixel(stroke)], 2.0, endless=True)
        (ours,) = quickdraw_normalise([stroke])
        equal += np.array_equal(np.rint(plain), ours)
    assert equal >= 97
