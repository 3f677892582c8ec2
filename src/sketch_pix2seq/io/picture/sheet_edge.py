"""Finding a sheet of paper that lies on a darker table, in a photo."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw

from sketch_pix2seq.io.picture.morphology import closed, spread
from sketch_pix2seq.io.picture.regions import Regions

_SIDE = 192  # pixels of the picture in which the sheet is searched
_BLACKEST = 16  # steps of 255 that are added: in the dark there is noise
_MIN_APART = 50  # steps of 255 between sheet and table
_DARKER = 0.62  # of the sheet's brightness: what a table has at most
_MIN_AREA = 0.12  # of the picture, or of the part that is enlarged
_MIN_FAR_AREA = 0.001  # of the picture, of a sheet that is enlarged
_MARGIN = 0.25  # of its size: margin of the enlarged part
_INK = (0.001, 0.35)  # of a small sheet, the least and the most that is much darker than most of it
_FINE_SIDE = 1024  # pixels of the picture in which light lines are searched
_FINE = 4  # pixels of it: half as wide as the widest of them
_MAX_FINE = 0.03  # of a small sheet's area: more light lines round it are a drawing on dark ground
_FILLED = 0.93  # of its outline, the least that is light
_FOUR_CORNERED = 0.75  # of it, the least within four of its corners; of a circle 0.64
_TAPE = 10  # pixels: half as wide as tape that holds a sheet
_BLACK = 0.22  # of the sheet's brightness: no shadow is as dark
_OTHER_HUE = 1.8  # times as much darker in one colour than in another is no shadow
_AT_BORDER = 0.01  # of the longest side: a sheet that ends there may go on
_INSET = 0.02  # of its longest side: the sheet's edge, with its shadow
_MIN_INSET = 5.0  # pixels: the same


def find_sheet(picture: Image.Image) -> Float[np.ndarray, "N 2"] | None:
    """Find the outline of a light sheet on a dark ground, which may be on one side of it alone.

    A sheet that is small in the picture must have lines on it, and none of its brightness round it.

    Returns:
        Corners of a convex outline in pixels of the picture; None if there is no such sheet.
    """
    colours: list[int | None] = [None]  # the darkest one, as tables are brown
    if picture.mode == "RGB":
        colours += range(3)  # as sheets may be yellow or pink
    small, factor = _shrunk(picture)
    for colour in colours:
        outline = _find_by(picture, small, factor, colour)
        if outline is not None:
            return outline
    return None


def _shrunk(picture: Image.Image) -> tuple[Image.Image, int]:
    """A small picture, and pixels of the picture to one of it."""
    factor = -(-max(picture.size) // _SIDE)
    return (picture.reduce(factor) if factor > 1 else picture), factor


def _find_by(
    picture: Image.Image, small: Image.Image, factor: int, colour: int | None
) -> Float[np.ndarray, "N 2"] | None:
    """Find a sheet that is light in one of the three colours, or in the darkest."""
    sheet = _largest_light_part(small, colour)
    share = 0.0 if sheet is None else sheet.mean()
    if sheet is None or share < _MIN_FAR_AREA:
        return None
    if share >= _MIN_AREA:
        return _outline(sheet, factor)
    pixels = np.argwhere(sheet)[:, ::-1] * factor
    low, high = pixels.min(axis=0), pixels.max(axis=0) + factor
    beyond = _MARGIN * (high - low).max()
    left, top = np.maximum(low - beyond, 0).astype(int).tolist()
    right, bottom = np.minimum(high + beyond, picture.size).astype(int).tolist()
    closer = picture.crop((left, top, right, bottom))
    small, factor = _shrunk(closer)
    sheet = _largest_light_part(small, colour)
    if sheet is None or sheet.mean() < _MIN_AREA:
        return None
    outline = _outline(sheet, factor)
    if outline is None or not _is_drawn_on(picture, closer, outline, (left, top), colour):
        return None
    return np.asarray(outline + np.array([left, top]))


def _largest_light_part(small: Image.Image, colour: int | None) -> Bool[np.ndarray, "H W"] | None:
    """The largest light part that is no paper beside a shadow."""
    if min(small.size) < 16:
        return None
    # lines on the sheet are filled up
    is_light = _light(closed(_brightness(small, colour), 3))
    if is_light is None:
        return None
    # a shadow that lies on a part of the sheet leaves a corner of the picture light
    is_lit = is_light[[0, 0, -1, -1], [0, -1, 0, -1]]
    if is_lit.all() or (is_lit.any() and not _is_table(small, is_light)):
        return None
    regions = Regions.of(is_light)
    return np.asarray(regions.labels == regions.areas.argmax())


def _outline(sheet: Bool[np.ndarray, "H W"], factor: int) -> Float[np.ndarray, "N 2"] | None:
    """The outline of a light part in pixels of the picture, if it is shaped like a sheet."""
    for part in (sheet, _without_tape(sheet)):
        if not part.any():
            break
        outline = hull(part)
        area = area_of(outline)
        is_filled = part.sum() >= _FILLED * area
        if is_filled and area_of(main_corners(outline)) >= _FOUR_CORNERED * area:
            return outline * factor
    return None


def _without_tape(sheet: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    """A light part without what sticks out of it narrowly."""
    return np.asarray(closed((~sheet).astype(np.uint8), _TAPE) == 0)


def _is_drawn_on(
    picture: Image.Image,
    closer: Image.Image,
    outline: Float[np.ndarray, "N 2"],
    corner: tuple[int, int],
    colour: int | None,
) -> bool:
    """Whether there are dark lines on a small sheet, and no light ones round it."""
    inside = _brightness(closer, colour)[
        ~outside_of(within_edges(outline, closer.size), closer.size)
    ]
    paper = float(np.median(inside))
    least, most = _INK
    if not least < (inside < (1 + _DARKER) / 2 * paper).mean() < most:
        return False
    factor = -(-max(picture.size) // _FINE_SIDE)
    is_light = _brightness(picture.reduce(factor), colour) > (1 + _DARKER) / 2 * paper
    small = (is_light.shape[1], is_light.shape[0])
    middle = outline.mean(axis=0)
    grown = (middle + (1 + 2 * _INSET) * (outline - middle) + corner) / factor
    lines = (is_light & outside_of(grown, small)).astype(np.uint8)
    lines &= ~spread(1 - spread(1 - lines, _FINE), _FINE) & 1
    return bool(lines.sum() < _MAX_FINE * area_of(outline) / factor**2)


def within_edges(
    outline: Float[np.ndarray, "N 2"], size: tuple[int, int]
) -> Float[np.ndarray, "N 2"]:
    """The outline of a sheet without its edges, where these are not beyond the picture's border."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    inset = max(_INSET * (high - low).max(), _MIN_INSET)
    border = _AT_BORDER * max(size)
    inner_low = low + np.where(low > border, inset, -border)
    inner_high = high - np.where(high < np.array(size) - border, inset, -border)
    return np.asarray(inner_low + (outline - low) * ((inner_high - inner_low) / (high - low)))


