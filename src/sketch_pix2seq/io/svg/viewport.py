"""Where an element of an SVG stands: the state of the walk, viewports, matrices."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from sketch_pix2seq.io.svg.areas import Area, Clip
from sketch_pix2seq.io.svg.colours import Paint
from sketch_pix2seq.io.svg.shapes import length, pair, view_box, words
from sketch_pix2seq.io.svg.style import SvgStyle

SIDES = ("width", "height")
"""Attributes of a viewport's size."""


@dataclass(frozen=True)
class WalkState:
    """The state of the walk: everything an element gets from those around it.

    Args:
        matrix: From its coordinates to those of the document.
        style: Of the element around it.
        viewport: Width and height to which percentages refer.
        depth: How deep it is nested.
        clips: What cuts it.
        clip_cost: What that costs for each point, in edges; see `areas.clip_cost`.
        context: Paints of the shape that a marker stands on.
        drawn_ids: `id`s of all that is being drawn by reference: none may draw itself.
        all_areas: Whether areas are wanted whatever their paint: in a clip path.
        is_measured: Whether just the size of what is drawn is wanted.
    """

    matrix: Float[np.ndarray, "3 3"]
    style: SvgStyle
    viewport: tuple[float, float]
    depth: int = 0
    clips: tuple[Clip, ...] = ()
    clip_cost: int = 0
    context: Mapping[str, Paint | None] | None = None
    drawn_ids: frozenset[str] = frozenset()
    all_areas: bool = False
    is_measured: bool = False


def inner_viewport(values: Mapping[str, str], state: WalkState) -> WalkState:
    """Return the state inside a nested `svg`, `symbol` or `marker`: its view box fits its size."""
    font_size = state.style.font_size
    box = view_box(values)
    corner = np.array(pair(values, ("x", "y"), "0", state.viewport, font_size))
    size = np.array(pair(values, SIDES, "100%", state.viewport, font_size))
    outer, inner = np.eye(3), np.eye(3)
    outer[:2, 2] = corner
    if box is not None:
        scale = size / box[2:]
        align, *fit = values.get("preserveAspectRatio", "").split() or ["xMidYMid"]
        if not _is_stretched(values):
            scale[:] = max(scale) if fit == ["slice"] else min(scale)
        shares = [{"Min": 0.0, "Max": 1.0}.get(align[at : at + 3], 0.5) for at in (1, 5)]
        gap = size - scale * box[2:]
        inner[:2, :2] = np.diag(scale)
        inner[:2, 2] = (0 if _is_stretched(values) else gap * shares) - scale * box[:2]
    clips = state.clips
    if (
        values.get("overflow", "hidden").strip().lower() not in ("visible", "auto")
        and (size > 0).all()
    ):
        clips = (*clips, [Area([moved_by(corners_of(*corner, *size), state.matrix)])])
    viewport = box[2:] if box is not None else (float(size[0]), float(size[1]))
    return replace(state, matrix=state.matrix @ outer @ inner, viewport=viewport, clips=clips)


def stretch_of_root(
    values: Mapping[str, str], viewport: tuple[float, float], font_size: float
) -> Float[np.ndarray, "3 3"]:
    """The matrix that stretches a document down its page as browsers show it.

    With `preserveAspectRatio="none"` its view box fills its width and its height, if it has both.
    """
    box, matrix = view_box(values), np.eye(3)
    is_sized = all(re.match(r"\s*[\d.+]+[^%]*$", values.get(side, "")) for side in SIDES)
    if box is None or not is_sized or not _is_stretched(values):
        return matrix
    width, height = pair(values, SIDES, "0", viewport, font_size)
    if width > 0 and height > 0:
        matrix[1, 1] = height / box[3] * box[2] / width
        matrix[1, 2] = box[1] * (1 - matrix[1, 1])
    return matrix


def pixels_per_unit(
    values: Mapping[str, str], page: tuple[float, float, float, float] | None, font_size: float
) -> float | None:
    """How large browsers show a document's page, if one of its sides has a length of its own."""
    lengths = [length(values.get(name, ""), 0.0, font_size) for name in SIDES]
    sides = page[2:] if page else (0.0, 0.0)
    scales = [px / side for px, side in zip(lengths, sides, strict=True) if px * side > 0]
    is_cut = "slice" in values.get("preserveAspectRatio", "")
    return (max if is_cut else min)(scales, default=None)


def _is_stretched(values: Mapping[str, str]) -> bool:
    return values.get("preserveAspectRatio", "").split()[:1] == ["none"]


def has_size(values: Mapping[str, str]) -> bool:
    """Whether an inner `svg`, `symbol` or `marker` has a size that is not 0."""
    texts = [values.get(name, "").strip() for name in SIDES]
    box = values.get("viewBox", "").replace(",", " ").split()
    sizes = [length(text, 1.0) for text in (*texts, *box[2:]) if text not in ("", "auto")]
    return all(size > 0 for size in sizes)


def scale_of(matrix: Float[np.ndarray, "3 3"]) -> float:
    """How much a matrix enlarges: the root of what it does to areas."""
    return math.sqrt(abs(np.linalg.det(matrix[:2, :2])))


def shifted(x: float, y: float) -> Float[np.ndarray, "3 3"]:
    """The matrix that moves points."""
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def corners_of(x: float, y: float, width: float, height: float) -> Float[np.ndarray, "4 2"]:
    """The corners of a rectangle."""
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])


def moved_by(
    points: Float[np.ndarray, "P 2"], matrix: Float[np.ndarray, "3 3"]
) -> Float[np.ndarray, "P 2"]:
    """Move points by a matrix."""
    return np.asarray(points @ matrix[:2, :2].T + matrix[:2, 2])


def as_function(name: str, value: str) -> str:
    """Write one of the properties `translate`, `rotate` and `scale` as a function."""
    parts = words(value)
    if name == "rotate" and len(parts) == 2:
        name += parts.pop(0) if parts[0].isalpha() else parts.pop(1)
    return f"{name}{'3d' if len(parts) > 2 else ''}({','.join(parts)})"
