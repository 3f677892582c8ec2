from __future__ import annotations

import pytest

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.svg import limits
from sketch_pix2seq.io.svg.svg_in import read_svg

Strokes = list[list[tuple[float, float]]]

LINE = '<path d="M0 50H100" fill="none" stroke="black"/>'
MIDDLE: Strokes = [[(25, 50), (75, 50)]]
WHITE_LINE = '<path d="M10 10L90 90" stroke="white" fill="none"/>'
ACROSS: Strokes = [[(10, 10), (90, 90)]]
BAR = '<path d="M10 20H50" stroke="black"'
HIDDEN = '<path d="M0 0L9 99" stroke="red"/>'

CASES: dict[str, tuple[str, Strokes]] = {
    "a clip in units of a box": (
        ('<clipPath id="c" clipPathUnits="objectBoundingBox"><rect x=".25" y="-9" width=".5" '
        f'height="99"/></clipPath><g clip-path="url(#c)"><path d="M0 0v9" fill="none"/>{LINE}</g>'),
        MIDDLE,
    ),
    "a clip of which a part is cut": (
        ('<clipPath id="b"><rect width="75" height="100"/></clipPath><clipPath id="c">'
        f'<rect x="25" width="75" height="100" clip-path="url(#b)"/></clipPath>'
        f'<g clip-path="url(#c)">{LINE}</g>'),
        MIDDLE,
    ),
    "a clip does not hold what is hidden, or groups": (
        ('<clipPath id="c"><rect width="9" height="99" visibility="hidden"/><g><rect width="99" '
        f'height="99"/></g></clipPath><g clip-path="url(#c)">{LINE}</g>{BAR}/>'),
        [[(10, 20), (50, 20)]],
    ),
    "a clip moves with a `use`": (
        ('<clipPath id="c"><rect x="15" width="50" height="100"/></clipPath><defs><path id="p" '
        'd="M-10 50H90" stroke="black"/></defs><use href="#p" x="10" clip-path="url(#c)"/>'),
        MIDDLE,
    ),
    "a mask of alpha": (
        ('<mask id="m" style="mask-type: alpha"><rect x="25" width="50" height="100"/></mask>'
        f'<g mask="url(#m)">{LINE}</g>'),
        MIDDLE,
    ),
    "a mask of a region": (
        ('<mask id="m" maskUnits="userSpaceOnUse" x="25" y="0" width="50" height="100">'
        f'<rect width="100" height="100" fill="white"/></mask><g mask="url(#m)">{LINE}</g>'),
        MIDDLE,
    ),
    "a mask that hides all": (
        f'<mask id="m"><rect width="100" height="100"/></mask><g mask="url(#m)">{LINE}</g>{BAR}/>',
        [[(10, 20), (50, 20)]],
    ),
    "turned about the middle of its box": (
        (f'{BAR} style="transform: rotate(90deg); transform-box: fill-box; '
        'transform-origin: center"/>'),
        [[(30, 0), (30, 40)]],
    ),
    "transforms with calc": (
        f'{BAR} style="transform: translate(calc(10% + 5px), min(9px, 3px))"/>',
        [[(25, 23), (65, 23)]],
    ),
    "transforms without separators": (
        f'{BAR} transform="translate(10-5)scale(.5.5)"/>',
        [[(15, 5), (35, 5)]],
    ),
    "transforms in space": (
        (f'<g style="transform: matrix3d(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 5, 6, 0, 1)">{BAR} '
        'style="transform: rotateY(60deg) translateZ(9px)"/></g>'),
        [[(10, 26), (30, 26)]],
    ),
    "one number of each axis": (
        f'{BAR} style="rotate: z 90deg; scale: 2 1 1; transform-origin: bottom"/>',
        [[(130, 20), (130, 100)]],
    ),
    "wrong CSS leaves the attribute": (
        f'{BAR} transform="translate(5 5)" style="transform: bogus(1)"/>',
        [[(15, 25), (55, 25)]],
    ),
    "the origin's words in any order": (
        f'{BAR} style="transform: scale(.5); transform-origin: bottom left"/>',
        [[(5, 60), (25, 60)]],
    ),
    "sizes of nothing": (
        (f'<svg width="0" height="9">{HIDDEN}</svg><svg viewBox="0 0 0 9">{HIDDEN}</svg>'
        '<marker id="m" markerWidth="0"><path d="M0-9v18" stroke="red"/></marker>'
        f'{BAR} marker-end="url(#m)"/>'),
        [[(10, 20), (50, 20)]],
    ),
    "markers turned by any unit": (
        ('<marker id="m" overflow="visible" markerUnits="userSpaceOnUse" orient="0.25turn">'
        f'<path d="M0 0h9" stroke="black"/></marker>{BAR} marker-start="url(#m)"/>'),
        [[(10, 29), (10, 20), (50, 20)]],
    ),
    "no language, and extensions of no name": (
        ('<switch stroke="black" fill="none"><path systemLanguage="" d="M0 0L9 99"/>'
        f'<path requiredExtensions="" d="M0 0L9 99"/>{BAR}/></switch>'),
        [[(10, 20), (50, 20)]],
    ),
    "gradients that show nothing": (
        ('<linearGradient id="g"/><linearGradient id="h"><stop stop-opacity="0"/></linearGradient>'
        f'<path d="M0 0L9 99" stroke="url(#g)"/><path d="M0 0L9 99" stroke="url(#h)"/>{BAR}/>'),
        [[(10, 20), (50, 20)]],
    ),
    "filling closes": (
        '<path d="M10 10H90V90"/>', [[(10, 10), (90, 10), (90, 90), (10, 10)]]
    ),
    "a lone bar": ('<rect x="10" y="49" width="80" height="2"/>', [[(10, 50), (90, 50)]]),
    "a ground in a frame that cuts": (
        ('<clipPath id="c"><rect width="100" height="100"/></clipPath><g clip-path="url(#c)">'
        f'<rect width="100" height="100" fill="#222"/>{WHITE_LINE}</g>'),
        ACROSS,
    ),
    "a ground in pieces": (
        '<rect width="50" height="100"/><rect x="50" width="50" height="100"/>' + WHITE_LINE,
        ACROSS,
    ),
    "a ground with a hole": (
        '<path fill-rule="evenodd" d="M0 0H100V100H0zM20 20V80H80V20z"/>',
        [[(20, 20), (20, 80), (80, 80), (80, 20), (20, 20)]],
    ),
    "a ground that hides": (
        f'{WHITE_LINE}{LINE}<rect width="100" height="100" fill="white"/>{BAR}/>',
        [[(10, 20), (50, 20)]],
    ),
    "references with signs for signs": (
        f'<defs>{BAR} id="a b"/></defs><use href="#a%20b"/>', [[(10, 20), (50, 20)]]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_documents_are_read_as_browsers_show_them(name: str) -> None:
    inside, expected = CASES[name]
    data = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{inside}</svg>'
    strokes = [stroke.tolist() for stroke in read_svg(data.encode()).strokes]
    assert len(strokes) == len(expected), strokes
    for stroke, points in zip(strokes, expected, strict=True):
        assert _is_near(stroke, points), (stroke, points)


def _is_near(stroke: list[list[float]], points: list[tuple[float, float]]) -> bool:
    """Whether points are the same within 1.5, from either end."""
    return any(
        len(stroke) == len(order)
        and all(
            abs(x - u) <= 1.5 and abs(y - v) <= 1.5
            for (x, y), (u, v) in zip(stroke, order, strict=True)
        )
        for order in (points, points[::-1])
    )


@pytest.mark.parametrize(
    ("inside", "left_out"),
    [
        (f'<g style="clip-path: circle(9px)">{LINE}</g>', "`clip-path` that is no reference"),
        (
            (
                '<mask id="m"><path d="M0 50H99" stroke="white" fill="none"/></mask>'
                f'<g mask="url(#m)">{LINE}</g>'
            ),
            "line of a mask",
        ),
    ],
)
def test_what_does_not_cut_is_said(inside: str, left_out: str) -> None:
    sketch = read_svg(f"<svg>{inside}</svg>".encode())
    assert len(sketch.strokes) == 1
    assert sketch.left_out == left_out


def test_markers_beyond_the_limit_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MAX_MARKERS", 2)
    marker = '<marker id="m"><path d="M0 0v9" stroke="red"/></marker>'
    line = '<path d="M0 9h9h9h9h9h9" stroke="red" fill="none" marker-mid="url(#m)"/>'
    sketch = read_svg(f"<svg>{marker}{line}</svg>".encode())
    assert len(sketch.strokes) == 3
    assert sketch.left_out == "2 x marker"


def test_clips_of_clips_end_somewhere() -> None:
    clips = "".join(
        f'<clipPath id="c{k}"><rect width="99" height="99" clip-path="url(#c{k + 1})"/>'
        f'<rect width="98" height="99" clip-path="url(#c{k + 1})"/></clipPath>'
        for k in range(10)
    )
    inside = f'{clips}<g clip-path="url(#c0)">{LINE * 2_000}</g>'
    with pytest.raises(DrawingError, match="simpler clip paths"):
        read_svg(f"<svg>{inside}</svg>".encode())
