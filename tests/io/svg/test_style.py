from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from cssselect2 import ElementWrapper

from sketch_pix2seq.io.svg.colours import colour, is_same_colour
from sketch_pix2seq.io.svg.style import SvgStyle, computed, styled
from sketch_pix2seq.io.svg.stylesheets import StyleSheets

RED, BLACK = (255, 0, 0), (0, 0, 0)


def rgb(style: SvgStyle, name: str = "stroke") -> tuple[int, int, int] | None:
    paint = style.colour(name)
    return None if paint is None else paint.rgb


def stroke_of(sheet: str, **attributes: str) -> tuple[int, int, int] | None:
    root = ElementWrapper.from_xml_root(ET.Element("path", attributes))
    return rgb(styled(SvgStyle(), StyleSheets([(sheet, "")]).declared(root, 1)))


def test_defaults_are_a_black_area_without_line() -> None:
    assert rgb(SvgStyle(), "fill") == BLACK
    assert rgb(SvgStyle()) is None


def test_attributes_are_inherited_and_overridden() -> None:
    parent = styled(SvgStyle(), {"stroke": "red", "fill": "none"})
    child = styled(parent, {})
    assert (rgb(child), rgb(child, "fill")) == (RED, None)
    assert rgb(styled(parent, {"stroke": "none"})) is None
    assert rgb(styled(parent, {"stroke": "inherit"})) == RED
    coloured = styled(SvgStyle(), {"color": "red"})
    assert rgb(styled(coloured, {"stroke": "currentColor"})) == RED


def test_the_cascade() -> None:
    sheet = "path{stroke:blue} .a{stroke:red} #b{stroke:lime} path.c{stroke:#00f}"
    assert stroke_of(sheet, stroke="black") == (0, 0, 255)
    assert stroke_of(sheet, **{"class": "x a"}) == RED
    assert stroke_of(sheet, **{"class": "a", "id": "b"}) == (0, 255, 0)
    assert stroke_of(sheet, **{"class": "a c"}) == (0, 0, 255)
    assert stroke_of(sheet, **{"class": "a", "style": "stroke: #010203"}) == (1, 2, 3)
    assert stroke_of("path{stroke:red!important}", style="stroke:blue") == RED
    assert stroke_of("path{stroke:red!important}", style="stroke:blue!important") == (0, 0, 255)


@pytest.mark.parametrize(
    "attributes",
    [
        {"display": "none"},
        {"display": " None"},
        {"visibility": "HIDDEN "},
        {"visibility": "hidden"},
        {"opacity": "0"},
        {"opacity": "0%"},
        {"stroke-opacity": "0.001"},
        {"stroke-width": "0"},
        {"stroke-width": "0px"},
        {"stroke": "transparent"},
        {"stroke": "rgba(1, 2, 3, 0)"},
        {"stroke": "#ff000000"},
    ],
    ids=str,
)
def test_what_is_invisible_has_no_line(attributes: dict[str, str]) -> None:
    assert rgb(styled(SvgStyle(), {"stroke": "red"} | attributes)) is None


def test_keywords_are_in_letters_of_any_case() -> None:
    styles = styled(SvgStyle(), {"fill-rule": "EvenOdd", "clip-rule": " EVENODD"})
    assert [styles.values[f"{name}-rule"] for name in ("fill", "clip")] == ["evenodd"] * 2


def test_a_visible_child_of_a_hidden_group_is_seen_but_not_of_one_without_display() -> None:
    hidden = styled(SvgStyle(), {"visibility": "hidden"})
    assert rgb(styled(hidden, {"visibility": "visible"}), "fill") == BLACK
    gone = styled(SvgStyle(), {"display": "none"})
    assert rgb(styled(gone, {"display": "inline"}), "fill") is None
    faint = styled(SvgStyle(), {"opacity": "0.1"})
    assert rgb(styled(faint, {"opacity": "0.1"}), "fill") is None


@pytest.mark.parametrize("text", ["nonsense", "rgb(", "#12", "hsl(x)"])
def test_paint_that_is_unknown_is_ink(text: str) -> None:
    assert colour(text) is not None


@pytest.mark.parametrize(
    ("media", "holds"),
    [
        ("all", True),
        ("screen", True),
        ("print", False),
        ("not print", True),
        ("print, screen", True),
        ("only screen and (min-width: 300px)", True),
        ("(max-width: 300px)", False),
        ("(prefers-color-scheme: dark)", False),
        ("(prefers-color-scheme: light)", True),
        *((f"(min-resolution: {value})", True) for value in ("96dpi", "1dppx", "1x", "30dpcm")),
        *((f"(max-resolution: {value})", False) for value in ("72dpi", ".9X", "30dpcm", "96")),
        ("(min-resolution: 2dppx)", False),
        ("(min-resolution: 192dpi)", False),
        ("(max-resolution: 192DPI)", True),
        ("(max-resolution: 40dpcm)", True),
        ("(resolution: 96dpi)", True),
        ("(resolution: 1px)", False),
        ("(resolution)", True),
        ("(resolution >= 1.5dppx)", False),
        ("(resolution < 120dpi)", True),
        ("(72dpi < resolution <= 1x)", True),
    ],
)
def test_media(media: str, holds: bool) -> None:
    assert (stroke_of(f"@media {media}{{path{{stroke:red}}}}") == RED) == holds


@pytest.mark.parametrize(
    "sheet",
    [
        "/*" * 100_000,
        "{{{{}}}",
        "}" * 1000,
        "path{stroke:" + "(" * 50_000,
        "a ~ b, " * 1000 + "path:has(a){stroke:red}",
        "* * * * * path{stroke:red}",
        "@media " * 10_000,
    ],
)
def test_sheets_that_are_not_understood_are_passed_over(sheet: str) -> None:
    assert stroke_of(sheet) is None


@pytest.mark.parametrize(
    ("declared", "size"),
    [
        ({"font-size": "2em"}, 20), ({"font-size": "150%"}, 15), ({"font-size": "larger"}, 12),
        ({"font-size": "x-large"}, 24), ({"font-size": "nonsense"}, 10), ({"font-size": "-1"}, 10),
        ({"font": "italic 2em/1.2 serif"}, 20), ({"font": "bold medium serif"}, 16),
        ({"--s": "7px", "font-size": "var(--s)"}, 7), ({}, 10),
    ],
)  # fmt: skip
def test_the_size_of_a_font(declared: dict[str, str], size: float) -> None:
    around = styled(SvgStyle(), {"font-size": "10"})
    assert styled(around, computed(around, declared)).font_size == pytest.approx(size)


@pytest.mark.parametrize(
    ("text", "width"),
    [("2em", 20), ("10%", 20), ("calc(1px + 1mm)", 1 + 96 / 25.4), (".5", 0.5), ("0", 0)]
    + [(text, 3) for text in ("-1", "medium", "", "inherit", "red")],
)
def test_the_width_of_a_line(text: str, width: float) -> None:
    around = styled(SvgStyle(), {"font-size": "10", "stroke-width": "3"})
    style = styled(around, {"stroke-width": text}, 200)
    assert style.stroke_width == pytest.approx(width)
    assert styled(style, {"font-size": "50"}).stroke_width == style.stroke_width


def test_nearly_equal_colours() -> None:
    assert is_same_colour((255, 255, 255), (250, 248, 240))
    assert not is_same_colour((255, 255, 255), (255, 255, 200))
