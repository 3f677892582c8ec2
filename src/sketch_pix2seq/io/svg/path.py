"""SVG path data as polylines: every command of the grammar, in linear time.

Curves are sampled finely here. As SVG demands, what stands before an error is drawn.

Source: SVG 1.1, sections 8.3 (path data) and F.6 (elliptical arcs). More lenient than it: commas
and white space between numbers may be any.
"""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from sketch_pix2seq.errors import DrawingError

LARGEST = 1e12
"""Numbers are clamped to this: far outside any paper, far inside any float."""

TURN_SAMPLES = 96
"""Points of a whole turn of an ellipse."""

_CURVE_SAMPLES = 32
_MIN_RADIUS = 1e-100  # of an arc: smaller ones are none
_STRAIGHT = 1e-9  # half a chord, in radii, below which an arc is a line
# possessive and atomic, so no backtracking: a failure costs no more than what was read
_GAP = r"[\s,]*+"
_PARTS = {"n": r"((?>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))", "f": "([01])"}
_ARGUMENTS = {"M": "nn", "L": "nn", "H": "n", "V": "n", "C": "nnnnnn", "S": "nnnn", "Q": "nnnn",
              "T": "nn", "A": "nnnffnn"}  # fmt: skip
_PATTERNS = {
    letter: re.compile("".join(_GAP + _PARTS[kind] for kind in kinds), re.ASCII)
    for letter, kinds in _ARGUMENTS.items()
}
_FOLLOWED = {"S": "CS", "T": "QT"}
_LETTER = re.compile(_GAP + "([A-Za-z])", re.ASCII)
_T = np.linspace(0, 1, _CURVE_SAMPLES + 1)[:, None]
_WEIGHTS = {  # of the points that a Bezier curve has
    degree + 1: np.concatenate(
        [math.comb(degree, k) * (1 - _T) ** (degree - k) * _T**k for k in range(degree + 1)], axis=1
    )
    for degree in (2, 3)
}


class Piece(NamedTuple):
    """Part of a line: straight pieces keep every point, curved ones may be thinned."""

    points: Float[np.ndarray, "P 2"]
    is_curve: bool


Line = list[Piece]
"""One pen-down line: each piece begins where the one before ends."""


def path_lines(data: str) -> list[Line]:
    """Turn path data into lines; a line ends where the pen moves or the path closes.

    Raises:
        DrawingError: If there is an error before anything is drawn.

    Example:
        >>> path_lines("M0 0l3 4")[0][0].points.tolist()
        [[0.0, 0.0], [3.0, 4.0]]
    """
    segments, is_whole = _segments(data)
    if segments and segments[0][0] not in "Mm":
        raise DrawingError("the path data `d` must begin with a move", got=data[:40])
    lines: list[Line] = []
    at = start = control = 0j
    before = ""
    corners: list[complex] = []

    def flush() -> None:
        if corners:
            lines[-1].append(Piece(_array(corners), False))
        corners.clear()

    for letter, numbers in segments:
        kind = letter.upper()
        points = _points(letter, numbers, at) or [start]
        end = points[-1]
        if kind == "M":
            flush()
            start = end
        elif not (kind == "Z" and before == "Z"):
            if before in "MZ":
                lines.append([])
            if kind in "CSQTA":
                flush()
                if kind in "ST":  # the control point before, mirrored
                    points.insert(0, 2 * at - control if before in _FOLLOWED[kind] else at)
                sampled = _arc(at, numbers, end) if kind == "A" else _bezier([at, *points])
                lines[-1].append(Piece(sampled, True))
            else:
                corners.extend([end] if corners else [at, end])
            if kind == "Z":
                flush()
        control = points[-2] if kind in "CSQT" else end
        at, before = end, kind
    flush()
    if not lines and not is_whole:
        raise DrawingError("the path data `d` must be readable", got=data[:40])
    return lines


def _segments(data: str) -> tuple[list[tuple[str, list[float]]], bool]:
    """Split path data into commands with their numbers; also return whether all of it is read."""
    segments: list[tuple[str, list[float]]] = []
    position = 0
    while match := _LETTER.match(data, position):
        letter = match[1]
        position = match.end()
        if letter in "Zz":
            segments.append((letter, []))
            continue
        pattern = _PATTERNS.get(letter.upper())
        numbers = pattern and pattern.match(data, position)
        if pattern is None or numbers is None:
            return segments, False
        while numbers is not None:
            read = (min(max(float(number), -LARGEST), LARGEST) for number in numbers.groups())
            segments.append((letter, list(read)))
            position = numbers.end()
            letter = {"M": "L", "m": "l"}.get(letter, letter)  # points after a move are lines
            numbers = pattern.match(data, position)
    return segments, not data[position:].strip(" \t\r\n\f,")


def _points(letter: str, numbers: Sequence[float], at: complex) -> list[complex]:
    """The points that a command names, as x + iy."""
    origin = at if letter.islower() else 0j
    if letter in "Hh":
        return [complex(origin.real + numbers[0], at.imag)]
    if letter in "Vv":
        return [complex(at.real, origin.imag + numbers[0])]
    pairs = numbers[5:] if letter in "Aa" else numbers
    return [origin + complex(x, y) for x, y in zip(pairs[::2], pairs[1::2], strict=True)]


def _array(points: Sequence[complex]) -> Float[np.ndarray, "P 2"]:
    return np.array([(point.real, point.imag) for point in points])


def _bezier(points: Sequence[complex]) -> Float[np.ndarray, "P 2"]:
    """Sample a curve evenly in its parameter, its ends exactly."""
    return np.asarray(_WEIGHTS[len(points)] @ _array(points))


def _arc(start: complex, numbers: Sequence[float], end: complex) -> Float[np.ndarray, "P 2"]:
    """Sample an arc evenly in its angle, its ends exactly; where no ellipse fits, a line."""
    rx, ry, turn, is_large, is_sweep = numbers[:5]
    rx, ry = abs(rx), abs(ry)
    rotation = cmath.rect(1, math.radians(turn % 360))
    half = (start - end) / 2 / rotation
    if (
        min(rx, ry) < _MIN_RADIUS
        or abs(chord := complex(half.real / rx, half.imag / ry)) < _STRAIGHT
    ):
        return _array([start, end])
    # from here on the ellipse is the unit circle, and the middle of the chord its origin
    scale = max(abs(chord), 1.0)
    chord /= scale
    height = math.sqrt(max(1 / abs(chord) ** 2 - 1, 0))
    centre = chord * (-1j * height if is_large != is_sweep else 1j * height)
    start_angle = cmath.phase(chord - centre)
    sweep = (cmath.phase(-chord - centre) - start_angle) % math.tau
    sweep -= 0 if is_sweep else math.tau
    count = max(math.ceil(TURN_SAMPLES * abs(sweep) / math.tau), 2)
    circle = centre + np.exp(1j * (start_angle + sweep * np.linspace(0, 1, count + 1)))
    ellipse = scale * (rx * circle.real + 1j * ry * circle.imag)
    points = ellipse * rotation + (start + end) / 2
    points[0], points[-1] = start, end
    return np.stack([points.real, points.imag], axis=1)
