"""When a pen covers which pixels."""

from __future__ import annotations

import numpy as np

from sketch_pix2seq.sketch.coverage import NEVER, RADIUS, covering_steps, touched

SIZE = 24


def test_a_line_covers_what_lies_within_the_radius(rng: np.random.Generator) -> None:
    for _ in range(20):
        ends = rng.uniform(-3, SIZE + 3, (2, 2)).astype(np.float32)
        place, _ = touched(ends[:1], ends[1:], SIZE)
        marked = np.zeros(SIZE * SIZE, bool)
        marked[place] = True
        away = _distances(*ends)
        assert not (marked & (away > RADIUS + 1e-4).ravel()).any()
        # between two samples the line may pass a little nearer than they do
        assert marked[(away < np.sqrt(RADIUS**2 - 0.54**2)).ravel()].all()


def test_the_first_step_that_covers_a_pixel_counts(rng: np.random.Generator) -> None:
    lengths = np.array([7, 1, 12])
    positions = rng.uniform(0, SIZE, (20, 2)).astype(np.float32)
    lifts = rng.random(20) < 0.3
    steps = covering_steps(positions, lifts, lengths, SIZE)
    starts = np.cumsum(lengths) - lengths
    for number, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        expected = np.full(SIZE * SIZE, NEVER)
        for step in reversed(range(length)):
            here = positions[start + step]
            draws = step > 0 and not lifts[start + step - 1]
            before = positions[start + step - 1] if draws else here
            place, _ = touched(before[None], here[None], SIZE)
            expected[place] = step + 1
        assert (steps[number].ravel() == expected).all()


def test_drawings_without_steps_cover_nothing() -> None:
    steps = covering_steps(np.full((2, 2), 5, np.float32), np.ones(2, bool), np.array([0, 2, 0]), 9)
    assert (steps[[0, 2]] == NEVER).all()
    assert steps[1, 5, 5] == 1


def test_lines_of_several_drawings_are_kept_apart() -> None:
    ends = np.array([[2, 2], [20, 20]], np.float32)
    place, line = touched(ends, ends, SIZE)
    assert set(place[line == 0] // SIZE) == {1, 2}
    assert set(place[line == 1] // SIZE) == {19, 20}


def test_a_pen_far_outside_covers_nothing() -> None:
    for x, y in ((1e9, -1e9), (np.inf, 3), (np.nan, 3), (np.nan, np.nan)):
        far = np.array([[x, y]], np.float32)
        place, _ = touched(far, far, SIZE)
        assert len(place) == 0


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """From each pixel's centre to the segment."""
    down, across = np.mgrid[:SIZE, :SIZE] + 0.5
    centres = np.stack((across, down), -1).astype(np.float64)
    along = (second - first).astype(np.float64)
    share = np.clip(((centres - first) @ along) / (along @ along), 0, 1)
    return np.asarray(np.linalg.norm(centres - first - share[..., None] * along, axis=-1))
