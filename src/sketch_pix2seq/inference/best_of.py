"""The best of several drawings by name or completions: which candidates to keep.

Redrawings, which have an input to be like, are ranked by `Recognizer.rank`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32

from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.inference.drawings import views_of
from sketch_pix2seq.inference.recognizer import Recognizer
from sketch_pix2seq.sketch.sketch import Sketch

EMPTY_COST = np.float32(1e9)
"""Nats that a drawing without a stroke costs."""
DRAWN_AGAIN_WEIGHT = 2.0
"""Nats that each stroke costs a completion that fills the box of a given one; chosen on validation
drawings."""
_WIDER = 0.02  # of a drawing's longest side: boxes of strokes are wider by it all round
_SAME = 0.45  # share of what two boxes cover that both cover: smallest of a stroke drawn again


def surprise(
    recognizer: Recognizer,
    card: BundleCard,
    drawings: Sequence[Sketch],
    category_ids: Sequence[int],
) -> Float32[np.ndarray, " N"]:
    """Negative log probability, in nats, that each of N drawings shows what it was to show.

    A drawing without a stroke costs so much that it is kept only if there is no other.
    """
    chances = recognizer.chances(lambda part: views_of(drawings[part], card), category_ids)
    is_empty = np.array([not drawing.strokes for drawing in drawings], bool)
    return np.where(is_empty, EMPTY_COST, -np.log(np.maximum(chances, np.float32(1e-30))))


def drawn_again_costs(
    started: Sequence[Sketch], completed: Sequence[Sketch]
) -> Float[np.ndarray, " N"]:
    """What each of N completions costs, in nats, for given strokes that it draws once more."""
    again = [num_drawn_again(*both) for both in zip(started, completed, strict=True)]
    return DRAWN_AGAIN_WEIGHT * np.array(again, np.float64)


def num_drawn_again(given: Sketch, completed: Sketch) -> int:
    """Count the drawn strokes that fill the box of a given one, as an eye over an eye does.

    Args:
        given: The started drawing.
        completed: Begins with its strokes.

    Example:
        >>> eye = [(0, 0), (9, 0), (9, 9), (0, 9), (0, 0)]
        >>> started = Sketch.from_points([eye])
        >>> over = Sketch.from_points([eye, [(1, 1), (9, 1), (9, 9), (1, 9)], [(20, 5), (40, 5)]])
        >>> num_drawn_again(started, over)
        1
    """
    if completed.bounds is None or len(completed.strokes) == len(given.strokes):
        return 0
    left, top, right, bottom = completed.bounds
    margin = _WIDER * max(right - left, bottom - top)
    corners = [[*s.min(axis=0), *s.max(axis=0)] for s in completed.strokes]
    boxes = np.array(corners, np.float64) + np.repeat((-margin, margin), 2)  # (S, 4)
    old, new = np.split(boxes, [len(given.strokes)])
    shared = np.minimum(new[:, None, 2:], old[:, 2:]) - np.maximum(new[:, None, :2], old[:, :2])
    both = np.maximum(shared, 0).prod(axis=2)  # (drawn, given)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    either = area[len(old) :, None] + area[: len(old)] - both
    return int((both > _SAME * either).any(axis=1).sum())


def cheapest(costs: Float[np.ndarray, " N"], n: int) -> list[int]:
    """Choose n of N candidates, of every n-th one the cheapest; the cheapest of all comes first.

    Example:
        >>> cheapest(np.array([4.0, 3.0, 1.0, 5.0]), 2)
        [2, 1]
    """
    by_try = costs.reshape(-1, n)
    best = n * by_try.argmin(axis=0) + np.arange(n)
    chosen: list[int] = best[np.argsort(costs[best], kind="stable")].tolist()
    return chosen
