"""The elements of an SVG: what holds for each, and what references point at."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from urllib.parse import unquote

from cssselect2 import ElementWrapper

from sketch_pix2seq.io.svg.limits import MAX_DEPTH
from sketch_pix2seq.io.svg.style import SvgStyle, computed, styled
from sketch_pix2seq.io.svg.stylesheets import StyleSheets
from sketch_pix2seq.io.svg.xml import tag_of

_CSS = ("", "text/css")
_REM = re.compile(r"(\d+\.?\d*|\.\d+)rem\b")
_LONGEST_REM = 4_000  # letters of a text with lengths


class SvgDocument:
    """A document with its style sheets."""

    def __init__(self, root: ET.Element) -> None:
        self.root = ElementWrapper.from_xml_root(root)
        self.sheets = StyleSheets(
            (element.text or "", element.get("media", ""))
            for element in root.iter()
            if tag_of(element) == "style" and element.get("type", "").strip().lower() in _CSS
        )
        self.root_values = computed(SvgStyle(), self.sheets.declared(self.root, 1))
        "Attributes and properties of the root."
        self.root_font_size = styled(SvgStyle(), self.root_values).font_size
        "In pixels; lengths in `rem` refer to it."
        self._by_id: dict[str, ElementWrapper] | None = None
        self._inherited: dict[ET.Element, SvgStyle] = {}

    def declared(self, element: ElementWrapper, around: SvgStyle, depth: int) -> dict[str, str]:
        """The attributes and properties of an element, given the style around it."""
        declared = computed(around, self.sheets.declared(element, depth))
        return {name: self._without_rem(text) for name, text in declared.items()}

    def style_in(self, element: ElementWrapper | None) -> SvgStyle:
        """What a clip path, mask, marker or gradient inherits where it stands, in an element."""
        if element is None:
            return SvgStyle()
        style = self._inherited.get(element.etree_element)
        if style is None:
            around = self.style_in(element.parent)
            style = styled(around, self.declared(element, around, len(element.ancestors) + 1))
            style = replace(style, opacity=1.0, displayed=True)
            self._inherited[element.etree_element] = style
        return style

    def _without_rem(self, text: str) -> str:
        """Replace lengths in `rem` by pixels."""
        if "rem" not in text or len(text) > _LONGEST_REM:
            return text
        return _REM.sub(lambda match: f"{float(match[1]) * self.root_font_size}px", text)

    def target(self, value: str) -> ElementWrapper | None:
        """The element that `url(#id)` points at, if it is in this document."""
        name = value.partition("url(")[2].partition(")")[0].strip("\"' ")
        return self.element(name[1:]) if name.startswith("#") else None

    def element(self, name: str) -> ElementWrapper | None:
        """The first element of an `id`, unless it is nested too deep."""
        if self._by_id is None:
            self._by_id = {}
            waiting = [(self.root, 0)]
            while waiting:
                element, depth = waiting.pop()
                if element.id is not None:
                    self._by_id[element.id] = element  # the last one visited comes first
                if depth < MAX_DEPTH:
                    waiting += [(child, depth + 1) for child in element.iter_children()]
        return self._by_id.get(name) or self._by_id.get(unquote(name))
