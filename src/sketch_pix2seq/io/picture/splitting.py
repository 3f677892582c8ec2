"""Splitting a page of doodles into its drawings, in reading order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int64

from sketch_pix2seq.io.picture.regions import connected
from sketch_pix2seq.sketch.geometry import arc_lengths, points_along
from sketch_pix2seq.sketch.sketch import Sketch

_PAGE = 1000.0  # to which the longest side of a page is scaled
_CLOSEST = 0.012  # of the page's longest side: gaps between drawings are wider
_PER_STROKE = 24  # points of a stroke from which distances are measured
_MIN_JUMP = 1.2  # from gaps within drawings to those between them
_MAX_GAPS = 8  # that are tried
_CRUMB = 0.2  # of the usual size: smaller things belong to the drawing beside them
_SAME_ROW = 0.4  # of the smaller of two heights: what overlaps more is in one row
_NESTED = 0.4  # of the area of the smaller of two boxes: what overlaps more is one drawing
_BESIDE = 0.05  # of the size of the larger of two: what is nearer is one drawing


def split_drawings(page: Sketch) -> list[Sketch]:
    """Split a page into drawings: strokes with wide gaps between them, rows from the top.

    How wide is found on the page itself: at a large jump from one gap to the next wider one, where
    the drawings are of about one size. Parts that lie within each other, as eyes in a face, or
    close beside each other are one drawing.

    Example:
        >>> page = Sketch.from_points([[(0, 0), (9, 9)], [(9, 0), (0, 9)], [(60, 0), (70, 9)]])
        >>> [len(drawing.strokes) for drawing in split_drawings(page)]
        [2, 1]
    """
    strokes = _scaled(page)
    if len(strokes) < 2:
        return [page]
    apart = _distances(strokes)
    links = _closest_links(apart)
    best, groups = 0.0, np.zeros(len(strokes), np.int64)
    for widest, jump in _gaps(links[:, 2]):
        some = _joined(_groups(links, widest), apart, strokes)
        some = _without_crumbs(some, apart, strokes)
        sizes = _sizes(some, strokes)
        score = jump / (1 + np.log(sizes).std())
        if len(sizes) > 1 and score > best:
            best, groups = score, some
    drawings = [page.picked(np.flatnonzero(groups == group)) for group in np.unique(groups)]
    return _in_reading_order(drawings)


def _scaled(page: Sketch) -> list[Float[np.ndarray, "P 2"]]:
    """The strokes, moved and scaled so that the longest side of all is `_PAGE`; [] of one point."""
    left, top, right, bottom = _box(page)
    if (side := max(right - left, bottom - top)) == 0:
        return []
    middle = ((left + right) / 2, (top + bottom) / 2)
    return [(stroke.astype(np.float64) - middle) * (_PAGE / side) for stroke in page.strokes]


def _distances(strokes: Sequence[np.ndarray]) -> Float[np.ndarray, "S S"]:
    """The least distance between points of each two strokes."""
    some = [_spaced(stroke) for stroke in strokes]
    points = np.concatenate(some)
    squares = (points**2).sum(axis=1)
    starts = np.cumsum([0, *map(len, some[:-1])])
    squared = np.zeros((len(some), len(some)))
    for number, (stroke, start) in enumerate(zip(some, starts.tolist(), strict=True)):
        terms = (-2 * stroke) @ points[start:].T
        terms += (stroke**2).sum(axis=1)[:, None]
        nearest = terms.min(axis=0) + squares[start:]
        squared[number, number:] = np.minimum.reduceat(nearest, starts[number:] - start)
    return np.asarray(np.sqrt(np.maximum(squared + squared.T, 0)))


def _spaced(stroke: Float[np.ndarray, "P 2"]) -> Float[np.ndarray, "Q 2"]:
    along = arc_lengths(stroke)
    positions = np.linspace(0, along[-1], min(_PER_STROKE, 2 + int(along[-1])))
    return points_along(stroke, positions, along)


def _closest_links(apart: Float[np.ndarray, "S S"]) -> Float[np.ndarray, "L 3"]:
    """The shortest links that connect all strokes (Prim, 1957): two strokes, their distance."""
    links = []
    nearest, source = apart[0].copy(), np.zeros(len(apart), int)
    unlinked = np.ones(len(apart), bool)
    unlinked[0] = False
    while unlinked.any():
        new = int(np.where(unlinked, nearest, np.inf).argmin())
        links.append((source[new], new, nearest[new]))
        unlinked[new] = False
        closer = apart[new] < nearest
        nearest[closer], source[closer] = apart[new][closer], new
    return np.array(links, float)


def _gaps(lengths: Float[np.ndarray, " L"]) -> list[tuple[float, float]]:
    """What may be the widest gap within a drawing, and the jump to the next wider one.

    Where even the shortest gap is wide, each stroke may be a drawing.
    """
    closest = _CLOSEST * _PAGE
    shortest = float(lengths.min())
    single = [(0.0, shortest / (4 * closest))] if shortest > 4 * closest else []
    ordered = np.maximum(np.sort(lengths), closest)
    jumps = ordered[1:] / ordered[:-1]
    largest = np.argsort(-jumps, kind="stable")[:_MAX_GAPS]
    return single + [(float(ordered[k]), float(jumps[k])) for k in largest if jumps[k] >= _MIN_JUMP]


def _sizes(
    groups: Int64[np.ndarray, " S"], strokes: Sequence[np.ndarray]
) -> Float[np.ndarray, " G"]:
    """The longest side of each group."""
    members = [np.flatnonzero(groups == group).tolist() for group in np.unique(groups)]
    points = [np.concatenate([strokes[k] for k in some]) for some in members]
    return np.array([max(float(np.ptp(some, axis=0).max()), 1e-3) for some in points])


def _groups(links: Float[np.ndarray, "L 3"], widest: float) -> Int64[np.ndarray, " S"]:
    """Number strokes by what they are linked to, gaps wider than the widest left out."""
    group = np.arange(len(links) + 1)
    for first, second, length in links.tolist():
        if length <= widest:
            group[group == group[int(second)]] = group[int(first)]
    return group


def _joined(
    groups: Int64[np.ndarray, " S"], apart: Float[np.ndarray, "S S"], strokes: Sequence[np.ndarray]
) -> Int64[np.ndarray, " S"]:
    """Join groups that lie within each other or close beside each other, until none do."""
    lows = np.array([stroke.min(axis=0) for stroke in strokes])
    highs = np.array([stroke.max(axis=0) for stroke in strokes])
    while True:
        names, groups = np.unique(groups, return_inverse=True)
        order = np.argsort(groups, kind="stable")
        starts = np.searchsorted(groups[order], np.arange(len(names)))
        low = np.minimum.reduceat(lows[order], starts)
        high = np.maximum.reduceat(highs[order], starts)
        gaps = np.minimum.reduceat(apart[order][:, order], starts, axis=0)
        gaps = np.minimum.reduceat(gaps, starts, axis=1)
        sides = np.maximum(high - low, 1e-3)
        larger = np.maximum.outer(sides.max(axis=1), sides.max(axis=1))
        ends = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])
        shares = (np.maximum(ends, 1e-3) / np.minimum(sides[:, None], sides[None])).prod(axis=2)
        is_one = (gaps <= _BESIDE * larger) | ((ends >= 0).all(axis=2) & (shares >= _NESTED))
        pairs = np.argwhere(np.triu(is_one, 1))
        if len(pairs) == 0:
            return groups
        groups = connected(pairs[:, 0], pairs[:, 1], len(names))[groups]


def _without_crumbs(
    groups: Int64[np.ndarray, " S"], apart: Float[np.ndarray, "S S"], strokes: Sequence[np.ndarray]
) -> Int64[np.ndarray, " S"]:
    """Join groups far too small for a drawing to the nearest drawing."""
    groups = groups.copy()
    names, sizes = np.unique(groups), _sizes(groups, strokes)
    is_crumb = sizes < _CRUMB * np.median(sizes)
    large = np.isin(groups, names[~is_crumb])
    for name in names[is_crumb]:
        crumb = groups == name
        nearest = int(np.where(large, apart[crumb].min(axis=0), np.inf).argmin())
        groups[crumb] = groups[nearest]
    return groups


def _in_reading_order(drawings: list[Sketch]) -> list[Sketch]:
    """Rows from the top, each from the left; heights in a row overlap by `_SAME_ROW`."""
    remaining = sorted(drawings, key=lambda drawing: _box(drawing)[1])
    ordered: list[Sketch] = []
    while remaining:
        row = [remaining[0]]
        for drawing in remaining[1:]:
            (_, top, _, bottom), (_, row_top, _, row_bottom) = _box(drawing), _box(row[0])
            height = min(bottom - top, row_bottom - row_top)
            if min(bottom, row_bottom) - max(top, row_top) >= _SAME_ROW * height:
                row.append(drawing)
        ordered += sorted(row, key=lambda drawing: _box(drawing)[0])
        remaining = [drawing for drawing in remaining if not any(drawing is other for other in row)]
    return ordered


def _box(drawing: Sketch) -> tuple[float, float, float, float]:
    return drawing.bounds or (0.0, 0.0, 0.0, 0.0)
