"""Style sheets of an SVG: which declarations hold for an element, in the order of the cascade.

CSS is read by tinycss2 and selected by cssselect2; what selecting may cost is bounded.

Source: CSS Cascading and Inheritance 5, section 6 (order of declarations); CSS Nesting 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import cssselect2
import tinycss2

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.svg.colours import is_paint
from sketch_pix2seq.io.svg.media import is_screen, split
from sketch_pix2seq.io.svg.shapes import transform
from sketch_pix2seq.io.svg.style import KEYWORDS, LONGEST_VALUE, PROPERTIES

_COLOURS = frozenset({"color", "fill", "stroke", "stop-color"})
_ONLY_CSS = frozenset({"background", "background-color", "font", "marker", "rotate", "scale",
                       "translate"})  # attributes of these names set no property  # fmt: skip
_LONGEST_SHEETS = 400_000  # letters, without embedded fonts and pictures
_EMBEDDED = re.compile(r"""url\(\s*+(?:"data:[^"]*+"|'data:[^']*+'|data:[^()"']*+)\s*+\)""")
_MANY_DIGITS = re.compile(r"(\d{300})\d+")  # Python reads no whole numbers of thousands
_LONGEST_NESTED = 4_000  # letters of the selectors of a rule within a rule
_MAX_COMBINATORS = 8  # of a selector; more cost too much, and mean nothing in a drawing
_MAX_TOKENS = 100  # of a selector; real ones have below 20
_MAX_TESTS = 6_000_000  # tokens of selectors that are compared with elements in a document
_TEST = 4  # tokens of a selector that take as long as to begin with it
_MAX_VARIABLES = 500  # of a block
_MAX_NESTED = 8  # rules within rules, and brackets within brackets
_MAX_RULES = 20_000


class _Declaration(NamedTuple):
    name: str
    value: str
    is_important: bool


class _MatchingCost(NamedTuple):
    """What it costs to find out whether a selector chooses an element.

    Args:
        num_tokens: Tokens of the selector, each of which is compared once for every way to choose
            what is around and what is beside.
        num_around: Combinators after which any element around may be meant.
        num_beside: Combinators and counts for which all elements beside are looked at.
    """

    num_tokens: int
    num_around: int
    num_beside: int


class StyleSheets:
    """The style sheets of a document, made of the text and the `media` of each."""

    def __init__(self, sheets: Iterable[tuple[str, str]]) -> None:
        self.num_passed_over = 0
        "Rules that are too costly to select by."
        self.num_imports = 0
        "Sheets of other files, which are never opened."
        self._matcher = cssselect2.Matcher()
        self._layers: dict[str, int] = {}
        self._namespaces: dict[str | None, str] = {}
        self._tests_left = _MAX_TESTS
        self._rules_left = _MAX_RULES
        self._depth = 0
        letters = 0
        for whole, whole_media in sheets:
            sheet = _MANY_DIGITS.sub(r"\1", _EMBEDDED.sub("url()", whole))
            media = _MANY_DIGITS.sub(r"\1", whole_media)
            letters += len(sheet) + len(media)
            if letters > _LONGEST_SHEETS:
                self.num_passed_over += 1
                break
            if not media.strip() or is_screen(tinycss2.parse_component_value_list(media)):
                self._add(tinycss2.parse_stylesheet(sheet, True, True), 0)

    def declared(self, element: cssselect2.ElementWrapper, depth: int) -> dict[str, str]:
        """Return the element's attributes and, over them, what CSS says."""
        attributes = element.etree_element.attrib
        values = {
            name: value
            for name, value in attributes.items()
            if name[0] != "{" and name not in _ONLY_CSS and not _is_wrong_colour(name, value)
        }
        important: dict[str, str] = {}
        self._depth = depth
        matches = self._matcher.match(element) if self._tests_left > 0 else []
        matches = [match for match in matches if match[2] is None]
        matches.sort(key=lambda match: match[-1][0])  # layers, then specificity and order
        blocks = [match[-1][1] for match in matches]
        for block in [*blocks, _declarations(attributes.get("style", ""))]:
            for name, value, is_important in block:
                (important if is_important else values)[name] = value
        return values | important

    def _add(self, rules: Sequence[Any], nested: int, layer: int = 0, around: str = "") -> None:
        """Add rules, of a layer (0: none, which comes last), inside of other rules' selectors."""
        for rule in rules:
            if nested >= _MAX_NESTED:
                self.num_passed_over += 1
                return
            try:
                self._add_one(rule, nested, layer, around)
            except RecursionError:  # nothing but brackets
                self.num_passed_over += 1

    def _add_one(self, rule: Any, nested: int, layer: int, around: str) -> None:
        if rule.type == "qualified-rule":
            self._add_rule(rule, nested, layer, around)
        elif rule.type != "at-rule":
            return
        elif rule.lower_at_keyword == "import":
            self.num_imports += nested == 0  # elsewhere it means nothing
        elif rule.lower_at_keyword == "namespace":
            self._add_namespace(rule.prelude)
        elif rule.lower_at_keyword == "layer" and rule.content is None:
            for name in tinycss2.serialize(rule.prelude).split(","):
                self._layer(name)
        elif rule.content is not None and _is_meant(rule):
            inner = layer
            if rule.lower_at_keyword == "layer":
                inner = self._layer(tinycss2.serialize(rule.prelude))
            if around:
                content = tinycss2.parse_blocks_contents(rule.content, True, True)
                self._add_block(around, content, nested + 1, inner)
            else:
                content = tinycss2.parse_rule_list(rule.content, True, True)
                self._add(content, nested + 1, inner)

    def _layer(self, name: str) -> int:
        """The place of a layer: the first is the weakest, and below what is in none."""
        return self._layers.setdefault(name.strip(), len(self._layers) - _MAX_RULES)

    def _add_namespace(self, prelude: Sequence[Any]) -> None:
        tokens = [token for token in prelude if token.type not in ("whitespace", "comment")]
        prefix = tokens[0].value if tokens and tokens[0].type == "ident" else None
        url = tokens[-1] if tokens else None
        if url is not None and url.type == "function":
            url = next((token for token in url.arguments if token.type == "string"), None)
        if url is not None and url.type in ("string", "url"):
            self._namespaces[prefix] = url.value

    def _add_rule(self, rule: Any, nested: int, layer: int, around: str) -> None:
        text = tinycss2.serialize(rule.prelude).strip()
        if around:
            if len(text) + text.count("&") * len(around) > _LONGEST_NESTED:
                self.num_passed_over += 1
                return
            parts = [tinycss2.serialize(part) for part in split(rule.prelude, ",")]
            text = ", ".join(
                part.replace("&", around) if "&" in part else f"{around} {part}" for part in parts
            )
        content = tinycss2.parse_blocks_contents(rule.content, True, True)
        self._add_block(text, content, nested, layer)

    def _add_block(self, text: str, content: Sequence[Any], nested: int, layer: int) -> None:
        """Add the declarations of a block, and the rules in it."""
        if any(node.type != "declaration" for node in content):
            self._add(content, nested + 1, layer, f":is({text})"[:LONGEST_VALUE])
        block = _as_declarations(content)
        parts = [part for part in split(tinycss2.parse_component_value_list(text), ",") if part]
        self._rules_left -= len(parts)
        costs = [cost for cost in map(_matching_cost, parts) if cost is not None]
        if not block or len(costs) < len(parts) or self._rules_left < 0:
            self.num_passed_over += bool(block)
            return
        try:
            selectors = [
                selector
                for part in parts
                for selector in cssselect2.compile_selector_list(part, self._namespaces)
            ]
        except (cssselect2.SelectorError, NotImplementedError):
            return  # as browsers do
        for selector, cost in zip(selectors, costs, strict=True):
            selector.test = self._counted(selector.test, cost)
            self._matcher.add_selector(selector, (layer, block))

    def _counted(self, test: Callable[[Any], bool], cost: _MatchingCost) -> Callable[[Any], bool]:
        """A selector's test that holds for no element once all of them have cost too much."""

        def counted(element: cssselect2.ElementWrapper) -> bool:
            if self._tests_left <= 0:
                return False
            ways = math.comb(self._depth + cost.num_around, cost.num_around)
            beside = len(element.etree_siblings) ** cost.num_beside if cost.num_beside else 1
            self._tests_left -= _TEST + cost.num_tokens * ways * beside
            if self._tests_left <= 0:
                self.num_passed_over += 1
                return False
            return test(element)

        return counted


@lru_cache(maxsize=1024)
def _declarations(text: str) -> tuple[_Declaration, ...]:
    if not text or len(text) > _LONGEST_SHEETS:
        return ()
    return _as_declarations(tinycss2.parse_blocks_contents(_MANY_DIGITS.sub(r"\1", text)))


def _as_declarations(nodes: Iterable[Any]) -> tuple[_Declaration, ...]:
    """Keep the properties that matter here, with values that a browser would understand."""
    declarations: dict[tuple[str, bool], _Declaration] = {}
    for node in nodes:
        if node.type != "declaration":
            continue
        name = node.name if node.name.startswith("--") else node.lower_name
        if name not in PROPERTIES and not name.startswith("--"):
            continue
        try:
            value = tinycss2.serialize(node.value).strip()
        except RecursionError:  # nothing but brackets
            continue
        is_wrong_transform = (
            name == "transform" and "var(" not in value and not _is_transform(value)
        )
        is_wrong_length = not 0 < len(value) <= LONGEST_VALUE * (100 if name == "d" else 1)
        if not (_is_wrong_colour(name, value) or is_wrong_length or is_wrong_transform):
            if len(declarations) >= _MAX_VARIABLES and name not in PROPERTIES:
                continue
            key = (name, bool(node.important))
            declarations.pop(key, None)  # the last one counts, and where it stands
            declarations[key] = _Declaration(name, value, key[1])
    return tuple(declarations.values())


def _is_wrong_colour(name: str, value: str) -> bool:
    """Whether a value of a property is one for which a browser passes over it."""
    if name not in _COLOURS or "var(" in value:
        return False
    word = value.strip().lower()
    return not (is_paint(word) or word in KEYWORDS)


def _is_transform(value: str) -> bool:
    try:
        transform(value)
    except DrawingError:
        return False
    return True


def _matching_cost(tokens: Sequence[Any], nested: int = 0) -> _MatchingCost | None:
    """What matching one element against a selector costs; None: too much."""
    num_tokens, num_around, num_beside = len(tokens), 0, 0
    kinds = [token.type for token in tokens]
    values = [getattr(token, "value", "") for token in tokens]
    num_around = kinds[1:-1].count("whitespace") + sum(v in (">", "+") for v in values)
    num_beside = values.count("~")
    for token in tokens:
        if token.type != "function":
            num_beside += token.type == "ident" and token.lower_value.endswith("of-type")
            continue
        inner = None
        if token.lower_name != "has" and nested < _MAX_NESTED:
            inner = _matching_cost([t for t in token.arguments if t.type != "comment"], nested + 1)
        if inner is None:
            return None
        num_tokens += inner.num_tokens
        is_nth = token.lower_name.startswith("nth-")
        num_around += 0 if is_nth else inner.num_around
        num_beside += inner.num_beside + (is_nth and token.lower_name != "nth-child")
    is_cheap = num_tokens <= _MAX_TOKENS and num_around <= _MAX_COMBINATORS and num_beside <= 2
    return _MatchingCost(num_tokens, num_around, num_beside) if is_cheap else None


def _is_meant(rule: Any) -> bool:
    """Whether an at-rule holds for a browser with a large, light screen."""
    if rule.lower_at_keyword == "media":
        return is_screen(rule.prelude)
    if rule.lower_at_keyword == "supports":
        return not tinycss2.serialize(rule.prelude).strip().lower().startswith("not")
    return bool(rule.lower_at_keyword == "layer")
