"""Thinning a picture's ink to lines one pixel wide.

Works on the list of ink pixels, not on the picture: each pass reads the eight neighbours
of every remaining pixel.
`centre_lines` says what is thinned, `tracing` makes strokes of the result.

*Source*: Guo & Hall, Parallel thinning with two-subiteration algorithms (1989), algorithm A1,
then one pass that leaves out the corners of staircases. The better known Zhang & Suen (1984)
erases dots and shortens slanting lines.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int64, UInt8

# the neighbours (dy, dx) of a pixel: the upper one, then clockwise
_AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def thin(
    ink: Bool[np.ndarray, "H W"], keep: Bool[np.ndarray, "H W"] | None = None
) -> Bool[np.ndarray, "H W"]:
    """Thin ink to lines one pixel wide, which are connected as the ink is.

    Example:
        >>> thin(np.ones((3, 9), bool)).sum(axis=1).tolist()[0]
        0
    """
    height, width = ink.shape
    padded = np.zeros((height + 2, width + 2), np.uint8)
    padded[1:-1, 1:-1] = ink
    flat = padded.reshape(-1)
    stays = None if keep is None else np.pad(keep, 1).reshape(-1)
    steps = np.array([dy * (width + 2) + dx for dy, dx in _AROUND])
    pixels = np.flatnonzero(flat.view(bool))
    first_pass, second_pass, corners = _tables()
    is_same = False
    while not is_same:
        before = len(pixels)
        for table in (first_pass, second_pass):
            is_gone = table[_codes(flat, pixels, steps)]
            if stays is not None:
                is_gone &= ~stays[pixels]
            pixels = _without(flat, pixels, is_gone)
        is_same = len(pixels) == before
    _drop_corners(flat, pixels, steps, width + 2, corners)
    return np.asarray(padded[1:-1, 1:-1] != 0)


def _codes(
    flat: UInt8[np.ndarray, " N"], pixels: Int64[np.ndarray, " P"], steps: Int64[np.ndarray, " 8"]
) -> UInt8[np.ndarray, " P"]:
    """Return each pixel's neighbours as eight bits, the upper one first, clockwise."""
    codes: UInt8[np.ndarray, " P"] = flat[pixels + steps[0]]
    for bit in range(1, 8):
        codes |= flat[pixels + steps[bit]] << np.uint8(bit)
    return codes


def _without(
    flat: UInt8[np.ndarray, " N"], pixels: Int64[np.ndarray, " P"], gone: Bool[np.ndarray, " P"]
) -> Int64[np.ndarray, " Q"]:
    """Remove pixels from the picture and from the list."""
    flat[pixels[gone]] = 0
    return np.asarray(pixels[~gone])


def _drop_corners(
    flat: UInt8[np.ndarray, " N"],
    pixels: Int64[np.ndarray, " P"],
    steps: Int64[np.ndarray, " 8"],
    width: int,
    corners: Bool[np.ndarray, " 256"],
) -> None:
    """Remove the corners of staircases, a quarter of the pixels at a time.

    No two pixels of a quarter touch, so taking them together is as safe as one by one.
    """
    quarter = (pixels // width) % 2 * 2 + pixels % width % 2
    for number in range(4):
        some = pixels[quarter == number]
        _without(flat, some, corners[_codes(flat, some, steps)])


def _tables() -> tuple[
    Bool[np.ndarray, " 256"], Bool[np.ndarray, " 256"], Bool[np.ndarray, " 256"]
]:
    """Tabulate, for all 256 neighbourhoods, what each pass removes."""
    bits = (np.arange(256)[:, None] >> np.arange(8) & 1).astype(bool)  # N NE E SE S SW W NW
    north, ne, east, se, south, sw, west, nw = bits.T
    sides = ((north, ne | east), (east, se | south), (south, sw | west), (west, nw | north))
    crossings = np.sum([~side & then for side, then in sides], axis=0)
    pairs = (
        np.sum([nw | north, ne | east, se | south, sw | west], axis=0),
        np.sum([north | ne, east | se, south | sw, west | nw], axis=0),
    )
    fewest = np.minimum(*pairs)
    edge = (crossings == 1) & (fewest >= 2) & (fewest <= 3)
    first_pass = edge & ~((south | sw | ~nw) & west)
    second_pass = edge & ~((north | ne | ~se) & east)
    # A corner: two neighbours across a diagonal, nothing on the far side, and the others stay
    # connected without it.
    corners = np.zeros(256, bool)
    for first in (0, 2, 4, 6):
        second, far = (first + 2) % 8, [(first + k) % 8 for k in (4, 5, 6)]
        corners |= bits[:, first] & bits[:, second] & ~bits[:, far].any(axis=1)
    return first_pass, second_pass, corners
