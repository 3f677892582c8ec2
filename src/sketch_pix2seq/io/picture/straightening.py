"""The page to read in a picture: all of it, or a sheet on a table, straightened if it is tilted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image

from sketch_pix2seq.io.picture.morphology import closed
from sketch_pix2seq.io.picture.sheet_edge import (
    area_of,
    find_sheet,
    main_corners,
    outside_of,
    within_edges,
)

_MIN_TILT = 2.5  # degrees of one of the sheet's edges
_AT_BORDER = 0.008  # of the longest side: an edge there is where the sheet is cut off
_MIN_CORNER = 0.004  # of the sheet's area, what a corner of its outline takes off
_FOUR_SIDED = 0.8  # of the outline's length, what four edges have at least
_MAX_AREA = 1.15  # of the outline's, within four edges
_MIN_SINE = 0.4  # of the angle by which an edge turns to the right from that before it
_SIDE = 1024  # pixels of the picture in which edges are fitted
_REACH = 0.015  # of that: how far an edge may be from where it was found
_STEPS = 64  # along an edge
_PHOTO_SIDE = 2048  # of a straightened page, at most: photos are not sharper
_FOCAL_LENGTH = 0.8  # of a picture's longest side: a phone's
_FOCAL_LENGTHS = (0.5, 2.0)  # that cameras have
_MIN_CONVERGING = 0.03  # of both pairs of edges, for the picture to say how long it is


class Page(NamedTuple):
    """What is read of a picture.

    Args:
        image: The picture of it.
        outside: (H, W) of `image`, True where the sheet is not; None if all is paper.
        corner: Where its upper left corner lies in the frame.
        scale: Pixels of the picture to one of `image`.
        size: Width and height of the frame, in pixels of the picture.
        left_out: What of the picture is not read.
    """

    image: Image.Image
    outside: Bool[np.ndarray, "H W"] | None
    corner: tuple[int, int]
    scale: float
    size: tuple[float, float]
    left_out: list[str]


def find_page(picture: Image.Image, *, straighten: bool = True) -> Page:
    """Find the page in a picture.

    Args:
        picture: L or RGB.
        straighten: Whether a sheet whose edges are tilted is turned into an upright rectangle; it
            is then the frame. Otherwise the frame is the picture.
    """
    outline = find_sheet(picture)
    if outline is None:
        return Page(picture, None, (0, 0), 1.0, picture.size, [])
    corners = _tilted_corners(picture, outline) if straighten else None
    if corners is not None:
        return _straightened(picture, corners, outline)
    left, top = np.maximum(outline.min(axis=0), 0).astype(int).tolist()
    right, bottom = np.minimum(outline.max(axis=0), picture.size).astype(int).tolist()
    part = picture.crop((left, top, right, bottom))
    outside = outside_of(within_edges(outline, picture.size) - (left, top), part.size)
    left_out = ["what lies round the sheet"]
    return Page(part, outside, (left, top), 1.0, picture.size, left_out)


def _tilted_corners(
    picture: Image.Image, outline: Float[np.ndarray, "N 2"]
) -> Float[np.ndarray, "4 2"] | None:
    """The corners of a four-cornered sheet, clockwise from the upper left one.

    They may be cut off by the picture's border. None if it is not four-cornered or is upright.
    """
    factor = -(-max(picture.size) // _SIDE)
    # lines on the sheet are filled up
    grey = closed(np.asarray(picture.convert("L").reduce(factor)), 4).astype(np.float64)
    outline = outline / factor
    edges = _four_edges(outline, grey.shape[::-1])
    if edges is None:
        return None
    corners = _corners_of([_edge_between(grey, start, stop) for start, stop in edges])
    if corners is None or area_of(corners) > _MAX_AREA * area_of(outline):
        return None
    sides = np.roll(corners, -1, axis=0) - corners
    to_axis = np.degrees(np.arctan2(*np.sort(np.abs(sides), axis=1).T))
    if to_axis.max() < _MIN_TILT:
        return None
    # the edge that goes to the right is the upper one
    first = int(np.argmax(sides[:, 0] / np.hypot(*sides.T)))
    return np.roll(corners, -first, axis=0) * factor


def _four_edges(
    outline: Float[np.ndarray, "N 2"], size: tuple[int, ...]
) -> Float[np.ndarray, "4 2 2"] | None:
    """Both ends of the four sides of an outline, clockwise, if these are nearly all of it."""
    corners = main_corners(outline, _MIN_CORNER * area_of(outline))
    edges = np.stack([corners, np.roll(corners, -1, axis=0)], axis=1)
    border = _AT_BORDER * max(size)
    low, high = edges.min(axis=1), edges.max(axis=1)
    is_cut = ((high < border) | (low > np.array(size) - border)).any(axis=1)
    lengths = np.hypot(*(edges[:, 1] - edges[:, 0]).T)
    usable = np.where(is_cut, 0, lengths)
    longest = np.sort(np.argsort(usable)[-4:])
    if (
        len(longest) < 4
        or not usable[longest].all()
        or usable[longest].sum() < _FOUR_SIDED * lengths.sum()
    ):
        return None
    return edges[longest]


def _corners_of(
    lines: list[tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]]],
) -> Float[np.ndarray, "4 2"] | None:
    """Where each line, a point and a direction, meets the one before it."""
    corners = []
    for (point, along), (other, along_other) in zip(lines[-1:] + lines[:-1], lines, strict=True):
        sine = along[0] * along_other[1] - along[1] * along_other[0]  # negative: a turn to the left
        if sine < _MIN_SINE:
            return None
        both = np.stack([along, -along_other], axis=1)
        corners.append(point + along * np.linalg.solve(both, other - point)[0])
    return np.array(corners)


def _edge_between(
    grey: Float[np.ndarray, "H W"], start: Float[np.ndarray, "2"], stop: Float[np.ndarray, "2"]
) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]]:
    """A point of an edge close to a line, and its direction; the light side is to the right."""
    length = float(np.hypot(*(stop - start)))
    along = (stop - start) / length
    inwards = np.array([-along[1], along[0]])
    near = 3  # pixels on each side that are compared
    reach = max(int(np.ceil(_REACH * max(grey.shape))), near)
    at = np.linspace(0.08, 0.92, _STEPS) * length
    offsets = np.arange(-reach, reach + 1)
    points = start + at[:, None, None] * along + offsets[:, None] * inwards
    columns, rows = np.moveaxis(points.astype(int), -1, 0)
    profiles = grey[rows.clip(0, len(grey) - 1), columns.clip(0, grey.shape[1] - 1)]
    sums = np.pad(np.cumsum(profiles, axis=1), ((0, 0), (1, 0)))
    darker, lighter = sums[:, near:-near] - sums[:, : -2 * near], sums[:, 2 * near :]
    rise = lighter - sums[:, near:-near] - darker
    steepest = offsets[near:][rise.argmax(axis=1)]
    is_edge = np.ones(_STEPS, bool)
    for _ in range(4):  # without what does not lie on one line with the others
        slope, middle = np.polyfit(at[is_edge], steepest[is_edge], 1)
        apart = np.abs(steepest - middle - slope * at)
        is_edge = apart <= max(1.0, 2 * float(np.median(apart)))
    direction = along + slope * inwards
    return start + middle * inwards, direction / np.hypot(*direction)


def _straightened(
    picture: Image.Image, corners: Float[np.ndarray, "4 2"], outline: Float[np.ndarray, "N 2"]
) -> Page:
    """The sheet as a rectangle that is as large as it is in the picture."""
    ratio = _side_ratio(corners - np.array(picture.size) / 2, max(picture.size))
    height = float(np.sqrt(area_of(corners) / ratio))
    factor = -(-int(max(height, height * ratio)) // _PHOTO_SIDE)
    small = picture.reduce(factor) if factor > 1 else picture
    size = (round(height * ratio / factor), round(height / factor))
    to_picture = _from_square(corners / factor) / np.array([*size, 1.0])
    data = to_picture.ravel()[:8].tolist()
    method, how = Image.Transform.PERSPECTIVE, Image.Resampling.BICUBIC
    image = small.transform(size, method, data, how)
    inner = within_edges(outline, picture.size) / factor
    projected = np.column_stack([inner, np.ones(len(inner))]) @ np.linalg.inv(to_picture).T
    outside = outside_of(projected[:, :2] / projected[:, 2:], size)
    left_out = ["what lies round the sheet, which is straightened"]
    frame = (size[0] * factor, size[1] * factor)
    return Page(image, outside, (0, 0), factor, frame, left_out)


def _side_ratio(corners: Float[np.ndarray, "4 2"], side: int) -> float:
    """Width by height of a rectangle from its picture, by a camera whose axis is at (0, 0).

    *Source*: that the images of both directions are at right angles in space gives the focal
    length (Zhang and He, Whiteboard scanning and image enhancement, 2007, section 3); a phone's
    is taken where the picture says little about it.
    """
    right, down, _ = _from_square(corners / side).T
    focal_length = _FOCAL_LENGTH
    if min(abs(right[2]), abs(down[2])) > _MIN_CONVERGING:
        shortest, longest = _FOCAL_LENGTHS
        squared = -(right[:2] @ down[:2]) / (right[2] * down[2])
        focal_length = float(np.sqrt(np.clip(squared, shortest**2, longest**2)))
    lens = np.array([focal_length, focal_length, 1.0])
    return float(np.linalg.norm(right / lens) / np.linalg.norm(down / lens))


def _from_square(corners: Float[np.ndarray, "4 2"]) -> Float[np.ndarray, "3 3"]:
    """The projective map of (0, 0), (1, 0), (1, 1), (0, 1) to four corners."""
    rows, values = [], []
    for (u, v), (x, y) in zip([(0, 0), (1, 0), (1, 1), (0, 1)], corners.tolist(), strict=True):
        rows += [[u, v, 1, 0, 0, 0, -u * x, -v * x], [0, 0, 0, u, v, 1, -u * y, -v * y]]
        values += [x, y]
    solved = np.linalg.solve(np.array(rows, float), np.array(values))
    return np.append(solved, 1.0).reshape(3, 3)
