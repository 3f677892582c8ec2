"""Finding the printed lines of ruled and squared paper, which are no part of a drawing.

They are long, straight, nearly upright or level, evenly apart all over the paper, and fainter than
what is drawn on them.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int64, UInt8
from PIL import Image

from sketch_pix2seq.io.picture.morphology import spread

_SIDE = 640  # pixels of the picture in which lines are searched
_LONG = 64  # of them: a straight piece of a line
_COVERED = 0.75  # of it is visible
_SLOPES = (-0.07, 0.0, 0.07)  # each with as much on both sides of it
_MIN_LINES = 5
_NUM_COLUMNS = 16  # in which lines are counted
_EVEN = 0.25  # of the usual distance between lines, by which most may differ
_TILES = 6  # along each side, in each of which the strength of lines is measured
_DARKER = 1.5  # times as strong as the lines is what is surely drawn
_MAX_DARKER = 2.0  # times as strong as the lines is what may be drawn
_MIN_DRAWN = 0.001  # of the picture
_FROM_BORDER = 0.88  # of a side of the picture, what a margin line crosses
_STRAIGHT = 0.006  # of the longest side, by which it bends
_NUM_SLOPES = 57  # at which pieces of margin lines are searched
_MIN_PIECES = 3
_BESIDE = 0.02  # of the longest side: how close other lines are beside a margin line
_MIN_SHARE = 0.7  # of the lines there are its pieces


def printed_level(
    contrast: UInt8[np.ndarray, "H W"], floor: float
) -> UInt8[np.ndarray, "H W"] | None:
    """The contrast up to which each pixel shows printed lines, not drawn ones.

    Args:
        contrast: (H, W), to the paper.
        floor: What the grain of the paper reaches.

    Returns:
        (H, W), as the lines of a photo are not equally strong everywhere; None if there are none,
        or if nothing stronger is drawn on them.
    """
    factor = -(-max(contrast.shape) // _SIDE)
    strongest = _strongest(contrast, factor)
    visible = strongest > floor
    lines = np.zeros_like(visible)
    for mask, target in ((visible, lines), (visible.T, lines.T)):
        even = _even_lines(mask)
        if even is not None:
            target |= even
    lines &= strongest == spread(strongest, 1)  # the crests alone
    if not lines.any():
        return None
    level = _tile_medians(np.where(lines, strongest, 0))
    drawn = strongest[strongest > _DARKER * float(np.median(strongest[lines]))]
    if len(drawn) < _MIN_DRAWN * strongest.size:
        return None
    # between both, as shares of brightness are
    most = np.minimum(_MAX_DARKER * level, np.sqrt(level * float(np.percentile(drawn, 75))))
    tiles = Image.fromarray(most.clip(0, 255).astype(np.uint8))
    return np.asarray(tiles.resize(contrast.shape[::-1], Image.Resampling.BILINEAR))


def _strongest(values: UInt8[np.ndarray, "H W"], factor: int) -> UInt8[np.ndarray, "h w"]:
    """The largest value of each square of `factor` x `factor` pixels."""
    height, width = (side // factor * factor for side in values.shape)
    for axis, side in ((0, height), (1, width)):
        parts = [
            values[first:side:factor] if axis == 0 else values[:, first:side:factor]
            for first in range(factor)
        ]
        values = functools.reduce(np.maximum, parts)
    return values


def _tile_medians(lines: UInt8[np.ndarray, "H W"]) -> Float[np.ndarray, "h w"]:
    """The middle of what is not 0 in each of some tiles; where that is little, of all."""
    usual = np.median(lines[lines > 0])
    rows = np.array_split(lines, _TILES)
    tiles = [[part[part > 0] for part in np.array_split(row, _TILES, axis=1)] for row in rows]
    return np.array(
        [[np.median(part) if len(part) > _LONG else usual for part in row] for row in tiles]
    )


def _even_lines(visible: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"] | None:
    """The middles of level lines, if they are evenly apart in most columns."""
    height, width = visible.shape
    if width < 2 * _LONG or height < 2 * _LONG:
        return None
    columns = np.linspace(_LONG // 2, width - _LONG // 2 - 1, _NUM_COLUMNS).astype(int)
    crossed = np.diff(visible[:, columns].astype(np.int8), axis=0) > 0
    if (crossed.sum(axis=0) >= _MIN_LINES).sum() <= _NUM_COLUMNS / 2:
        return None
    lines = np.zeros_like(visible)
    for slope in _SLOPES:
        lines |= _sheared(_long_runs(_sheared(visible, slope)), -slope)
    return lines & visible if sum(map(_is_even, lines[:, columns].T)) > _NUM_COLUMNS / 2 else None


def _long_runs(visible: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    """Pixels in the middle of a long level run, which may rise or fall by a pixel."""
    thick = visible.copy()
    thick[1:] |= visible[:-1]
    thick[:-1] |= visible[1:]
    sums = np.cumsum(np.pad(thick, ((0, 0), (1, 0))), axis=1, dtype=np.int32)
    lines = np.zeros_like(visible)
    covered = sums[:, _LONG:] - sums[:, :-_LONG]
    lines[:, _LONG // 2 : _LONG // 2 + covered.shape[1]] = covered >= _COVERED * _LONG
    return lines


def _sheared(mask: Bool[np.ndarray, "H W"], slope: float) -> Bool[np.ndarray, "H W"]:
    """Move columns down by so much for each column to the right of the middle."""
    if slope == 0:
        return mask
    picture = Image.fromarray(mask)
    shift = -slope * mask.shape[1] / 2
    moved = picture.transform(picture.size, Image.Transform.AFFINE, (1, 0, 0, slope, 1, shift))
    return np.asarray(moved)


def _is_even(column: Bool[np.ndarray, " H"]) -> bool:
    """Whether the lines that cross a column are evenly apart."""
    edges = np.flatnonzero(np.diff(np.pad(column, 1).astype(np.int8)))
    middles = (edges[::2] + edges[1::2]) / 2
    if len(middles) < _MIN_LINES:
        return False
    apart = np.diff(middles)
    usual = np.median(apart)
    return bool((np.abs(apart - usual) <= _EVEN * usual + 1).mean() > 0.6)


def without_margin_lines(
    strokes: Sequence[np.ndarray], size: tuple[int, ...], width: float
) -> list[np.ndarray]:
    """Leave out straight lines from border to border of printed paper, unless all are such.

    Args:
        strokes: (P, 2) in pixels.
        size: Width and height of the picture.
        width: Of lines.
    """
    drawn = itertools.compress(strokes, ~lines_across(strokes, size, width))
    return list(drawn) or list(strokes)


def lines_across(
    strokes: Sequence[np.ndarray],
    size: tuple[int, ...],
    width: float,
    *,
    min_pieces: int = _MIN_PIECES,
    min_covered: float = 0.0,
    min_share: float = _MIN_SHARE,
) -> Bool[np.ndarray, " S"]:
    """Which strokes are straight lines from border to border, whole or in pieces.

    Args:
        strokes: (P, 2) in pixels; at least one.
        size: Width and height of the picture.
        width: Of lines, which is also how far pieces may be off the line.
        min_pieces: Of a line in pieces.
        min_covered: Of such a line's length, what its pieces cover at least, 0 to 1.
        min_share: Of all strokes close to such a line, 0 to 1: more are its pieces.
    """
    sides = np.array(size)
    is_across = _pieces_across(strokes, sides, width, min_pieces, min_covered, min_share)
    for number, stroke in enumerate(strokes):
        span = np.abs(stroke[-1] - stroke[0])
        apart = stroke - stroke[0]
        direction = (stroke[-1] - stroke[0]) / max(float(np.hypot(*span)), 1e-9)
        bend = np.abs(apart[:, 0] * direction[1] - apart[:, 1] * direction[0]).max()
        is_long = bool((span > _FROM_BORDER * sides).any())
        is_across[number] |= is_long and bend < _STRAIGHT * sides.max()
    return is_across


def _pieces_across(
    strokes: Sequence[np.ndarray],
    sides: Int64[np.ndarray, " 2"],
    width: float,
    min_pieces: int,
    min_covered: float,
    min_share: float,
) -> Bool[np.ndarray, " S"]:
    """Which strokes together are a straight line from border to border, with little beside it."""
    starts = np.cumsum([0, *map(len, strokes)])[:-1]
    points = np.concatenate(strokes)
    is_across = np.zeros(len(strokes), bool)
    reach = _BESIDE * sides.max()
    for along in (0, 1):
        first, last = _extents(points[:, along], starts)
        for slope in np.linspace(_SLOPES[0], _SLOPES[-1], _NUM_SLOPES):
            low, high = _extents(points[:, 1 - along] - slope * points[:, along], starts)
            middles = ((low + high) / 2)[high - low < width]
            lows = np.sort(low)
            # of each middle: how many pieces there are at most, and how many strokes are close by
            max_pieces = lows.searchsorted(middles + width) - lows.searchsorted(middles - width)
            num_near = lows.searchsorted(middles + reach)
            num_near -= np.sort(high).searchsorted(middles - reach, side="right")
            may_be = (max_pieces >= min_pieces) & (max_pieces > min_share * num_near)
            for middle, near in zip(middles[may_be], num_near[may_be], strict=True):
                is_piece = np.maximum(middle - low, high - middle) < width
                if is_piece.sum() < min_pieces or is_piece.sum() <= min_share * near:
                    continue
                span = last[is_piece].max() - first[is_piece].min()
                length = (last - first)[is_piece].sum()
                if span > _FROM_BORDER * sides[along] and length >= min_covered * span:
                    is_across |= is_piece
    return is_across


def _extents(
    values: Float[np.ndarray, " N"], starts: Int64[np.ndarray, " S"]
) -> tuple[Float[np.ndarray, " S"], Float[np.ndarray, " S"]]:
    """The least and the largest value of each stroke's points."""
    return np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
