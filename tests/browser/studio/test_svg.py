"""SVGs read by the studio's page in Chromium, against the lines that Python reads of the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Error, Page
from starlette.responses import HTMLResponse

from serving import serving
from sketch_pix2seq.web.site import new_site
from svg_cases import CASES, LINE, SvgCase, assert_same_strokes

LINE_OF_PEN = '<path d="M10 10L90 20" stroke="black"/>'
READ_SVGS = """async documents => {
  const { strokesInSvg } = await import("/static/studio/svg.js");
  return documents.map(strokesInSvg);
}"""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """An empty page beside the studio's scripts; of its words there are just the names."""
    app = new_site("Library", "An empty page.")
    words = (
        '<script type="application/json" id="page-words">'
        '{"texts": {}, "phrases": {}, "categories": {}}</script>'
    )
    page = f"<!doctype html><title>Library</title>{words}"
    app.get("/")(lambda: HTMLResponse(page))
    with serving(app) as address:
        yield address


def test_small_svgs_give_the_lines_that_they_show(site: str, sheet: Page) -> None:
    """The same documents are read by Python in `tests/io/svg/test_svg_in.py`."""
    sheet.goto(site)
    documents = [case.document for case in CASES.values()]
    for case, found in zip(CASES.values(), sheet.evaluate(READ_SVGS, documents), strict=True):
        assert_same_strokes([np.array(stroke).T for stroke in found["strokes"]], case.strokes)
        assert found["leftOut"] == case.left_out


def test_svgs_without_a_namespace_are_read(site: str, sheet: Page) -> None:
    sheet.goto(site)
    (found,) = sheet.evaluate(READ_SVGS, [f"<?xml version='1.0'?><svg>{LINE_OF_PEN}</svg>"])
    assert found["strokes"] == [[[10, 90], [10, 20]]]


@pytest.mark.parametrize("damaged", [CASES["lines"].document[:-20], "<html></html>", "<"])
def test_damaged_svgs_are_refused(site: str, context: BrowserContext, damaged: str) -> None:
    page = context.new_page()  # Chromium's note of the mistake has a style that the policy forbids
    page.goto(site)
    with pytest.raises(Error, match="svgDamaged"):  # the site of this test has no words
        page.evaluate(READ_SVGS, [damaged])


def test_numbers_without_meaning_are_left_out(site: str, sheet: Page) -> None:
    far = '<path d="M0 0h1e13" stroke="red"/><g transform="scale(1e300)"><path d="M0 0h1e300"/></g>'
    sheet.goto(site)
    (found,) = sheet.evaluate(READ_SVGS, [SvgCase(far + LINE_OF_PEN + "<rect/>", []).document])
    assert found["leftOut"] == "2 x shape too far from the page"
    assert len(found["strokes"]) == 1


def test_svgs_too_large_say_what_is_left_out(site: str, sheet: Page) -> None:
    sheet.goto(site)
    many = SvgCase('<path d="M0 0h9" stroke="red"/>' * 5_001, []).document
    empty = SvgCase("<g/>" * 50_000 + '<path d="M0 0h9"/>', []).document
    marker = '<marker id="m"><path d="M0 0h9" stroke="red"/></marker>'
    corners = " ".join(f"{number},{number % 2}" for number in range(5_010))
    marked = f'{marker}<polyline points="{corners}" marker-mid="url(#m)" stroke="red"/>'
    deep = SvgCase(LINE_OF_PEN + "<g>" * 65 + "</g>" * 65, []).document
    found = sheet.evaluate(
        READ_SVGS,
        [many, LINE_OF_PEN.join(empty.split("<g/>", 1)), deep, SvgCase(marked, []).document],
    )
    assert [one["leftOut"] for one in found] == [
        "all after 5000 strokes",
        "all after 50000 elements",
        "what is nested more than 64 deep",
        "all after 5000 strokes",
    ]


def test_both_edges_of_an_area_are_read(site: str, sheet: Page) -> None:
    """They are no line drawn twice: an area has no pen."""
    sheet.goto(site)
    ring = SvgCase('<path fill-rule="evenodd" d="M10 10h9v9h-9zM11.5 11.5h6v6h-6z"/>', []).document
    (found,) = sheet.evaluate(READ_SVGS, [ring])
    sides = [np.ptp(stroke, axis=1).tolist() for stroke in found["strokes"]]
    assert sides == [[9, 9], [6, 6]]


def test_nothing_of_an_svg_runs_is_fetched_or_stays(site: str, sheet: Page) -> None:
    asked: list[str] = []
    sheet.goto(site)
    sheet.evaluate("() => import('/static/studio/svg.js')")
    sheet.on("request", lambda request: asked.append(request.url))
    away = "url(https://example.invalid/a.svg#a)"
    hostile = SvgCase(
        "<script>top.ran = 1</script><script href='/a.js'/>"
        "<image href='/a.png' onerror='top.ran = 1'/>"
        "<style>@import '/a.css'; @font-face { font-family: A; src: url(/a.woff) } "
        f"path {{ fill: {away}; filter: {away}; background: url( '/a.png' ); font-family: A; "
        "cursor: url(/a.png), auto } path::before { content: url(/a.png) }</style>"
        f'<g style="mask: {away}" onload="top.ran = 1" onclick="top.ran = 1">{LINE_OF_PEN}</g>'
        '<a href="javascript:top.ran = 1"><set attributeName="display" to="none"/></a>'
        '<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="/a.html"/>'
        '</foreignObject><use href="/a.svg#a"/><animate onbegin="top.ran = 1" dur="1s"/>',
        [],
    ).document
    hidden = SvgCase(LINE_OF_PEN, []).document.replace("<svg", '<svg display="none"')
    (found,) = sheet.evaluate(READ_SVGS, [hostile])
    assert_same_strokes([np.array(stroke).T for stroke in found["strokes"]], [LINE])
    with pytest.raises(Error, match="svgEmpty"):
        sheet.evaluate(READ_SVGS, [hidden])
    sheet.evaluate("() => new Promise(requestAnimationFrame)")
    assert asked == []
    assert sheet.evaluate(
        "() => [window.ran, document.querySelectorAll('iframe, svg').length]"
    ) == [
        None,
        0,
    ]
