"""Which parts of an SVG are visible: presentation attributes, simple CSS, colours.

Of CSS it knows the selectors `*`, `tag`, `.class`, `tag.class` and `#id`, which drawing
programs write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from svgelements import Color

Rules: TypeAlias = Mapping[str, Mapping[str, str]]
"""Selector -> property -> value."""

_PROPERTIES = frozenset(
    {
        "color", "display", "fill", "fill-opacity", "opacity", "stroke", "stroke-opacity",
        "stroke-width", "visibility",
    }
)  # fmt: skip
_SELECTOR = re.compile(r"[\w*.#-]+")
_SAME_COLOUR = 24  # steps of 255 that look alike on paper
_MOST_CLASSES = 32  # of one element
_LONGEST_COLOUR = 64
_SEEN = 0.02  # opacity below which nothing is seen


@dataclass(frozen=True, kw_only=True)
class SvgStyle:
    """How an element is painted; the defaults are SVG's own."""

    color: str = "black"
    fill: str = "black"
    stroke: str = "none"
    stroke_width: str = "1"
    fill_opacity: float = 1.0
    stroke_opacity: float = 1.0
    opacity: float = 1.0
    visible: bool = True
    displayed: bool = True

    @property
    def stroke_rgb(self) -> tuple[int, int, int] | None:
        """Colour of the line, None when no line is seen."""
        if _leading_number(self.stroke_width, 1.0) <= 0:
            return None
        return self._seen(self.stroke, self.stroke_opacity)

    @property
    def fill_rgb(self) -> tuple[int, int, int] | None:
        """Colour of the area, None when no area is seen."""
        return self._seen(self.fill, self.fill_opacity)

    def _seen(self, colour: str, opacity: float) -> tuple[int, int, int] | None:
        if not self.visible or not self.displayed or opacity * self.opacity < _SEEN:
            return None
        return _rgb(self.color if colour.lower() == "currentcolor" else colour)


def styled(parent: SvgStyle, tag: str, attributes: Mapping[str, str], rules: Rules) -> SvgStyle:
    """Work out how an element is painted: attributes, then CSS rules, then its `style`.

    Args:
        parent: Style of the element around it.
        tag: Name of the element, without namespace.
        attributes: The element's attributes.
        rules: Rules of the document's style sheets.

    Example:
        >>> styled(SvgStyle(), "g", {"stroke": "red", "style": "fill: none"}, {}).fill_rgb is None
        True
    """
    found = {name: attributes[name] for name in _PROPERTIES & attributes.keys()}
    classes = attributes.get("class", "").split()[:_MOST_CLASSES]
    selectors = ["*", tag, *(f".{name}" for name in classes)]
    selectors += [f"{tag}.{name}" for name in classes]
    selectors.append(f"#{attributes.get('id', '')}")
    for selector in selectors:
        found.update(rules.get(selector, {}))
    found.update(_declarations(attributes.get("style", "")))
    found = {name: value for name, value in found.items() if value != "inherit"}
    return SvgStyle(
        color=found.get("color", parent.color),
        fill=found.get("fill", parent.fill),
        stroke=found.get("stroke", parent.stroke),
        stroke_width=found.get("stroke-width", parent.stroke_width),
        fill_opacity=_opacity(found, "fill-opacity", parent.fill_opacity),
        stroke_opacity=_opacity(found, "stroke-opacity", parent.stroke_opacity),
        opacity=parent.opacity * _opacity(found, "opacity", 1.0),
        visible=found.get("visibility", "visible" if parent.visible else "hidden") == "visible",
        displayed=parent.displayed and found.get("display", "inline") != "none",
    )


def read_rules(sheets: Iterable[str]) -> Rules:
    """Read the rules of `<style>` elements that have a simple selector; others are passed over.

    Example:
        >>> read_rules([".a, #b {fill: none; font: x}"])
        {'.a': {'fill': 'none'}, '#b': {'fill': 'none'}}
    """
    rules: dict[str, dict[str, str]] = {}
    for sheet in sheets:
        for block in _without_comments(sheet).split("}"):
            selectors, _, body = block.rpartition("{")
            declarations = _declarations(body)
            for selector in (part.strip() for part in selectors.split(",")):
                if _SELECTOR.fullmatch(selector):
                    rules.setdefault(selector, {}).update(declarations)
    return rules


def is_same_colour(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """Whether two colours, red, green and blue to 255, look alike on paper.

    Example:
        >>> is_same_colour((255, 255, 255), (250, 250, 245))
        True
    """
    return all(abs(a - b) <= _SAME_COLOUR for a, b in zip(one, other, strict=True))


def _without_comments(sheet: str) -> str:
    """Leave out `/* ... */`, in one pass whatever the text is."""
    first, *rest = sheet.split("/*")
    return first + "".join(part.partition("*/")[2] for part in rest)


def _declarations(text: str) -> dict[str, str]:
    """Read `name: value; ...`, keeping the properties that matter here."""
    pairs = (part.partition(":") for part in text.split(";"))
    return {
        name.strip().lower(): value.replace("!important", "").strip()
        for name, _, value in pairs
        if name.strip().lower() in _PROPERTIES
    }


def _leading_number(text: str, default: float) -> float:
    """Return the number a text begins with."""
    match = re.match(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)", text)
    return float(match.group(1)) if match else default


def _opacity(found: Mapping[str, str], name: str, default: float) -> float:
    """Return an opacity from 0 to 1, a number or a percentage."""
    text = found.get(name)
    if text is None:
        return default
    value = _leading_number(text, 1.0) / (100 if text.rstrip().endswith("%") else 1)
    return min(max(value, 0.0), 1.0)


def _rgb(colour: str) -> tuple[int, int, int] | None:
    """Return red, green and blue; None for no paint. Gradients and unknown names are black."""
    name = colour.strip().lower()
    if name in ("none", "transparent", ""):
        return None
    if name.startswith("url(") or len(name) > _LONGEST_COLOUR:
        return (0, 0, 0)
    try:
        parsed = Color(name)
    except (ValueError, TypeError, AttributeError, IndexError):
        return (0, 0, 0)
    if parsed.value is None or parsed.alpha < 255 * _SEEN:
        return None
    return (parsed.red, parsed.green, parsed.blue)
