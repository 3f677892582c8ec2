from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.ndjson import (
    MAX_LINE_BYTES,
    RawDrawing,
    SimplifiedDrawing,
    format_record,
    parse_line,
    parse_sketch,
)
from sketch_pix2seq.sketch.geometry import MAX_POINTS
from sketch_pix2seq.sketch.sketch import Sketch

LINE = (
    b'{"word":"cat","countrycode":"VE","timestamp":"2017-03-02 23:25:10.07453 UTC",'
    b'"recognized":true,"key_id":"18446744073709551615",'
    b'"drawing":[[[130,113,99],[72,40,27]],[[76],[136]]]}'
)

BAD = {
    b"": "must be a JSON object; got an empty line",
    b"   \n": "must be a JSON object; got an empty line",
    b"cat": "must be a JSON object",
    b"[1, 2]": "must be a JSON object; got list",
    b'{"word": "cat", "drawing": [[[0, 3], [0': "must be a JSON object",
    b'\xff\xfe{"drawing"': "must be a JSON object",
    b'{"word": "\xe9", "drawing": [[[1], [1]]]}': "got text that is not UTF-8. Save the file",
    b'{"drawing": [[[1], [1]]]},,': "must be a JSON object; got `unexpected content",
    b",": "must be a JSON object",
    b'{"word": "cat"}': "must have a list `drawing`; got none",
    b'{"drawing": "cat"}': "must have a list `drawing`; got str",
    b'{"drawing": []}': "`drawing` must have a stroke; got an empty list",
    b'{"drawing": [[]]}': "stroke 0 of `drawing` must be two lists",
    b'{"drawing": [[1, 2]]}': "stroke 0 of `drawing` must be two lists",
    b'{"drawing": [[[1], [1]], {"x": [1]}]}': "stroke 1 of `drawing` must be two lists",
    b'{"drawing": [[[1], [1], [1], [1]]]}': "stroke 0 of `drawing` must be two lists",
    b'{"drawing": [[[], []]]}': "stroke 0 of `drawing` must have a point",
    b'{"drawing": [[[1, 2], [1]]]}': "stroke 0 of `drawing` must have as many x as y; got 2 and 1",
    b'{"drawing": [[[1], ["a"]]]}': "numbers only",
    b'{"drawing": [[[1], [null]]]}': "numbers only",
    b'{"drawing": [[[1], [[1]]]]}': "numbers only",
    b'{"drawing": [[[1], [NaN]]]}': "must be a JSON object",
    b'{"drawing": [[[1], [1e300]]]}': "coordinates|numbers",
    b'{"drawing": [[[1], [99999999999999999]]]}': "coordinates|numbers",
    b'{"drawing": [[[1], [1]]], "key_id": "-1"}': "`key_id` must be a whole number below 2.64",
    b'{"drawing": [[[1], [1]]], "key_id": "18446744073709551616"}': "`key_id` must be",
    b'{"drawing": [[[1], [1]]], "key_id": 1.5}': "`key_id` must be",
    b'{"drawing": [[[1], [1]]], "key_id": "\xc2\xb2"}': "`key_id` must be",
    b'{"drawing": [[[1], [1]]], "recognized": "yes"}': "`recognized` must be true or false",
    b'{"drawing": [[[1], [1]]], "word": 5}': "`word` must be text; got 5",
    b'{"drawing":' + b"[" * 100_000: "must be a JSON object",
    b'{"drawing": [[[' + b"1," * MAX_POINTS + b"1],[" + b"1," * MAX_POINTS + b"1]]]}": "points",
    b" " * (MAX_LINE_BYTES + 1): "at most 8000000 bytes",
}


def simplified(line: bytes) -> SimplifiedDrawing:
    drawing = parse_line(line)
    assert isinstance(drawing, SimplifiedDrawing)
    return drawing


def test_a_comma_between_lines_is_passed_over() -> None:
    assert parse_sketch(LINE + b", \r\n") == parse_sketch(LINE)


def test_a_sketch_has_strokes_and_category() -> None:
    sketch = parse_sketch(LINE)
    assert sketch.category == "cat"
    assert [stroke.tolist() for stroke in sketch.strokes] == [
        [[130, 72], [113, 40], [99, 27]],
        [[76, 136]],
    ]


