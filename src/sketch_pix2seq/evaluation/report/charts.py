"""Charts as SVG, in the colours of the page: light, dark and printed alike.

Colours are CSS variables: `--ink`, `--grey`, `--hair` and `--c0` to `--c7`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

import numpy as np
from jaxtyping import Float64, Int64, Shaped

from sketch_pix2seq.evaluation.estimates import Estimate
from sketch_pix2seq.io.svg.svg_out import number

NUM_COLOURS = 8
_WIDTH = 960
_LABELS = 150  # room for the names of rows, more where they are long
_LETTER = 7  # the mean width of one in a name
_MARKS = ("circle", "square", "diamond", "triangle")


class Point(NamedTuple):
    """A named point of a chart."""

    label: str
    x: float
    y: float


def colour(index: int) -> str:
    """Return the colour of series `index`; grey for a yardstick, -1."""
    return "var(--grey)" if index < 0 else f"var(--c{index % NUM_COLOURS})"


def dots(rows: Sequence[str], series: Sequence[str], values: Sequence[Sequence[Estimate]]) -> str:
    """Draw shares with their intervals: a row for each thing, a mark for each series.

    The first series is the yardstick.
    """
    row_height = 16 + 9 * len(series)
    height = 50 + row_height * len(rows) + 24
    longest = max(map(len, rows), default=0)
    left, right = min(max(_LABELS, 14 + _LETTER * longest), _WIDTH // 2), _WIDTH - 20

    def x(share: float) -> float:
        return left + (right - left) * min(max(share, 0.0), 1.0)

    parts = [_legend(series, left, first=-1)]
    for tick in range(0, 101, 20):
        at = number(x(tick / 100))
        parts.append(f'<path class="hair" d="M{at} 36V{height - 24}"/>')
        parts.append(text(f"{tick} %", x(tick / 100), height - 8, kind="grey"))
    for index, (name, some) in enumerate(zip(rows, values, strict=True)):
        top = 44 + index * row_height
        parts.append(text(name, left - 14, top + row_height / 2 - 4, "end"))
        for series_index, value in enumerate(some, -1):
            y = top + 15 + 9 * series_index
            line = f'<path d="M{number(x(value.low))} {y}H{number(x(value.high))}"/>'
            parts.append(f'<g stroke="{colour(series_index)}" stroke-width="1.6">{line}</g>')
            parts.append(_mark(series_index, x(value.value), y))
    return svg(_WIDTH, height, parts)


def lines(
    series: Sequence[str], values: Sequence[Sequence[float]], along: Sequence[str], below: str
) -> str:
    """Draw the shares of each series along an axis with named ticks."""
    height, top, bottom, left, right = 320, 44, 262, 60, _WIDTH - 30
    most = max(0.1, *(max(some) for some in values))
    step = 0.1 if most <= 0.5 else 0.2
    num_ticks = math.ceil(most / step - 1e-9)
    highest = num_ticks * step
    xs = np.linspace(left, right, len(along))

    def y(share: float) -> float:
        return bottom - (bottom - top) * share / highest

    parts = [_legend(series, left)]
    for tick in np.linspace(0, highest, num_ticks + 1):
        parts.append(f'<path class="hair" d="M{left} {number(y(tick))}H{right}"/>')
        parts.append(text(f"{100 * tick:.0f} %", left - 10, y(tick), "end", "grey"))
    for x, name in zip(xs, along, strict=True):
        parts.append(text(name, float(x), bottom + 20, kind="grey"))
    parts.append(text(below, (left + right) / 2, bottom + 44, kind="grey"))
    for series_index, some in enumerate(values):
        points = [f"{number(x)} {number(y(v))}" for x, v in zip(xs.tolist(), some, strict=True)]
        parts.append(
            f'<path d="M{"L".join(points)}" fill="none" stroke="{colour(series_index)}"'
            ' stroke-width="2" stroke-linejoin="round"/>'
        )
        parts += [_mark(series_index, x, y(v)) for x, v in zip(xs.tolist(), some, strict=True)]
    return svg(_WIDTH, height, parts)


def clouds(
    panels: Sequence[tuple[str, Float64[np.ndarray, "N 2"]]],
    kinds: Int64[np.ndarray, "N"],
    names: Sequence[str],
) -> str:
    """Draw points on planes side by side, a colour and a mark for each kind.

    Args:
        panels: Titles, and positions of the same N things, 0 to 1.
        kinds: Kind of each point, as an index into `names`.
        names: Names of the kinds.
    """
    per_row = 2 if len(panels) in (2, 4) else 3
    gap, side = 24, (_WIDTH - 24 * (per_row - 1)) / per_row
    tall = side + 34
    parts = [_legend(names, 0)]
    for index, (title, points) in enumerate(panels):
        left, top = (index % per_row) * (side + gap), 34 + (index // per_row) * tall
        parts.append(text(title, left + 2, top + 10, "start", "strong"))
        parts.append(rect(left, top + 22, side, side, 'class="frame" rx="6"'))
        inner = side - 24
        for (x, y), kind in zip(points.tolist(), kinds.tolist(), strict=True):
            parts.append(_mark(kind, left + 12 + inner * x, top + 34 + inner * y, 3.2))
    num_rows = -(-len(panels) // per_row)
    return svg(_WIDTH, 34 + num_rows * tall, parts)


def confusions(
    panels: Sequence[tuple[str, Shaped[np.ndarray, "K K"]]], names: Sequence[str]
) -> str:
    """Draw confusion matrices: a panel for each model, a row of shares for each true kind."""
    per_row = 3
    gap, label = 26, 78
    side = (_WIDTH - gap * (per_row - 1)) / per_row - label
    cell = side / len(names)
    tall = side + 116
    parts: list[str] = []
    for index, (title, shares) in enumerate(panels):
        left = (index % per_row) * (side + label + gap) + label
        top = (index // per_row) * tall + 26
        parts.append(text(title, left, top - 14, "start", "strong"))
        for row, name in enumerate(names):
            middle = top + (row + 0.5) * cell
            parts.append(text(short(name), left - 6, middle, "end", "small"))
            at = f"{number(left + (row + 0.5) * cell)} {number(top + side + 10)}"
            turned = f'<g transform="translate({at}) rotate(-40)">'
            parts.append(turned + text(short(name), 0, 0, "end", "small") + "</g>")
            for column in range(len(names)):
                share = float(shares[row, column])
                kind = "c0" if row == column else "c3"
                x, y = left + column * cell, top + row * cell
                fill = f'rx="2" fill="var(--{kind})" fill-opacity="{0.04 + 0.9 * share:.2f}"'
                parts.append(rect(x, y, cell - 1, cell - 1, fill))
                if share >= 0.005 and len(names) <= 8:
                    strength = "onink" if share > 0.6 else "small"
                    parts.append(text(f"{100 * share:.0f}", x + cell / 2, middle, kind=strength))
    num_rows = -(-len(panels) // per_row)
    return svg(_WIDTH, num_rows * tall, parts)


def scatter(points: Sequence[Point], across: str, up: str) -> str:
    """Draw named points, x on a logarithmic axis; `across` and `up` say what x and y are."""
    height, left, right, top, bottom = 380, 90, _WIDTH - 140, 30, 310
    xs = [math.log10(point.x) for point in points]
    ys = [point.y for point in points]
    x_low, x_high = _range(xs, from_zero=False)
    y_low, y_high = _range(ys, from_zero=True)
    x_positions = [left + (x - x_low) / (x_high - x_low) * (right - left) for x in xs]
    y_positions = [bottom - (y - y_low) / (y_high - y_low) * (bottom - top) for y in ys]
    parts = []
    for tick in log_ticks(10**x_low, 10**x_high):
        x = left + (math.log10(tick) - x_low) / (x_high - x_low) * (right - left)
        parts.append(f'<path class="hair" d="M{number(x)} {top}V{bottom}"/>')
        parts.append(text(_tick_label(tick), x, bottom + 18, kind="grey"))
    for tick in ticks(y_low, y_high):
        y = bottom - (tick - y_low) / (y_high - y_low) * (bottom - top)
        parts.append(f'<path class="hair" d="M{left} {number(y)}H{right}"/>')
        parts.append(text(_tick_label(tick), left - 10, y, "end", "grey"))
    parts.append(text(across, (left + right) / 2, bottom + 46, kind="grey"))
    parts.append(
        f'<g transform="translate(24 {(top + bottom) / 2}) rotate(-90)">'
        + text(up, 0, 0, kind="grey")
        + "</g>"
    )
    positions = list(zip(x_positions, y_positions, strict=True))
    occupied = list(positions)
    for index, (point, (x, y)) in enumerate(zip(points, positions, strict=True)):
        parts.append(_mark(index, x, y, 6))
        line = _free_line(x, y, [*occupied[:index], *occupied[index + 1 :]])
        occupied.append((x + 12, line))
        parts.append(text(point.label, x + 12, line, "start"))
    return svg(_WIDTH, height, parts)


def _free_line(x: float, y: float, occupied: Sequence[tuple[float, float]]) -> float:
    """The y of a point's label: beside it, or else above or below other labels and points."""
    lines = [y, *(y + sign * shift for shift in range(16, 96, 16) for sign in (-1, 1))]
    for line in lines:
        if not any(abs(at_x - x) < 100 and abs(line - at_y) < 14 for at_x, at_y in occupied):
            return line
    return y


