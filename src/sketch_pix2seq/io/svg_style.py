"""How the elements of an SVG are painted: presentation attributes, CSS, colours.

CSS is read by tinycss2 and selected by cssselect2; here are the cascade and what of `@media` and
of values concerns a drawing.

Source: CSS Cascading and Inheritance 4, section 6 (order of declarations); Media Queries 4.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import cssselect2
import numpy as np
import tinycss2
from tinycss2.color4 import parse_color

from sketch_pix2seq.io.svg_shapes import GEOMETRY, length

RGB = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""
SAME_COLOUR = 24
"""Steps of 255 by which colours differ that look alike on paper."""

_INHERITED = {
    "color": "black", "fill": "black", "stroke": "none", "stroke-width": "1", "fill-opacity": "1",
    "stroke-opacity": "1", "visibility": "visible", "fill-rule": "nonzero",
    "clip-rule": "nonzero", "font-size": "16", "marker-start": "none", "marker-mid": "none",
    "marker-end": "none",
}  # fmt: skip
_PROPERTIES = GEOMETRY | _INHERITED.keys() | {
    "background", "background-color", "clip-path", "display", "font", "marker", "mask", "opacity",
    "overflow", "rotate", "scale", "stop-color", "transform", "transform-origin", "translate",
}  # fmt: skip
_COLOURS = frozenset({"color", "fill", "stroke", "stop-color"})
_LONGEST_SHEETS = 1_000_000  # letters
_LONGEST_VALUE = 1_000
_MAX_COMBINATORS = 3  # of a selector; more cost too much, and mean nothing in a drawing
_MAX_TESTS = 30_000_000  # of selectors in a document
_MAX_NESTED = 8  # rules within rules
_MIN_OPACITY = 0.02  # below it nothing is visible
_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,\s*((?:[^()]|\([^()]*\))*))?\)")
_LIGHT_DARK = re.compile(r"light-dark\(((?:[^(),]|\([^()]*\))*),(?:[^()]|\([^()]*\))*\)")
_FONT_SIZES = {
    "xx-small": 9.6, "x-small": 12.0, "small": 14.2, "medium": 16.0, "large": 19.2, "x-large": 24.0,
    "xx-large": 32.0,
}  # fmt: skip
_RELATIVE_SIZES = {"larger": 1.2, "smaller": 1 / 1.2}
_FONT = re.compile(r"(?:^|\s)([\d.]+(?:[a-z]+|%)|(?:xx?-)?(?:small|large)|medium)(?=[\s/])", re.I)
_FEATURES = {"prefers-color-scheme": "light", "orientation": "landscape"}  # of the screen


class Paint(NamedTuple):
    """A colour and how far it covers what is below, 0 to 1."""

    rgb: RGB
    alpha: float


class _Declaration(NamedTuple):
    name: str
    value: str
    is_important: bool


@dataclass(frozen=True)
class SvgStyle:
    """How an element is painted; the defaults are SVG's own.

    Args:
        values: Inherited property -> value, as it is written.
        opacity: Of the element and all around it.
        displayed: False with `display: none`, here or around it.
    """

    values: Mapping[str, str] = field(default_factory=lambda: _INHERITED)
    opacity: float = 1.0
    displayed: bool = True

    @property
    def font_size(self) -> float:
        """In pixels."""
        return float(self.values["font-size"])

    @property
    def stroke_width(self) -> float:
        """In the element's own units."""
        return float(self.values["stroke-width"])

    def paint(self, name: str) -> str | None:
        """What `fill` or `stroke` paints with: a colour or a reference; None: nothing visible."""
        alpha = self.opacity * _opacity(self.values[f"{name}-opacity"])
        hidden = self.values["visibility"].strip() in ("hidden", "collapse")
        if hidden or not self.displayed or alpha < _MIN_OPACITY:
            return None
        if name == "stroke" and self.stroke_width <= 0:
            return None
        value = self.values[name].strip()
        return self.values["color"] if value.lower() == "currentcolor" else value

    def colour(self, name: str) -> Paint | None:
        """The colour of `fill` or `stroke`, unless it is a reference or cannot be seen."""
        value = self.paint(name)
        paint = None if value is None else colour(value)
        if paint is None:
            return None
        return Paint(
            paint.rgb, paint.alpha * self.opacity * _opacity(self.values[f"{name}-opacity"])
        )


