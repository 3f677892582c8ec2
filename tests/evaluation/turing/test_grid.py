from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from sketch_pix2seq.evaluation.turing.grid import grid, rows_of
from studies import scribbles

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("shares", "above", "highest"),
    [
        ([0.5, 0.6, 0.7], [1, 2], 2),
        ([0.8, 0.6, 0.7], [], 0),
        ([0.5, 0.5, 0.2], [], None),
        ([0.0, 0.0, 0.0], [], None),
        ([0.2, 0.6, 0.6], [1, 2], None),
        ([0.5, None, 0.6], [2], 2),
        ([None, 0.2, 0.6], [], 2),
        ([None, 0.2, None], [], None),
        ([None, None, None], [], None),
    ],
)
def test_what_is_above_and_what_is_highest_is_marked_but_no_tie(
    shares: list[float | None], above: list[int], highest: int | None
) -> None:
    study = scribbles(1, categories=("cat",))
    names = [study.of(source)[0].name for source in study.sources]
    counts = dict(zip(names, (7, 8, 9), strict=True))
    (row,) = rows_of(study, "cat", dict(zip(names, shares, strict=True)), counts)
    assert [shown.sketch.source for shown in row] == study.sources
    assert [place for place, shown in enumerate(row) if shown.is_above] == above
    assert [place for place, shown in enumerate(row) if shown.is_highest] == (
        [] if highest is None else [highest]
    )
    for shown, share, count in zip(row, shares, (7, 8, 9), strict=True):
        assert shown.words == ("–" if share is None else f"{100 * share:.0f} % ({count})")
    marked = grid([row]).count("strong")
    assert marked == (highest is not None)


def test_ten_sketches_fill_row_after_row() -> None:
    study = scribbles(10, ("cnn",), ("cat",))
    shares = {sketch.name: place / 100 for place, sketch in enumerate(study.sketches)}
    rows = rows_of(study, "cat", shares, dict.fromkeys(shares, 1))
    root = ET.fromstring(grid(rows))
    frames = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "frame"]
    lines = Counter(float(frame.get("y", "")) for frame in frames)
    whole, *others, last = [lines[y] for y in sorted(lines)]
    assert all(count == whole for count in others)
    assert 0 < last <= whole
    words = {text.text: float(text.get("y", "")) for text in root.iter(f"{SVG}text")}
    assert words[rows[0][0].words] == words[rows[1][0].words] < words[rows[9][0].words]


@pytest.mark.parametrize(("per_category", "num_models"), [(1, 1), (10, 4), (3, 9), (7, 20)])
def test_every_sketch_is_in_the_picture_with_its_share(per_category: int, num_models: int) -> None:
    labels = [f"model-of-a-long-name-{number}" for number in range(num_models)]
    study = scribbles(per_category, labels, ("cat",))
    shares = {sketch.name: place / 1000 for place, sketch in enumerate(study.sketches)}
    root = ET.fromstring(grid(rows_of(study, "cat", shares, dict.fromkeys(shares, 12))))
    _, _, width, height = map(float, root.get("viewBox", "").split())
    frames = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "frame"]
    assert len(frames) == len(study.sketches)
    corners = set()
    for frame in frames:
        x, y, side = (float(frame.get(name, "")) for name in ("x", "y", "width"))
        assert 0 <= x <= x + side <= width + 0.1
        assert 0 <= y <= y + side <= height
        corners.add((x, y))
    assert len(corners) == len(frames)
    told = [text.text or "" for text in root.iter(f"{SVG}text")]
    assert sum(bool(re.fullmatch(r"\d+ % \(12\)", words)) for words in told) == len(study.sketches)
