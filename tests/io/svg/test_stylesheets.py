from __future__ import annotations

import pytest

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.svg.svg_in import read_svg

SEEN = '<path class="a" id="i" d="M10 10L90 20"/>'
GONE = '<path class="x" d="M0 0L9 99" fill="none" stroke="red"/>'


def strokes(sheet: str, inside: str, media: str = "") -> list[list[list[float]]]:
    document = f"<style{media}>{sheet}</style><g>{inside}</g>"
    data = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{document}</svg>'
    return [stroke.tolist() for stroke in read_svg(data.encode()).strokes]


@pytest.mark.parametrize(
    "sheet",
    [
        ":not(.x) { stroke: black } .x { display: none }",
        "path:not(.x, .y) { stroke: black } .x { display: none }",
        ":is(.a, .b) { stroke: black } .x { display: none }",
        ":where(#i) { stroke: red } .a { stroke: black } .x { display: none }",
        "path:nth-child(odd) { stroke: black } path:nth-child(2) { display: none }",
        "path:nth-of-type(1) { stroke: black } path:last-child { display: none }",
        ".a { stroke: black } .a ~ path { display: none }",
        "svg > g > .a { stroke: black } svg g path.x { display: none }",
        "g { .a { stroke: black } .x { display: none } }",
        ".a { &#i { stroke: black } } .x { display: none }",
        ".a { @media screen { stroke: black } } .x { display: none }",
        ".a { stroke: black } @layer base { #i { stroke: none } } .x { display: none }",
        ".a { stroke: black } @supports not (r: 1) { .a { stroke: none } } .x { display: none }",
        '@namespace s url(http://www.w3.org/2000/svg); s|path { stroke: black } .x { opacity: 0 }',
        ".a { stroke: black } .a, .b:::wrong { stroke: none } .x { display: none }",
        ".x { transform: none } .a { stroke: black } .x { display: none }",
    ],
)  # fmt: skip
def test_selectors_choose_as_in_browsers(sheet: str) -> None:
    sheet = sheet.replace("&", "&amp;").replace(">", "&gt;")
    assert strokes(sheet, SEEN + GONE) == [[[10, 10], [90, 20]]]


@pytest.mark.parametrize(
    "sheet",
    [
        ":root { --no: none } .a { stroke: black } .x { display: var(--no) }",
        ":root { --no: 0 } .a { stroke: black } .x { opacity: var(--no) }",
        "svg { --a: var(--b); --b: var(--a) } .a { stroke: black } .x { stroke: var(--a) }",
        "g { stroke: black } .a { stroke: var(--nothing) } .x { display: none }",
        "g { stroke: black } path { stroke: none } .a { stroke: unset } .x { display: none }",
        "g { stroke: black } .x { stroke: initial }",
        ".a { stroke: black } .x { opacity: calc(1 - 1) }",
        "g { stroke-width: 0 } .a { stroke: black; stroke-width: initial }",
    ],
)
def test_variables_and_keywords_hold_for_every_property(sheet: str) -> None:
    assert strokes(sheet, SEEN + GONE) == [[[10, 10], [90, 20]]]


@pytest.mark.parametrize(
    "query",
    [
        "screen", "not print", "(min-width: 300px) and (max-width: 4000px)", "(width &gt; 300px)",
        "(300px &lt;= width &lt;= 4000px)", "(max-width: 1px) or (hover)", "only screen",
        "(prefers-reduced-motion: no-preference)", "(min-width: 1px) and (not (max-width: 2px))",
        "print, screen", "not screen and (max-width: 9px)", "(min-aspect-ratio: 1/1)",
    ],
)  # fmt: skip
def test_a_large_light_screen(query: str) -> None:
    sheet = f"@media {query} {{ .a {{ stroke: black }} .x {{ display: none }} }}"
    assert strokes(sheet, SEEN + GONE) == [[[10, 10], [90, 20]]]
    assert strokes(".a { stroke: black } .x { display: none }", SEEN + GONE, f' media="{query}"')


@pytest.mark.parametrize(
    "query",
    ["print", "(max-width: 99px)", "not screen", "(monochrome)", "(odd: 1)", "(width: 1px)"],
)
def test_sheets_for_others_are_passed_over(query: str) -> None:
    line = '<path d="M10 10L90 20" stroke="black"/>'
    hidden = "path { display: none }"
    assert strokes(f"@media {query} {{ {hidden} }}", line)
    assert strokes(hidden, line, f' media="{query}"')
    assert strokes(hidden, line, ' type="text/x-scss"')


@pytest.mark.parametrize(
    ("sheet", "part"),
    [
        ("g:has(.b) path { stroke: none }", "selector"),
        (".a" * 200 + " { stroke: none }", "selector"),
        (":is(" * 20 + ".a" + ")" * 20 + " { stroke: none }", "selector"),
        (":is(" * 9_000 + ".a" + ")" * 9_000 + " { stroke: none }", "selector"),
        ("@media " + "(" * 9_000 + "hover" + ")" * 9_000 + " { .a { stroke: none } }", "selector"),
        (".a {" * 9_000 + "stroke: none" + "}" * 9_000, "selector"),
        ("&amp; {" * 8 + "&amp;" * 2_000 + "{ stroke: none }" + "}" * 8, "selector"),
    ],
)
def test_selectors_that_cost_too_much_are_said(sheet: str, part: str) -> None:
    line = '<path class="a" d="M10 10L90 20" stroke="black"/>'
    sketch = read_svg(f"<svg><style>{sheet}</style><g>{line}</g></svg>".encode())
    assert len(sketch.strokes) == 1
    assert part in (sketch.left_out or "")


def test_selecting_ends_after_so_many_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sketch_pix2seq.io.svg.stylesheets._MAX_TESTS", 200)
    line = '<path class="a" d="M10 10L90 20" stroke="black"/>'
    sheet = "g g g g .a { stroke: black }"
    sketch = read_svg(f"<svg><style>{sheet}</style>{line * 200}</svg>".encode())
    assert "selector" in (sketch.left_out or "")
    with pytest.raises(DrawingError, match="selector"):
        read_svg(f"<svg><style>{sheet}</style>{SEEN * 200}</svg>".encode())


def test_embedded_fonts_do_not_count() -> None:
    font = f"@font-face {{ src: url(data:font/woff2;base64,{'A' * 3_000_000}) }}"
    assert strokes(f"{font} .a {{ stroke: black }} .x {{ display: none }}", SEEN + GONE)
    assert len(strokes(f"{font} .a {{ stroke: black }}", SEEN + GONE)) == 2