class StyleSheets:
    """The style sheets of a document."""

    def __init__(self, sheets: Iterable[str]) -> None:
        self._matcher = cssselect2.Matcher()
        self._combinators = [0] * (_MAX_COMBINATORS + 1)
        self._tests_left = _MAX_TESTS
        letters = 0
        for sheet in sheets:
            letters += len(sheet)
            if letters > _LONGEST_SHEETS:
                break
            self._add(tinycss2.parse_stylesheet(sheet, True, True), 0)

    def declared(self, element: cssselect2.ElementWrapper, depth: int) -> dict[str, str]:
        """Return the element's attributes and, over them, what CSS says."""
        attributes = element.etree_element.attrib
        values = {name: value for name, value in attributes.items() if name[0] != "{"}
        important: dict[str, str] = {}
        self._tests_left -= sum(n * depth**k for k, n in enumerate(self._combinators))
        matches = self._matcher.match(element) if self._tests_left > 0 else []
        blocks = [match[-1] for match in matches if match[2] is None]
        for block in [*blocks, _declarations(attributes.get("style", ""))]:
            for name, value, is_important in block:
                (important if is_important else values)[name] = value
        return values | important

    def _add(self, rules: Sequence[Any], nested: int) -> None:
        for rule in rules:
            if rule.type == "qualified-rule":
                self._add_rule(rule)
            elif rule.type == "at-rule" and rule.content is not None and nested < _MAX_NESTED:
                is_media = rule.lower_at_keyword == "media"
                if rule.lower_at_keyword in ("supports", "layer") or (
                    is_media and _is_screen(rule.prelude)
                ):
                    self._add(tinycss2.parse_rule_list(rule.content, True, True), nested + 1)

    def _add_rule(self, rule: Any) -> None:
        block = _as_declarations(tinycss2.parse_blocks_contents(rule.content))
        if not block:
            return
        for part in _split(rule.prelude, ","):
            kinds = [token.type for token in part]
            values = [getattr(token, "value", "") for token in part]
            combinators = kinds[1:-1].count("whitespace") + sum(v in (">", "+") for v in values)
            if "function" in kinds or "~" in values or combinators > _MAX_COMBINATORS:
                continue
            try:
                selectors = cssselect2.compile_selector_list(part)
            except cssselect2.SelectorError:
                continue
            for selector in selectors:
                self._matcher.add_selector(selector, block)
                self._combinators[combinators] += 1


def styled(parent: SvgStyle, declared: Mapping[str, str], extent: float = 100.0) -> SvgStyle:
    """Compute the style of an element.

    Args:
        parent: Style of the element around it.
        declared: Its properties.
        extent: Length to which percentages of the stroke's width refer.

    Example:
        >>> styled(SvgStyle(), {"stroke": "red", "fill": "none"}).colour("stroke").rgb
        (255, 0, 0)
    """
    specified = {
        name: declared[name]
        for name in declared
        if (name in _INHERITED or name.startswith("--")) and declared[name].strip() != "inherit"
    }
    for name in ("marker-start", "marker-mid", "marker-end") if "marker" in declared else ():
        specified.setdefault(name, declared["marker"])
    values = {**parent.values, **specified}
    for name in specified:
        values[name] = _substituted(specified[name], values)
    font = _FONT.search(declared.get("font", ""))
    size = _font_size(
        values["font-size"] if "font-size" in specified else font[1] if font else "",
        parent.font_size,
    )
    values["font-size"] = str(size)
    text = values["stroke-width"].strip()
    is_width = text.startswith((*"+.0123456789", "calc("))  # what is wrong is passed over
    if "stroke-width" in specified:
        width = str(length(text, extent, size)) if is_width else parent.values["stroke-width"]
        values["stroke-width"] = width
    if values["color"].strip().lower() == "currentcolor":
        values["color"] = parent.values["color"]
    opacity = parent.opacity * _opacity(declared.get("opacity", "1"))
    displayed = parent.displayed and declared.get("display", "").strip() != "none"
    return SvgStyle(values, opacity, displayed)


