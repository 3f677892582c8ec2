"""Media queries: whether a style sheet is meant for a large, light screen.

Source: Media Queries 4.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import tinycss2

from sketch_pix2seq.io.svg.shapes import length

_SIZES = {
    "width": 1280.0,
    "height": 800.0,
    "resolution": 1.0,
    "color": 8.0,
    "monochrome": 0.0,
    "aspect-ratio": 1.6,
}  # of the screen
_FEATURES = {
    "prefers-color-scheme": "light", "orientation": "landscape", "hover": "hover",
    "any-hover": "hover", "pointer": "fine", "any-pointer": "fine", "color-gamut": "srgb",
    "prefers-reduced-motion": "no-preference", "prefers-contrast": "no-preference",
    "prefers-reduced-transparency": "no-preference", "forced-colors": "none",
    "inverted-colors": "none", "scripting": "enabled", "display-mode": "browser",
}  # fmt: skip
_OFF = ("none", "no-preference")
_RANGE = re.compile(
    r"([\d.]++\w*+)?\s*+([<>]?=?)\s*+(width|height|resolution)\s*+([<>]?=?)\s*+([\d.]++\w*+)?"
)
_RESOLUTION = re.compile(r"(\d++\.?\d*+|\.\d++)(dpi|dpcm|dppx|x)")
_DPPX = {"dpi": 1 / 96, "dpcm": 2.54 / 96, "dppx": 1.0, "x": 1.0}
_MAX_NESTED = 8  # brackets within brackets


def is_screen(prelude: Sequence[Any]) -> bool:
    """Whether a list of media queries holds for a large, light screen."""
    return any(map(_holds, split(prelude, ",")))


def _holds(query: Sequence[Any], nested: int = 0) -> bool:
    result, is_not, is_or = True, False, False
    for number, token in enumerate(query):
        if token.type == "ident":
            word = token.lower_value
            is_not |= word == "not"
            is_or |= word == "or"
            result &= word in ("not", "only", "and", "or", "all", "screen")
        elif token.type == "() block":
            content = token.content
            if any(part.type == "() block" for part in content) and nested < _MAX_NESTED:
                holds = _holds([part for part in content if part.type != "comment"], nested + 1)
            else:
                holds = _has_feature(tinycss2.serialize(content).strip().lower())
            result = result or holds if is_or and number else result and holds
    return result != is_not


def _has_feature(text: str) -> bool:
    """Whether the screen has a feature: `min-width: 9px`, `width > 9px`, `hover`."""
    name, _, value = (part.strip() for part in text.partition(":"))
    limit, _, of = name.partition("-") if name[:4] in ("min-", "max-") else ("", "", name)
    if of in _SIZES:
        size = _SIZES[of]
        if of == "aspect-ratio":
            over, _, under = value.partition("/")
            amount = length(over, 0) / (length(under or "1", 0) or 1)
        else:
            amount = _amount(of, value)
        if not value:
            return size > 0
        return amount <= size if limit == "min" else amount >= size if limit else amount == size
    if name in _FEATURES:
        return _FEATURES[name] == value if value else _FEATURES[name] not in _OFF
    match = _RANGE.fullmatch(text)
    if match is None:
        return False
    low, first, of, second, high = match.groups()
    return (low is None or _compares(_amount(of, low), first, _SIZES[of])) and (
        high is None or _compares(_SIZES[of], second, _amount(of, high))
    )


def _amount(of: str, value: str) -> float:
    """A size in pixels, or a resolution in pixels of the screen for one of CSS (else NaN)."""
    if of != "resolution":
        return length(value, 0)
    match = _RESOLUTION.fullmatch(value)
    return float(match[1]) * _DPPX[match[2]] if match else math.nan


def _compares(left: float, sign: str, right: float) -> bool:
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}.get(
        sign, left == right
    )


def split(tokens: Sequence[Any], sign: str) -> list[list[Any]]:
    """Split tokens at a sign, without blanks around."""
    parts: list[list[Any]] = [[]]
    for token in tokens:
        if token.type == "literal" and token.value == sign:
            parts.append([])
        elif token.type != "whitespace" or parts[-1]:
            parts[-1].append(token)
    for part in parts:
        if part and part[-1].type == "whitespace":
            part.pop()
    return parts
