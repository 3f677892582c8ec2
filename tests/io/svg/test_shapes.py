from __future__ import annotations

import contextlib
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from svgelements import Path

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.svg.shapes import count_tokens, length, shape_lines, transform

VIEWPORT = (200.0, 100.0)


def lines_of(tag: str, **attributes: str) -> list[np.ndarray]:
    """Points of each line of a shape."""
    found = shape_lines(tag, {k.replace("_", "-"): v for k, v in attributes.items()}, VIEWPORT)
    for line in found:
        for before, after in itertools.pairwise(line):
            np.testing.assert_array_equal(before.points[-1], after.points[0])
    return [np.concatenate([piece.points for piece in line]) for line in found]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("M0 0L1 2 3 4", [[[0, 0], [1, 2], [3, 4]]]),
        ("m1,1 2,2h3v-1", [[[1, 1], [3, 3], [6, 3], [6, 2]]]),
        ("M0 0L1 1M5 5L6 6", [[[0, 0], [1, 1]], [[5, 5], [6, 6]]]),
        ("M0 0L1 1M1 1L6 6", [[[0, 0], [1, 1]], [[1, 1], [6, 6]]]),
        ("M0 0H4V4Z", [[[0, 0], [4, 0], [4, 4], [0, 0]]]),
        ("M0 0H4V4ZL9 9", [[[0, 0], [4, 0], [4, 4], [0, 0]], [[0, 0], [9, 9]]]),
        ("M3 3h0", [[[3, 3], [3, 3]]]),
        ("M3 3z", [[[3, 3], [3, 3]]]),
        ("M3 3M4 4", []),
        ("", []),
        ("M0 0L1 1L2 x9", [[[0, 0], [1, 1]]]),
        ("M0 0L1 1 2", [[[0, 0], [1, 1]]]),
        ("M0 0L1 1H", [[[0, 0], [1, 1]]]),
        ("M0 0L1 1zzz", [[[0, 0], [1, 1], [0, 0]]]),
        ("M3 3zzm1 1z", [[[3, 3], [3, 3]], [[4, 4], [4, 4]]]),
        ("M 1,1,2,2", [[[1, 1], [2, 2]]]),
        ("M.5.5-1-1l1e1+1", [[[0.5, 0.5], [-1, -1], [9, 0]]]),
    ],
)
def test_straight_paths(data: str, expected: list[list[list[float]]]) -> None:
    assert [line.tolist() for line in lines_of("path", d=data)] == expected


@pytest.mark.parametrize(
    "data", ["hello", "L5 5", "Z", "C1 2 3 4 5 6", "M1", "M0 0H", "M0 0A1 1 0 2"]
)
def test_path_data_that_draws_nothing_readable_is_refused(data: str) -> None:
    with pytest.raises(DrawingError, match="path data `d` must"):
        shape_lines("path", {"d": data}, VIEWPORT)


