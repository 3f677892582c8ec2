"""The order and the direction in which a person would draw strokes.

A small network scores every candidate for the next stroke: a remaining stroke from one of its ends,
or a closed one from one of its points and in one direction. The best is drawn, and so on. It was
trained on people's drawings (`scripts/train_hand_order.py`).

Shape letters: S strokes, W candidates, P points of a candidate, L remaining candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

import numpy as np
from jaxtyping import Float32, Int64
from safetensors.numpy import load

from sketch_pix2seq.sketch.geometry import arc_lengths, opened_at, points_along

NUM_POINTS = 17
"""Points of a candidate, evenly along it."""
NUM_RELATIONS = 24
"""Numbers that describe a candidate by what has been drawn before it."""
NUM_HEADS = 4
"""Heads of each layer of attention."""
_EPSILON = 1e-5  # of the norms
_SMALL = 0.02  # of the longest side, for logarithms
_NEAR = 0.03  # of the drawing's longest side: strokes this near touch
_ALIKE = 0.08  # mean distance between points, position aside: strokes of one shape
_QUERIES = 64  # candidates that attend to all others at once
_COMPASS = np.exp(0.25j * np.pi * np.arange(8))


def hand_order(strokes: Sequence[np.ndarray], closed: Sequence[bool]) -> list[np.ndarray]:
    """Put strokes into the order and direction in which a person would draw them.

    Args:
        strokes: S >= 1 arrays of (P, 2) points.
        closed: Whether each may begin at any of its points.

    Example:
        >>> head = 9 * np.stack([np.cos(np.arange(32) / 5), np.sin(np.arange(32) / 5)], axis=1)
        >>> drawn = hand_order([np.array([[2.0, -2.0], [3.0, -2.0]]), head], [False, True])
        >>> [len(stroke) for stroke in drawn]
        [33, 2]
    """
    candidates = Candidates(strokes, closed)
    chosen = Network(_weights(), candidates).choose()
    return [candidates.lines[candidate] for candidate in chosen]


class Candidates:
    """Every candidate of each stroke: a direction, and of closed strokes a first point.

    *Convention*: in units of the drawing's longest side, the middle of its bounding box at 0.

    Args:
        strokes: S >= 1 arrays of points.
        closed: Whether each may begin at any of its points.
    """

    def __init__(self, strokes: Sequence[np.ndarray], closed: Sequence[bool]) -> None:
        every = np.concatenate(strokes).astype(np.float64)
        low, high = every.min(axis=0), every.max(axis=0)
        scale = 1 / max(float((high - low).max()), 1e-9)
        self.lines: list[np.ndarray] = []
        owners = []
        for number, stroke in enumerate(strokes):
            candidates = _candidates(stroke, is_closed=closed[number])
            self.lines += candidates
            owners += [number] * len(candidates)
        self.stroke: Int64[np.ndarray, " W"] = np.array(owners)
        self.first: Int64[np.ndarray, " S"] = np.searchsorted(self.stroke, np.arange(len(strokes)))
        self.points: Float32[np.ndarray, "W P 2"] = np.stack(
            [(_evenly(line) - (low + high) / 2) * scale for line in self.lines]
        ).astype(np.float32)
        self._measure()
        self._compare()

    def _measure(self) -> None:
        """Measure each candidate alone."""
        points = self.points
        steps = np.diff(points, axis=1)
        self.low, self.high = points.min(axis=1), points.max(axis=1)
        self.middle, self.size = (self.low + self.high) / 2, self.high - self.low
        self.length = np.hypot(*steps.transpose(2, 0, 1)).sum(axis=1)
        self.start, self.end = points[:, 0], points[:, -1]
        self.chord = self.end - self.start
        self.setting_out = _unit(points[:, 2] - points[:, 0])
        self.arriving = _unit(points[:, -1] - points[:, -3])
        cross = steps[:, :-1, 0] * steps[:, 1:, 1] - steps[:, :-1, 1] * steps[:, 1:, 0]
        turns = np.arctan2(cross, (steps[:, :-1] * steps[:, 1:]).sum(axis=2)) / (2 * np.pi)
        self.turn, self.bend = turns.sum(axis=1), np.abs(turns).sum(axis=1)
        self.shape = points - self.middle[:, None]
        self.gap = np.hypot(*self.chord.T) / np.maximum(self.length, 1e-3)

    def _compare(self) -> None:
        """Measure each stroke, and each candidate's start, against each other stroke."""
        some = self.points[self.first]
        S = len(some)
        self.apart = np.empty((S, S), np.float32)
        self.start_apart = np.empty((S, len(self.points)), np.float32)
        every = np.concatenate([some.reshape(-1, 2), self.start])
        for number, other in enumerate(some):
            nearest = _nearest(every, other)
            self.apart[number] = nearest[: S * NUM_POINTS].reshape(S, -1).min(axis=1)
            self.start_apart[number] = nearest[S * NUM_POINTS :]
        low, high = self.low[self.first], self.high[self.first]
        self.encloses = ((low[:, None] <= low + 0.01) & (high[:, None] >= high - 0.01)).all(axis=2)
        np.fill_diagonal(self.encloses, False)
        shape = self.shape[self.first]
        forth = np.stack([np.abs(shape - other).mean(axis=(1, 2)) for other in shape])
        back = np.stack([np.abs(shape[:, ::-1] - other).mean(axis=(1, 2)) for other in shape])
        self.alike = np.minimum(forth, back) < _ALIKE
        np.fill_diagonal(self.alike, False)

    def alone(self) -> Float32[np.ndarray, "W F"]:
        """Describe each candidate by itself and in the drawing, whatever has been drawn."""
        owner, first = self.stroke, self.first
        S = len(first)
        others = ~np.eye(S, dtype=bool)
        near = (self.apart < _NEAR) & others
        touches = self.start_apart < _NEAR
        touches[owner, np.arange(len(owner))] = False
        length = self.length[first]
        columns = [
            *self.start.T,
            *self.end.T,
            *self.middle.T,
            *self.size.T,
            *self.chord.T,
            *self.setting_out.T,
            *self.arriving.T,
            *_unit(self.start - self.middle).T,
            self.length,
            np.log(self.length + _SMALL),
            self.gap,
            self.turn,
            self.bend,
            self.turn * (self.gap < 0.15),
            ((length[:, None] < length).mean(axis=1))[owner],
            _share_less(self.middle[first, 0])[owner],
            _share_less(self.middle[first, 1])[owner],
            near.mean(axis=1)[owner],
            touches.mean(axis=0),
            touches.any(axis=0),
            self.encloses.mean(axis=1)[owner],
            self.encloses.mean(axis=0)[owner],
            self.alike.mean(axis=1)[owner],
            np.full(len(owner), np.log(S)),
            self.size[:, 0] - self.size[:, 1],
        ]
        flat = self.points.reshape(len(owner), -1)
        return np.concatenate([np.stack(columns, axis=1, dtype=np.float32), flat], axis=1)

    def relations(
        self, drawn: Sequence[int], remaining: Int64[np.ndarray, " L"]
    ) -> Float32[np.ndarray, "L R"]:
        """Describe remaining candidates by what has been drawn; all 0 if that is nothing.

        Args:
            drawn: Candidates, in the order drawn.
            remaining: Candidates of the remaining strokes.
        """
        if not drawn:
            return np.zeros((len(remaining), NUM_RELATIONS), np.float32)
        last, before = drawn[-1], drawn[-2] if len(drawn) > 1 else drawn[-1]
        owner, done = self.stroke[remaining], self.stroke[np.array(drawn)]
        jump = self.start[remaining] - self.end[last]
        far = np.hypot(*jump.T)
        step = self.middle[remaining] - self.middle[last]
        aside = np.hypot(*step.T)
        shape, mirrored = self.shape[last], self.shape[last] * np.array([-1, 1], np.float32)
        nearest = self.apart[done].min(axis=0)[owner]
        columns = [
            *jump.T,
            far,
            np.log(far + _SMALL),
            far - far.min(),
            *step.T,
            aside,
            aside - aside.min(),
            *(self.size[remaining] - self.size[last]).T,
            np.log((self.length[remaining] + _SMALL) / (self.length[last] + _SMALL)),
            np.abs(self.shape[remaining] - shape).mean(axis=(1, 2)),
            np.abs(self.shape[remaining] - mirrored).mean(axis=(1, 2)),
            (self.setting_out[remaining] * self.arriving[last]).sum(axis=1),
            (self.setting_out[remaining] * _unit(jump)).sum(axis=1),
            (_unit(self.chord[remaining]) * _unit(self.chord[[last]])).sum(axis=1),
            self.apart[done[-1], owner],
            self.start_apart[done[-1], remaining],
            nearest,
            self.start_apart[done].min(axis=0)[remaining],
            *(self.middle[remaining] - self.middle[before]).T,
            nearest < _NEAR,
        ]
        return np.stack(columns, axis=1, dtype=np.float32)


