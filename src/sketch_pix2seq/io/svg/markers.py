"""Where the markers of an SVG's line stand, and how they are turned.

Source: SVG 2, section 13.7 (markers).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np

from sketch_pix2seq.io.svg.lines import Polyline
from sketch_pix2seq.io.svg.shapes import angle as degrees

MarkerKind = Literal["start", "mid", "end"]


class MarkerPlace(NamedTuple):
    """A corner of a line that a marker may stand on: the number of its point."""

    kind: MarkerKind
    line: Polyline
    corner: int

    def angle(self, orient: str) -> float:
        """By how much a marker is turned here, in radians; `orient` as its attribute says."""
        if not orient.startswith("auto"):
            return math.radians(degrees(orient))
        is_reversed = self.kind == "start" and "reverse" in orient
        return _direction(self.line, self.corner) + (math.pi if is_reversed else 0.0)


def marker_places(lines: Sequence[Polyline]) -> Iterator[MarkerPlace]:
    """Yield the corners of a shape's lines; a shape that is one point is its start and its end."""
    last = len(lines) - 1
    for number, line in enumerate(lines):
        corners = np.flatnonzero(line.is_corner).tolist()
        for index in corners:
            is_first = number == 0 and index == 0
            is_last = number == last and index == corners[-1]
            kinds: list[MarkerKind] = []
            kinds += ["start"] * is_first
            kinds += ["end"] * is_last
            for kind in kinds or ["mid"]:
                yield MarkerPlace(kind, line, index)


def _direction(line: Polyline, index: int) -> float:
    """The angle of a line at one of its points: the mean of both sides."""
    points = line.points
    is_closed = len(points) > 2 and (points[0] == points[-1]).all()
    before, after = points[: index + 1], points[index:]
    if is_closed and index in (0, len(points) - 1):
        before, after = points, points
    directions = []
    for steps in (before[-1] - before[:-1][::-1], after[1:] - after[0]):
        sizes = np.hypot(*steps.T)
        if (sizes > 0).any():
            first = int(np.argmax(sizes > 0))
            directions.append(steps[first] / sizes[first])
    x, y = np.sum(directions, axis=0) if directions else (1.0, 0.0)
    return math.atan2(y, x)
