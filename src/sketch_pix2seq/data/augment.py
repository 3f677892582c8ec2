"""Small random changes of drawings in training, new ones each time.

Works on strokes only; the picture is rendered afterwards from the changed strokes, so that both
sides of a training pair stay the same drawing. Exceptions: `jitter` and `line_width` change the
picture alone (steady lines are learned from unsteady ones), `past_jitter` the past steps alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Float64, Shaped

from sketch_pix2seq.data.ragged import RaggedRows
from sketch_pix2seq.errors import UsageError
from sketch_pix2seq.sketch.normalise import QUICKDRAW_SIDE
from sketch_pix2seq.sketch.pen import LIFT, OFFSET

PREFIX_SHARES = (0.2, 0.7)
"""A prefix has a share of its drawing's points between these."""
_FIRST_DROPPABLE = 3  # the 4th point of a stroke


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far a drawing may be changed.

    *Convention*:
        Scaling and rotation are about the drawing's origin, the middle of its
        bounding box in a prepared data set.

    Raises:
        UsageError: If a number is out of its range; all such numbers at once.

    Source:
        `scale` and `drop` are sketch-rnn's (Ha & Eck, 2017); the others are ours.
    """

    scale: float = 0.15
    "x and y are each multiplied by a number between 1 - scale and 1 + scale"
    drop: float = 0.1
    "chance that a point takes the place of the one before it, from the 4th point of a stroke on"
    rotate: float = 0.0
    "largest rotation in degrees, to either side, all angles equally likely"
    flip: float = 0.0
    "chance that a drawing is mirrored left to right"
    refit: bool = False
    "scale the result so that its longest side is as long as before"
    jitter: float = 0.0
    "in the picture alone: standard deviation of each point, in the drawing's units"
    past_jitter: float = 0.0
    "in the past steps alone: as `jitter`; of half of the drawings, each up to twice as much"
    prefix: float = 0.0
    "chance that a drawing is cut off at a random point, a fifth to seven tenths of it drawn"
    line_width: float = 0.0
    "in the picture alone: its lines are up to this share wider or thinner, those of a batch alike"

    def __post_init__(self) -> None:
        """Report all numbers out of range at once."""
        rules = {
            "scale": (0 <= self.scale < 1, "at least 0 and below 1"),
            "drop": (0 <= self.drop <= 1, "from 0 to 1"),
            "rotate": (0 <= self.rotate <= 180, "from 0 to 180 degrees"),
            "flip": (0 <= self.flip <= 1, "from 0 to 1"),
            "jitter": (0 <= self.jitter < math.inf, "at least 0 and finite"),
            "past_jitter": (0 <= self.past_jitter < math.inf, "at least 0 and finite"),
            "prefix": (0 <= self.prefix <= 1, "from 0 to 1"),
            "line_width": (0 <= self.line_width < 1, "at least 0 and below 1"),
        }
        wrong = [
            f"`{name}` must be {rule}, not {getattr(self, name)}"
            for name, (is_met, rule) in rules.items()
            if not is_met
        ]
        if wrong:
            raise UsageError("; ".join(wrong))


def augment(
    stroke3: Shaped[np.ndarray, "T 3"], rng: np.random.Generator, augmentation: Augmentation
) -> Float32[np.ndarray, "_ 3"]:
    """Change one drawing: as many strokes, as a rule fewer points.

    Example:
        >>> line = np.array([[0, 0, 0], [4, 0, 1]], np.float32)
        >>> augment(line, np.random.default_rng(0), Augmentation(scale=0)).tolist()
        [[0.0, 0.0, 0.0], [4.0, 0.0, 1.0]]
    """
    if len(stroke3) == 0:
        return np.zeros((0, 3), np.float32)
    return np.asarray(augment_ragged(RaggedRows.of([stroke3]), rng, augmentation).rows)


def augment_ragged(
    ragged: RaggedRows, rng: np.random.Generator, augmentation: Augmentation
) -> RaggedRows:
    """Change many drawings, each in its own way, to float32 rows.

    The numbers of all drawings are drawn together, so a drawing's change depends on its index
    among the others.
    """
    if len(ragged.lengths) == 0:
        return RaggedRows(ragged.rows.astype(np.float32), ragged.lengths)
    if augmentation.prefix > 0:
        ragged = _cut_off(ragged, rng, augmentation.prefix)
    longest = ragged.longest_sides() if augmentation.refit else None
    matrices = _matrices(len(ragged.lengths), rng, augmentation)  # (B, 2, 2)
    if augmentation.drop > 0:
        ragged = _drop_points(ragged, _dropped(ragged, rng, augmentation.drop))
    changed = _transform(ragged, matrices)
    if longest is None:
        return changed
    sides = changed.longest_sides()
    zoom = np.divide(longest, sides, out=np.ones_like(sides), where=sides > 0)  # (B,)
    return _transform(changed, zoom[:, None, None] * np.eye(2))


def _cut_off(ragged: RaggedRows, rng: np.random.Generator, share: float) -> RaggedRows:
    num = len(ragged.lengths)
    shares = np.where(rng.random(num) < share, rng.uniform(*PREFIX_SHARES, num), 1.0)
    lengths = np.maximum(np.round(shares * ragged.lengths), 1).astype(np.int64)
    index = np.arange(len(ragged.rows)) - ragged.of_each_row(ragged.starts)
    rows = ragged.rows[index < ragged.of_each_row(lengths)].astype(np.float32)
    cut = RaggedRows(rows, lengths)
    cut.rows[cut.starts + cut.lengths - 1, LIFT] = 1
    return cut


def in_frame(ragged: RaggedRows) -> RaggedRows:
    """Move and scale drawings so that each one's longest side is 255 and its middle (0, 0)."""
    low, high = ragged.bounds()
    sides = (high - low).max(axis=1)
    zoom = np.divide(QUICKDRAW_SIDE, sides, out=np.ones_like(sides), where=sides > 0)
    rows = ragged.rows.astype(np.float32)
    rows[ragged.starts, :2] -= ((low + high) / 2).astype(np.float32)
    rows[:, OFFSET] *= ragged.of_each_row(zoom.astype(np.float32))[:, None]
    return RaggedRows(rows, ragged.lengths)


