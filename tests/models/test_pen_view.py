"""What the pen sees, against a slow description of it."""

from __future__ import annotations

import numpy as np
import torch

from sketch_pix2seq.models.pen_view import pen_views
from sketch_pix2seq.sketch.network_layout import VIEW_DIM, WINDOWS

SIZE = 32


def test_each_window_shows_ink_left_and_ink_drawn(rng: np.random.Generator) -> None:
    pictures = (rng.random((3, SIZE, SIZE)) * (rng.random((3, SIZE, SIZE)) < 0.3)).astype(
        np.float32
    )
    covered = rng.integers(1, 12, (3, SIZE, SIZE)).astype(np.int16)
    positions = rng.uniform(-4, SIZE + 4, (3, 6, 2)).astype(np.float32)
    views = pen_views(*(torch.from_numpy(values) for values in (pictures, covered, positions)))
    assert views.shape == (3, 6, VIEW_DIM)
    for drawing in range(3):
        for step in range(6):
            expected = _seen(pictures[drawing], covered[drawing] <= step, positions[drawing, step])
            np.testing.assert_allclose(views[drawing, step].numpy(), expected, atol=1e-5)


def _seen(picture: np.ndarray, done: np.ndarray, position: np.ndarray) -> np.ndarray:
    x, y = np.clip(np.floor(position), 0, SIZE - 1).astype(int)
    found = []
    for cell, side in WINDOWS:
        for layer in (np.where(done, 0, picture), done.astype(np.float32)):
            for down in range(y // cell - side // 2, y // cell + side // 2 + 1):
                for across in range(x // cell - side // 2, x // cell + side // 2 + 1):
                    inside = 0 <= down < SIZE // cell and 0 <= across < SIZE // cell
                    rows = slice(down * cell, (down + 1) * cell)
                    columns = slice(across * cell, (across + 1) * cell)
                    found.append(layer[rows, columns].sum() / cell if inside else 0.0)
    return np.array(found)
