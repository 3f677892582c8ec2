from __future__ import annotations

import pytest

from sketch_pix2seq.io.svg_style import SvgStyle, is_same_colour, read_rules, styled

RED, BLACK = (255, 0, 0), (0, 0, 0)


def test_defaults_are_a_black_area_without_line() -> None:
    assert SvgStyle().fill_rgb == BLACK
    assert SvgStyle().stroke_rgb is None


def test_attributes_are_inherited_and_overridden() -> None:
    parent = styled(SvgStyle(), "g", {"stroke": "red", "fill": "none"}, {})
    child = styled(parent, "path", {}, {})
    assert (child.stroke_rgb, child.fill_rgb) == (RED, None)
    assert styled(parent, "path", {"stroke": "none"}, {}).stroke_rgb is None
    assert styled(parent, "path", {"stroke": "inherit"}, {}).stroke_rgb == RED
    coloured = styled(SvgStyle(), "g", {"color": "red"}, {})
    assert styled(coloured, "path", {"stroke": "currentColor"}, {}).stroke_rgb == RED


def test_css_wins_over_attributes_and_style_over_css() -> None:
    rules = read_rules(["path{stroke:blue} .a{stroke:red} #b{stroke:lime} path.c{stroke:#00f}"])
    attributes = {"stroke": "black"}

    def stroke(**more: str) -> tuple[int, int, int] | None:
        return styled(SvgStyle(), "path", {**attributes, **more}, rules).stroke_rgb

    assert stroke() == (0, 0, 255)
    assert stroke(**{"class": "x a"}) == RED
    assert stroke(**{"class": "a", "id": "b"}) == (0, 255, 0)
    assert stroke(**{"class": "a c"}) == (0, 0, 255)
    assert stroke(**{"class": "a", "style": "stroke: #010203 !important"}) == (1, 2, 3)


@pytest.mark.parametrize(
    "attributes",
    [
        {"display": "none"},
        {"visibility": "hidden"},
        {"opacity": "0"},
        {"opacity": "0%"},
        {"stroke-opacity": "0.001"},
        {"stroke-width": "0"},
        {"stroke-width": "0px"},
        {"stroke": "transparent"},
        {"stroke": "rgba(1, 2, 3, 0)"},
        {"stroke": "#ff000000"},
        {"style": "stroke:none"},
    ],
    ids=str,
)
def test_what_is_invisible_has_no_line(attributes: dict[str, str]) -> None:
    assert styled(SvgStyle(), "path", {"stroke": "red"} | attributes, {}).stroke_rgb is None


def test_a_visible_child_of_a_hidden_group_is_seen_but_not_of_one_without_display() -> None:
    hidden = styled(SvgStyle(), "g", {"visibility": "hidden"}, {})
    assert styled(hidden, "path", {"visibility": "visible"}, {}).fill_rgb == BLACK
    gone = styled(SvgStyle(), "g", {"display": "none"}, {})
    assert styled(gone, "path", {"display": "inline"}, {}).fill_rgb is None
    faint = styled(SvgStyle(), "g", {"opacity": "0.1"}, {})
    assert styled(faint, "path", {"opacity": "0.1"}, {}).fill_rgb is None


@pytest.mark.parametrize("colour", ["url(#gradient)", "nonsense", "rgb(", "#12", "hsl(x)"])
def test_paint_that_is_unknown_is_ink(colour: str) -> None:
    assert styled(SvgStyle(), "path", {"stroke": colour}, {}).stroke_rgb is not None


def test_rules_that_are_not_understood_are_passed_over() -> None:
    sheet = "/* {x} */ a b{fill:red} @media print{.p{fill:red}} .x>.y,.z{fill:red;width:5px}"
    assert read_rules([sheet])[".z"] == {"fill": "red"}
    assert read_rules(["/*" * 100_000, "*/.a{fill:red}/*", "x" * 100_000]) == {}
    assert read_rules(["/**/.a{/* y */fill:red}"]) == {".a": {"fill": "red"}}
    assert read_rules(["{{{{}}}", "", ".a{", "}" * 1000, ".b{fill}"]) is not None


def test_nearly_equal_colours() -> None:
    assert is_same_colour((255, 255, 255), (250, 248, 240))
    assert not is_same_colour((255, 255, 255), (255, 255, 200))