def test_everything_but_the_drawing_may_be_missing() -> None:
    sketch = parse_sketch(b'{"drawing": [[[1.5], [-2]]]}')
    assert sketch.strokes[0].tolist() == [[1.5, -2]] and sketch.category is None
    simple = simplified(b'{"drawing": [[[1], [-2]]], "key_id": null}')
    assert (simple.word, simple.key_id, simple.recognized) == (None, None, None)


@pytest.mark.parametrize(
    ("written", "key_id"),
    [("6.0", 6), ('"6.0"', 6), ("5891796615823360.0", 5891796615823360), ("1e18", None)],
)
def test_keys_that_pandas_made_floats_are_read(written: str, key_id: int | None) -> None:
    line = f'{{"drawing": [[[1], [-2]]], "key_id": {written}}}'
    assert simplified(line.encode()).key_id == key_id


def test_times_of_raw_lines_are_left_out() -> None:
    line = b'{"drawing": [[[1.5, 2], [3, 4], [0, 17]]], "recognized": 0}'
    assert parse_sketch(line).strokes[0].tolist() == [[1.5, 3], [2, 4]]
    raw = parse_line(line)
    assert raw.points.tolist() == [[1.5, 3], [2, 4]] and raw.recognized is False


def test_a_simplified_line_is_flat() -> None:
    drawing = simplified(LINE)
    assert drawing.points.dtype == np.int16
    assert drawing.points.tolist() == [[130, 72], [113, 40], [99, 27], [76, 136]]
    assert drawing.lifts.tolist() == [False, False, True, True]
    assert (drawing.word, drawing.key_id, drawing.recognized) == ("cat", 2**64 - 1, True)


@pytest.mark.parametrize("value", ["1.5", "1.0", "32768", "-32769", "1e2"])
def test_a_simplified_line_has_small_whole_numbers(value: str) -> None:
    line = b'{"drawing": [[[0, %s], [0, 1]]]}' % value.encode()
    assert isinstance(parse_line(line), RawDrawing)


@pytest.mark.parametrize("value", ['"1"', "null", "[1]", "{}"])
def test_a_line_has_numbers(value: str) -> None:
    with pytest.raises(DrawingError, match="must hold numbers only"):
        parse_line(b'{"drawing": [[[0, %s], [0, 1]]]}' % value.encode())


@pytest.mark.parametrize("line", BAD, ids=lambda line: line[:40].decode("latin1"))
def test_bad_lines_say_what_is_wrong(line: bytes) -> None:
    knows_drawings_alone = b"key_id" in line or b"recognized" in line
    for parse in (parse_line,) if knows_drawings_alone else (parse_sketch, parse_line):
        with pytest.raises(DrawingError, match=BAD[line]) as caught:
            parse(line)
        assert len(str(caught.value)) < 200
        assert "\n" not in str(caught.value)


def test_whole_numbers_are_written_as_such() -> None:
    sketch = Sketch.from_points([[(0, 0), (3, 255)], [(7, 7)]])
    line = format_record(sketch, word="cat", key_id="12", input=None)
    assert line == b'{"word":"cat","key_id":"12","drawing":[[[0,3],[0,255]],[[7],[7]]]}'


def test_real_numbers_come_back_exactly(rng: np.random.Generator) -> None:
    sketch = Sketch.from_points([rng.normal(size=(20, 2)) * 100])
    assert parse_sketch(format_record(sketch)) == sketch


def test_a_field_that_is_no_json_is_refused() -> None:
    with pytest.raises(DrawingError, match="must be JSON"):
        format_record([], word=object())


def test_real_lines_read_alike_by_both_readers_and_come_back(quickdraw: Path) -> None:
    for path in sorted(quickdraw.glob("*.ndjson.gz"))[::40]:
        with gzip.open(path) as lines:
            for line in itertools.islice(lines, 50):
                sketch, simple = parse_sketch(line), simplified(line)
                np.testing.assert_array_equal(np.concatenate(sketch.strokes), simple.points)
                assert simple.lifts.sum() == len(sketch.strokes)
                assert sketch.category == simple.word
                written = format_record(sketch)
                assert json.loads(written)["drawing"] == json.loads(line)["drawing"]


def test_whole_numbers_beyond_those_of_json_keep_their_values() -> None:
    points = np.array([[1e20, 0], [-2e30, 5]], np.float32)
    (stroke,) = json.loads(format_record([points]))["drawing"]
    assert np.array_equal(np.array(stroke, np.float32).T, points)
