"""What the pen sees, kept up step by step, against the torch module's view of a whole drawing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sketch_pix2seq.inference.pen_view import PenView
from sketch_pix2seq.models.pen_view import pen_views
from sketch_pix2seq.sketch.coverage import NEVER, covering_steps

STEPS, DRAWINGS = 40, 6


@pytest.mark.parametrize("size", [32, 64])
def test_it_sees_what_torch_sees_all_along_a_drawing(rng: np.random.Generator, size: int) -> None:
    ink = _ink(rng, DRAWINGS, size)
    positions, lifts = _walks(rng, size)
    expected = _by_torch(ink, positions, lifts)
    found = _step_by_step(ink, positions, lifts, PenView(DRAWINGS, size))
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert (expected[:, -1] != expected[:, 0]).any(axis=1).all()


def test_a_drawing_that_moves_to_another_row_sees_on_and_new_ones_see_nothing_drawn(
    rng: np.random.Generator,
) -> None:
    size, half = 32, STEPS // 2
    ink = _ink(rng, DRAWINGS + 1, size)
    positions, lifts = _walks(rng, size)
    expected = _by_torch(ink[:DRAWINGS], positions, lifts)
    view = PenView(DRAWINGS, size)
    _step_by_step(ink[:DRAWINGS], positions[:, :half], lifts[:, :half], view)
    view.move_row(1, DRAWINGS - 1)
    after = positions[[DRAWINGS - 1], half - 1]
    for number in range(half, STEPS):
        before, after = after, positions[[DRAWINGS - 1], number]
        drawn = ~lifts[[DRAWINGS - 1], number - 1]
        view.mark(slice(1, 2), np.where(drawn[:, None], before, after), after)
        seen = view.windows(slice(1, 2), after)[0]
        np.testing.assert_allclose(seen, expected[-1, number + 1], atol=1e-4)
    view.load(1, ink[DRAWINGS:], ink[DRAWINGS:])
    middle = np.full((1, 2), size / 2, np.float32)
    never = np.full((1, size, size), NEVER, np.int16)
    fresh = pen_views(*(torch.from_numpy(a) for a in (ink[DRAWINGS:], never, middle[:, None])))
    np.testing.assert_allclose(view.windows(slice(1, 2), middle), fresh[:, 0].numpy(), atol=1e-5)


def _ink(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    ink = rng.random((count, size, size)) * (rng.random((count, size, size)) < 0.3)
    return ink.astype(np.float32)


def _walks(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pens that sometimes leave the picture, and when each is lifted."""
    moves = rng.normal(0, size / 8, (DRAWINGS, STEPS, 2))
    positions = (size / 2 + np.cumsum(moves, axis=1)).astype(np.float32)
    return positions, rng.random((DRAWINGS, STEPS)) < 0.2


def _by_torch(ink: np.ndarray, positions: np.ndarray, lifts: np.ndarray) -> np.ndarray:
    """(B, T + 1, V): after 0, 1, ... steps."""
    count, num_steps = positions.shape[:2]
    size = ink.shape[1]
    lengths = np.full(count, num_steps)
    covered = covering_steps(positions.reshape(-1, 2), lifts.reshape(-1), lengths, size)
    middle = np.full((count, 1, 2), size / 2, np.float32)
    places = np.concatenate((middle, positions), axis=1)
    return pen_views(*(torch.from_numpy(part) for part in (ink, covered, places))).numpy()


def _step_by_step(
    ink: np.ndarray, positions: np.ndarray, lifts: np.ndarray, view: PenView
) -> np.ndarray:
    rows, size = slice(0, len(ink)), ink.shape[1]
    view.load(0, ink, ink)
    after = np.full((len(ink), 2), size / 2, np.float32)
    seen = [view.windows(rows, after)]
    drawn = np.zeros(len(ink), bool)
    for number in range(positions.shape[1]):
        before, after = after, positions[:, number]
        view.mark(rows, np.where(drawn[:, None], before, after), after)
        seen.append(view.windows(rows, after))
        drawn = ~lifts[:, number]
    return np.stack(seen, axis=1)
