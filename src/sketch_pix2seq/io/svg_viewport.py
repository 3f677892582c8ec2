"""Sizes in SVG: view boxes, and the widths and heights that percentages refer to."""

from __future__ import annotations

from collections.abc import Mapping

from sketch_pix2seq.io.svg_path import LARGEST
from sketch_pix2seq.io.svg_shapes import length


def view_box(values: Mapping[str, str]) -> tuple[float, float, float, float] | None:
    """Return x, y, width, height of the `viewBox`, if there is a usable one."""
    try:
        x, y, width, height = map(float, values.get("viewBox", "").replace(",", " ").split())
    except ValueError:
        return None
    is_usable = 0 < width < LARGEST and 0 < height < LARGEST and abs(x) + abs(y) < LARGEST
    return (x, y, width, height) if is_usable else None


def viewport_of(
    values: Mapping[str, str], outer: tuple[float, float], font_size: float
) -> tuple[float, float]:
    """Return the size that percentages inside an `svg` element refer to."""
    box = view_box(values)
    return box[2:] if box else pair(values, ("width", "height"), "100%", outer, font_size)


def pair(
    values: Mapping[str, str],
    names: tuple[str, str],
    default: str,
    viewport: tuple[float, float],
    font_size: float,
) -> tuple[float, float]:
    """Return two lengths, across and down."""
    texts = [values.get(name, default) for name in names]
    x, y = (
        length(default if text.strip() == "auto" else text, side, font_size)
        for text, side in zip(texts, viewport, strict=True)
    )
    return x, y