def outside_of(polygon: Float[np.ndarray, "N 2"], size: tuple[int, int]) -> Bool[np.ndarray, "H W"]:
    """Where a polygon is not."""
    mask = Image.new("1", size, 1)
    ImageDraw.Draw(mask).polygon([tuple(corner) for corner in polygon.tolist()], fill=0)
    return np.asarray(mask)


def _is_table(small: Image.Image, is_light: Bool[np.ndarray, "H W"]) -> bool:
    """Whether the dark part is no paper in a shadow: nearly black, or of another hue."""
    colours = np.asarray(small).reshape(*is_light.shape, -1).astype(np.float64)
    dark, light = (np.median(colours[mask], axis=0) for mask in (~is_light, is_light))
    shares = (dark + 1) / (light + 1)
    return bool(shares.max() < _BLACK or shares.max() > _OTHER_HUE * shares.min())


def _brightness(picture: Image.Image, colour: int | None) -> UInt8[np.ndarray, "H W"]:
    """How light each pixel is in one of the three colours; with None in its darkest."""
    values: UInt8[np.ndarray, "H W"] = np.asarray(picture)
    if values.ndim == 2:
        return values
    return values.min(axis=2) if colour is None else np.ascontiguousarray(values[:, :, colour])


def _light(grey: UInt8[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"] | None:
    """The light part of a picture of two brightnesses; None if they are close.

    By Otsu's method (1979), for logarithms: light that falls off by a half is one step everywhere.
    """
    counts = np.bincount(grey.ravel(), minlength=256).astype(np.float64)
    brightness = np.log(np.arange(256) + _BLACKEST)
    for _ in range(2):  # beside a small sheet, the table is split where light falls off
        below = np.cumsum(counts)[:-1]
        above = counts.sum() - below
        total = np.cumsum(counts * brightness)
        dark = total[:-1] / np.maximum(below, 1)
        light = (total[-1] - total[:-1]) / np.maximum(above, 1)
        separation = below * above * (light - dark) ** 2
        best = int(separation.argmax())
        if separation[best] == 0:  # one brightness remains
            break
        darker, lighter = np.exp([dark[best], light[best]])
        if lighter - darker >= _MIN_APART and darker <= _DARKER * lighter:
            return grey > best
        counts[: best + 1] = 0
    return None


def hull(mask: Bool[np.ndarray, "H W"]) -> Float[np.ndarray, "N 2"]:
    """The convex outline of a mask (monotone chain), in coordinates of pixel corners."""
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