class Network:
    """Scores candidates: layers of attention among them, and a network of what has been drawn.

    Args:
        weights: Arrays by name, as `scripts/train_hand_order.py` writes them.
        candidates: Those of a drawing.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], candidates: Candidates) -> None:
        self._weights, self._candidates = weights, candidates
        encoded = self._linear("input", candidates.alone())
        for layer in range(sum(name.endswith(".qkv.weight") for name in weights)):
            encoded = self._attend(f"layers.{layer}", encoded)
        self._encoded, self._candidate = encoded, self._linear("way", encoded)

    def choose(self) -> list[int]:
        """Choose candidates, one of each stroke, in the order in which a person would draw."""
        owner = self._candidates.stroke
        drawn: list[int] = []
        remaining = np.arange(len(owner))
        while len(remaining):
            scores = self.scores(drawn, remaining)
            share = np.exp(scores - scores.max())
            stroke = int(np.bincount(owner[remaining], share).argmax())
            is_chosen = owner[remaining] == stroke
            choices, share = remaining[is_chosen], share[is_chosen]
            forth = max(len(choices) // 2, 1)  # the other half runs backwards
            half = (
                slice(forth) if share[:forth].sum() >= share[forth:].sum() else slice(forth, None)
            )
            drawn.append(int(choices[half][share[half].argmax()]))
            remaining = remaining[~is_chosen]
        return drawn

    def scores(
        self, drawn: Sequence[int], remaining: Int64[np.ndarray, " L"]
    ) -> Float32[np.ndarray, " L"]:
        """Score remaining candidates; arguments as of `Candidates.relations`."""
        encoded, num = self._encoded, len(self._candidates.first)
        nothing = np.zeros(encoded.shape[1], np.float32)
        state = np.concatenate(
            [
                encoded[np.array(drawn)].mean(axis=0) if drawn else nothing,
                encoded[remaining].mean(axis=0),
                encoded[drawn[-1]] if drawn else nothing,
                encoded[drawn[-2]] if len(drawn) > 1 else nothing,
                [1 - len(drawn) / num, not drawn],
            ],
            dtype=np.float32,
        )
        hidden = self._linear("state", state) + self._candidate[remaining]
        hidden = np.maximum(
            hidden + self._linear("relation", self._candidates.relations(drawn, remaining)), 0
        )
        hidden = np.maximum(self._linear("hidden", hidden), 0)
        return self._linear("score", hidden)[:, 0]

    def _attend(self, layer: str, x: np.ndarray) -> np.ndarray:
        """Attention among all candidates, then a network for each, (W, D) to (W, D)."""
        num, width = x.shape
        split = self._linear(f"{layer}.qkv", self._norm(f"{layer}.norm", x))
        by_head = split.reshape(num, 3, NUM_HEADS, width // NUM_HEADS).transpose(2, 1, 0, 3)
        attended = np.empty((num, NUM_HEADS, width // NUM_HEADS), np.float32)
        for head, (query, key, value) in enumerate(by_head):
            for first in range(0, num, _QUERIES):  # their shares stay in the processor's cache
                share = query[first : first + _QUERIES] @ key.T
                share /= np.float32((width // NUM_HEADS) ** 0.5)
                share -= share.max(axis=1, keepdims=True)
                np.exp(share, out=share)
                share /= share.sum(axis=1, keepdims=True)
                attended[first : first + _QUERIES, head] = share @ value
        x = x + self._linear(f"{layer}.out", attended.reshape(num, width))
        hidden = self._linear(f"{layer}.feed_in", self._norm(f"{layer}.feed_norm", x))
        return np.asarray(x + self._linear(f"{layer}.feed_out", np.maximum(hidden, 0)))

    def _linear(self, name: str, x: np.ndarray) -> np.ndarray:
        result: np.ndarray = x @ self._weights[f"{name}.weight"].T
        bias = self._weights.get(f"{name}.bias")
        return result if bias is None else result + bias

    def _norm(self, name: str, x: np.ndarray) -> np.ndarray:
        x = x - x.mean(axis=1, keepdims=True)
        x /= np.sqrt((x**2).mean(axis=1, keepdims=True) + np.float32(_EPSILON))
        return np.asarray(x * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"])


@cache
def _weights() -> Mapping[str, np.ndarray]:
    data = resources.files(__package__).joinpath("hand_order.safetensors").read_bytes()
    return {name: array.astype(np.float32) for name, array in load(data).items()}


def _nearest(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distance of each of N points to the nearest of some others, (N,)."""
    x, y = (points[:, axis] - others[:, axis, None] for axis in (0, 1))
    # squares of float32 numbers are exact in float64, and only the least need a root
    squares = np.square(x, dtype=np.float64) + np.square(y, dtype=np.float64)
    return np.asarray(np.sqrt(squares.min(axis=0)), np.float32)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.maximum(np.hypot(*vectors.T), 1e-6)[:, None])


def _share_less(values: np.ndarray) -> np.ndarray:
    """Share of the others that are less than each."""
    return np.searchsorted(np.sort(values), values) / max(len(values) - 1, 1)


def _evenly(line: np.ndarray) -> np.ndarray:
    along = arc_lengths(line)
    return points_along(line, np.linspace(0, along[-1], NUM_POINTS), along)


def _candidates(stroke: np.ndarray, *, is_closed: bool) -> list[np.ndarray]:
    """A stroke in both directions; a closed one from its extreme points."""
    if not is_closed:
        return [stroke, stroke[::-1]] if len(stroke) > 1 else [stroke]
    reach = stroke[:-1] @ np.stack([_COMPASS.real, _COMPASS.imag])
    starts = np.unique(reach.argmax(axis=0)).tolist()
    turned = [opened_at(stroke, start) for start in starts]
    return [*turned, *(line[::-1] for line in turned)]
