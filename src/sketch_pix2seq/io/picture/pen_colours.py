"""The colours of pens: which of a picture's strokes were drawn with the same one.

A pen is known by its hue, as how dark a line is depends on its width and on the hand. Black, grey
and pencil are one pen.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Complex128, Float, Float64, Int64
from PIL import Image, ImageFilter

from sketch_pix2seq.io.paper import hex_colours, oklab
from sketch_pix2seq.sketch.geometry import arc_lengths

_MAX_SAMPLES = 48  # along a stroke
_AROUND = np.array([(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)])
_BLOCKS = 64  # along the longest side, in which paper is searched
_REACH = 5  # blocks within which there is paper
_DARK = 0.45  # mean lightness of dark paper
_LIGHTER = 10.0  # steps of 255, of the ink of a light pen than the paper round it
_MIN_CHROMA = 0.025
_COLOURED = 0.11  # of strengths
_ON_DARK = 1.5  # times as strong as they measure are light colours
_SAME_HUE = 28.0  # degrees
_ONE_PEN = 0.1  # of strengths: pens that differ less are one
_MIN_INK = 0.1  # steps of lightness, from which strengths are measured
_MIN_SHARE = 0.01  # of all lines: less is no pen of its own


def pen_colours(
    picture: Image.Image, strokes: Sequence[Float[np.ndarray, "_ 2"]]
) -> tuple[str, ...] | None:
    """Find the colour of the pen of each stroke.

    Args:
        picture: L or RGB.
        strokes: (P, 2) points in pixels of the picture.

    Returns:
        Of each stroke #rrggbb, the same for all of a pen, as on white paper; None if nothing has a
        colour.
    """
    if picture.mode != "RGB" or not strokes:
        return None
    points, owner, lengths = _samples(strokes)
    inks, lighter, paper = _inks(picture, points)
    lab = oklab(inks)
    middles = np.stack([_middles(axis, owner) for axis in lab.T], axis=1)
    strengths = _strengths(middles, paper)
    coloured = (np.abs(strengths) > _COLOURED) & (np.hypot(*middles.T[1:]) > _MIN_CHROMA)
    pens = _pens(strengths, coloured, lengths)
    while True:
        pen_ids = np.unique(pens)
        own = [pens[owner] == pen for pen in pen_ids]
        full = np.array([_where_full(inks[some], lighter[some], paper) for some in own])
        colours = full[:, :3]
        apart, a, b = _closest(_strengths(oklab(colours), paper))
        if apart > _ONE_PEN:
            break
        pens[pens == pen_ids[a]] = pen_ids[b]
    if len(pen_ids) == 1 and np.abs(_strengths(oklab(colours), paper)[0]) < _ONE_PEN:
        return None
    names = hex_colours(colours, (full[:, 3] > _LIGHTER) | (not paper))
    return tuple(names[index] for index in np.searchsorted(pen_ids, pens).tolist())


def _samples(
    strokes: Sequence[Float[np.ndarray, "_ 2"]],
) -> tuple[Float64[np.ndarray, "N 2"], Int64[np.ndarray, " N"], Float64[np.ndarray, " S"]]:
    """Points along each stroke, away from its ends; the stroke of each; lengths of strokes."""
    points, counts, lengths = [], [], []
    for stroke in strokes:
        line, along = stroke[:, 0] + 1j * stroke[:, 1], arc_lengths(stroke)
        count = min(_MAX_SAMPLES, 1 + int(along[-1] / 3))
        points.append(np.interp(along[-1] * (np.arange(count) + 0.5) / count, along, line))
        counts.append(count)
        lengths.append(1.0 + along[-1])
    every = np.concatenate(points)
    every = np.stack([every.real, every.imag], axis=1)
    return every, np.repeat(np.arange(len(counts)), counts), np.array(lengths)


def _inks(
    picture: Image.Image, points: Float64[np.ndarray, "N 2"]
) -> tuple[Float64[np.ndarray, "N 3"], Float64[np.ndarray, " N"], float]:
    """Colours of the ink at points, as on white paper if it is light.

    Also by how many steps of 255 each is lighter than most of what is round it, and the lightness
    of paper.
    """
    values = np.asarray(picture)
    side = max(4, max(picture.size) // _BLOCKS)
    blocks = picture.reduce(side)
    is_dark = float(np.asarray(blocks.convert("L")).mean()) < 255 * _DARK
    near = np.clip(np.floor(points[:, None] + _AROUND).astype(int), 0, np.array(picture.size) - 1)
    around = values[near[..., 1], near[..., 0]].astype(np.float64)
    bright = blocks.filter(ImageFilter.MaxFilter(_REACH)).filter(ImageFilter.BoxBlur(_REACH // 2))
    x, y = np.floor(points / side).astype(int).T
    block = y.clip(0, bright.height - 1), x.clip(0, bright.width - 1)
    light = np.asarray(bright)[block]
    paper = np.zeros((len(points), 3)) if is_dark else light.astype(np.float64).clip(1)
    # the second of nine: of a thin line, and not just what noise made darkest
    inky = np.abs(around - paper[:, None]).sum(axis=2).argsort(axis=1)[:, -2]
    inks = around[np.arange(len(points)), inky]
    usual = np.asarray(blocks.filter(ImageFilter.MedianFilter(_REACH)))
    lighter = (inks - usual[block]).mean(axis=1)
    return (inks / (255 if is_dark else paper)).clip(0, 1), lighter, float(not is_dark)


def _middles(
    values: Float64[np.ndarray, " N"], owner: Int64[np.ndarray, " N"]
) -> Float64[np.ndarray, " S"]:
    """The median of each stroke's values."""
    counts = np.bincount(owner)
    middle = np.cumsum(counts) - counts + counts // 2
    return np.asarray(values[np.lexsort((values, owner))[middle]])


