"""Finding a sheet of paper that lies on a darker table, in a photo."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw

from sketch_pix2seq.io.morphology import closed
from sketch_pix2seq.io.regions import Regions

_SIDE = 192  # pixels of the picture in which the sheet is looked for
_BLACKEST = 16  # steps of 255 that are added: in the dark there is noise
_LEAST_APART = 50  # steps of 255 between sheet and table
_DARKER = 0.62  # of the sheet's brightness: what a table has at most
_LEAST_AREA = 0.12  # of the picture
_FILLED = 0.93  # of its outline, the least that is light
_FOUR_CORNERED = 0.75  # of it, the least within four of its corners; of a circle 0.64
_BLACK = 0.22  # of the sheet's brightness: no shadow is as dark
_OTHER_HUE = 1.8  # times as much darker in one colour than in another is no shadow
_AT_BORDER = 0.01  # of the longest side: a sheet that ends there may go on
_INSET = 0.02  # of its longest side: the sheet's edge, with its shadow


def find_sheet(picture: Image.Image) -> Float[np.ndarray, "N 2"] | None:
    """Find the outline of a light sheet on a dark ground, which may be on one side of it alone.

    Returns:
        Corners of a convex outline in pixels of the picture; None if there is no such sheet.
    """
    factor = -(-max(picture.size) // _SIDE)
    small = picture.reduce(factor) if factor > 1 else picture
    if min(small.size) < 16:
        return None
    # lines on the sheet are filled up
    is_light = _light(closed(_darkest(small), 3))
    if is_light is None:
        return None
    # a shadow that lies on a part of the sheet leaves a corner of the picture light
    is_lit = is_light[[0, 0, -1, -1], [0, -1, 0, -1]]
    if is_lit.all() or (is_lit.any() and not _is_other_stuff(small, is_light)):
        return None
    regions = Regions.of(is_light)
    sheet = regions.labels == regions.areas.argmax()
    if sheet.mean() < _LEAST_AREA:
        return None
    outline = _hull(sheet)
    area = area_of(outline)
    if sheet.sum() < _FILLED * area or area_of(main_corners(outline)) < _FOUR_CORNERED * area:
        return None
    return outline * factor


def within_edges(
    outline: Float[np.ndarray, "N 2"], size: tuple[int, int]
) -> Float[np.ndarray, "N 2"]:
    """The outline of a sheet without its edges, where these are not beyond the picture's border."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    inset = _INSET * (high - low).max()
    border = _AT_BORDER * max(size)
    inner_low = low + np.where(low > border, inset, -border)
    inner_high = high - np.where(high < np.array(size) - border, inset, -border)
    inner: Float[np.ndarray, "N 2"] = inner_low + (outline - low) * (
        (inner_high - inner_low) / (high - low)
    )
    return inner


def outside_of(polygon: Float[np.ndarray, "N 2"], size: tuple[int, int]) -> Bool[np.ndarray, "H W"]:
    """Where a polygon is not."""
    mask = Image.new("1", size, 1)
    ImageDraw.Draw(mask).polygon([tuple(corner) for corner in polygon.tolist()], fill=0)
    return np.asarray(mask)


def _is_other_stuff(small: Image.Image, is_light: Bool[np.ndarray, "H W"]) -> bool:
    """Whether what is dark is no paper in a shadow: nearly black, or of another hue."""
    colours = np.asarray(small).reshape(*is_light.shape, -1).astype(np.float64)
    dark, light = (np.median(colours[one], axis=0) for one in (~is_light, is_light))
    shares = (dark + 1) / (light + 1)
    return bool(shares.max() < _BLACK or shares.max() > _OTHER_HUE * shares.min())


def _darkest(picture: Image.Image) -> UInt8[np.ndarray, "H W"]:
    """The colour of each pixel that is darkest: tables are brown more often than grey."""
    values: UInt8[np.ndarray, "H W"] = np.asarray(picture)
    return values.min(axis=2) if values.ndim == 3 else values


def _light(grey: UInt8[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"] | None:
    """The light part of a picture of two brightnesses; None if they are close.

    By Otsu's way (1979), for logarithms: light that falls off by a half is one step everywhere.
    """
    counts = np.bincount(grey.ravel(), minlength=256).astype(np.float64)
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    total = np.cumsum(counts * np.log(np.arange(256) + _BLACKEST))
    dark = total[:-1] / np.maximum(below, 1)
    light = (total[-1] - total[:-1]) / np.maximum(above, 1)
    best = int((below * above * (light - dark) ** 2).argmax())
    darker, lighter = np.exp([dark[best], light[best]])
    if lighter - darker < _LEAST_APART or darker > _DARKER * lighter:
        return None
    return grey > best


def _hull(mask: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, "N 2"]:
    """The convex outline of a mask (monotone chain), in places of pixel corners."""
    rows = np.flatnonzero(mask.any(axis=1))
    first, last = mask.argmax(axis=1)[rows], mask.shape[1] - mask[:, ::-1].argmax(axis=1)[rows]
    ends = [
        (x, y + dy) for x, y in zip(first.tolist(), rows.tolist(), strict=True) for dy in (0, 1)
    ]
    ends += [
        (x, y + dy) for x, y in zip(last.tolist(), rows.tolist(), strict=True) for dy in (0, 1)
    ]
    points = sorted(set(ends))
    chains = []
    for some in (points, points[::-1]):
        chain: list[tuple[int, int]] = []
        for x, y in some:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], (x, y)) <= 0:
                chain.pop()
            chain.append((x, y))
        chains += chain[:-1]
    return np.array(chains, float)


def _turn(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> int:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def main_corners(
    outline: Float[np.ndarray, "N 2"], least: float = np.inf
) -> Float[np.ndarray, "M 2"]:
    """Leave out, one after the other, the corners of an outline that take off least of its area.

    Returns:
        At least four; each takes off more than `least` of an area.
    """
    points = list(outline)
    while len(points) > 4:
        areas = [
            area_of(np.array([points[k - 1], points[k], points[(k + 1) % len(points)]]))
            for k in range(len(points))
        ]
        if min(areas) > least:
            break
        points.pop(int(np.argmin(areas)))
    return np.array(points)


def area_of(polygon: Float[np.ndarray, "N 2"]) -> float:
    """The area of a polygon."""
    x, y = polygon.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
