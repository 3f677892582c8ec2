"""Drawings that draw themselves: nothing before its time, all of it in the end."""

from __future__ import annotations

import io
import itertools
import xml.etree.ElementTree as ET
from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
import pytest
from PIL import Image

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.io.animation import (
    FRAMES_A_SECOND,
    HOLD_SECONDS,
    MAX_SECONDS,
    film,
    timing_of,
)
from sketch_pix2seq.io.svg.svg_in import read_svg
from sketch_pix2seq.sketch.raster import RasterSettings
from sketch_pix2seq.sketch.sketch import Sketch

FACE = Sketch.from_points(
    [[(0, 0), (90, 5), (80, 70), (5, 60), (0, 0)], [(30, 30)], [(60, 30)], [(30, 50), (60, 50)]]
)


def frames(content: bytes) -> list[np.ndarray]:
    picture = Image.open(io.BytesIO(content))
    found = []
    for number in range(getattr(picture, "n_frames", 1)):
        picture.seek(number)
        found.append(np.asarray(picture.convert("L"), np.int64))
    return found


def test_strokes_follow_one_another() -> None:
    timing = timing_of(FACE)
    assert (timing.end > timing.start).all()
    assert (timing.start[1:] > timing.end[:-1]).all()
    assert timing.end[0] - timing.start[0] > timing.end[3] - timing.start[3]
    assert timing_of(Sketch(())).seconds == 0


def test_scale_changes_no_times_and_long_drawings_are_drawn_faster(
    rng: np.random.Generator,
) -> None:
    larger = Sketch(tuple(stroke * 7 for stroke in FACE.strokes))
    np.testing.assert_allclose(timing_of(larger).end, timing_of(FACE).end, rtol=1e-6)
    scribble = [rng.uniform(0, 100, (30, 2)) for _ in range(40)]
    assert timing_of(scribble).seconds == pytest.approx(MAX_SECONDS)


@pytest.mark.parametrize("kind", ["gif", "apng"])
def test_ink_only_grows_and_ends_as_the_drawing(kind: str) -> None:
    content = FACE.to_animation(kind, size=96)  # type: ignore[arg-type]
    pictures = frames(content)
    whole = np.asarray(FACE.to_image(96), np.int64)
    if kind == "apng":  # the first one is for those that know no animations
        first, *pictures = pictures
        np.testing.assert_array_equal(first, whole)
    assert len(pictures) > timing_of(FACE).seconds * FRAMES_A_SECOND / 2
    assert (pictures[0] < 128).sum() < 0.1 * (whole < 128).sum()
    for before, after in itertools.pairwise(pictures):
        assert (after - before).max() <= 9  # a step of a GIF's greys
    assert abs(pictures[-1] - whole).max() <= 9
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.info["loop"] == 0
        picture.seek(picture.n_frames - 1)  # type: ignore[attr-defined]
        assert picture.info["duration"] >= 1000 * HOLD_SECONDS - 20


def test_the_svg_holds_the_whole_drawing_and_its_times() -> None:
    text = FACE.to_svg(animate=True)
    assert read_svg(text.encode()) == read_svg(FACE.to_svg().encode())
    paths = [e for e in ET.fromstring(text).iter() if e.tag.endswith("path")]
    assert [path.get("class") for path in paths] == ["line", "dot", "dot", "line"]
    delays = [float(path.get("style", "").rpartition(":")[2].rstrip("s")) for path in paths]
    np.testing.assert_allclose(delays, timing_of(FACE).start, atol=0.006)
    assert "prefers-reduced-motion" in text and "<script" not in text


@pytest.mark.parametrize("kind", ["gif", "apng"])
def test_a_film_goes_there_and_back(kind: str) -> None:
    drawings = [Sketch.from_points([[(0, 0), (50, y)]]) for y in (0, 20, 40)]
    pictures = frames(film(drawings, kind))[-4:]
    assert len(pictures) == 4
    np.testing.assert_array_equal(pictures[1], pictures[3])
    assert (pictures[0] != pictures[1]).any()


@pytest.mark.parametrize(("count", "stay"), [(11, 200), (34, 60), (151, 20)])
def test_no_frame_of_a_film_is_too_short_for_browsers(count: int, stay: int) -> None:
    drawings = [Sketch.from_points([[(0, 0), (50, y)]]) for y in range(count)]
    settings = RasterSettings(size=64)
    with Image.open(io.BytesIO(film(drawings, "gif", settings))) as picture:
        picture.seek(1)
        assert picture.info["duration"] == stay


@pytest.mark.parametrize("drawing", [Sketch(()), Sketch.from_points([[(3, 3)]])])
def test_hardly_a_drawing_is_animated_too(drawing: Sketch) -> None:
    assert frames(drawing.to_animation(size=32))[-1].shape == (32, 32)
    assert ET.fromstring(drawing.to_svg(animate=True)) is not None


def test_what_cannot_be_is_refused(
    unchecked_shapes: Callable[[], AbstractContextManager[None]],
) -> None:
    with pytest.raises(UsageError, match="`size` of an animation must be at most 1024; got 2000"):
        FACE.to_animation(size=2000)
    with unchecked_shapes(), pytest.raises(UsageError, match="`kind` must be gif or apng"):
        FACE.to_animation("mp4")  # type: ignore[arg-type]