def _pens(
    strengths: Complex128[np.ndarray, " S"],
    coloured: Bool[np.ndarray, " S"],
    lengths: Float64[np.ndarray, " S"],
) -> Int64[np.ndarray, " S"]:
    """Number the pen of each stroke, 0 without colour: those of the longest stroke's hue first."""
    pens = np.zeros(len(strengths), np.int64)
    centres: list[complex] = []
    unassigned = coloured.copy()
    turns = strengths / np.maximum(np.abs(strengths), 1e-12)
    while unassigned.any():
        longest = np.where(unassigned, lengths, 0).argmax()
        close = unassigned & ((turns * turns[longest].conj()).real > np.cos(np.radians(_SAME_HUE)))
        if lengths[close].sum() >= _MIN_SHARE * lengths.sum():
            centres.append(complex((turns[close] * lengths[close]).sum()))
        unassigned &= ~close
    if centres:
        units = np.array(centres) / np.abs(centres)
        pens[coloured] = 1 + (turns[coloured, None] * units.conj()).real.argmax(axis=1)
    return pens


def _where_full(
    inks: Float64[np.ndarray, "N 3"], lighter: Float64[np.ndarray, " N"], paper: float
) -> Float64[np.ndarray, " 4"]:
    """The colour of a pen, and how much lighter it is, where its lines cover the paper best."""
    strength = np.abs(inks - paper).sum(axis=1)
    is_best = strength >= np.median(strength)
    return np.asarray(np.median(np.column_stack([inks, lighter])[is_best], axis=0))


def _strengths(lab: Float64[np.ndarray, "K 3"], paper: float) -> Complex128[np.ndarray, " K"]:
    """Strength of colour for the amount of ink, in the direction of its hue."""
    lightness, a, b = lab.T
    strength: Complex128[np.ndarray, " K"] = (a + 1j * b) / (np.abs(paper - lightness) + _MIN_INK)
    return strength if paper else _ON_DARK * strength


def _closest(strengths: Complex128[np.ndarray, " K"]) -> tuple[float, int, int]:
    """How far the two most similar pens are apart, and which they are."""
    apart = np.abs(strengths[:, None] - strengths)
    np.fill_diagonal(apart, np.inf)
    a, b = np.unravel_index(apart.argmin(), apart.shape)
    return float(apart[a, b]), int(a), int(b)
