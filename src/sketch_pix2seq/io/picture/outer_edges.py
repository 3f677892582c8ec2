"""Finding the edges of a sheet on a table that is hardly darker: the outermost straight lines.

Such a line is a thin shadow, paler than what is drawn; beyond it nothing is drawn, and the ground
has another colour. Lines of which one of these is not so are kept.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64, UInt8
from PIL import Image

from sketch_pix2seq.io.picture.regions import Regions
from sketch_pix2seq.io.picture.sheet_edge import area_of, hull, main_corners

_SMALL = 0.02  # of the longest side: what is smaller says nothing of where the sheet ends
_FLAT = 0.004  # of its area: corners of an outline that take off less are none
_LONG = 0.25  # of the longest side: edges of a sheet are as long
_MAX_EDGES = 12  # of a sheet, in pieces
_REACH = 0.008  # of the longest side: how far an edge is from a straight line
_INSET = 0.02  # of the longest side: how wide it is, with its shadow
_STEP = 3.0  # pixels along it between places that are compared
_GAP = 3  # pixels beside its ink that are neither
_DEPTH = 5  # pixels of ground of which each place has the mean
_COVERED = 0.3  # of the places at least have ink, paper on one side and ground on the other
_APART = 0.03  # of its brightness, in one colour, by which that ground is another
_BLACKEST = 16  # steps of 255 that are added: in the dark there is noise
_EVERYWHERE = 0.85  # of the places have half of that difference
_DRAWN = 90  # percent of the other ink have less contrast than what is surely drawn
_PALE = 0.6  # of that contrast: edges have less
_LOGS = np.log(np.arange(256) + _BLACKEST)


class _Line(NamedTuple):
    """A line from one corner of an outline to the next, clockwise."""

    start: Float[np.ndarray, "2"]
    along: Float[np.ndarray, "2"]
    inwards: Float[np.ndarray, "2"]
    length: float


def outer_edges(
    ink: Bool[np.ndarray, "H W"], contrast: UInt8[np.ndarray, "H W"], picture: Image.Image
) -> Bool[np.ndarray, "H W"]:
    """Where ink is the edge of a sheet, or beyond it.

    Args:
        ink: (H, W).
        contrast: (H, W), to the paper.
        picture: As large; L or RGB.
    """
    colours = np.asarray(picture).reshape(*ink.shape, -1)
    found = np.zeros_like(ink)
    for _ in range(_MAX_EDGES):
        edge = _edge_of(ink & ~found, ink, contrast, colours)
        if edge is None:
            break
        found |= edge
    return found


def _edge_of(
    left: Bool[np.ndarray, "H W"],
    ink: Bool[np.ndarray, "H W"],
    contrast: UInt8[np.ndarray, "H W"],
    colours: UInt8[np.ndarray, "H W C"],
) -> Bool[np.ndarray, "H W"] | None:
    """Where ink is an edge of the sheet, along the outline of what is left of it; None if nowhere.

    Args:
        left: (H, W), ink without edges that were found before.
        ink: (H, W).
        contrast: (H, W).
        colours: (H, W, C).
    """
    longest = max(ink.shape)
    regions = Regions.of(left)
    low, high = regions.boxes()
    large = regions.only((high - low).max(axis=1, initial=0) >= _SMALL * longest)
    if not large.any():
        return None
    for line in _long_sides(large, _LONG * longest):
        if _has_other_ground_beyond(colours, ink, line, round(_REACH * longest)):
            edge = _beyond(ink, line, _REACH * longest, _INSET * longest)
            if _is_pale(contrast, large & edge, large & ~edge):
                return edge
    return None


def _long_sides(mask: Bool[np.ndarray, "H W"], least: float) -> list[_Line]:
    """The sides of a mask's convex outline that are long enough."""
    outline = hull(mask)
    corners = main_corners(outline, _FLAT * area_of(outline))
    sides = []
    for start, side in zip(corners, np.roll(corners, -1, axis=0) - corners, strict=True):
        length = float(np.hypot(*side))
        if length >= least:
            along = side / length
            sides.append(_Line(start, along, np.array([-along[1], along[0]]), length))
    return sides