def test_curves_go_through_their_ends_and_follow_their_formula() -> None:
    (cubic,) = lines_of("path", d="M0 0C0 10 10 10 10 0")
    assert cubic[[0, -1]].tolist() == [[0, 0], [10, 0]]
    np.testing.assert_allclose(cubic[len(cubic) // 2], [5, 7.5])
    (quadratic,) = lines_of("path", d="M0 0Q5 10 10 0T20 0")
    assert quadratic[:, 1].max() == pytest.approx(5)
    assert quadratic[:, 1].min() == pytest.approx(-5)


@pytest.mark.parametrize("arc", ["A5 5 0 0 1 10 0", "A5 5 0 0110 0", "a5,5 0 1 1 10,0"])
def test_arcs_keep_their_radius(arc: str) -> None:
    (line,) = lines_of("path", d="M0 0" + arc)
    np.testing.assert_allclose(np.hypot(line[:, 0] - 5, line[:, 1]), 5, atol=1e-4)
    assert line[[0, -1]].tolist() == [[0, 0], [10, 0]]


@pytest.mark.parametrize(
    "data",
    [
        *("M0 0L9 9" + "z" * 90_000, "z" * 90_000, "M0 0" + "L1 1" * 20_000 + "z" * 9_000),
        *("M0 0" + "h1z" * 10_000, "M0 0" + "t1 2" * 10_000, "M0 0" + "a1 2 9 0 1 5 5" * 5_000),
        *("M0 0L" + "1" * 3_000_000, "M0 0" + " " * 3_000_000 + "x", "M0 0L" + "." * 3_000_000),
        *("M0 0L" + "1 " * 49_999, "M0 0C" + "1" * 1_000_000 + " 1 1 1 1", "M0 0L1e" + "9" * 10**6),
    ],
    ids=lambda data: f"{data[:5]}..{data[-3:]}",
)
def test_reading_path_data_takes_no_more_than_its_length(data: str) -> None:
    """Each of these took a minute or more where the time grew with the square."""
    with contextlib.suppress(DrawingError):
        lines_of("path", d=data)
    assert count_tokens(data) <= 100_000


# (between ends that are hardly apart svgelements finds other arcs)
_FLOATS = st.floats(-99, 99).filter(lambda value: value == 0 or abs(value) > 1e-5)
_NUMBER = st.integers(-99, 99).map(str) | _FLOATS.map(lambda value: f"{value:.3g}")


def _command(letters: str, count: int) -> st.SearchStrategy[str]:
    numbers = st.lists(_NUMBER, min_size=count, max_size=count)
    return st.builds(
        lambda letter, some: letter + " ".join(some), st.sampled_from(letters), numbers
    )


_SEGMENTS = st.one_of(
    *(_command(*one) for one in (("Mm", 2), ("Ll", 2), ("Hh", 1), ("Vv", 1))),
    st.builds(str.__add__, _command("Cc", 6), st.just("") | _command("Ss", 4)),
    # (after another curve svgelements mirrors the control point of that; SVG does not)
    st.builds(str.__add__, _command("Qq", 4), st.just("") | _command("Tt", 2)),
    st.builds(
        "{}{} {} {} {} {} {} {}".format,
        st.sampled_from("Aa"),
        *(st.integers(1, 99), st.integers(1, 99), _NUMBER, st.sampled_from("01")),
        *(st.sampled_from("01"), _NUMBER, _NUMBER),
    ),
    st.sampled_from("Zz"),
)


@given(st.lists(_SEGMENTS, max_size=12).map(lambda segments: "M5 6" + "".join(segments)))
def test_points_lie_where_another_reader_has_them(data: str) -> None:
    """svgelements is that reader."""
    segments = [one for one in Path(data) if type(one).__name__ not in ("Move", "Close")]
    points = np.concatenate([np.zeros((0, 2)), *lines_of("path", d=data)])
    for segment in segments:
        assert np.hypot(*(points - [segment.end.x, segment.end.y]).T).min() < 1e-6
        middle = segment.point(0.5)
        if type(segment).__name__ != "Line":
            assert np.hypot(*(points - [middle.x, middle.y]).T).min() < 10


def test_an_arc_without_radius_is_a_line() -> None:
    assert [line.tolist() for line in lines_of("path", d="M0 0A0 5 0 0 1 3 4")] == [
        [[0, 0], [3, 4]]
    ]


def test_simple_shapes() -> None:
    assert lines_of("line", x1="1", y2="50%")[0].tolist() == [[1, 0], [0, 50]]
    assert lines_of("polyline", points="0,0 1,1 2")[0].tolist() == [[0, 0], [1, 1]]
    assert lines_of("polygon", points="0 0 1 1-2.5.5")[0].tolist() == [
        [0, 0],
        [1, 1],
        [-2.5, 0.5],
        [0, 0],
    ]
    rect = lines_of("rect", x="10%", y="10%", width="5", height="6")[0]
    assert rect.tolist() == [[20, 10], [25, 10], [25, 16], [20, 16], [20, 10]]


def test_round_shapes() -> None:
    (circle,) = lines_of("circle", cx="3", cy="4", r="5")
    np.testing.assert_allclose(np.hypot(*(circle - [3, 4]).T), 5)
    np.testing.assert_array_equal(circle[0], circle[-1])
    (ellipse,) = lines_of("ellipse", rx="10%", ry="10%")
    np.testing.assert_allclose(np.abs(ellipse).max(axis=0), [20, 10])
    (rounded,) = lines_of("rect", width="20", height="10", rx="3")
    np.testing.assert_allclose(rounded.max(axis=0), [20, 10])
    np.testing.assert_allclose(rounded[0], rounded[-1])
    corner = np.hypot(*(rounded - [17, 3]).T)[(rounded[:, 0] > 17) & (rounded[:, 1] < 3)]
    np.testing.assert_allclose(corner, 3)
    (pill,) = lines_of("rect", width="20", height="10", rx="99", ry="99")
    np.testing.assert_allclose(pill.max(axis=0), [20, 10])


@pytest.mark.parametrize(
    ("tag", "attributes"),
    [
        ("rect", {}),
        ("rect", {"width": "5"}),
        ("rect", {"width": "-5", "height": "5"}),
        ("circle", {"r": "0"}),
        ("ellipse", {}),
        ("polyline", {"points": ""}),
        ("polygon", {"points": "x"}),
        ("path", {"d": " "}),
    ],
)
def test_shapes_without_size_draw_nothing(tag: str, attributes: dict[str, str]) -> None:
    assert shape_lines(tag, attributes, VIEWPORT) == []


@pytest.mark.parametrize(
    ("text", "pixels"),
    [
        *(
            ("5", 5),
            (" 5px ", 5),
            ("1in", 96),
            ("2.54cm", 96),
            ("72pt", 96),
            ("-.5e1", -5),
            ("x", 0),
        ),
        *(("6pc", 96), ("101.6Q", 96), ("25.4mm", 96), ("2em", 32), ("2ex", 16), ("2CH", 16)),
        *(("3vw", 3), ("3vh", 3), ("50%", 50), ("1e400", 1e12)),
        *(("calc(10% + 2 * (1em - 6px))", 30), ("calc(9px / 2 - .5px)", 4), ("calc(-1px*-2)", 2)),
        *(("calc()", 0), ("calc(1px", 0), ("calc(1px/0)", 0), ("calc(1px 2px)", 0)),
        ("calc(" + "1e99*" * 35 + "1px)", 0),
    ],
)
def test_lengths(text: str, pixels: float) -> None:
    assert length(text, 100) == pytest.approx(pixels)


def test_transforms() -> None:
    np.testing.assert_array_equal(transform(" "), np.eye(3))
    turned = transform("translate(10, 20) rotate(90) scale(2)") @ [1, 0, 1]
    np.testing.assert_allclose(turned, [10, 22, 1])
    skewed = transform("skewX(45)") @ [0, 1, 1]
    np.testing.assert_allclose(skewed, [1, 1, 1])


@pytest.mark.parametrize("text", ["rotate(1e999)", "translate(1e999)", "nonsense(3)", "scale()"])
def test_wrong_transforms_are_refused(text: str) -> None:
    with pytest.raises(DrawingError, match="`transform` must be"):
        transform(text)


def test_transforms_of_css() -> None:
    moved = transform("translate(1in, 50%) rotate(0.25turn)", viewport=VIEWPORT) @ [1, 0, 1]
    np.testing.assert_allclose(moved, [96, 51, 1])
    turned = transform("rotate(90deg)", "center", VIEWPORT) @ [100, 0, 1]
    np.testing.assert_allclose(turned, [150, 50, 1], atol=1e-9)
    solid = transform("translate3d(1px, 2px, 3px) rotateZ(90deg) scale3d(2, 3, 4)") @ [1, 1, 1]
    np.testing.assert_allclose(solid, [-2, 4, 1])
    np.testing.assert_allclose(np.diag(transform("scale(50%, 2)", viewport=VIEWPORT)), [0.5, 2, 1])


@pytest.mark.parametrize("radii", [("9", ""), ("9", "auto"), ("auto", "9"), ("9", "-1")])
def test_a_radius_alone_is_that_of_both_axes(radii: tuple[str, str]) -> None:
    rx, ry = radii
    sizes = {"rx": rx, "ry": ry} if ry else {"rx": rx}
    (ellipse,) = lines_of("ellipse", cx="20", cy="30", **sizes)
    np.testing.assert_allclose(np.hypot(*(ellipse - (20, 30)).T), 9)
    (rect,) = lines_of("rect", width="50", height="40", **sizes)
    assert [9, 0] in rect.round(9).tolist() and [0, 9] in rect.round(9).tolist()


def test_a_smooth_curve_begins_straight_after_another_kind() -> None:
    for before in ("L", "C10 90 50 90 ", "A20 20 0 0 1 ", "S50 90 "):
        (line,) = lines_of("path", d=f"M10 50{before}50 50T90 50")
        assert (line[line[:, 0] > 50][:, 1] == 50).all()
    for before in ("L", "Q30 90 ", "A20 20 0 0 1 ", "T"):
        (line,) = lines_of("path", d=f"M10 50{before}50 50S90 50 90 50")
        assert (line[line[:, 0] > 50][:, 1] == 50).all()
