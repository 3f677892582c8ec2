"""Lines in the middle of ink: one pixel wide, then moved to the middle with subpixel accuracy.

Ink that is much wider than the pen's lines was coloured in or drawn round closely: it gets a line
round it where the pen's middle went, not one through its middle.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Float32, Int64

from sketch_pix2seq.io.picture.morphology import edge_distance, ink_width, spread
from sketch_pix2seq.io.picture.regions import Regions
from sketch_pix2seq.io.picture.thinning import thin
from sketch_pix2seq.sketch.geometry import arc_lengths, points_along

_WIDE = 0.3  # of the usual width: how much deeper than half a line ink is that is wider
_MIN_WIDE = 3.0  # pixels: the same
_CLEAR = 1.5  # pixels: by which the ink of a line is nowhere deeper
_LONGEST = 30.0  # times the square of its depth: the area of a blot; a disc has pi
_ACROSS = 1.4  # of half the line's width: how far across a line its middle is searched
_MAX_ASIDE = 0.35  # of half the width, and a pixel: the middle is no farther off
_WIDER = 1.35  # times as wide as most of the line are crossings of lines
_SMOOTH = 0.12  # of the line's width: deviation of the weights in smoothing a line
_LEG = 0.8  # of the width: how long both sides of a corner are straight, and the corner is round
_SHARP = 0.6  # radians: the least turn of a corner
_CUT_OFF = 0.25  # of such a side: how much of a corner the middle of ink cuts off at most
_BENT = 0.2  # radians: the most that its sides turn
_MIN_CROSS = 0.2  # sine of the angle between lines below which they do not meet


def centre_lines(ink: Bool[np.ndarray, "H W"]) -> Float32[np.ndarray, "H W"]:
    """Thin ink to lines one pixel wide.

    Returns:
        (H, W) 0 off the lines, on them the distance to the edge of the ink: half the width that
        the line had, and half a pixel.

    Example:
        >>> centre_lines(np.ones((5, 9), bool)).max()
        np.float32(3.0)
    """
    distance = edge_distance(ink)
    lines = thin(ink)
    along = distance.ravel()[np.flatnonzero(lines)]
    if len(along):
        usual = ink_width(float(np.median(along)))
        wide = _wide_parts(distance, usual / 2, max(_WIDE * usual, _MIN_WIDE) + 0.5)
        if wide is not None:
            core = wide.copy()
            core[0] = core[-1] = core[:, 0] = core[:, -1] = False
            core[1:-1, 1:-1] &= wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
            lines = thin(ink & ~core, wide & ~core)
    return np.where(lines, distance, np.float32(0))


def _wide_parts(
    distance: Float32[np.ndarray, "H W"], half: float, least: float
) -> Bool[np.ndarray, "H W"] | None:
    """Where the pen's middle went in dots and blots; lines of a wider pen are none.

    Args:
        distance: (H, W), from the edge of the ink.
        half: The same of the middle of a line.
        least: How much farther off a wide part is at its deepest pixel.
    """
    if distance.max() - half < least:
        return None
    depth = distance - half
    parts = Regions.of(depth >= _CLEAR)
    deepest = parts.largest(depth)
    is_wide = (deepest >= least) & (parts.areas < _LONGEST * deepest**2)
    if not is_wide.any():
        return None
    grown = spread(parts.only(is_wide).astype(np.uint8), 2)
    return (grown > 0) & (depth >= 0.5)


def centre_on_ink(
    lines: Sequence[np.ndarray],
    radii: Sequence[np.ndarray],
    ink: Float32[np.ndarray, "H W"],
    least_sigma: float = 1.0,
) -> list[np.ndarray]:
    """Move lines to the middle of the ink across them, and smooth them.

    Args:
        lines: (P, 2) points (x, y) in pixels of each line.
        radii: (P,) distance from each of them to the edge of the ink.
        ink: (H, W) how much of each pixel is ink.
        least_sigma: Deviation in pixels of the weights in smoothing thin lines.

    Returns:
        (Q, 2) of each line, about a pixel apart.
    """
    if not lines:
        return []
    evenly = [_evenly(line, radius) for line, radius in zip(lines, radii, strict=True)]
    points = np.concatenate([points for points, _ in evenly])
    radius = np.concatenate([radius for _, radius in evenly])
    sizes = np.array([len(points) for points, _ in evenly])
    normals = _normals(points, sizes)
    aside, is_sure = _middle_offsets(points, normals, radius, ink)
    sure = np.flatnonzero(is_sure)
    if len(sure):
        # at crossings, the offset beside them on the same line
        position = np.arange(len(points)) + np.repeat(np.arange(len(sizes)), sizes) * 9.0 * len(
            points
        )
        points = points + np.interp(position, position[sure], aside[sure])[:, None] * normals
    usual = ink_width(float(np.median(radius)))
    sigma = max(_SMOOTH * usual, least_sigma, 1.0)
    smooth = [_smooth(part, sigma) for part in np.split(points, np.cumsum(sizes)[:-1])]
    return [_sharpened(line, max(round(_LEG * usual), 4)) for line in smooth]


def _evenly(
    line: Float[np.ndarray, "P 2"], radius: Float[np.ndarray, " P"]
) -> tuple[Float[np.ndarray, "Q 2"], Float[np.ndarray, " Q"]]:
    """Points one pixel apart along a line."""
    if len(line) == 1:
        return line, radius
    along = arc_lengths(line)
    at = np.linspace(0, along[-1], max(2, round(float(along[-1])) + 1))
    return points_along(line, at, along), np.interp(at, along, radius)


def _normals(
    points: Float[np.ndarray, "N 2"], sizes: Int64[np.ndarray, " L"]
) -> Float[np.ndarray, "N 2"]:
    """Directions across lines, measured over four pixels; 0 on shorter lines."""
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    long = np.repeat(sizes >= 5, sizes)
    middle = np.clip(np.arange(len(points)), starts + 2, starts + np.repeat(sizes, sizes) - 3)
    middle = np.where(long, middle, 2)
    tangent = points[np.minimum(middle + 2, len(points) - 1)] - points[middle - 2]
    size = np.hypot(*tangent.T)
    across = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) / np.maximum(size, 1e-9)[:, None]
    return np.asarray(across * long[:, None])


def _middle_offsets(
    points: Float[np.ndarray, "N 2"],
    normals: Float[np.ndarray, "N 2"],
    radius: Float[np.ndarray, " N"],
    ink: Float32[np.ndarray, "H W"],
) -> tuple[Float[np.ndarray, " N"], Bool[np.ndarray, " N"]]:
    """How far aside the middle of the ink is, and where that is sure: at a single line."""
    reach = int(np.ceil(_ACROSS * np.median(radius) + 2))
    offsets = np.arange(-reach, reach + 1)
    values = _sampled(ink, points[:, None] + offsets[:, None] * normals[:, None])
    is_ink = values > 0.5
    # what hangs together with the middle, and the half covered pixel beyond it on both sides
    left = np.cumprod(is_ink[:, reach::-1], axis=1).sum(axis=1)
    right = np.cumprod(is_ink[:, reach:], axis=1).sum(axis=1)
    is_sure = (left > 0) & (left <= reach) & (right <= reach)
    is_near = (offsets >= -left[:, None]) & (offsets <= right[:, None])
    weights = values * is_near
    width = weights.sum(axis=1)
    aside = (weights @ offsets) / np.maximum(width, 1e-9)
    is_sure &= np.abs(aside) < 1 + _MAX_ASIDE * radius
    own = ink_width(radius)
    is_sure &= width < _WIDER * np.maximum(own, np.median(own)) + 1
    return aside, is_sure


def _sampled(
    values: Float32[np.ndarray, "H W"], points: Float[np.ndarray, "N K 2"]
) -> Float[np.ndarray, "N K"]:
    """Values between the middles of pixels, linear."""
    height, width = values.shape
    x = np.clip(points[..., 0] - 0.5, 0, width - 1.001)
    y = np.clip(points[..., 1] - 0.5, 0, height - 1.001)
    left, top = x.astype(np.int64), y.astype(np.int64)
    x, y = x - left, y - top
    flat, at = values.ravel(), top * width + left
    upper = flat[at] * (1 - x) + flat[at + 1] * x
    lower = flat[at + width] * (1 - x) + flat[at + width + 1] * x
    return np.asarray(upper * (1 - y) + lower * y)


def _smooth(line: Float[np.ndarray, "P 2"], sigma: float) -> Float[np.ndarray, "P 2"]:
    """Average along a line; its ends stay."""
    if len(line) < 3:
        return line
    reach = min(int(np.ceil(3 * sigma)), len(line) - 1)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    before, after = 2 * line[0] - line[reach:0:-1], 2 * line[-1] - line[-2 : -reach - 2 : -1]
    padded = np.concatenate([before, line, after])
    return np.stack([np.convolve(padded[:, axis], weights, "valid") for axis in (0, 1)], axis=1)


def _sharpened(line: Float[np.ndarray, "P 2"], leg: int) -> Float[np.ndarray, "Q 2"]:
    """Put corners where straight parts on both sides meet: the middle of ink cuts them off.

    Args:
        line: Points about one pixel apart.
        leg: Least number of points of a straight part.
    """
    if len(line) < 4 * leg + 1:
        return line
    legs = line[leg:] - line[:-leg]
    halfway = line[leg // 2 : len(line) - leg + leg // 2]
    bend = _turns(halfway - line[:-leg], line[leg:] - halfway)
    before, after = legs[: -3 * leg], legs[3 * leg :]
    turn = _turns(before, after)
    is_straight = (bend[: len(turn)] < _BENT) & (bend[3 * leg : 3 * leg + len(turn)] < _BENT)
    corners: dict[int, np.ndarray] = {}
    is_free = np.ones(len(line), bool)  # of a corner within two legs
    candidates = np.flatnonzero((turn > _SHARP) & (turn < np.pi - _SHARP / 2) & is_straight)
    for at in candidates[np.argsort(-turn[candidates])].tolist():
        middle = at + 2 * leg
        if is_free[middle]:
            corner = meeting_point(
                line[middle - leg], before[at], line[middle + leg], -after[at], 1.5 * leg
            )
            if corner is not None and np.hypot(*(corner - line[middle])) < _CUT_OFF * leg + 1:
                corners[middle] = corner
                is_free[middle - 2 * leg : middle + 2 * leg + 1] = False
    parts, done = [], 0
    for middle in sorted(corners):
        parts += [line[done : middle - leg + 1], corners[middle][None]]
        done = middle + leg
    return np.concatenate([*parts, line[done:]])


def _turns(
    first: Float[np.ndarray, "N 2"], second: Float[np.ndarray, "N 2"]
) -> Float[np.ndarray, " N"]:
    """Angles between directions, 0 to pi."""
    cross = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    return np.asarray(np.abs(np.arctan2(cross, (first * second).sum(axis=1))))


def meeting_point(
    point: Float[np.ndarray, " 2"],
    direction: Float[np.ndarray, " 2"],
    other: Float[np.ndarray, " 2"],
    other_direction: Float[np.ndarray, " 2"],
    farthest: float,
) -> Float[np.ndarray, " 2"] | None:
    """Where two lines meet ahead of their points, at most so far; None if they do not.

    Example:
        >>> right, down = np.array([2.0, 0]), np.array([0, 1.0])
        >>> meeting_point(np.zeros(2), right, np.array([3.0, -3]), down, farthest=9)
        array([3., 0.])
    """
    direction = direction / np.hypot(*direction)
    other_direction = other_direction / np.hypot(*other_direction)
    cross = float(direction[0] * other_direction[1] - direction[1] * other_direction[0])
    if abs(cross) < _MIN_CROSS:
        return None
    apart = other - point
    ahead = float(apart[0] * other_direction[1] - apart[1] * other_direction[0]) / cross
    other_ahead = float(apart[0] * direction[1] - apart[1] * direction[0]) / cross
    if min(ahead, other_ahead) < -0.5 or max(ahead, other_ahead) > farthest:
        return None
    return point + ahead * direction