def _beyond(
    ink: Bool[np.ndarray, "H W"], line: _Line, reach: float, inset: float
) -> Bool[np.ndarray, "H W"]:
    """Ink on a line or beyond it; but of what begins within `inset` of it, none."""
    rows, columns = np.nonzero(ink)
    inwards = (np.stack([columns, rows], axis=1) + 0.5 - line.start) @ line.inwards
    near, beyond = np.zeros_like(ink), np.zeros_like(ink)
    near[rows, columns] = inwards <= inset
    beyond[rows, columns] = inwards <= reach
    regions = Regions.of(near)
    return regions.only(regions.having(beyond))


def _is_pale(
    contrast: UInt8[np.ndarray, "H W"],
    edge: Bool[np.ndarray, "H W"],
    others: Bool[np.ndarray, "H W"],
) -> bool:
    """Whether an edge is paler than what is drawn, of which there is some."""
    if not others.any():
        return False
    return bool(np.median(contrast[edge]) < _PALE * np.percentile(contrast[others], _DRAWN))


def _has_other_ground_beyond(
    colours: UInt8[np.ndarray, "H W C"],
    ink: Bool[np.ndarray, "H W"],
    line: _Line,
    reach: int,
) -> bool:
    """Whether the ground beyond a line of ink differs from the paper, close by and farther off."""
    places = line.start + np.arange(_STEP, line.length - _STEP, _STEP)[:, None] * line.along
    depth = np.arange(_DEPTH)

    def ground(first: Int64[np.ndarray, " P"]) -> Float[np.ndarray, "P C"]:
        """The mean logarithmic colour so far inwards of each place; NaN without ground."""
        rows, columns, is_within = _pixels(places, first[:, None] + depth, line.inwards, ink.shape)
        is_ground = (is_within & ~ink[rows, columns])[..., None]
        count = is_ground.sum(axis=1)
        total = (_LOGS[colours[rows, columns]] * is_ground).sum(axis=1)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)

    offsets = np.arange(-reach, 3 * reach)
    rows, columns, is_within = _pixels(places, offsets[None], line.inwards, ink.shape)
    is_ink = ink[rows, columns] & is_within
    is_near = is_ink & (offsets <= reach)
    first = is_near.argmax(axis=1)
    is_after = ~is_ink & (offsets > offsets[first][:, None])
    is_line = is_near.any(axis=1) & is_after.any(axis=1)
    begin, end = offsets[first], offsets[is_after.argmax(axis=1)]
    paper = ground(end + _GAP)
    for beyond in (_GAP, reach):
        apart = ground(begin - beyond - _DEPTH) - paper
        apart = apart[is_line & ~np.isnan(apart).any(axis=1)]
        if len(apart) < max(_COVERED * len(places), 1):
            return False
        middle = np.median(apart, axis=0)
        most = int(np.abs(middle).argmax())
        is_apart = apart[:, most] * np.sign(middle[most]) > np.abs(middle[most]) / 2
        if np.abs(middle[most]) < _APART or is_apart.mean() < _EVERYWHERE:
            return False
    return True


def _pixels(
    places: Float[np.ndarray, "P 2"],
    offsets: Int64[np.ndarray, "#P D"],
    inwards: Float[np.ndarray, "2"],
    shape: tuple[int, ...],
) -> tuple[Int64[np.ndarray, "P D"], Int64[np.ndarray, "P D"], Bool[np.ndarray, "P D"]]:
    """Rows and columns of the pixels so far inwards of places, and whether the picture has them."""
    points = np.floor(places[:, None] + offsets[..., None] * inwards).astype(np.int64)
    columns, rows = np.moveaxis(points, -1, 0)
    height, width = shape
    is_within = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    return rows.clip(0, height - 1), columns.clip(0, width - 1), is_within
