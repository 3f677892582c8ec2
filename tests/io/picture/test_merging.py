"""Lines that a person went over several times become one, where its middle is."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sketch_pix2seq.cli.app import main
from sketch_pix2seq.io.picture.merging import merged
from sketch_pix2seq.io.picture.morphology import edge_distance
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.sketch.sketch import Frame, Sketch

TURNS = np.linspace(0, 2 * np.pi, 120)
RING = np.stack([100 + 70 * np.cos(TURNS), 100 + 70 * np.sin(TURNS)], axis=1)
FRAME = Frame(200, 200, 2.0)


def rough(line: np.ndarray, rng: np.random.Generator, jitter: float) -> list[np.ndarray]:
    """A line three times, each moved smoothly by up to a distance in both directions."""
    found = []
    for _ in range(3):
        waves = np.sin(TURNS[:, None] * rng.integers(1, 4, 2) + rng.uniform(0, 6, 2))
        found.append(line + jitter * waves / 2**0.5)
    return found


def sketch_of(lines: list[np.ndarray], colours: tuple[str, ...] | None = None) -> Sketch:
    strokes = tuple(line.astype(np.float32) for line in lines)
    return Sketch(strokes, frame=FRAME, colours=colours)


def off_ring(sketch: Sketch) -> float:
    points = np.concatenate(sketch.strokes).astype(float)
    return float(np.abs(np.hypot(*(points - 100).T) - 70).max())


def test_a_ring_drawn_three_times_is_one(rng: np.random.Generator) -> None:
    lines = rough(RING, rng, 2.0)
    found = merged(sketch_of(lines))
    assert len(found.strokes) == 1
    assert found.frame == FRAME
    assert off_ring(found) < 2.0
    length = np.hypot(*np.diff(found.strokes[0], axis=0).T).sum()
    assert length == pytest.approx(2 * np.pi * 70, rel=0.05)


def test_a_picture_and_an_svg_of_three_rings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [100 + scale * (RING - 100) for scale in (0.95, 1.0, 1.05)]
    image = Image.new("L", (800, 800), 255)
    for line in lines:
        ImageDraw.Draw(image).line([tuple(point) for point in (4 * line).tolist()], 0, 8, "curve")
    file = io.BytesIO()
    image.save(file, "png")
    (before,), (found,) = (
        read_sketches(file.getvalue(), merge_lines=choice) for choice in (False, True)
    )
    assert len(found.strokes) == 1
    assert len(before.strokes) >= 3
    apart = np.hypot(*(np.concatenate(found.strokes) / 4 - 100).T) - 70
    assert np.abs(apart).max() < 3.0
    monkeypatch.chdir(tmp_path)
    Path("ring.svg").write_text(sketch_of(lines).to_svg())
    assert main(["trace", "ring.svg", "--merge-lines", "--no-curves"]) == 0
    assert main(["trace", "ring.svg", "--out", "as-drawn.svg"]) == 0
    assert len(Sketch.open("as-drawn.svg").strokes) == 3
    again = Sketch.open("ring-traced.svg")
    assert len(again.strokes) == 1
    assert off_ring(again) < 3.0


def test_lines_with_paper_between_them_stay_two() -> None:
    line = np.array([(20.0, 50), (180, 50)])
    for gap, num in ((3.0, 1), (6.5, 2)):  # lines are 2 wide
        found = merged(sketch_of([line, line + np.array([0, gap])]))
        assert len(found.strokes) == num
        heights = sorted(float(stroke[:, 1].mean()) for stroke in found.strokes)
        wanted = [50 + gap / 2] if num == 1 else [50, 50 + gap]
        assert heights == pytest.approx(wanted, abs=0.3)


def test_pens_are_merged_each_by_itself() -> None:
    line = np.array([(20.0, 50), (180, 60)])
    pens = ("#c02020", "#2040c0", "#c02020")
    found = merged(sketch_of([line, line + np.array([0, 1]), line + np.array([0, 2])], pens))
    assert found.colours == ("#c02020", "#2040c0")


@pytest.mark.parametrize("scale", [1e-3, 1e4])
def test_any_scale_and_no_frame(scale: float) -> None:
    lines = [line * scale for line in (RING, RING + 1, RING - 1)]
    found = merged(Sketch.from_points(lines))
    assert len(found.strokes) == 1
    points = found.strokes[0].astype(float) / scale
    assert np.abs(np.hypot(*(points - 100).T) - 70).max() < 1.5


def test_nothing_and_little() -> None:
    assert merged(Sketch(())).strokes == ()
    dot = sketch_of([np.array([(50.0, 50)])])
    assert merged(dot) == dot
    line = np.array([(20.0, 50), (180, 60)])
    found = merged(sketch_of([line, np.array([(100.0, 150)])]))
    assert [len(stroke) > 1 for stroke in found.strokes] == [True, False]


def test_a_thin_line_between_two_rows_of_pixels_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sketch_pix2seq.io.picture.merging._MAX_PIXELS", 100)
    line = np.array([(10, 50), (390, 50)], np.float32)
    (found,) = merged(Sketch((line,), frame=Frame(400, 100, 1.0))).strokes
    assert np.abs(found[:, 1] - 50).max() < 2
    assert np.ptp(found[:, 0]) == pytest.approx(380, abs=10)


def test_distances_far_from_lines_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    measures = []

    def measured(ink: np.ndarray, most: int = 64) -> np.ndarray:
        measures.append((np.count_nonzero(ink), most))
        return edge_distance(ink, most)

    monkeypatch.setattr("sketch_pix2seq.io.picture.merging.edge_distance", measured)
    merged(sketch_of([RING]))
    assert max(pixels * most for pixels, most in measures) < 1_000_000
