"""Layouts that others write: each is the same drawing.

The example of differences in InkML is that of its specification, section 3.2.2.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sketch_pix2seq.data.sources import find_sources
from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.documents import MAX_INK_BYTES
from sketch_pix2seq.io.ndjson import MAX_LINE_BYTES
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.sketch.sketch import Sketch

CORNER = [[[0, 10, 10], [0, 0, 7]], [[3, 5], [4, 4]]]
EXPECTED = [[[0, 0], [10, 0], [10, 7]], [[3, 4], [5, 4]]]
STROKE3 = [[0, 0, 0], [10, 0, 0], [0, 7, 1], [-7, -3, 0], [2, 0, 1]]
STROKE5 = [[x, y, 1 - up, up, 0] for x, y, up in STROKE3] + [[0, 0, 0, 0, 1]] * 3
ML5 = [{"dx": x, "dy": y, "pen": "up" if up else "down"} for x, y, up in STROKE3]


def points(sketch: Sketch) -> list[Any]:
    """The strokes, the first point at (0, 0)."""
    first = sketch.strokes[0][0]
    return [(stroke - first).tolist() for stroke in sketch.strokes]


def csv_of(num: int) -> bytes:
    row = f'US,"{json.dumps(CORNER)}",1000,True,2017-03-05 21:25:10.2,cat\r\n'
    return b"countrycode,drawing,key_id,recognized,timestamp,word\r\n" + row.encode() * num


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def tightly_packed() -> bytes:
    """Two bitmaps of float64 with a line each, of 30 KB and a hundredth of that in the file."""
    bitmaps = np.zeros((2, 64, 64))
    bitmaps[:, 30, 10:50] = 1
    file = io.BytesIO()
    np.savez_compressed(file, bitmaps=bitmaps)
    return file.getvalue()


RECORD = {"word": "cat", "drawing": CORNER}
TWICE = {
    "records": json.dumps([RECORD, RECORD]).encode(),
    "pretty": json.dumps([RECORD, RECORD], indent=2).encode(),
    "pretty, one after another": (json.dumps(RECORD, indent=1) + "\n").encode() * 2,
    "UTF-16": json.dumps([RECORD, RECORD], indent=1).encode("utf-16"),
    "lines in UTF-16": "\r\n".join([json.dumps(RECORD)] * 2).encode("utf-16"),
    "bare drawings": json.dumps([CORNER, CORNER]).encode(),
    "stroke-3": json.dumps([STROKE3, STROKE3]).encode(),
    "stroke-5": json.dumps([STROKE5, STROKE5]).encode(),
    "sketch-rnn's JSON": json.dumps({"train": [STROKE3], "valid": [], "test": [STROKE3]}).encode(),
    "ml5": json.dumps([ML5, ML5]).encode(),
    "CSV": csv_of(2),
    "CSV with a mark": b"\xef\xbb\xbf" + csv_of(2),
    "CSV with other names": csv_of(2).replace(b"drawing", b"Drawing"),
    "npz, stroke-5": npz(train=np.array([STROKE5] * 2)),
    "npz of other names": npz(a=np.array(STROKE3), b=np.array(STROKE5), labels=np.arange(3)),
    "npy": npy(np.array([STROKE3] * 2, np.int16)),
    "npy of objects": npy(np.array([np.array(STROKE3), np.array(STROKE5)], object)),
}


@pytest.mark.parametrize("layout", TWICE)
def test_every_layout_holds_the_same_drawings(layout: str) -> None:
    found = read_sketches(TWICE[layout])
    assert [points(sketch) for sketch in found] == [EXPECTED] * 2
    has_word = "CSV" in layout or any(one in layout for one in ("records", "pretty", "UTF"))
    assert {sketch.category for sketch in found} == {"cat" if has_word else None}
    assert [sketch.name for sketch in found] == ["000001", "000002"]


@pytest.mark.parametrize("value", [CORNER, STROKE3, STROKE5, ML5, [STROKE3], [RECORD]])
def test_one_drawing_is_one(value: Any) -> None:
    (sketch,) = read_sketches(json.dumps(value).encode())
    assert (points(sketch), sketch.name) == (EXPECTED, None)


def test_offsets_that_are_not_whole_keep_their_shape() -> None:
    rows = np.array(STROKE3) * [0.01, 0.01, 1]
    (sketch,) = read_sketches(npy(rows))
    np.testing.assert_allclose(points(sketch)[0], np.array(EXPECTED[0]) / 100, atol=1e-6)


def test_wrong_records_among_right_ones_are_named() -> None:
    text = json.dumps([RECORD, {"word": "dog"}, RECORD]).encode()
    with pytest.raises(DrawingError, match="drawing 2: a record must have a list `drawing`"):
        read_sketches(text)
    wrong: list[DrawingError] = []
    rows = csv_of(1) + b"US,[],1,True,,cat\r\nUS,{,1,True,,cat\r\n" + csv_of(1).split(b"\r\n")[1]
    assert len(read_sketches(rows, wrong.append)) == 2
    assert len(wrong) == 2 and str(wrong[1]) == "drawing 3: `drawing` of a CSV must be JSON"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cats.csv", csv_of(2).split(b"\r\n", 1)[1]),
        ("cats.tsv", f"word\tdrawing\n{f'cat{chr(9)}{json.dumps(CORNER)}{chr(10)}' * 2}".encode()),
        ("cats.csv", f"word;drawing\n{f'cat;{json.dumps(CORNER)}{chr(10)}' * 2}".encode()),
        ("cats.ndjson", (json.dumps({"drawing": json.dumps(CORNER)}) + "\n").encode() * 2),
        ("cats.npz", tightly_packed()),
    ],
)
def test_layouts_that_are_nearly_others(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    sketches = read_sketches(tmp_path / name)
    assert len(sketches) == 2
    if name != "cats.npz":
        assert [points(sketch) for sketch in sketches] == [EXPECTED] * 2


def test_excalidraw_on_the_clipboard_and_with_its_type_last() -> None:
    line = element("line", points=[[0, 0], [9, 5]])
    for kind, count in (("excalidraw/clipboard", 1), ("excalidraw", 400)):
        content = json.dumps({"elements": [line] * count, "type": kind}).encode()
        (sketch,) = read_sketches(content)
        assert len(sketch.strokes) == count


def test_inkml_of_single_bytes_that_says_utf_16() -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?><ink><trace>1 2, 3 4</trace></ink>'
    assert read_sketches(text.encode())[0].strokes[0].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[", "JSON must be whole; got `Expecting value"),
        (b"[1, 2]", "drawing 1: a drawing must be a JSON object; got int"),
        (b"[" * 100_000, "JSON must be whole"),
        (b"[]", "must hold a drawing; got none"),
        (b'[{"dx": "a", "dy": 1}]', "must have numbers `dx` and `dy`"),
        (b"[[[1e999, 0, 1]]]", "JSON must be whole|finite"),
        (b"[[[" + b"9" * 400 + b", 0, 1]]]", "must be finite|JSON must be"),
        (npy(np.zeros((3, 7), np.int16)), "must hold drawings: .* got int16 of shape"),
        (npz(labels=np.arange(3)), "`labels` must hold drawings: .* got int64 of shape"),
        (npz(words=np.array(["a", "b"])), "`words` must be numbers"),
        (b'{"type": "excalidraw", "elements": [{}]}', "as Excalidraw writes it"),
        (b'{"type": "excalidraw", "elements": []}', "must hold a line"),
        (
            b'{"elements": [{"type": "line", "x": 0, "y": 0, "points": [[0, 0, 1], [3, 4, 1]]}]}',
            "as Excalidraw writes it",
        ),
        (b"<ink><trace>1 2", "InkML must be well-formed XML"),
        (b"<ink><trace>1, 2</trace></ink>", "must have X and Y"),
        (b"<ink></ink>", "InkML must hold a line"),
        (b"<ink><trace>1e999 2</trace></ink>", "coordinates must be between"),
        (b'<!DOCTYPE ink [<!ENTITY a "b">]><ink>&a;</ink>', "InkML must be well-formed XML"),
    ],
)
def test_what_cannot_be_read_says_why(content: bytes, message: str) -> None:
    with pytest.raises(DrawingError, match=message) as caught:
        read_sketches(content)
    assert len(str(caught.value)) < 250 and "\n" not in str(caught.value)


def element(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "x": 100, "y": 50, "width": 20, "height": 10, "angle": 0, **fields}


def test_excalidraw_gives_its_lines_and_shapes() -> None:
    quarter = np.pi / 2
    elements = [
        element("freedraw", points=[[0, 0], [3, 4]]),
        element("rectangle"),
        element("rectangle", angle=quarter),
        element("diamond"),
        element("ellipse"),
        element("text"),
        element("line", points=[[0, 0], [9, 9]], isDeleted=True),
    ]
    for indent in (None, 2):
        text = json.dumps({"type": "excalidraw", "version": 2, "elements": elements}, indent=indent)
        (sketch,) = read_sketches(text.encode())
        line, square, turned, diamond, ellipse = sketch.strokes
        assert line.tolist() == [[100, 50], [103, 54]]
        assert square.tolist() == [[100, 50], [100, 60], [120, 60], [120, 50], [100, 50]]
        assert [turned.min(axis=0).tolist(), turned.max(axis=0).tolist()] == [[105, 45], [115, 65]]
        assert diamond.tolist() == [[110, 50], [120, 55], [110, 60], [100, 55], [110, 50]]
        assert [*ellipse.min(axis=0), *ellipse.max(axis=0)] == [100, 50, 120, 60]


def test_inkml_gives_its_traces() -> None:
    ink = """<ink xmlns="http://www.w3.org/2003/InkML">
      <traceFormat><channel name="T"/><channel name="X"/><channel name="Y"/></traceFormat>
      <trace>0 10 20, 1 11 22, 2 * 30</trace><trace>0 1.5 -2</trace></ink>"""
    (sketch,) = read_sketches(ink.encode())
    assert [one.tolist() for one in sketch.strokes] == [[[10, 20], [11, 22], [11, 30]], [[1.5, -2]]]


def test_inkml_may_write_differences() -> None:
    ink = b"""<ink><trace>1125 18432,'23'43,"7"-8,3-5,7-3,6 2,6 8</trace></ink>"""
    (sketch,) = read_sketches(ink)
    # a velocity of (23, 43), then changes of it
    steps = [[23, 43], [30, 35], [33, 30], [40, 27], [46, 29], [52, 37]]
    assert np.diff(sketch.strokes[0], axis=0).tolist() == steps
    assert sketch.strokes[0][0].tolist() == [1125, 18432]


def test_inkml_of_a_pen_in_the_air_is_no_line() -> None:
    ink = b'<ink><trace>0 0, 5 5</trace><trace type="penUp">5 5, 9 0</trace></ink>'
    (sketch,) = read_sketches(ink)
    assert [stroke.tolist() for stroke in sketch.strokes] == [[[0, 0], [5, 5]]]
    assert sketch.left_out == "1 x pen in the air"


def test_inkml_that_is_too_large_says_so() -> None:
    with pytest.raises(DrawingError, match="InkML must have at most 24000000 bytes; got more"):
        read_sketches(b"<ink>" + b" " * MAX_INK_BYTES)


def test_a_line_of_a_csv_that_is_too_long_is_named_and_passed_over() -> None:
    row = b'"[[[0,5],[0,5]]]",'
    long = b'"[[[0,5],[0,5]]]",' + b"x" * MAX_LINE_BYTES
    wrong: list[DrawingError] = []
    found = read_sketches(
        b"\n".join([b"drawing,word", row + b"cat", long, row + b"dog"]), wrong.append
    )
    assert [sketch.category for sketch in found] == ["cat", "dog"]
    assert list(map(str, wrong)) == [f"drawing 2: a line must have at most {MAX_LINE_BYTES} bytes"]


def test_every_point_of_inkml_must_have_both_numbers() -> None:
    with pytest.raises(DrawingError, match="must have X and Y"):
        read_sketches(b"<ink><trace>10 20, 30, 40 50</trace></ink>")


def test_what_is_no_line_of_an_excalidraw_file_is_said() -> None:
    line = {"type": "line", "x": 0, "y": 0, "points": [[0, 0], [9, 9]]}
    texts = [{"type": "text", "x": 0, "y": 0, "text": "hello"}] * 2
    document = {"type": "excalidraw", "elements": [*texts, line, {"type": "image", "x": 0, "y": 0}]}
    (sketch,) = read_sketches(json.dumps(document).encode())
    assert len(sketch.strokes) == 1
    assert sketch.left_out == "2 x text, 1 x image"


def test_steps_that_do_not_say_how_the_pen_is_are_drawn() -> None:
    (sketch,) = read_sketches(json.dumps([{"dx": 1, "dy": 2}, {"dx": 3, "dy": 4}]).encode())
    assert len(sketch.strokes) == 1


def test_a_stroke_that_could_be_rows_is_one_among_others() -> None:
    text = b"[[[0, 10, 20], [0, 10, 20]], [[5, 3, 0], [5, 2, 1]]]"
    (sketch,) = read_sketches(text)
    assert [stroke.tolist() for stroke in sketch.strokes] == [
        [[0, 0], [10, 10], [20, 20]],
        [[5, 5], [3, 2], [0, 1]],
    ]


@pytest.mark.parametrize(
    "library",
    [
        '"libraryItems": [{"id": "a", "elements": [%s]}, {"id": "b", "elements": [%s, %s]}]',
        '"library": [[%s], [%s, %s]]',
    ],
)
def test_an_excalidraw_library_is_a_drawing_an_item(tmp_path: Path, library: str) -> None:
    line = '{"type": "line", "x": 3, "y": 4, "points": [[0, 0], [9, 9]]}'
    path = tmp_path / "shapes.excalidrawlib"
    path.write_text(f'{{"type": "excalidrawlib", {library % (line, line, line)}}}')
    read = read_sketches(path)
    assert [len(sketch.strokes) for sketch in read] == [1, 2]
    assert read[0].strokes[0].tolist() == [[3, 4], [12, 13]]
    assert [source.category for source in find_sources([tmp_path])] == ["shapes"]
    with pytest.raises(DrawingError, match="must hold a drawing"):
        read_sketches(b'{"type": "excalidrawlib"}')


@pytest.mark.parametrize(
    "text",
    [
        'sep=;\nword;drawing\ncat;"%s"\n',
        '\n \nword,drawing\ncat,"%s"\n',
        'word, drawing\ncat, "%s"\n',
    ],
    ids=["Excel's line", "blank lines", "spaces"],
)
def test_what_csv_files_have_around_their_fields_is_passed_over(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text % "[[[0, 9], [0, 7]]]")
    (sketch,) = read_sketches(path)
    assert (sketch.category, sketch.bounds) == ("cat", (0, 0, 9, 7))


def test_what_nobody_sees_in_excalidraw_is_left_out() -> None:
    elements = [
        element("rectangle"),
        element("rectangle", opacity=0),
        element("ellipse", opacity=0),
        element("rectangle", opacity=0, isDeleted=True),
        element("text", opacity=0),
        element("diamond", strokeColor="transparent", backgroundColor="transparent"),
        element("diamond", strokeColor="transparent"),
        element("diamond", strokeColor="transparent", backgroundColor="#ffc9c9"),
        element("line", points=[[0, 0], [9, 9]], opacity=10),
    ]
    document = {"type": "excalidraw", "elements": elements}
    (sketch,) = read_sketches(json.dumps(document).encode())
    assert [len(stroke) for stroke in sketch.strokes] == [5, 5, 2]
    assert sketch.left_out is not None
    assert sorted(sketch.left_out.split(", ")) == [
        "1 x invisible ellipse",
        "1 x invisible rectangle",
        "1 x invisible text",
        "2 x invisible diamond",
    ]
    document["elements"] = elements[1:3]
    with pytest.raises(
        DrawingError, match="must hold a line; got 1 x invisible rectangle, 1 x inv"
    ):
        read_sketches(json.dumps(document).encode())
