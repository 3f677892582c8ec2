from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from sketch_pix2seq.evaluation.turing.grid import ABOVE, HIGHEST, PLAIN, grid, rows_of
from studies import scribbles

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("shares", "standings"),
    [
        ([0.5, 0.6, 0.7], [PLAIN, ABOVE, HIGHEST]),
        ([0.8, 0.6, 0.7], [HIGHEST, PLAIN, PLAIN]),
        ([0.5, 0.5, 0.2], [HIGHEST, HIGHEST, PLAIN]),
        ([0.5, None, 0.6], [PLAIN, PLAIN, HIGHEST]),
        ([None, 0.2, 0.6], [PLAIN, PLAIN, HIGHEST]),
        ([None, 0.2, None], [PLAIN, PLAIN, PLAIN]),
        ([None, None, None], [PLAIN, PLAIN, PLAIN]),
    ],
)
def test_sketches_stand_as_their_shares_do(
    shares: list[float | None], standings: list[str]
) -> None:
    study = scribbles(1, categories=("cat",))
    by_name = {
        study.of(source)[0].name: share for source, share in zip(study.sources, shares, strict=True)
    }
    (row,) = rows_of(study, "cat", by_name)
    assert [shown.sketch.source for shown in row] == study.sources
    assert [shown.share for shown in row] == shares
    assert [shown.standing for shown in row] == standings


@pytest.mark.parametrize(("per_category", "num_models"), [(1, 1), (10, 4), (3, 9), (7, 20)])
def test_every_sketch_is_in_the_picture_with_its_share(per_category: int, num_models: int) -> None:
    labels = [f"model-of-a-long-name-{number}" for number in range(num_models)]
    study = scribbles(per_category, labels, ("cat",))
    shares = {sketch.name: place / 1000 for place, sketch in enumerate(study.sketches)}
    root = ET.fromstring(grid(rows_of(study, "cat", shares)))
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
    assert sum(bool(re.fullmatch(r"\d+ %", words)) for words in told) == len(study.sketches)
