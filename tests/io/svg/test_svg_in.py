from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.svg import limits, pen_lines
from sketch_pix2seq.io.svg.svg_in import MAX_SVG_BYTES, read_svg
from sketch_pix2seq.sketch.sketch import Frame, Sketch
from svg_cases import CASES, assert_same_strokes

LINE = '<path d="M0 0L3 4" stroke="black"/>'


def svg(inside: str, **attributes: str) -> bytes:
    """A document around some elements."""
    extra = "".join(f' {name}="{value}"' for name, value in attributes.items())
    namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f"<svg {namespaces}{extra}>{inside}</svg>".encode()


def strokes(inside: str, **attributes: str) -> list[list[list[float]]]:
    return [stroke.tolist() for stroke in read_svg(svg(inside, **attributes)).strokes]


@pytest.mark.parametrize("name", CASES)
def test_small_documents_give_the_lines_that_they_show(name: str) -> None:
    case = CASES[name]
    sketch = read_svg(case.document.encode())
    assert_same_strokes(list(sketch.strokes), case.strokes)
    assert (sketch.left_out or "") == case.left_out


def test_what_we_write_comes_back_with_the_same_points() -> None:
    house = Sketch.from_points(
        [[(0, 10), (10, 0), (20, 10)], [(20, 10), (20, 30), (0, 30), (0, 10)], [(5, 5)]]
    )
    written = house.to_svg(size=34, margin=2, line_width=1)
    assert read_svg(written.encode()).centred() == house.centred()


def test_groups_and_transforms_add_up() -> None:
    inside = (
        '<g transform="translate(10 20)"><g transform="scale(2)" stroke="red">'
        '<line x2="3" y2="4" transform="translate(1)"/></g></g>'
    )
    assert strokes(inside) == [[[12, 20], [18, 28]]]


def test_curves_become_few_points_and_lines_keep_all() -> None:
    (circle,) = read_svg(svg('<circle r="50" fill="none" stroke="black"/>')).strokes
    assert 20 < len(circle) < 80
    np.testing.assert_allclose(np.hypot(*circle.T), 50, atol=0.2)
    straight = "M0 0" + "".join(f"h{step}" for step in range(1, 40))
    (line,) = read_svg(svg(f'<path stroke="black" d="{straight}"/>')).strokes
    assert len(line) == 40


def test_areas_without_line_give_their_outline() -> None:
    assert strokes('<rect width="3" height="4"/>') == [[[0, 0], [3, 0], [3, 4], [0, 4], [0, 0]]]


def test_one_line_that_is_drawn_and_filled_is_one_stroke() -> None:
    assert len(strokes('<path d="M0 0L3 4L5 0z" stroke="red" fill="blue"/>')) == 1


@pytest.mark.parametrize(
    "unseen",
    [
        '<path d="M9 9L8 8" display="none"/>',
        '<g opacity="0"><path d="M9 9L8 8" stroke="red"/></g>',
        '<path d="M9 9L8 8" style="fill:none"/>',
        '<defs><path id="a" d="M9 9L8 8" stroke="red"/></defs>',
        '<symbol id="a"><path d="M9 9L8 8" stroke="red"/></symbol>',
        '<clipPath id="a"><path d="M9 9L8 8"/></clipPath>',
        '<mask><rect width="9" height="9"/></mask>',
        '<pattern><rect width="9" height="9"/></pattern>',
        '<text x="9" y="9">cat</text>',
        '<image href="file:///etc/passwd" width="9" height="9"/>',
        '<use href="http://example.org/x.svg#a"/>',
        '<use href="#nothing"/>',
        "<script>alert(1)</script>",
        '<foreignObject><path d="M9 9L8 8" stroke="red"/></foreignObject>',
        '<rect width="100%" height="100%" fill="white"/>',
        '<rect width="100%" height="100%" fill="#ddd"/>',
        '<line x1="9" x2="8"/>',
        "<!-- <path d='M9 9L8 8'/> -->",
        "<?php echo 1 ?>",
    ],
)
def test_what_is_not_seen_is_not_read(unseen: str) -> None:
    assert strokes(unseen + LINE) == [[[0, 0], [3, 4]]]
    with pytest.raises(DrawingError, match="an SVG must show a line; got nothing visible"):
        read_svg(svg(unseen))