def _range(values: Sequence[float], *, from_zero: bool) -> tuple[float, float]:
    """An axis that holds values with some room; with `from_zero` none below 0 unless a value is."""
    low, high = min(values), max(values)
    room = 0.15 * (high - low) or 0.1 * abs(high) or 0.1
    return (max(low - room, 0.0) if from_zero and low >= 0 else low - room), high + room


def ticks(low: float, high: float) -> list[float]:
    """Return round values of an axis: multiples of 1, 2 or 5 times a power of ten, two to seven.

    Example:
        >>> ticks(0.13, 0.62)
        [0.2, 0.3, 0.4, 0.5, 0.6]
    """
    power = 10.0 ** math.floor(math.log10((high - low) / 6))
    step = next(power * some for some in (1, 2, 5, 10) if power * some >= (high - low) / 6)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{place * step:.12g}") for place in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return round values of a logarithmic axis: 1, 2 and 5 times powers of ten; of many, powers.

    Where fewer than two lie in between, values as of `ticks`.

    Example:
        >>> log_ticks(0.13, 0.62), log_ticks(0.013, 62)
        ([0.2, 0.5], [0.1, 1.0, 10.0])
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [
        value
        for power in powers
        for some in (1, 2, 5)
        if low <= (value := float(f"{some}e{power}")) <= high
    ]
    if len(found) > 8:
        return [value for power in powers if low <= (value := float(f"1e{power}")) <= high]
    return found if len(found) >= 2 else ticks(low, high)


