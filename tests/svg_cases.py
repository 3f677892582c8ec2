"""Small SVGs and the strokes they show, for both readers of SVG: Python's and the page's."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

Line = list[tuple[float, float]]


class SvgCase(NamedTuple):
    """What an SVG shows; its page goes from (0, 0) to (100, 100).

    Args:
        inside: The elements of the document.
        strokes: The lines that are visible.
        left_out: What is not read, in words.
        root: More attributes of the document.
    """

    inside: str
    strokes: list[Line]
    left_out: str = ""
    root: str = ""

    @property
    def document(self) -> str:
        """The whole document."""
        namespaces = (
            'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            'xmlns:svg="http://www.w3.org/2000/svg"'
        )
        return f'<svg {namespaces} viewBox="0 0 100 100" {self.root}>{self.inside}</svg>'


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> Line:
    """Points of an ellipse between two angles in degrees, clockwise on the page."""
    turns = np.radians(np.linspace(start, end, 65))
    return [(x + rx * c, y + ry * s) for c, s in zip(np.cos(turns), np.sin(turns), strict=True)]


def bezier(*controls: tuple[float, float]) -> Line:
    """Points of a Bezier curve by its polynomials of Bernstein."""
    degree = len(controls) - 1
    binomial = {2: (1, 2, 1), 3: (1, 3, 3, 1)}[degree]
    at = np.linspace(0, 1, 65)[:, None]
    weights = (
        np.array(binomial) * at ** np.arange(degree + 1) * (1 - at) ** np.arange(degree, -1, -1)
    )
    return [(x, y) for x, y in (weights @ np.array(controls)).tolist()]


def _pen(*data: str) -> str:
    return "".join(f'<path d="{one}" fill="none" stroke="black"/>' for one in data)


LINE: Line = [(10, 10), (90, 20)]
_LINE = _pen("M10 10L90 20")
_HOUSE = [(20, 80), (20, 40), (50, 20), (80, 40), (80, 80)]

CASES = {
    "far from the page": SvgCase(
        _pen("M0 0L9e6 5") + _LINE + '<rect x="-9e8" width="5" height="5"/>',
        [LINE],
        "2 x shape too far from the page",
    ),
    "lines": SvgCase(
        _pen("M20 80V40L50,20 80,40v40Z", "m5 5 10 0h10m20-2l1.5.5.5-1.5"),
        [[*_HOUSE, (20, 80)], [(5, 5), (15, 5), (25, 5)], [(45, 3), (46.5, 3.5), (47, 2)]],
    ),
    "after a closed line the pen is at its start": SvgCase(
        _pen("M10 10h20v20zl40 70"),
        [[(10, 10), (30, 10), (30, 30), (10, 10)], [(10, 10), (50, 80)]],
    ),
    "cubic curves": SvgCase(
        _pen("M10 50C10 10 40 10 50 50S80 90 90 50"),
        [
            [
                *bezier((10, 50), (10, 10), (40, 10), (50, 50)),
                *bezier((50, 50), (60, 90), (80, 90), (90, 50)),
            ]
        ],
    ),
    "quadratic curves": SvgCase(
        _pen("M10 50q20-40 40 0t40 0", "M10 90T50 70"),
        [
            [*bezier((10, 50), (30, 10), (50, 50)), *bezier((50, 50), (70, 90), (90, 50))],
            [(10, 90), (50, 70)],
        ],
    ),
    "arcs": SvgCase(
        _pen("M10 50a40 40 0 0180 0", "M50 90A20 10 90 10 50 50", "M10 95A1 1 0 0 0 30 95"),
        [
            arc(50, 50, 40, 40, 180, 360),
            # half as high as its chord is long: a half circle would need a larger radius
            arc(50, 70, 10, 20, 90, -90),
            arc(20, 95, 10, 10, 180, 0),
        ],
    ),
    "a path ends at its first mistake": SvgCase(
        _pen("M10 10L20 30 40 5L60 oops 70 90"), [[(10, 10), (20, 30), (40, 5)]]
    ),
    "dots": SvgCase(_LINE + _pen("M40 50h0", "M70 70z"), [LINE, [(40, 50)], [(70, 70)]]),
    "round shapes": SvgCase(
        '<g fill="none" stroke="#333"><circle cx="40" cy="30" r="20"/>'
        '<ellipse cx="50" cy="80" rx="30" ry="10"/></g>',
        [arc(40, 30, 20, 20, 0, 360), arc(50, 80, 30, 10, 0, 360)],
    ),
    "rectangles": SvgCase(
        '<g fill="none" stroke="#333"><rect x="10" y="10" width="30" height="20"/>'
        '<rect x="50" y="50" width="40" height="30" rx="10"/><rect width="9"/></g>',
        [
            [(10, 10), (40, 10), (40, 30), (10, 30), (10, 10)],
            [
                *arc(80, 60, 10, 10, 270, 360),
                *arc(80, 70, 10, 10, 0, 90),
                *arc(60, 70, 10, 10, 90, 180),
                *arc(60, 60, 10, 10, 180, 270),
                (80, 50),
            ],
        ],
    ),
    "polygons": SvgCase(
        '<g fill="none" stroke="#333"><polyline points="5,90 20,70,35 90"/>'
        '<polygon points="60 90 75 70 90 90"/></g>',
        [[(5, 90), (20, 70), (35, 90)], [(60, 90), (75, 70), (90, 90), (60, 90)]],
    ),
    "units": SvgCase(
        '<g stroke="black"><line x1="10%" y1="50%" x2="50%" y2="10%"/>'
        '<line x1="10mm" y1="0.5in" x2="60px" y2="60pt"/></g>',
        [[(10, 50), (50, 10)], [(960 / 25.4, 48), (60, 80)]],
    ),
    "transforms": SvgCase(
        '<g transform="translate(10 20)"><g transform="scale(2) rotate(90)" stroke="red">'
        '<line x2="30" y2="-10" transform="translate(1)"/></g></g>'
        '<line x2="30" y2="10" stroke="red" style="transform: translate(40px, 80px)"/>',
        [[(10, 22), (30, 82)], [(40, 80), (70, 90)]],
    ),
    "references": SvgCase(
        f'<defs><g id="a">{_LINE}</g></defs><use href="#a" y="5"/>'
        '<use xlink:href="#a" transform="scale(.5)"/><use href="#none"/>',
        [[(10, 15), (90, 25)], [(5, 5), (45, 10)]],
    ),
    "symbols": SvgCase(
        f'<symbol id="a" viewBox="0 0 100 50">{_LINE}</symbol>'
        '<use href="#a" x="20" y="10" width="50" height="50"/>',
        [[(25, 27.5), (65, 32.5)]],
    ),
    "inner documents": SvgCase(
        f'<svg x="10" width="80" height="40" viewBox="0 0 100 100">{_LINE}</svg>'
        f'<svg y="60" width="80" height="40" viewBox="0 0 100 100" preserveAspectRatio=" xMinYMid">'
        f'{_LINE}</svg><svg y="50" width="50" height="50" viewBox="0 0 100 200"'
        f' preserveAspectRatio="none">{_LINE}</svg>',
        [[(34, 4), (66, 8)], [(4, 64), (36, 68)], [(5, 52.5), (45, 55)]],
    ),
    "style sheets": SvgCase(
        "<style>/* a comment { } */ #last { stroke: none } .pen, .other { fill: none; "
        "stroke: #123 } path { stroke: none; fill: none } @media print { .pen { display: none } }"
        " @media screen { .away { display: none } } @media (prefers-color-scheme: dark) "
        "{ .pen { display: none } }</style>"
        '<path class="pen" d="M10 10L90 20"/><path d="M0 0L9 99"/>'
        '<path class="pen away" d="M1 1h9"/><path class="pen" id="last" d="M0 0L9 99"/>',
        [LINE],
    ),
    "important styles": SvgCase(
        "<style>.cover { stroke: none !important; fill: none }</style>"
        '<path class="cover" d="M0 0L9 99" style="stroke: black"/>'
        '<path class="cover" d="M10 10L90 20" style="stroke: black !important"/>'
        '<path d="M0 0L9 99" style="stroke: none !important; stroke: red; fill: none"/>',
        [LINE],
    ),
    "what is not visible": SvgCase(
        f'{_LINE}<g opacity="0">{_pen("M0 0L9 99")}</g><g display="none">{_pen("M0 0L9 99")}</g>'
        '<g fill="none"><path d="M0 0L9 99" stroke="red" visibility="hidden"/>'
        '<path d="M0 0L9 99" stroke="red" stroke-opacity="0%"/>'
        '<path d="M0 0L9 99" stroke="red" stroke-width="0"/>'
        '<path d="M0 0L9 99" stroke="rgba(255, 0, 0, 0)"/>'
        '<path d="M0 0L9 99" stroke="hsl(0, 100%, 99%)"/></g>'
        '<rect width="9" height="9" fill="snow"/>',
        [LINE],
    ),
    "grey paper": SvgCase(f'<rect width="100%" height="100%" fill="#ccc"/>{_LINE}', [LINE]),
    "dark paper": SvgCase(
        '<rect x="-1" y="-1" width="102" height="102" fill="#222"/>'
        '<path d="M10 10L90 20" stroke="white"/><path d="M0 0L9 99" stroke="#111"/>',
        [LINE],
    ),
    "clear paper": SvgCase(
        '<rect width="100" height="100" fill-opacity="0"/><rect width="100" height="100" '
        f'fill="black" opacity=".1"/><rect width="100%" height="100%" visibility="hidden"/>{_LINE}',
        [LINE],
    ),
    "framed paper": SvgCase(
        '<rect width="100" height="100" fill="#222" stroke="#282828"/>'
        '<path d="M10 10L90 20" stroke="white"/><path d="M20 30L29 90" stroke="#111"/>',
        [LINE],
    ),
    "a frame": SvgCase(
        f'<rect width="100" height="100" fill="white" stroke="black"/>{_LINE}',
        [[(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)], LINE],
    ),
    "white lines alone": SvgCase('<path d="M10 10L90 20" stroke="white"/>', [LINE]),
    "areas": SvgCase(
        '<path d="M10 10L90 20V90z" fill="teal"/><line x1="9" y1="9" x2="50" y2="99"/>',
        [[*LINE, (90, 90), (10, 10)]],
    ),
    "covered lines": SvgCase(
        f'{_LINE}<rect x="50" y="5" width="20" height="30" fill="white"/>'
        '<circle cx="30" cy="70" r="20" fill="#135"/><path d="M20 70h20" stroke="white"/>'
        '<path d="M22 80h16" stroke="#124"/>',
        [
            [(10, 10), (50, 15)],
            [(70, 17.5), (90, 20)],
            arc(30, 70, 20, 20, 0, 360),
            [(20, 70), (40, 70)],
        ],
    ),
    "prefixed elements": SvgCase(
        '<svg:style>.gone { display: none }</svg:style><svg:g fill="none" stroke="black">'
        '<svg:path d="M10 10L90 20"/><svg:path class="gone" d="M0 0L9 99"/></svg:g>',
        [LINE],
    ),
    "choices": SvgCase(
        '<switch stroke="black" fill="none"><path systemLanguage="de" d="M0 0L9 99"/>'
        '<path systemLanguage="fr, en-GB" d="M10 10L90 20"/><path d="M0 0L9 99"/></switch>',
        [LINE],
    ),
    "what is not read": SvgCase(
        f'{_LINE}<text x="9" y="9">cat</text><text x="9" y="19">dog</text>'
        '<image href="a.png" width="9" height="9"/><foreignObject width="9" height="9"/>',
        [LINE],
        "2 x text; picture; foreign object",
    ),
    "what is not read and not displayed": SvgCase(
        f'<style>.no {{ display: none }}</style>{_LINE}<text display="none">a</text>'
        '<image class="no" href="a.png"/><text systemLanguage="de">a</text>',
        [LINE],
    ),
    "more kinds than are named": SvgCase(
        _LINE
        + "<text>a</text>" * 5
        + "<image/>" * 4
        + "<foreignObject/>" * 3
        + ("<g>" * 99 + "</g>" * 99) * 2
        + '<path d="M1e13 0h1" stroke="black"/>',
        [LINE],
        "5 x text; 4 x picture; 3 x foreign object; 2 x what is nested more than 64 deep;"
        " 1 of other kinds",
    ),
    "cut lines": SvgCase(
        '<clipPath id="c"><rect width="50" height="100"/></clipPath>'
        f'<g clip-path="url(#c)">{_LINE}</g>',
        [[(10, 10), (50, 15)]],
    ),
    "markers": SvgCase(
        '<marker id="m" markerUnits="userSpaceOnUse" overflow="visible">'
        '<path d="M0-5v10" stroke="black"/></marker>'
        '<path d="M10 50h20" fill="none" stroke="black" marker-end="url(#m)"/>',
        [[(10, 50), (30, 50)], [(30, 45), (30, 55)]],
    ),
    "masked lines": SvgCase(
        '<mask id="m" maskUnits="userSpaceOnUse" width="100" height="100">'
        '<rect width="100" height="100" fill="white"/><rect x="40" width="20" height="100"/></mask>'
        f'<g mask="url(#m)">{_pen("M10 10H90")}</g>',
        [[(10, 10), (40, 10)], [(60, 10), (90, 10)]],
    ),
    "clips of clips, as large as what they cut": SvgCase(
        '<clipPath id="half" clipPathUnits="objectBoundingBox"><path d="M0 0H.5V1H0z"/></clipPath>'
        '<clipPath id="both" clip-path="url(#top)"><path d="M20 0h60v100h-60"/></clipPath>'
        '<clipPath id="top"><rect width="100" height="50"/></clipPath>'
        '<path clip-path="url(#half)" d="M10 60H90V80" fill="none" stroke="black"/>'
        f'<g clip-path="url(#both)">{_pen("M10 10H90", "M10 55H90")}</g>',
        [[(10, 60), (50, 60)], [(20, 10), (80, 10)]],
    ),
    "cut areas": SvgCase(
        '<clipPath id="c"><rect x="20" y="20" width="60" height="60"/></clipPath>'
        '<path clip-path="url(#c)" d="M0 50H100V100H0z" fill="teal"/>',
        [[(20, 50), (80, 50), (80, 80), (20, 80), (20, 50)]],
    ),
    "inner documents cut": SvgCase(
        f'<svg width="50" height="100">{_LINE}</svg><svg overflow="visible" y="30">{_LINE}</svg>',
        [[(10, 10), (50, 15)], [(10, 40), (90, 50)]],
    ),
    "what clips, markers and gradients inherit": SvgCase(
        '<g display="none" transform="translate(50 50)" clip-rule="evenodd" fill="none" '
        'stroke="black" color="white"><clipPath id="c"><path d="M0 0H100V100H0zM40 0H60V100H40z"/>'
        '</clipPath><marker id="m" markerUnits="userSpaceOnUse" overflow="visible">'
        '<path d="M0-5v10"/></marker><linearGradient id="w"><stop stop-color="currentColor"/>'
        f'</linearGradient></g><g clip-path="url(#c)">{_pen("M10 10H90")}</g>'
        '<path d="M10 50h20" fill="none" stroke="black" marker-end="url(#m)"/>'
        '<path d="M10 90H90" stroke="url(#w)"/>',
        [[(10, 10), (40, 10)], [(60, 10), (90, 10)], [(10, 50), (30, 50)], [(30, 45), (30, 55)]],
    ),
    "markers turned": SvgCase(
        '<marker id="m" viewBox="0 0 10 10" refX="5" refY="5" markerWidth="10" markerHeight="10"'
        ' orient="auto"><path d="M5 0v10" stroke="context-stroke"/></marker>'
        '<path d="M10 50h20v20" fill="none" stroke="black" marker-end="url(#m)"/>',
        [[(10, 50), (30, 50), (30, 70)], [(35, 70), (25, 70)]],
    ),
    "variables and current colour": SvgCase(
        "<style>:root { --ink: #123; --paper: none } .pen { fill: var(--paper); "
        "stroke: var(--ink) } g > :nth-child(2) { stroke: currentColor }</style>"
        '<g fill="none" color="teal"><title>a</title><path d="M10 10L90 20"/></g>'
        '<path class="pen" d="M10 40L90 50"/><g color="white" fill="none">'
        '<path d="M0 0L9 99" stroke="currentColor"/></g>',
        [LINE, [(10, 40), (90, 50)]],
    ),
    "transforms of style sheets": SvgCase(
        "<style>path { fill: none; stroke: black } .a { transform: rotate(90deg); "
        "transform-origin: 50% 50px } .b { transform-box: fill-box; transform-origin: center; "
        "transform: scale(2) } .c { translate: 10px 20% }</style>"
        '<path class="a" d="M20 50H70"/><path class="b" d="M70 80h10v10"/>'
        '<path class="c" d="M0 0H9"/><path d="M10 50H30" style="transform-origin: calc(10px + 2%) '
        '30px; transform: rotate(90deg); translate: calc(1px + 2px) calc(2 * (1px + 1px))"/>',
        [
            [(50, 20), (50, 70)],
            [(65, 75), (85, 75), (85, 95)],
            [(10, 20), (19, 20)],
            [(-5, 32), (-5, 52)],
        ],
    ),
    "sizes of style sheets": SvgCase(
        "<style>circle { r: 20px } circle, rect { fill: none; stroke: black }</style>"
        '<circle cx="50" cy="30"/><rect y="60" width="calc(50% - 10px)" height="2em"/>',
        [arc(50, 30, 20, 20, 0, 360), [(0, 60), (40, 60), (40, 92), (0, 92), (0, 60)]],
    ),
    "lines whose width is not scaled": SvgCase(
        '<g transform="scale(10)" fill="none" stroke="black"><path d="M1 1H9" '
        'vector-effect="non-scaling-stroke"/><path d="M1 1.5H9" style="vector-effect: '
        'non-scaling-stroke"/></g>',
        [[(10, 10), (90, 10)], [(10, 15), (90, 15)]],
        root='width="5cm" height="40"',
    ),
    "lines in pieces": SvgCase(
        _pen("M10 10H50", "M90 30V10H50", "M10 60H90", "M50 40V80"),
        [[(10, 10), (90, 10), (90, 30)], [(10, 60), (90, 60)], [(50, 40), (50, 80)]],
    ),
    "lines drawn twice": SvgCase(
        _pen("M10 10L90 20", "M90 20L10 10", "M10 50H90M90.5 50.5L10 50.5"),
        [LINE, [(10, 50), (90, 50)]],
    ),
    "lines of a pen as areas": SvgCase(
        '<path d="M10 10H90V14H10z"/><path fill-rule="evenodd" d="M50 40a30 30 0 1 0 .01 0z'
        'M50 44a26 26 0 1 1-.01 0z"/>',
        [[(12, 12), (88, 12)], arc(50, 70, 28, 28, 0, 360)],
    ),
    "lines of a pen as one area": SvgCase(
        f'<path d="{" ".join(f"M10 {y}H{90 - y / 10}v1H10z" for y in range(10, 90, 10))}"/>',
        [[(10.5, y + 0.5), (89.5 - y / 10, y + 0.5)] for y in range(10, 90, 10)],
    ),
    "attributes of other programs": SvgCase(
        '<path data-style="stroke: red" style="stroke: black" data-onclick="a" onclick="a"'
        ' d="M10 10L90 20"/>',
        [LINE],
    ),
    "attributes that are no properties": SvgCase(
        '<g translate="no" background="black" transform="translate(5 5)">'
        f'<path d="M5 5L85 15" rotate="90" scale="2" stroke="black"/></g>{_pen("M10 70H90")}',
        [LINE, [(10, 70), (90, 70)]],
        root='background="black" translate="no"',
    ),
    "paints that are none": SvgCase(
        f'{_LINE}<path d="M0 0L9 99" fill="none" stroke="undefined"/>'
        '<g fill="none" stroke="black"><path d="M10 30H40V40" fill="null"/></g>'
        '<path d="M50 50H90V90H50z" fill=""/>',
        [LINE, [(10, 30), (40, 30), (40, 40)], [(50, 50), (90, 50), (90, 90), (50, 90), (50, 50)]],
    ),
    "dark paper of a style": SvgCase(
        '<style>svg { background: #111 }</style><path d="M10 10L90 20" stroke="white"/>'
        '<path d="M0 0L9 99" stroke="#181818"/>',
        [LINE],
    ),
    "gradients": SvgCase(
        '<linearGradient id="w"><stop stop-color="white"/></linearGradient>'
        '<linearGradient id="k"><stop offset="1"/></linearGradient>'
        '<linearGradient id="l" href="#k"/><path d="M10 10L90 20" stroke="url(#l)"/>'
        '<path d="M10 40L90 50" stroke="url(#w)"/>',
        [LINE],
    ),
    "what is empty": SvgCase(
        f'<symbol id="s" viewBox="0 0 9 9">{_LINE}</symbol><use href="#s" width="0" height="9"/>'
        f'<svg width="0">{_LINE}</svg><use id="i" href="#i"/>{_LINE}',
        [LINE],
        "`use`, as it must not draw itself; got #i",
    ),
    "a stretched page": SvgCase(
        f'<rect width="100" height="100" fill="#eee"/>{_LINE}'
        '<line x1="50%" y1="50%" x2="90" y2="100%" stroke="black"/>',
        [[(10, 5), (90, 10)], [(50, 25), (90, 50)]],
        root='width="20mm" height="1cm" preserveAspectRatio=" none "',
    ),
    "a page that is not stretched": SvgCase(
        _LINE, [LINE], root='width="100%" height="10" preserveAspectRatio="none"'
    ),
    "patterns are ink": SvgCase(
        '<pattern id="p" width="9" height="9" patternUnits="userSpaceOnUse"><path d="M0 0h9"/>'
        '</pattern><path d="M10 10h80v50h-80z" fill="url(#p)"/>'
        '<path d="M10 90h80" stroke="url(#p)"/>',
        [[(10, 10), (90, 10), (90, 60), (10, 60), (10, 10)], [(10, 90), (90, 90)]],
        "pattern",
    ),
    "elements of other files": SvgCase(
        f'<use href="other.svg#a"/><use xlink:href="a.svg#a"/><use href="#none"/><use/>{_LINE}',
        [LINE],
        "2 x `use` of another file",
    ),
    "style sheets of other files": SvgCase(
        "<style>@import url('a.css?a;b'); /* @import 'no.css'; */ @IMPORT \"b.css\" screen;"
        '.pen { stroke: black; fill: none }</style><path class="pen" d="M10 10L90 20"/>',
        [LINE],
        "2 x style sheet of another file",
    ),
    "clips of what is not read hide nothing, empty ones all": SvgCase(
        '<clipPath id="t"><text>a</text></clipPath><clipPath id="e"/>'
        f'<g clip-path="url(#t)">{_LINE}</g><g clip-path="url(#e)">{_pen("M10 50H90")}</g>',
        [LINE],
        "text",
    ),
    "links without a namespace before others, even empty ones": SvgCase(
        '<g display="none"><path id="p" d="M10 50H90" stroke="black"/></g>'
        '<linearGradient id="black"><stop/></linearGradient>'
        '<linearGradient id="a" href="" xlink:href="#black"/>'
        '<linearGradient id="b" xmlns:l="http://www.w3.org/1999/xlink" l:href=" #black"/>'
        '<use href="" xlink:href="#p"/><path d="M10 60H90" stroke="url(#a)"/>'
        '<path d="M10 10L90 20" stroke="url(#b)"/>',
        [LINE],
    ),
}


def assert_same_strokes(found: list[np.ndarray], expected: list[Line]) -> None:
    """Check that strokes are the lines that are expected, from the same ends, within a half.

    Closed lines may begin anywhere.
    """
    assert len(found) == len(expected), found
    for stroke, points in zip(found, expected, strict=True):
        line = np.array(points, float)
        if not np.allclose(line[0], line[-1], atol=0.01):
            np.testing.assert_allclose(stroke[[0, -1]], line[[0, -1]], atol=0.2)
        for one, other in ((stroke, line), (line, stroke)):
            assert _farthest(one, other) < 0.5, (stroke, points)


def _farthest(line: np.ndarray, other: np.ndarray) -> float:
    """The largest distance of a line from another one."""
    along = np.linspace(0, max(len(line) - 1, 1e-9), 1000)
    x, y = (np.interp(along, np.arange(len(line)), axis) for axis in line.T)
    starts, ends = (other[:-1], other[1:]) if len(other) > 1 else (other, other)
    edge, gap = ends - starts, np.stack([x, y], axis=1)[:, None] - starts
    share = (gap * edge).sum(axis=2) / np.maximum((edge**2).sum(axis=1), 1e-12)
    return float(np.hypot(*(gap - share.clip(0, 1)[..., None] * edge).T).min(axis=0).max())
