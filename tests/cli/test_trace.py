"""`trace`: strokes of pictures without a model, and the stages on the way."""

from __future__ import annotations

import io
import itertools
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from simulated_photo import simulate_photo

from sketch_pix2seq.cli.app import main
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.sketch.sketch import Sketch

HOUSE = Sketch.from_points([[(0, 60), (50, 0), (100, 60)], [(10, 70), (10, 120), (90, 120)]])


@pytest.fixture
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    HOUSE.save("clean.png", size=300)
    Path("photo.jpg").write_bytes(simulate_photo(HOUSE, seed=2))
    HOUSE.save("lines.svg")
    return ["clean.png", "photo.jpg", "lines.svg"]


def test_strokes_of_pictures_and_photos(
    inputs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", *inputs, "--out", "new", "--size-mm", "120", "--curves"]) == 0
    paths = capsys.readouterr().out.split()
    assert paths == [f"new/{name}-traced.svg" for name in ("clean", "photo", "lines")]
    for path in paths:
        assert 'width="120mm"' in Path(path).read_text()
        (found,) = read_sketches(path)
        assert len(found.strokes) == 2


def test_a_tilted_sheet_is_the_frame_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    table = Image.new("RGB", (500, 400), (60, 45, 35))
    pen = ImageDraw.Draw(table)
    pen.polygon([(90, 60), (430, 90), (410, 340), (70, 310)], (235, 235, 230))
    pen.line([(180, 150), (320, 240)], (20, 20, 30), 5)
    table.save("page.png")
    assert main(["trace", "page.png"]) == 0
    assert "straightened" in capsys.readouterr().err
    frame = read_sketches("page-traced.svg")[0].frame
    assert frame is not None and frame[:2] != pytest.approx((500, 400), abs=1)
    assert main(["trace", "page.png", "--no-straighten", "--overwrite"]) == 0
    assert "straightened" not in capsys.readouterr().err
    frame = read_sketches("page-traced.svg")[0].frame
    assert frame is not None and frame[:2] == pytest.approx((500, 400), abs=1)


def test_stages_are_pictures_of_what_was_seen(
    inputs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trace", *inputs, "--stages", "seen"]) == 0
    names = ("picture", "contrast", "ink", "lines", "strokes")
    expected = [
        f"seen/{stem}-{number}-{name}.png"
        for stem in ("clean", "photo")
        for number, name in enumerate(names, start=1)
    ]
    assert capsys.readouterr().out.split()[:10] == expected
    for path in expected:
        with Image.open(path) as picture:
            assert max(picture.size) >= 300


def test_stages_end_with_merged_lines_if_lines_are_merged(inputs: list[str]) -> None:
    assert main(["trace", "clean.png", "--merge-lines", "--stages", "seen"]) == 0
    paths = ("seen/clean-5-strokes.png", "seen/clean-6-merged.png")
    strokes, merged = (np.asarray(Image.open(path), int) for path in paths)
    away = np.abs(merged - strokes).mean()
    assert 0 < away < 10  # the same lines in the same place, found anew


def test_json_is_in_quickdraws_frame(inputs: list[str]) -> None:
    assert main(["trace", "photo.jpg", "--format", "ndjson"]) == 0
    record = json.loads(Path("photo.ndjson").read_text())
    numbers = [value for stroke in record["drawing"] for axis in stroke for value in axis]
    assert (min(numbers), max(numbers)) == (0, 255)
    assert record["input"] == "photo"
    assert main(["trace", "photo.jpg", "--format", "ndjson"]) == 2
    assert main(["trace", "photo.jpg", "--format", "ndjson", "--overwrite"]) == 0


def test_stages_lie_in_a_folder(inputs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", *inputs, "--stages", inputs[0], "--out", "out"]) == 2
    assert f"`--stages` must be a folder, and `{inputs[0]}` is not one" in capsys.readouterr().err
    assert not Path("out").exists()


def test_stages_replace_neither_each_other_nor_files(
    inputs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("more").mkdir()
    HOUSE.save("more/clean.png", size=64)
    words = ["trace", "clean.png", "more/clean.png", "--stages", "seen"]
    assert main([*words, "--out", "a"]) == 0
    assert len(set(capsys.readouterr().out.split())) == 12
    before = Path("seen/clean-2-1-picture.png").read_bytes()
    assert Path("seen/clean-1-picture.png").read_bytes() != before
    assert main([*words, "--out", "a"]) == 2
    assert main([*words, "--out", "b"]) == 2
    assert main([*words, "--out", "b", "--overwrite"]) == 0


def test_a_picture_without_lines_is_told_once(
    inputs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("L", (99, 99), 255).save("blank.png")
    assert main(["trace", "blank.png", "clean.png", "none.png", "--stages", "seen"]) == 1
    out, err = capsys.readouterr()
    assert "clean-traced.svg" in out
    assert err.count("`blank.png`") == 1 and err.count("`none.png`") == 1


def test_a_page_is_split_and_what_is_left_out_is_said(
    inputs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    page = Image.new("RGB", (900, 400), "white")
    with Image.open("clean.png") as house:
        page.paste(house, (20, 50))
        page.paste(house, (560, 50))
    page.paste("black", (450, 10, 451, 11))
    page.save("page.png")
    assert main(["trace", "page.png", "--split"]) == 0
    out, err = capsys.readouterr()
    assert out.split() == ["page-01-traced.svg", "page-02-traced.svg"]
    assert err == "sketch-pix2seq: `page.png`: left out: 1 speck\n"
    assert 'viewBox="0 0 900 400"' in Path("page-02-traced.svg").read_text()


def lifted(path: str) -> float:
    """The way of the lifted pen."""
    strokes = read_sketches(path)[0].strokes
    return sum(float(np.hypot(*(b[0] - a[-1]))) for a, b in itertools.pairwise(strokes))


ROWS = Sketch.from_points(
    [[(x, y), (x + 6 + x * y / 999, y + 3)] for y in range(0, 90, 15) for x in range(0, 90, 15)]
)


def test_orders_of_a_pen_and_of_a_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    ROWS.save("rows.png", size=400)
    for order in ("pen", "hand", "none"):
        assert main(["trace", "rows.png", "--order", order, "--out", f"{order}.svg"]) == 0
    assert main(["trace", "rows.png", "--out", "usual.svg"]) == 0
    assert main(["trace", "rows.png", "--animate", "--out", "moving.svg"]) == 0
    assert lifted("pen.svg") < lifted("hand.svg") < lifted("none.svg")
    assert Path("usual.svg").read_text() == Path("pen.svg").read_text()
    assert read_sketches("moving.svg") == read_sketches("hand.svg")
    assert main(["trace", "rows.png", "--format", "ndjson"]) == 0
    (record,) = read_sketches("rows.ndjson")
    (hand,) = read_sketches("hand.svg")
    assert record == hand.to_quickdraw_grid()


def test_an_svg_without_a_page_gets_the_order_of_a_pen(inputs: list[str]) -> None:
    lines = "".join(f'<path d="M{x} {y}h9"/>' for x, y in ((0, 0), (0, 90), (20, 0), (20, 90)))
    group = f'<g fill="none" stroke="black">{lines}</g>'
    Path("far.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{group}</svg>')
    assert main(["trace", "far.svg"]) == 0
    assert main(["trace", "far.svg", "--order", "pen", "--out", "pen.svg"]) == 0
    assert Path("far-traced.svg").read_text() == Path("pen.svg").read_text()


def test_files_of_strokes_keep_their_order_unless_told(inputs: list[str]) -> None:
    strokes = [stroke.T.tolist() for stroke in HOUSE.strokes]
    Path("lines.ndjson").write_text(json.dumps({"drawing": strokes}) + "\n")
    for words, out in (([], "same.svg"), (["--order", "pen"], "pen.svg")):
        assert main(["trace", "lines.ndjson", "--no-curves", *words, "--out", out]) == 0
    (same,) = read_sketches("same.svg")
    assert [len(stroke) for stroke in same.strokes] == [len(stroke) for stroke in HOUSE.strokes]
    assert lifted("pen.svg") < lifted("same.svg")


def test_too_many_strokes_for_a_hand_are_told(
    inputs: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sketch_pix2seq.sketch.order.MAX_HAND_STROKES", 1)
    assert main(["trace", "clean.png", "--order", "hand"]) == 0
    assert "`clean`: over 1 strokes: `order` is pen, not hand" in capsys.readouterr().err


def test_stages_are_not_written_where_results_are_refused(
    inputs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("clean-traced.svg").touch()
    assert main(["trace", "clean.png", "--stages", "seen"]) == 2
    assert not Path("seen").exists()


def test_stages_of_standard_input_are_said_to_be_missing(
    inputs: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    piped = io.TextIOWrapper(io.BytesIO(Path("clean.png").read_bytes()))
    monkeypatch.setattr(sys, "stdin", piped)
    assert main(["trace", "-", "--stages", "seen"]) == 0
    assert "`stages` shows files, not standard input" in capsys.readouterr().err