def test_light_lines_on_dark_paper_are_seen() -> None:
    paper = '<rect width="100" height="100"/>'
    inside = f'{paper}<path d="M5 5L9 9" stroke="white"/><path d="M1 1L2 2" stroke="#000"/>'
    assert strokes(inside, viewBox="0 0 100 100") == [[[5, 5], [9, 9]]]


def test_style_sheets_are_followed() -> None:
    sheet = "<style>.cls-1{fill:none;stroke:#000} .cls-2{display:none}</style>"
    assert strokes(f'{sheet}<path class="cls-1" d="M0 0L3 4"/>') == [[[0, 0], [3, 4]]]
    with pytest.raises(DrawingError, match="nothing visible"):
        read_svg(svg(f'{sheet}<path class="cls-2" d="M0 0L3 4"/>'))


@pytest.mark.parametrize("reference", ["href", "xlink:href"])
def test_use_draws_what_it_points_at(reference: str) -> None:
    defs = (
        f"<defs>{LINE.replace('<path', '<path id=&quot;a&quot;').replace('&quot;', chr(34))}</defs>"
    )
    inside = f'{defs}<use {reference}="#a" x="10"/><use {reference}="#a" transform="scale(2)"/>'
    assert strokes(inside) == [[[10, 0], [13, 4]], [[0, 0], [6, 8]]]


def test_a_symbol_and_an_inner_svg_fit_their_view_box() -> None:
    symbol = f'<symbol id="a" viewBox="0 0 3 4" width="6" height="8">{LINE}</symbol>'
    assert strokes(f'{symbol}<use href="#a" x="1"/>') == [[[1, 0], [7, 8]]]
    inner = f'<svg x="10" y="20" width="30" height="80" viewBox="0 0 3 4">{LINE}</svg>'
    assert strokes(inner) == [[[10, 40], [40, 80]]]


def test_a_style_sheet_in_a_style_sheet_is_passed_over() -> None:
    """Whatever surrounds it was once read again for each level."""
    depth = 2_000
    nested = "<style>.a{fill:none}" * depth + "</style>" * depth
    with pytest.raises(DrawingError, match="nothing visible"):
        read_svg(svg(nested + '<path class="a" d="M0 0L3 4"/>'))


HUGE = '<path d="M0 0L1e30 4" stroke="red"/>'
LOOP = '<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'
BOMB = "".join(
    f'<g id="g{n}">' + f'<use href="#g{n + 1}"/>' * 10 + "</g>" for n in range(30)
) + LINE.replace("<path", '<path id="g30"')