def jittered_picture(
    ragged: RaggedRows, rng: np.random.Generator, augmentation: Augmentation
) -> RaggedRows:
    """Jitter each point of drawings independently, for their pictures alone."""
    if augmentation.jitter == 0 or len(ragged.rows) == 0:
        return ragged
    return _moved(ragged, rng.normal(0, augmentation.jitter, (len(ragged.rows), 2)))


def jittered_past(
    ragged: RaggedRows, rng: np.random.Generator, augmentation: Augmentation
) -> RaggedRows:
    """Jitter each point of drawings independently, as a model may have drawn its past steps.

    Half of the drawings not at all, the others each by its own measure, up to twice `past_jitter`.
    """
    num = len(ragged.lengths)
    measure = 2 * augmentation.past_jitter * rng.random(num) * (rng.random(num) < 0.5)
    return _moved(
        ragged, rng.normal(0, 1, (len(ragged.rows), 2)) * ragged.of_each_row(measure)[:, None]
    )


def _moved(ragged: RaggedRows, by: Float64[np.ndarray, "N 2"]) -> RaggedRows:
    moved = by.astype(np.float32)
    before = np.concatenate((np.zeros((1, 2), np.float32), moved[:-1]))
    before[ragged.starts] = 0
    rows = ragged.rows.astype(np.float32)
    rows[:, OFFSET] += moved - before
    return RaggedRows(rows, ragged.lengths)


def _matrices(
    num: int, rng: np.random.Generator, augmentation: Augmentation
) -> Float64[np.ndarray, "B 2 2"]:
    """Draw one linear map per drawing: scale both axes, mirror, then rotate."""
    scale = 1 + augmentation.scale * rng.uniform(-1, 1, size=(num, 2))
    scale[:, 0] *= np.where(rng.random(num) < augmentation.flip, -1, 1)
    angle = np.deg2rad(augmentation.rotate * rng.uniform(-1, 1, size=num))
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)
    return np.asarray(rotation * scale[:, None, :])


def _transform(ragged: RaggedRows, matrices: Float64[np.ndarray, "B 2 2"]) -> RaggedRows:
    """Apply one linear map per drawing to its offsets."""
    rows = ragged.rows.astype(np.float32)
    x, y = rows[:, OFFSET].T
    m = ragged.of_each_row(matrices.astype(np.float32).reshape(-1, 4)).T  # (4, N)
    rows[:, OFFSET] = np.stack([m[0] * x + m[1] * y, m[2] * x + m[3] * y], axis=1)
    return RaggedRows(rows, ragged.lengths)


def _dropped(ragged: RaggedRows, rng: np.random.Generator, drop: float) -> Bool[np.ndarray, " N"]:
    """Choose the rows to leave out: never one of a stroke's first three, nor its last.

    The row before then leads to that point, so what vanishes may be a stroke's third point.
    """
    num = len(ragged.rows)
    index = np.arange(num)
    is_first = np.zeros(num, dtype=bool)
    is_first[1:] = ragged.lifts[:-1]
    is_first[ragged.starts] = True
    in_stroke = index - np.maximum.accumulate(np.where(is_first, index, 0))
    droppable = (in_stroke >= _FIRST_DROPPABLE) & ~ragged.lifts
    return np.asarray(droppable & (rng.random(num) < drop))


def _drop_points(ragged: RaggedRows, dropped: Bool[np.ndarray, " N"]) -> RaggedRows:
    """Leave points out; each one's offset goes to the kept point before it."""
    remaining = np.flatnonzero(~dropped)
    rows = ragged.rows[remaining].astype(np.float32)
    offsets = ragged.rows[:, OFFSET].astype(np.float32)
    rows[:, OFFSET] = np.add.reduceat(offsets, remaining, axis=0)
    rows[:, LIFT] = ragged.rows[remaining, LIFT]
    lengths = ragged.lengths - np.add.reduceat(dropped.astype(np.int64), ragged.starts)
    return RaggedRows(rows, lengths)