def _tick_label(value: float) -> str:
    return f"{value:.6g}".replace("-", "\N{MINUS SIGN}")


def _legend(names: Sequence[str], left: float, first: int = 0) -> str:
    parts, x = [], left + 6.0
    for index, name in enumerate(names, first):
        parts += [_mark(index, x, 14, 5), text(name, x + 11, 14, "start")]
        x += 36 + 7.4 * len(name)
    return "".join(parts)


def _mark(index: int, x: float, y: float, size: float = 4.2) -> str:
    """The mark of series `index`: distinguished by shape too, for those who see no colours."""
    at = f"{number(x)} {number(y)}"
    fill = f'fill="{colour(index)}"'
    kind = _MARKS[max(index, 0) % len(_MARKS)]
    if kind == "circle":
        return f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(size)}" {fill}/>'
    wide = number(size * (1.8 if kind == "square" else 2.4))
    half = number(size * (0.9 if kind == "square" else 1.2))
    paths = {
        "square": f"m-{half} -{half}h{wide}v{wide}h-{wide}z",
        "diamond": f"m0 -{half}l{half} {half}l-{half} {half}l-{half} -{half}z",
        "triangle": f"m0 -{half}l{half} {wide}h-{wide}z",
    }
    return f'<path d="M{at}{paths[kind]}" {fill}/>'


def text(words: str, x: float, y: float, anchor: str = "middle", kind: str = "") -> str:
    """Write words at a position; `y` is the middle of their height, `kind` a class of the page."""
    name = f' class="{kind}"' if kind else ""
    return (
        f'<text x="{number(x)}" y="{number(y)}" text-anchor="{anchor}"'
        f' dominant-baseline="central"{name}>{escape(words)}</text>'
    )


def rect(x: float, y: float, width: float, height: float, more: str) -> str:
    """Draw a rectangle with more attributes."""
    corner = f'x="{number(x)}" y="{number(y)}"'
    return f'<rect {corner} width="{number(width)}" height="{number(height)}" {more}/>'


def short(name: str) -> str:
    """Shorten a long name."""
    return name if len(name) <= 12 else name[:11] + "…"


def svg(width: float, height: float, parts: Sequence[str]) -> str:
    """Put parts of a chart together."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}"'
        f' class="chart" role="img">{"".join(parts)}</svg>'
    )
