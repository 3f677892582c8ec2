"""Simple made-up categories, drawn as if by hand: for tests and first steps without data.

Each is one shape with chance in its place, size and line. Written as real simplified
QuickDraw files, they go the same way as real drawings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float64

from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.io.atomic import atomic_write
from sketch_pix2seq.io.ndjson import format_record
from sketch_pix2seq.sketch.normalise import quickdraw_normalise
from sketch_pix2seq.sketch.sketch import Sketch

_Strokes = list[Float64[np.ndarray, "_ 2"]]

_WOBBLE = 0.006  # of the drawing's side, from one point to the next
_POINTS_PER_SIDE = 24


def _line(*corners: tuple[float, float]) -> Float64[np.ndarray, "_ 2"]:
    """Walk straight from corner to corner."""
    ends = np.array(corners, np.float64)
    steps = np.linspace(0, len(ends) - 1, (len(ends) - 1) * _POINTS_PER_SIDE + 1)
    xs = np.interp(steps, np.arange(len(ends)), ends[:, 0])
    ys = np.interp(steps, np.arange(len(ends)), ends[:, 1])
    return np.stack([xs, ys], axis=1)


def _turn(
    rng: np.random.Generator, *, turns: float, inner: float = 1.0
) -> Float64[np.ndarray, "_ 2"]:
    """Walk around (0.5, 0.5), the radius changing evenly from 0.5 * `inner` to 0.5."""
    num = int(48 * turns)
    angle = np.linspace(0, 2 * np.pi * turns, num) + rng.uniform(0, 2 * np.pi)
    radius = np.linspace(inner, 1, num) / 2
    return np.stack([0.5 + radius * np.cos(angle), 0.5 + radius * np.sin(angle)], axis=1)


def _circle(rng: np.random.Generator) -> _Strokes:
    return [_turn(rng, turns=rng.uniform(0.95, 1.05))]


def _square(rng: np.random.Generator) -> _Strokes:
    del rng
    return [_line((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))]


def _zigzag(rng: np.random.Generator) -> _Strokes:
    num = int(rng.integers(4, 9))
    return [_line(*((i / num, float(i % 2) * 0.5) for i in range(num + 1)))]


def _house(rng: np.random.Generator) -> _Strokes:
    door = rng.uniform(0.2, 0.6)
    walls = _line((0, 0.45), (0, 1), (1, 1), (1, 0.45))
    roof = _line((-0.1, 0.45), (0.5, 0), (1.1, 0.45), (-0.1, 0.45))
    return [walls, roof, _line((door, 1), (door, 0.7), (door + 0.2, 0.7), (door + 0.2, 1))]


def _ladder(rng: np.random.Generator) -> _Strokes:
    rungs = np.linspace(0.1, 0.9, int(rng.integers(3, 7)))
    rails = [_line((0, 0), (0, 1)), _line((0.4, 0), (0.4, 1))]
    return rails + [_line((0, y), (0.4, y)) for y in rungs.tolist()]


def _spiral(rng: np.random.Generator) -> _Strokes:
    return [_turn(rng, turns=rng.uniform(2, 3.5), inner=0.05)]


_SHAPES: dict[str, Callable[[np.random.Generator], _Strokes]] = {
    "circle": _circle,
    "house": _house,
    "ladder": _ladder,
    "spiral": _spiral,
    "square": _square,
    "zigzag": _zigzag,
}

CATEGORIES = tuple(_SHAPES)
"Names of the categories that can be drawn."


def generate(category: str, num: int, seed: int) -> list[Sketch]:
    """Draw a category several times.

    Convention:
        Whole numbers from 0 to 255, y down, as in QuickDraw's simplified files. Drawing
        number i is the same for every `num` above i.

    Args:
        category: One of `CATEGORIES`.
        num: How many.
        seed: The same seed draws the same.

    Returns:
        The drawings, no two alike.

    Raises:
        UsageError: If there is no such category.

    Example:
        >>> [sketch.category for sketch in generate("house", num=2, seed=0)]
        ['house', 'house']
    """
    if category not in _SHAPES:
        raise UsageError(f"`category` must be one of {', '.join(CATEGORIES)}", got=category)
    number = CATEGORIES.index(category)
    rngs = (np.random.default_rng([seed, number, index]) for index in range(num))
    return [
        Sketch.from_points(
            quickdraw_normalise([_by_hand(stroke, rng) for stroke in _placed(category, rng)]),
            category=category,
        )
        for rng in rngs
    ]


def write_synthetic(
    folder: str | Path, num: int, seed: int, categories: Sequence[str] = CATEGORIES
) -> list[Path]:
    """Write made-up drawings as simplified QuickDraw files.

    Args:
        folder: Where to; made if it does not exist.
        num: Drawings of each category.
        seed: The same seed draws the same.
        categories: Which of `CATEGORIES`.

    Returns:
        The files, `<category>.ndjson`, in order.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for category in categories:
        path = folder / f"{category}.ndjson"
        sketches = generate(category, num, seed)
        lines = [
            format_record(sketch, word=category, key_id=str(number), recognized=True) + b"\n"
            for number, sketch in enumerate(sketches, start=1)
        ]
        atomic_write(path, b"".join(lines))
        paths.append(path)
    return paths


def _placed(category: str, rng: np.random.Generator) -> _Strokes:
    """Draw the shape, leaning and stretched by chance."""
    strokes = _SHAPES[category](rng)
    stretch = np.diag(rng.uniform(0.8, 1.2, size=2))
    angle = rng.normal(0, 0.08)
    lean = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return [stroke @ (lean @ stretch).T for stroke in strokes]


def _by_hand(
    stroke: Float64[np.ndarray, "P 2"], rng: np.random.Generator
) -> Float64[np.ndarray, "P 2"]:
    """Let the pen wander a little, the more the longer the stroke."""
    wander = np.cumsum(rng.normal(0, _WOBBLE, size=stroke.shape), axis=0)
    start, end = wander[0], wander[-1]
    back = np.linspace(0, 1, len(stroke))[:, None] * (end - start) + start
    return np.asarray(stroke + wander - back + rng.normal(0, 2 * _WOBBLE, size=2))
