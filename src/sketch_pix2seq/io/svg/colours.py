"""Colours of an SVG as CSS writes them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import tinycss2
from jaxtyping import Float
from tinycss2.color4 import parse_color

RGB = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""
SAME_COLOUR = 24
"""Steps of 255 by which colours differ that look alike on paper."""
MIN_OPACITY = 0.02
"""Below it nothing is visible."""

_SYSTEM_COLOURS = {"canvas": "white", "field": "white", "buttonface": "#eee", "window": "white",
                   "canvastext": "black", "fieldtext": "black", "buttontext": "black",
                   "windowtext": "black", "linktext": "#00e", "graytext": "grey"}  # fmt: skip
_XYZ_OF = {  # of linear red, green and blue
    "srgb": ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)),
    "display-p3": ((0.4866, 0.2657, 0.1982), (0.229, 0.6917, 0.0793), (0, 0.0451, 1.0439)),
    "rec2020": ((0.637, 0.1446, 0.1689), (0.2627, 0.678, 0.0593), (0, 0.0281, 1.061)),
    "a98-rgb": ((0.5767, 0.1856, 0.1882), (0.2973, 0.6274, 0.0753), (0.027, 0.0707, 0.9913)),
}
_D65_OF_D50 = np.array([0.9856, 1.0, 1.3199])  # of white
_GAMMA = 2.2
_MIX = re.compile(r"color-mix\(\s*in[^,]*,((?:[^(),]|\([^()]*\))*),((?:[^(),]|\([^()]*\))*)\)$")
_PERCENT = re.compile(r"\s(\d+\.?\d*|\.\d+)%\s*$|^\s*(\d+\.?\d*|\.\d+)%\s")
_LONGEST = 1_000  # letters


class Paint(NamedTuple):
    """A colour and how far it covers what is below, 0 to 1."""

    rgb: RGB
    alpha: float


@lru_cache(maxsize=1024)
def colour(text: str) -> Paint | None:
    """Read a colour; None for no paint. What is unknown is black: ink.

    Example:
        >>> colour("#f008").rgb, colour("none"), colour("nonsense").rgb
        ((255, 0, 0), None, (0, 0, 0))
    """
    name = text.strip().lower()
    if name in ("none", "transparent", ""):
        return None
    name = _SYSTEM_COLOURS.get(name, name)
    if (mix := _MIX.match(name)) is not None:
        return _mixed(mix[1], mix[2])
    parsed = parse_color(name) if len(name) <= _LONGEST else None
    if parsed is None or isinstance(parsed, str):
        return Paint((0, 0, 0), 1.0)
    parts = np.nan_to_num(_srgb(parsed)).clip(0, 1)
    red, green, blue = (255 * parts).round().astype(int).tolist()
    return None if parsed.alpha < MIN_OPACITY else Paint((red, green, blue), parsed.alpha)


def _srgb(parsed: Any) -> Float[np.ndarray, " 3"]:
    """Red, green and blue, 0 to 1, of a colour of any space."""
    space = parsed.space
    if space in ("srgb", "hsl", "hwb"):
        return np.array(parsed.to("srgb").coordinates, np.float64)
    if space in ("lab", "lch", "xyz-d50"):
        xyz = np.array(parsed.to("xyz-d50").coordinates) * _D65_OF_D50
    elif space in ("oklab", "oklch", "xyz", "xyz-d65"):
        xyz = np.array(parsed.to("xyz-d65").coordinates)
    else:
        linear = np.array([part or 0 for part in parsed.coordinates])
        if space != "srgb-linear":
            linear = np.sign(linear) * np.abs(linear) ** _GAMMA
        xyz = np.array(_XYZ_OF.get(space, _XYZ_OF["srgb"])) @ linear
    linear = np.linalg.solve(np.array(_XYZ_OF["srgb"]), xyz).clip(0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def _mixed(first: str, second: str) -> Paint | None:
    """Mix two colours, each with its share, as `color-mix` does it in sRGB."""
    shares: list[float | None] = []
    paints = []
    for text in (first, second):
        match = _PERCENT.search(text)
        shares.append(float(match[1] or match[2]) / 100 if match else None)
        paints.append(colour(_PERCENT.sub("", text)) or Paint((0, 0, 0), 0.0))
    share = shares[1] if shares[1] is not None else 1 - shares[0] if shares[0] is not None else 0.5
    share /= (shares[0] or 1 - share) + share or 1
    alpha = (1 - share) * paints[0].alpha + share * paints[1].alpha
    if alpha < MIN_OPACITY:
        return None
    weights = (1 - share) * paints[0].alpha / alpha, share * paints[1].alpha / alpha
    mixed = np.array(weights) @ np.array([paint.rgb for paint in paints])
    red, green, blue = mixed.clip(0, 255).round().astype(int).tolist()
    return Paint((red, green, blue), min(alpha, 1.0))


def ground_colour(text: str) -> RGB | None:
    """The colour of a `background`, of a gradient its first one; None: it shows what is below.

    Example:
        >>> ground_colour("url(a.png) rgb(0, 0, 9) none"), ground_colour("transparent")
        ((0, 0, 9), None)
    """
    for token in tinycss2.parse_component_value_list(text[:_LONGEST], True):
        if token.type == "function" and token.lower_name.endswith("gradient"):
            parts = (_written(part) for part in token.arguments)
            return next((rgb for rgb in map(ground_colour, parts) if rgb is not None), None)
        name = _written(token)
        if token.type in ("ident", "hash", "function") and is_paint(name):
            paint = colour(name)
            if paint is not None:
                return paint.rgb
    return None


def _written(token: Any) -> str:
    """The text of a token; none of brackets that are nested too deep."""
    try:
        return str(tinycss2.serialize([token]))
    except RecursionError:
        return ""


def is_same_colour(first: RGB, second: RGB) -> bool:
    """Whether two colours look alike on paper.

    Example:
        >>> is_same_colour((255, 255, 255), (250, 250, 245))
        True
    """
    return all(abs(a - b) <= SAME_COLOUR for a, b in zip(first, second, strict=True))


@lru_cache(maxsize=1024)
def is_paint(value: str) -> bool:
    """Whether a value is one of `fill` or `stroke`, as browsers see it."""
    name = value.lower()
    keywords = ("none", "context-fill", "context-stroke")
    return (
        name.startswith(("url(", "light-dark(", "color-mix("))
        or name in keywords
        or name in _SYSTEM_COLOURS
        or (name.endswith(")") and ("(from " in name or "calc(" in name))  # read as ink
        or (len(name) <= _LONGEST and parse_color(name) is not None)
    )
