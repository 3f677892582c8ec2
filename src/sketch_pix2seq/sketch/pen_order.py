"""The order of strokes in which the lifted pen travels least.

The nearest end comes next, and then two moves shorten the tour as long as they can: a part of the
order is drawn backwards (2-opt), or up to three strokes are drawn elsewhere, perhaps backwards
(Or-opt). Then the order is disturbed, by swapping two parts, and repaired; the better is kept
(iterated local search). Closed strokes begin where that is shortest.

Sources: Croes (1958), A Method for Solving Traveling-Salesman Problems; Or (1976), Traveling
Salesman-Type Combinatorial Problems; Martin, Otto and Felten (1991), Large-Step Markov Chains for
the Traveling Salesman Problem; Bentley (1992), Fast Algorithms for Geometric Traveling Salesman
Problems, for lists of near ends and of links to visit.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from sketch_pix2seq.sketch.geometry import opened_at

_MAX_STARTS = 20_000  # points at which the greedy order may begin the closed strokes, all together
_NEAR = 10  # ends near to one that are tried with it
_MAX_VISITS = 40_000  # of links, after the first one of each: bounds the time
_DISTURBED, _MAX_DISTURBED = 10, 250  # disturbances: for each line, and at most in all
_REACH = 30  # lines that one disturbance may reach
_MIN_LINES = 3  # fewer are not disturbed
_ROUNDS = 3  # of moves and new starts of closed strokes
_MIN_GAIN = 1e-7  # of the drawing's side: smaller gains may be rounding


def pen_order(strokes: Sequence[np.ndarray], closed: Sequence[bool]) -> list[np.ndarray]:
    """Order, turn round and, where closed, open strokes so that the lifted pen travels little.

    Args:
        strokes: (P, 2) arrays of points.
        closed: Whether each may begin at any of its points.

    Example:
        >>> lines = [np.array([[0, 0], [5, 0]]), np.array([[9, 9], [6, 0]])]
        >>> [line.tolist() for line in pen_order(lines, [False, False])]
        [[[0, 0], [5, 0]], [[6, 0], [9, 9]]]
    """
    if len(strokes) == 0:
        return []
    lines = _greedy(strokes, closed)
    for rounds_left in reversed(range(_ROUNDS)):
        tour = _Tour([line for _, line in lines])
        tour.shorten(disturb=not rounds_left)
        lines = [
            (lines[end >> 1][0], lines[end >> 1][1][::-1] if end & 1 else lines[end >> 1][1])
            for end in tour.starts
        ]
        _open_closed(lines, closed)
    ordered = [line for _, line in lines]
    first, last = ordered[0][0], ordered[-1][-1]
    return ordered if first.sum() <= last.sum() else [line[::-1] for line in ordered[::-1]]


def _greedy(strokes: Sequence[np.ndarray], closed: Sequence[bool]) -> list[tuple[int, np.ndarray]]:
    """Go on with the stroke that can begin nearest to the pen, from the upper left."""
    num_closed = sum(len(stroke) for stroke, ring in zip(strokes, closed, strict=True) if ring)
    step = 1 + num_closed // _MAX_STARTS
    owners, starts, points = [], [], []
    for number, (stroke, ring) in enumerate(zip(strokes, closed, strict=True)):
        some = np.arange(0, len(stroke), step) if ring else np.array([0, len(stroke) - 1])
        owners.append(np.full(len(some), number))
        starts.append(some)
        points.append(stroke[some])
    owner, start = np.concatenate(owners), np.concatenate(starts)
    x, y = np.concatenate(points).astype(np.float64).T
    num_gone = 0
    pen_x, pen_y = float(x.min()), float(y.min())
    lines: list[tuple[int, np.ndarray]] = []
    while len(lines) < len(strokes):
        # what has been drawn is at infinity, and left out when it is half
        if 2 * num_gone > len(owner):
            some = x < np.inf
            owner, start, x, y = owner[some], start[some], x[some], y[some]
            num_gone = 0
        best = int(((x - pen_x) ** 2 + (y - pen_y) ** 2).argmin())
        number, at = int(owner[best]), int(start[best])
        line = strokes[number]
        if closed[number]:
            line = opened_at(line, at)
        elif at > 0:
            line = line[::-1]
        lines.append((number, line))
        drawn = slice(*owner.searchsorted([number, number + 1]))
        x[drawn] = np.inf
        num_gone += drawn.stop - drawn.start
        pen_x, pen_y = line[-1].tolist()
    return lines


class _Tour:
    """An order of strokes, as the ends at which they begin, and moves that shorten its links.

    The ends of line k are 2 k and 2 k + 1, so `end ^ 1` is the other end of a line. Link k is the
    travel of the lifted pen from line k - 1 to line k of the order; there is none before the first
    line and after the last.
    """

    def __init__(self, lines: Sequence[np.ndarray]) -> None:
        ends = np.stack([line[[0, -1]] for line in lines]).reshape(-1, 2).astype(np.float64)
        self.positions: list[complex] = (ends[:, 0] + 1j * ends[:, 1]).tolist()
        self.starts = list(range(0, len(ends), 2))
        self.index = list(range(len(lines)))
        self._links = [self._measure(link) for link in range(len(lines) + 1)]
        self._near = _nearest(ends)
        self._least = _MIN_GAIN * max(float(np.ptp(ends, axis=0).max()), 1e-9)

    def shorten(self, *, disturb: bool) -> None:
        """Make moves until none shortens the tour; then disturb parts and try again."""
        num = len(self.starts)
        self._improve(range(2 * num))
        if num < _MIN_LINES or not disturb:
            return
        generator = random.Random(0)
        for _ in range(min(_DISTURBED * num, _MAX_DISTURBED)):
            start = generator.randrange(num - 1)
            near = range(start + 1, min(start + _REACH, num) + 1)
            middle, end = sorted(generator.sample(near, 2))
            links = (start, middle, end)
            before = self.starts.copy(), self.index.copy(), self._links.copy()
            ends = [each for link in links for each in (self._before(link), self._after(link))]
            self._move(start, middle, end, is_turned=False)
            seam = start + end - middle
            longer = sum(self._links[link] for link in (start, seam, end))
            longer -= sum(before[2][link] for link in links)
            if self._improve([each for each in ends if each is not None]) < longer:
                self.starts, self.index, self._links = before

    def _improve(self, ends: Sequence[int]) -> float:
        """Make moves at the links of these ends, and at those touched, and return the gain."""
        to_visit, waiting = deque(ends), set(ends)
        total = 0.0
        for _ in range(_MAX_VISITS + len(ends)):
            if not to_visit:
                break
            end = to_visit.popleft()
            waiting.discard(end)
            position = self.index[end >> 1]
            link = position if self.starts[position] == end else position + 1
            if 0 < link < len(self.starts):
                gain, touched = self._reverse_some(link) or self._move_some(link) or (0.0, [])
                total += gain
                to_visit.extend(other for other in touched if other not in waiting)
                waiting.update(touched)
        return total

    def _apart(self, first: int | None, second: int | None) -> float:
        """Distance between two ends; 0 if one is missing."""
        if first is None or second is None:
            return 0.0
        return abs(self.positions[first] - self.positions[second])

    def _before(self, link: int) -> int | None:
        return self.starts[link - 1] ^ 1 if link > 0 else None

    def _after(self, link: int) -> int | None:
        return self.starts[link] if link < len(self.starts) else None

    def _measure(self, link: int) -> float:
        return self._apart(self._before(link), self._after(link))

    def _candidates(self, end: int, longest: float) -> list[tuple[float, int]]:
        """Ends nearer to one than so far, and how far; the first and the last of all too."""
        candidates = []
        for pair in self._near[end]:
            if pair[0] >= longest:
                break
            candidates.append(pair)
        for other in (self.starts[0], self.starts[-1] ^ 1):
            apart = abs(self.positions[end] - self.positions[other])
            if apart < longest and other >> 1 != end >> 1:
                candidates.append((apart, other))
        return candidates

    def _reverse_some(self, link: int) -> tuple[float, list[int]] | None:
        """Draw what is between a link and another one backwards, if that is shorter."""
        length = self._links[link]
        tail, head = self._before(link), self._after(link)
        for is_before, apart, near in self._meetings(link):
            position = self.index[near >> 1]
            if (self.starts[position] == near) == is_before:
                continue  # the lines between cannot be turned so that these ends meet
            far_end, second = head if is_before else tail, position + is_before
            beyond = self._after(second) if is_before else self._before(second)
            gain = length + self._links[second] - apart - self._apart(far_end, beyond)
            if gain > self._least:
                self._reverse(min(link, second), max(link, second))
                ends = (tail, head, near, beyond)
                return gain, [end for end in ends if end is not None]
        return None

    def _move_some(self, link: int) -> tuple[float, list[int]] | None:
        """Draw up to three lines at a link instead of elsewhere, if that is shorter."""
        tail, head = self._before(link), self._after(link)
        for is_before, apart, near in self._meetings(link):
            far_end, position = head if is_before else tail, self.index[near >> 1]
            at_start = self.starts[position] == near
            for size in range(1, 4):
                start = position if at_start else position - size + 1
                stop = start + size
                if start < 0 or stop > len(self.starts) or start <= link <= stop:
                    break
                before, after = self._before(start), self._after(stop)
                last = self._before(stop) if at_start else self._after(start)
                gain = (
                    sum(self._links[cut] for cut in (link, start, stop))
                    - apart
                    - self._apart(last, far_end)
                    - self._apart(before, after)
                )
                if gain > self._least:
                    self._move(start, stop, link, is_turned=at_start != is_before)
                    ends = (tail, head, near, last, before, after)
                    return gain, [end for end in ends if end is not None]
        return None

    def _meetings(self, link: int) -> Iterator[tuple[bool, float, int]]:
        """Ends near those of a link: whether to its first one, how far, and which."""
        for end, is_before in ((self._before(link), True), (self._after(link), False)):
            assert end is not None
            for apart, near in self._candidates(end, self._links[link]):
                yield is_before, apart, near

    def _move(self, start: int, stop: int, link: int, *, is_turned: bool) -> None:
        """Draw the lines from `start` to before `stop` at another link, by turning parts round."""
        if not is_turned:
            self._reverse(start, stop)
        if link > stop:
            self._reverse(stop, link)
            self._reverse(start, link)
        else:
            self._reverse(link, start)
            self._reverse(link, stop)

    def _reverse(self, start: int, stop: int) -> None:
        """Draw the lines from `start` to before `stop` backwards."""
        self.starts[start:stop] = [end ^ 1 for end in reversed(self.starts[start:stop])]
        for position in range(start, stop):
            self.index[self.starts[position] >> 1] = position
        self._links[start + 1 : stop] = self._links[start + 1 : stop][::-1]
        self._links[start], self._links[stop] = self._measure(start), self._measure(stop)


def _nearest(points: Float[np.ndarray, "E 2"]) -> list[list[tuple[float, int]]]:
    """Find for each end of a line others near to it, and how far they are, nearest first.

    Points are put into strips of equal number by x; those of about its height in its own strip and
    in the two beside it are compared with each.
    """
    num = max(1, round((len(points) / (4 * _NEAR)) ** 0.5))
    strips = [
        part[np.argsort(points[part, 1], kind="stable")]
        for part in np.array_split(np.argsort(points[:, 0], kind="stable"), num)
    ]
    around = np.arange(-_NEAR, _NEAR)
    near = np.empty((len(points), min(_NEAR, len(points))), np.int64)
    for number, strip in enumerate(strips):
        beside = []
        for other in strips[max(number - 1, 0) : number + 2]:
            at = np.searchsorted(points[other, 1], points[strip, 1])
            # a strip with few points gives some of them twice
            beside.append(other[(at[:, None] + around) % len(other)])
        some = np.concatenate(beside, axis=1)
        apart = ((points[some] - points[strip, None]) ** 2).sum(axis=2)
        closest = np.argsort(apart, axis=1, kind="stable")[:, : near.shape[1]]
        near[strip] = np.take_along_axis(some, closest, axis=1)
    apart = np.hypot(*(points[near] - points[:, None]).transpose(2, 0, 1))
    return [
        [pair for pair in zip(far, others, strict=True) if pair[1] >> 1 != end >> 1]
        for end, (far, others) in enumerate(zip(apart.tolist(), near.tolist(), strict=True))
    ]


def _open_closed(lines: list[tuple[int, np.ndarray]], closed: Sequence[bool]) -> None:
    """Begin each closed stroke where the lifted pen travels least."""
    for position, (number, line) in enumerate(lines):
        if not closed[number]:
            continue
        far = np.zeros(len(line))
        if position > 0:
            far += np.hypot(*(line - lines[position - 1][1][-1]).T)
        if position + 1 < len(lines):
            far += np.hypot(*(line - lines[position + 1][1][0]).T)
        best = int(far.argmin())
        if far[best] < far[0]:
            lines[position] = (number, opened_at(line, best))