def _font_size(text: str, around: float) -> float:
    """Return a font's size in pixels, that around it where the text says none."""
    word = text.strip().lower()
    if word in _RELATIVE_SIZES:
        return around * _RELATIVE_SIZES[word]
    size = _FONT_SIZES.get(word) or length(word, around, around)
    return size if size > 0 else around


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
    parsed = parse_color(name) if len(name) <= _LONGEST_VALUE else None
    if parsed is None or isinstance(parsed, str):
        return Paint((0, 0, 0), 1.0)
    parts = np.nan_to_num(np.array(parsed.to("srgb").coordinates, np.float64)).clip(0, 1)
    red, green, blue = (255 * parts).round().astype(int).tolist()
    return None if parsed.alpha < _MIN_OPACITY else Paint((red, green, blue), parsed.alpha)


def is_same_colour(first: RGB, second: RGB) -> bool:
    """Whether two colours look alike on paper.

    Example:
        >>> is_same_colour((255, 255, 255), (250, 250, 245))
        True
    """
    return all(abs(a - b) <= SAME_COLOUR for a, b in zip(first, second, strict=True))


@lru_cache(maxsize=1024)
def _declarations(text: str) -> tuple[_Declaration, ...]:
    if not text or len(text) > _LONGEST_SHEETS:
        return ()
    return _as_declarations(tinycss2.parse_blocks_contents(text))


def _as_declarations(nodes: Iterable[Any]) -> tuple[_Declaration, ...]:
    """Keep the properties that matter here, with values that a browser would understand."""
    declarations = []
    for node in nodes:
        if node.type != "declaration":
            continue
        name = node.name if node.name.startswith("--") else node.lower_name
        if name not in _PROPERTIES and not name.startswith("--"):
            continue
        try:
            value = tinycss2.serialize(node.value).strip()
        except RecursionError:  # nothing but brackets
            continue
        is_wrong_colour = name in _COLOURS and "var(" not in value and not _is_paint(value)
        is_wrong_length = not 0 < len(value) <= _LONGEST_VALUE * (100 if name == "d" else 1)
        if not is_wrong_colour and not is_wrong_length:
            declarations.append(_Declaration(name, value, bool(node.important)))
    return tuple(declarations)


def _is_paint(value: str) -> bool:
    """Whether a value is one of `fill` or `stroke`."""
    name = value.lower()
    keywords = ("none", "inherit", "context-fill", "context-stroke")
    return (
        name.startswith(("url(", "light-dark("))
        or name in keywords
        or parse_color(name) is not None
    )


def _substituted(value: str, values: Mapping[str, str]) -> str:
    """Substitute the values of variables, and for `light-dark` the light one."""
    for _ in range(4):
        if "var(" not in value or len(value) > _LONGEST_VALUE:
            break
        value = _VARIABLE.sub(lambda match: values.get(match[1], match[2] or ""), value)
    return _LIGHT_DARK.sub(r"\1", value) if "light-dark(" in value else value


def _is_screen(prelude: Sequence[Any]) -> bool:
    """Whether a list of media queries holds for a large, light screen."""
    return any(map(_holds, _split(prelude, ",")))


def _holds(query: Sequence[Any]) -> bool:
    result, is_not = True, False
    for token in query:
        if token.type == "ident":
            word = token.lower_value
            is_not |= word == "not"
            result &= word in ("not", "only", "and", "all", "screen")
        elif token.type == "() block":
            name, _, value = tinycss2.serialize(token.content).partition(":")
            name, value = name.strip().lower(), value.strip().lower()
            result &= name.startswith("min-") or _FEATURES.get(name, "") == value
    return result != is_not


def _split(tokens: Sequence[Any], sign: str) -> list[list[Any]]:
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


def _opacity(text: str) -> float:
    """Return an opacity from 0 to 1, a number or a percentage."""
    return min(max(length(text, 1.0) if text.strip()[:1] in "+-.0123456789" else 1.0, 0.0), 1.0)
