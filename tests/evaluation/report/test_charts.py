from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from sketch_pix2seq.evaluation.estimates import Estimate
from sketch_pix2seq.evaluation.report import charts

SVG = "{http://www.w3.org/2000/svg}"


def numbers_within(svg: str) -> ET.Element:
    """The document, once everything with a place is known to be inside the view."""
    root = ET.fromstring(svg)
    _, _, width, height = map(float, root.get("viewBox", "").split())
    for element in root.iter():
        for x, y in (("x", "y"), ("cx", "cy")):
            if element.get(x) is not None and element.tag != f"{SVG}text":
                assert -1 <= float(element.get(x, "")) <= width + 1
                assert -1 <= float(element.get(y, "")) <= height + 1
    return root


def texts(root: ET.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def test_dots_stand_where_shares_are() -> None:
    values = [[Estimate(0.5, 0.4, 0.6), Estimate(0.0, 0.0, 0.1)], [Estimate(1.0, 0.9, 1.0)]]
    root = numbers_within(charts.dots(["all", "<cat> & co"], ["human", "cnn"], values))
    assert "<cat> & co" in texts(root)
    circles = [float(c.get("cx", "")) for c in root.iter(f"{SVG}circle")][2:]
    half, none, whole = circles
    assert half == pytest.approx((none + whole) / 2)
    assert next(c.get("fill") for c in root.iter(f"{SVG}circle")) == "var(--grey)"


def test_names_of_rows_stand_beside_the_marks_and_within_the_chart() -> None:
    names = ["cat", "The Great Wall of China"]
    root = numbers_within(charts.dots(names, ["human"], [[Estimate(0.5, 0.4, 0.6)]] * 2))
    (name,) = [text for text in root.iter(f"{SVG}text") if text.text == names[1]]
    (hair, *_) = [path for path in root.iter(f"{SVG}path") if path.get("class") == "hair"]
    left = float(hair.get("d", "").split()[0].removeprefix("M"))
    end = float(name.get("x", ""))
    assert end < left
    assert end - 6.5 * len(names[1]) > 0  # at 12.5 pixels a letter is about half as wide


def test_lines_have_ticks_that_people_count_in() -> None:
    root = numbers_within(charts.lines(["a", "b"], [[0.0, 0.33], [0.1, 0.2]], ["0", "1"], "way"))
    assert [one for one in texts(root) if "%" in one] == ["0 %", "10 %", "20 %", "30 %", "40 %"]
    root = numbers_within(charts.lines(["a"], [[0.0, 0.9]], ["0", "1"], "way"))
    assert [one for one in texts(root) if "%" in one][-1] == "100 %"


def test_clouds_tell_kinds_by_colour_and_shape(rng: np.random.Generator) -> None:
    points = rng.random((60, 2))
    kinds = np.arange(60) % 6
    panels = [(f"model {place}", points) for place in range(5)]
    root = numbers_within(charts.clouds(panels, kinds, list("abcdef")))
    marks = {
        (e.tag, e.get("fill")) for e in root.iter() if (e.get("fill") or "").startswith("var(--c")
    }
    assert len({fill for _, fill in marks}) == 6


def test_confusions_say_shares_where_there_is_room() -> None:
    shares = np.array([[0.9, 0.1], [0.0, 1.0]])
    root = numbers_within(charts.confusions([("human", shares), ("cnn", shares)], ["cat", "car"]))
    assert texts(root).count("90") == 2
    many = np.eye(20)
    assert "100" not in texts(numbers_within(charts.confusions([("a", many)], ["x"] * 20)))


@pytest.mark.parametrize(
    ("low", "high"), [(0.13, 0.62), (-0.9, -0.41), (-3, 40), (0, 7000), (2.001, 2.004)]
)
def test_ticks_are_round_and_within(low: float, high: float) -> None:
    found = charts.ticks(low, high)
    assert 2 <= len(found) <= 7
    assert low <= found[0] < found[-1] <= high
    assert all(len(f"{abs(one):g}".replace(".", "").strip("0")) <= 4 for one in found)
    assert np.ptp(np.diff(found)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.04, 0.6, [0.05, 0.1, 0.2, 0.5]),
        (1e-3, 50, [0.001, 0.01, 0.1, 1, 10]),
        (0.21, 0.48, [0.25, 0.3, 0.35, 0.4, 0.45]),
    ],
)
def test_ticks_of_a_logarithmic_axis_are_in_its_own_unit(
    low: float, high: float, expected: list[float]
) -> None:
    assert charts.log_ticks(low, high) == pytest.approx(expected)


def test_a_logarithmic_axis_has_equal_ratios_at_equal_distances() -> None:
    points = [charts.Point(name, x, 7.0) for name, x in (("a", 0.1), ("b", 1.0), ("c", 10.0))]
    root = numbers_within(charts.scatter(points, "KL", "LR"))
    at = {text.text: float(text.get("x", "")) for text in root.iter(f"{SVG}text")}
    assert at["b"] - at["a"] == pytest.approx(at["c"] - at["b"], abs=0.1)
    assert at["1"] - at["0.1"] == pytest.approx(at["b"] - at["a"], abs=0.1)


def test_scatter_holds_single_and_equal_points() -> None:
    points = [charts.Point("a", 1.0, 2.0), charts.Point("b", 1.0, 2.0)]
    root = numbers_within(charts.scatter(points, "x", "y"))
    lines = {text.text: float(text.get("y", "")) for text in root.iter(f"{SVG}text")}
    assert abs(lines["a"] - lines["b"]) >= 15  # neither hides the other
    numbers_within(charts.scatter(points[:1], "x", "y"))