BAD = {
    "no SVG": (b"a cat", "well-formed XML"),
    "empty document": (svg(""), "nothing visible"),
    "nothing but a move": (svg('<path d="M3 4" stroke="red"/>'), "nothing visible"),
    "bad path": (svg('<path d="cat" stroke="red"/>'), "path data `d` must"),
    "huge": (svg(f'<g transform="scale(9e9)">{HUGE}</g>'), "finite and below 1e12"),
    "huge alone": (svg(HUGE, viewBox="0 0 9 9"), "shape too far from the page"),
    "loop of references": (svg(LOOP), "must not draw itself"),
    "bomb of references": (svg(BOMB), "at most 200 elements"),
    "deep": (svg("<g>" * 5000 + LINE + "</g>" * 5000), "nested more than 64 deep"),
    "many elements": (svg(LINE * 201), "at most 200 elements"),
    "too large": (svg(" " * MAX_SVG_BYTES), "at most 24000000 bytes"),
    "much path data": (
        svg(f'<path stroke="red" d="M0 0{"h1" * 1_001}"/>'),
        "at most 2000 numbers of path data",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_documents_say_what_is_wrong(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MAX_ELEMENTS", 200)
    monkeypatch.setattr(limits, "_MAX_NUMBERS", 2_000)
    data, message = BAD[name]
    with pytest.raises(DrawingError, match=message) as caught:
        read_svg(data)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


DIAGONAL = [[[10, 10], [90, 90]]]
LINE_100 = '<path fill="none" stroke="#000" d="M10 10L90 90"/>'
OTHER = '<path fill="none" stroke="#000" d="M10 90L90 10"/>'


@pytest.mark.parametrize(
    "inside",
    [
        f"<style>@media print{{path{{display:none}}}} .n{{}}</style>{LINE_100}",
        (
            "<style>@import 'x.css';.off g path{display:none}</style>"
            f"<g class='off'><g>{OTHER}</g></g>{LINE_100}"
        ),
        f"<style>@media (prefers-color-scheme:dark){{path{{stroke:#fff}}}}</style>{LINE_100}",
        (
            "<style>:root{--ink:#000}</style><g stroke='#fff'>"
            "<path style='stroke:var(--ink)' d='M10 10L90 90'/></g>"
        ),
        "<path style='stroke:#000;stroke:nonsense' d='M10 10L90 90'/>",
        f"<switch><foreignObject/><g systemLanguage='xx'>{OTHER}</g>{LINE_100}</switch>",
        f"<x:path xmlns:x='http://example.org' d='M10 90L90 10' stroke='red'/>{LINE_100}",
        f"<path stroke='red' d='9'/><g transform='turn(5)'>{LINE_100}</g>",
        (
            "<path d='M-80 -80L180 180' stroke='red' clip-path='url(#c)'/>"
            "<clipPath id='c'><rect x='10' y='10' width='80' height='80'/></clipPath>"
        ),
        (
            "<g mask='url(#m)'><path d='M10 10L180 180' stroke='red'/></g>"
            "<mask id='m'><path fill='#fff' d='M0 0H100V100H0z'/>"
            "<path d='M90 90H101V101H90z'/></mask>"
        ),
        (
            "<line x1='10' y1='10' x2='50' y2='50' stroke='red'/>"
            "<line x1='90' y1='90' x2='50' y2='50' stroke='red'/>"
        ),
        f"{LINE_100}<path d='M90 90L10.2 10' stroke='#000'/>",
        "<rect width='100' height='100' fill='#123'/><path d='M10 10L90 90' stroke='#fff'/>",
        "<path d='M10 10L90 90' stroke='#fff'/>",
        (
            "<path style='transform-origin:50px 50px;transform:rotate(90deg)' d='M90 10L10 90'"
            " stroke='#000'/>"
        ),
        "<line x1='1em' y1='10' x2='9em' y2='90' stroke='#000' font-size='10'/>",
        (
            "<style>svg{font-size:5px}path{translate:2rem 10px}</style>"
            "<path d='M0 0L80 80' stroke='#000'/>"
        ),
        "<path style='rotate:180deg;transform-origin:center' d='M10 10L90 90' stroke='#000'/>",
        "<line style='stroke:#000' x1='10vw' y1='10%' x2='calc(100% - 2 * 5px)' y2='90vh'/>",
        (
            "<use href='#s' x='10' y='10' width='80' height='80'/>"
            "<symbol id='s' viewBox='0 0 8 8'><path d='M0 0L8 8' stroke='#000'/></symbol>"
        ),
    ],
)
def test_one_line_is_read(inside: str) -> None:
    (stroke,) = strokes(inside, viewBox="0 0 100 100")
    ends = np.array(stroke)[[0, -1]]
    ends = ends if ends[0, 0] < ends[1, 0] else ends[::-1]
    np.testing.assert_allclose(ends, DIAGONAL[0], atol=0.3)


ABSURD = {
    "line": "<path stroke='red' fill='none' d='M0 0L{} 5 9 9'/>",
    "curve": "<path stroke='red' fill='none' d='M0 0C{} 5 9 {} 1 9'/>",
    "arc": "<path stroke='red' fill='none' d='M0 50A{} 5 7 1 0 {} 50'/>",
    "area": "<path fill='red' d='M0 50L{} 5 9 {}z'/>",
    "circle": "<circle r='{}' cx='50' stroke='red'/>",
    "points": "<polyline stroke='red' fill='none' points='0,0 {},{} 5,5'/>",
    "transform": "<g transform='scale({}) translate({})'><path stroke='red' d='M0 0L5 5'/></g>",
    "origin": "<path style='scale:2;transform-origin:{}px' stroke='red' d='M0 0L5 5'/>",
    "width": "<path stroke-width='{}' stroke='red' d='M0 0L5 5'/>",
    "font": "<g font-size='{}em'><line x2='{}em' stroke='red'/></g>",
    "view box": "<svg viewBox='0 0 {} {}' width='9' height='{}'><path d='M0 0L5 5H0'/></svg>",
    "clip": (
        "<clipPath id='c'><rect width='{}' height='{}'/></clipPath>"
        "<path clip-path='url(#c)' stroke='red' d='M0 0L5 50'/>"
    ),
    "marker": (
        "<marker id='m' markerWidth='{}' refX='{}' viewBox='0 0 {} 9'><path d='M0 0L5 5L0 5z'/>"
        "</marker><path marker-end='url(#m)' stroke='red' d='M0 0L50 5'/>"
    ),
    "colour": "<path stroke='hsl({} {}% 5%)' d='M0 0L5 5'/>",
}


@pytest.mark.parametrize("name", ABSURD)
@pytest.mark.parametrize("number", ["0", "1e-320", "1e7", "1e12", "-1e308", "nan"])
def test_absurd_numbers_harm_nothing_else(name: str, number: str) -> None:
    sketch = read_svg(svg(ABSURD[name].replace("{}", number) + LINE_100, viewBox="0 0 100 100"))
    assert sketch.frame is not None or max(sketch.bounds or ()) < 1_100_000
    if name not in ("area", "width"):  # which may cover all
        assert any(
            len(stroke) == 2 and (stroke.round() == DIAGONAL[0]).all() for stroke in sketch.strokes
        )
    sketch.to_svg()


def test_what_lies_far_from_the_page_is_left_out() -> None:
    far = "<path stroke='red' d='M0 0L9e6 5'/>"
    sketch = read_svg(svg(far + LINE_100 + far, viewBox="0 0 100 100"))
    assert [stroke.tolist() for stroke in sketch.strokes] == DIAGONAL
    assert sketch.left_out == "2 x shape too far from the page"
    assert len(read_svg(svg(far, viewBox="0 0 100 100")).strokes) == 1  # the page is wrong
    ground = "<rect x='-1e9' y='-1e9' width='2e9' height='2e9' fill='#eee'/>"
    area = "<rect x='20' y='60' width='20' height='20' fill='red'/>"
    assert len(read_svg(svg(ground + area + LINE_100, viewBox="0 0 100 100")).strokes) == 2


@pytest.mark.parametrize("number", ["0", "1e-320", "-1", "nan", "1e30"])
def test_an_absurd_page_is_none(number: str) -> None:
    for page in ({"viewBox": f"0 0 {number} 9"}, {"width": number, "height": f"{number}mm"}):
        assert strokes(LINE_100, **page) == DIAGONAL
        read_svg(svg(LINE_100, **page)).to_svg()


def test_what_is_left_out_is_said() -> None:
    sketch = read_svg(svg(f"<text>a</text><text>b</text><path d='x' stroke='red'/>{LINE}"))
    assert len(sketch.strokes) == 1
    assert sketch.left_out == "2 x text; `path`, as the path data `d` must be readable; got x"


def test_lines_under_areas_are_an_option() -> None:
    inside = f"{LINE_100}<rect x='30' y='30' width='40' height='40' fill='#eee' stroke='#000'/>"
    data = svg(inside, viewBox="0 0 100 100")
    seen = read_svg(data).strokes
    assert sorted(len(stroke) for stroke in seen) == [2, 2, 5]
    np.testing.assert_allclose([stroke[-1] for stroke in seen[:1]], [[30, 30]], atol=0.5)
    assert len(read_svg(data, hidden=True).strokes) == 2


def test_white_is_seen_on_a_colour() -> None:
    inside = '<circle cx="50" cy="50" r="40"/><circle cx="50" cy="50" r="20" fill="#fff"/>'
    assert len(strokes(inside, viewBox="0 0 100 100")) == 2


def test_a_pen_line_written_as_an_area_is_its_centre_line() -> None:
    ring = "M90 50A40 40 0 1 1 10 50A40 40 0 1 1 90 50zM86 50A36 36 0 1 0 14 50A36 36 0 1 0 86 50z"
    data = svg(f'<path d="{ring}"/>', viewBox="0 0 100 100")
    (circle,) = read_svg(data).strokes
    np.testing.assert_allclose(np.hypot(*(circle - 50).T), 38, atol=1)
    assert len(read_svg(data, as_written=True).strokes) == 2
    flame = svg('<path d="M10 10H90V60H10z"/>', viewBox="0 0 100 100")
    assert read_svg(flame).strokes[0].tolist()[0] == [10, 10]


def test_a_marker_stands_on_its_line() -> None:
    marker = (
        '<marker id="m" markerUnits="userSpaceOnUse" markerWidth="20" markerHeight="20" refX="10"'
        ' refY="10" orient="auto"><path d="M10 0V20" stroke="#000"/></marker>'
    )
    line = '<path d="M50 10V90" stroke="#000" marker-end="url(#m)"/>'
    first, bar = strokes(marker + line, viewBox="0 0 100 100")
    assert first == [[50, 10], [50, 90]]
    np.testing.assert_allclose(sorted(bar), [[40, 90], [60, 90]], atol=1e-4)


def test_the_page_is_the_frame_and_points_are_from_its_corner() -> None:
    inside = '<path d="M20 40L60 80" stroke="#000" stroke-width="3"/>'
    sketch = read_svg(svg(inside, viewBox="10 20 100 200", width="50mm", height="100mm"))
    assert sketch.frame == Frame(100, 200, 3, 100)
    assert sketch.strokes[0].tolist() == [[10, 20], [50, 60]]
    text = sketch.to_svg()
    assert 'width="50mm" height="100mm" viewBox="0 0 100 200"' in text
    assert read_svg(text.encode()) == sketch
    assert read_svg(svg(inside, width="90", height="3in")).frame == Frame(90, 288, 3, 76.2)
    assert read_svg(svg(inside, viewBox="10 20 100 200", width="50mm")).frame == sketch.frame
    assert read_svg(svg(inside)).frame is None
    assert read_svg(svg(inside, width="100%", height="80")).frame is None


@pytest.mark.parametrize(("fit", "size_mm"), [("meet", 231.0), ("slice", 297.0)])
def test_a_page_of_other_proportions_has_the_size_that_browsers_show(
    fit: str, size_mm: float
) -> None:
    line = (
        '<path d="M5 5h90" stroke="black" stroke-width="2px" vector-effect="non-scaling-stroke"/>'
    )
    page = {"viewBox": "0 0 100 110", "width": "210mm", "height": "297mm"}
    frame = read_svg(svg(line, **page, preserveAspectRatio=f"xMidYMid {fit}")).frame
    assert frame is not None and frame.size_mm == pytest.approx(size_mm)
    mm_per_unit = size_mm / 110
    assert frame.line_width * mm_per_unit == pytest.approx(2 * 25.4 / 96)


def test_the_page_has_the_size_that_css_says() -> None:
    frame = read_svg(svg(LINE, style="width:4em;height:1in;font-size:10px")).frame
    assert frame is not None and (frame.width, frame.height) == (40, 96)


@pytest.mark.parametrize("box", ["0 0 30 30", "0 0 1e5 1e6"])
def test_a_page_that_does_not_hold_the_drawing_is_no_frame(box: str) -> None:
    inside = '<path d="M20 40L60 80" stroke="#000"/>'
    assert read_svg(svg(inside, viewBox=box)).frame is None


def test_pens_keep_their_colours() -> None:
    two = '<g stroke="{}"><path d="M2 2H90"/></g><path d="M2 30H90" stroke="{}"/>'
    for colours, wanted in (
        (("#c02020", "#000"), ("#c02020", "#000000")),
        (("#111", "#888"), None),
        (("#fff", "#ffff80"), ("#000000", "#7f7f00")),
    ):
        ground = '<rect width="100" height="60" fill="#204020"/>' if colours[0] == "#fff" else ""
        sketch = read_svg(svg(ground + two.format(*colours), viewBox="0 0 100 60"))
        assert sketch.colours == wanted
    many = "".join(f'<path d="M2 {y}H9" stroke="hsl({9 * y} 90% 40%)"/>' for y in range(30))
    assert read_svg(svg(many)).colours is None


def test_both_edges_of_an_area_are_read() -> None:
    """They are no line drawn twice: an area has no pen."""
    ring = '<path fill-rule="evenodd" d="M10 10h9v9h-9zM11.5 11.5h6v6h-6z"/>'
    found = read_svg(svg(ring)).strokes
    assert [np.ptp(stroke, axis=0).tolist() for stroke in found] == [[9, 9], [6, 6]]


DIGITS = "1" * 5_000  # more than Python reads as a whole number
SHOWN = '<path d="M0 0L9 9" stroke="red"/>'


@pytest.mark.parametrize(
    "text",
    [
        f"<svg><title>%</title>{SHOWN}<text>\n%5</text></svg>",
        f'<svg background="linear-gradient({"(" * 980}">{SHOWN}</svg>',
        f"<svg><style>line{{x1:{DIGITS}}}@media (min-width:{DIGITS}px){{}}</style>{SHOWN}</svg>",
        f'<svg><style media="({DIGITS})"/>{SHOWN}</svg>',
        f'<svg><g style="x:{DIGITS}">{SHOWN}</g></svg>',
        f'<svg><g fill="color-mix(in srgb, red 1.2.3%, blue)">{SHOWN}</g></svg>',
        f"<svg><style>{'url(data:' * 40_000}</style>{SHOWN}</svg>",
        f'<svg><g fill="var(--a,{" " * 100_000}">{SHOWN}</g></svg>',
        f'<svg><style media="({"1." * 150_000})"/>{SHOWN}</svg>',
    ],
    ids=["per cent", "brackets", "sheet", "media", "style", "mix", "urls", "variable", "range"],
)
def test_nothing_that_is_written_around_a_line_hides_it(text: str) -> None:
    assert read_svg(text.encode()).bounds == (0, 0, 9, 9)


def test_an_embedded_picture_with_brackets_ends_where_its_text_ends() -> None:
    rule = "g{background:url(\"data:image/svg+xml,<svg transform='rotate(45)'/>\")}"
    sheet = f"<style><![CDATA[{rule} path{{stroke:red}}]]></style>"
    assert read_svg(f'<svg>{sheet}<path d="M0 0L9 9"/></svg>'.encode()).bounds == (0, 0, 9, 9)


def test_areas_are_searched_for_lines_until_they_have_very_many_pixels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ribbon = '<path d="M{x} 10V90H{y} V10Z"/>'
    ribbons = "".join(ribbon.format(x=x, y=x + 2) for x in (10, 30, 50))
    document = svg(ribbons, viewBox="0 0 100 100")
    assert [len(stroke) for stroke in read_svg(document).strokes] == [2, 2, 2]
    monkeypatch.setattr(pen_lines, "_MAX_PIXELS", 3_000)
    assert [len(stroke) for stroke in read_svg(document).strokes] == [2, 5, 5]
