"""How the elements of an SVG are painted: properties that are inherited, variables, opacity."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sketch_pix2seq.io.svg.colours import MIN_OPACITY, Paint, colour
from sketch_pix2seq.io.svg.shapes import CALCULATED, GEOMETRY, length

_INHERITED = {
    "color": "black", "fill": "black", "stroke": "none", "stroke-width": "1", "fill-opacity": "1",
    "stroke-opacity": "1", "visibility": "visible", "fill-rule": "nonzero",
    "clip-rule": "nonzero", "font-size": "16", "marker-start": "none", "marker-mid": "none",
    "marker-end": "none",
}  # fmt: skip
PROPERTIES = GEOMETRY | _INHERITED.keys() | {
    "background", "background-color", "clip-path", "display", "font", "marker", "mask", "opacity",
    "mask-type", "overflow", "rotate", "scale", "stop-color", "stop-opacity", "transform",
    "transform-box", "transform-origin", "translate", "vector-effect",
}  # fmt: skip
"""What of CSS matters here."""
KEYWORDS = frozenset({"inherit", "initial", "unset", "revert", "revert-layer"})
"""Values that any property may have."""
LONGEST_VALUE = 1_000
"""Letters of a value; longer ones are passed over."""
_KEYWORDED = frozenset({"visibility", "fill-rule", "clip-rule"})  # in letters of any case
_MAX_VARIABLES = 8  # in a value, and that stand for each other
_MAX_NAMES = 1_000  # of variables that hold for an element
_INVALID = "\0"
_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,\s*((?:[^()]|\([^()]*\))*))?\)")
_LIGHT_DARK = re.compile(r"light-dark\(((?:[^(),]|\([^()]*\))*),(?:[^()]|\([^()]*\))*\)")
_FONT_SIZES = {
    "xx-small": 9.6, "x-small": 12.0, "small": 14.2, "medium": 16.0, "large": 19.2, "x-large": 24.0,
    "xx-large": 32.0,
}  # fmt: skip
_RELATIVE_SIZES = {"larger": 1.2, "smaller": 1 / 1.2}
_FONT = re.compile(r"(?:^|\s)([\d.]+(?:[a-z]+|%)|(?:xx?-)?(?:small|large)|medium)(?=[\s/])", re.I)


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
        alpha = self.opacity * opacity(self.values[f"{name}-opacity"])
        hidden = self.values["visibility"] in ("hidden", "collapse")
        if hidden or not self.displayed or alpha < MIN_OPACITY:
            return None
        if name == "stroke" and self.stroke_width <= 0:
            return None
        value = self.values[name].strip()
        return self.values["color"] if value.lower() == "currentcolor" else value

    def colour(self, name: str) -> Paint | None:
        """The colour of `fill` or `stroke`, unless it is a reference or is invisible."""
        value = self.paint(name)
        paint = None if value is None else colour(value)
        if paint is None:
            return None
        return Paint(
            paint.rgb, paint.alpha * self.opacity * opacity(self.values[f"{name}-opacity"])
        )


def computed(parent: SvgStyle, declared: Mapping[str, str]) -> dict[str, str]:
    """Put the values of variables into properties, and what `initial`, `unset` and so on mean.

    Args:
        parent: Style of the element around it.
        declared: Its attributes and properties, as they are written.

    Example:
        >>> computed(SvgStyle({"--pen": "red"}), {"stroke": "var(--pen)", "fill": "unset"})
        {'stroke': 'red'}
    """
    variables = {**parent.values, **declared} if "var(" in "".join(declared.values()) else {}
    values = {}
    for name, text in declared.items():
        value = text
        if name in PROPERTIES or name.startswith("--"):
            value = _substituted(text, variables)
            word = value.strip().lower()
            if word == "initial" and name in _INHERITED:
                value = _INHERITED[name]
            elif word in KEYWORDS and (word != "inherit" or name in _INHERITED):
                continue
        values[name] = value
    return values


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
    for name in _KEYWORDED & specified.keys():
        specified[name] = specified[name].strip().lower()
    values = {**parent.values, **specified}
    if len(values) > _MAX_NAMES:
        values = {**parent.values, **{n: specified[n] for n in specified if n in _INHERITED}}
    font = _FONT.search(declared.get("font", ""))
    size = _font_size(
        values["font-size"] if "font-size" in specified else font[1] if font else "",
        parent.font_size,
    )
    values["font-size"] = str(size)
    text = values["stroke-width"].strip()
    is_width = text.startswith((*"+.0123456789", *CALCULATED))  # what is wrong is passed over
    if "stroke-width" in specified:
        width = str(length(text, extent, size)) if is_width else parent.values["stroke-width"]
        values["stroke-width"] = width
    if values["color"].strip().lower() == "currentcolor":
        values["color"] = parent.values["color"]
    alpha = parent.opacity * opacity(declared.get("opacity", "1"))
    displayed = parent.displayed and declared.get("display", "").strip().lower() != "none"
    return SvgStyle(values, alpha, displayed)


def _font_size(text: str, around: float) -> float:
    """Return a font's size in pixels, that around it where the text says none."""
    word = text.strip().lower()
    if word in _RELATIVE_SIZES:
        return around * _RELATIVE_SIZES[word]
    size = _FONT_SIZES.get(word) or length(word, around, around)
    return size if size > 0 else around


def _substituted(value: str, values: Mapping[str, str]) -> str:
    """Substitute the values of variables, and for `light-dark` the light one.

    A variable without a value makes what it stands in `unset`.
    """
    for _ in range(_MAX_VARIABLES):
        if "var(" not in value:
            break
        if value.count("var(") > _MAX_VARIABLES or len(value) > LONGEST_VALUE:
            return "unset"
        value = _VARIABLE.sub(
            lambda match: values.get(match[1], _INVALID if match[2] is None else match[2]), value
        )
        if _INVALID in value or len(value) > LONGEST_VALUE:
            return "unset"
    else:
        return "unset"
    return _LIGHT_DARK.sub(r"\1", value) if "light-dark(" in value else value


def opacity(text: str) -> float:
    """Read an opacity, a number or a percentage, as one from 0 to 1."""
    is_number = text.strip().startswith((*"+-.0123456789", *CALCULATED))
    return min(max(length(text, 1.0) if is_number else 1.0, 0.0), 1.0)
