"""Files are known by their content; what is not read is named, with what to do."""

from __future__ import annotations

import bz2
import io
import lzma
import pickle
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.kinds import Kind, is_picture, kind_of, stem
from sketch_pix2seq.io.reading import read_sketches

RECORD = '{"word": "cat", "drawing": [[[0, 9], [0, 9]]]}'


def packed(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("cat.svg"))
    return file.getvalue()


KINDS = [
    (RECORD.encode(), Kind.LINES),
    (b"\xef\xbb\xbf\n  " + RECORD.encode(), Kind.LINES),
    (RECORD.encode("utf-16"), Kind.LINES),
    (RECORD.encode("utf-16-le"), Kind.LINES),
    (RECORD.encode("utf-16-be"), Kind.LINES),
    (RECORD[:30].encode() + b"\n" + RECORD.encode(), Kind.LINES),  # a wrong line, then a right one
    (b"{}\n", Kind.LINES),
    (b"[" + RECORD.encode() + b"]", Kind.JSON),
    (RECORD.replace(",", ",\n ").encode(), Kind.JSON),
    (b'{"type": "excalidraw", "elements": []}', Kind.JSON),
    (b"word,drawing\ncat,[]", Kind.CSV),
    (b"<svg/>", Kind.SVG),
    ("<svg/>".encode("utf-16"), Kind.SVG),
    (b"<?xml version='1.0'?><!-- <ink> --><i:ink xmlns:i='x'>", Kind.INKML),
    (b"\x89PNG\r\n", Kind.PICTURE),
    (b"\0\0\0\x1cftypavif", Kind.PICTURE),
    (b"P5\n10 10\n255\n", Kind.PICTURE),
    (b"P1 # of another program\n10 10\n", Kind.PICTURE),
    (b"BM" + bytes(8) + b"\x36\0\0\0\x28\0\0\0", Kind.PICTURE),
    (b"BM" + bytes(8) + b"\x1a\0\0\0\x0c\0\0\0", Kind.PICTURE),
    *((text + b",drawing\n1,[]", Kind.CSV) for text in (b"BM", b"BMI", b"BM of a person" * 3)),
    *((b"P%d,drawing\n1,[]" % number, Kind.CSV) for number in range(1, 7)),
    *((text + b",drawing\n1,[]", Kind.CSV) for text in (b"GIF8", b"BZh", b"Rar!", b"8BPS")),
    *((text + b",drawing\n1,[]", Kind.CSV) for text in (b"AC1015", b"SQLite", b"ARROW1")),
    (packed(train_npy=b"x"), Kind.NPZ),
    (b"\x93NUMPY\x01\0", Kind.NPY),
]


@pytest.mark.parametrize(
    ("content", "kind"),
    KINDS,
    ids=[f"{number}-{kind.name}" for number, (_, kind) in enumerate(KINDS)],
)
def test_content_says_the_kind(content: bytes, kind: Kind) -> None:
    assert kind_of(content[:8192]) is kind
    assert kind_of(content[:8192], "cat.png") is kind


def test_every_picture_that_pillow_writes_is_one() -> None:
    for mode, kind in (("L", "bmp"), ("RGBA", "bmp"), ("1", "ppm"), ("RGB", "ppm"), ("L", "gif")):
        file = io.BytesIO()
        Image.new(mode, (300, 9)).save(file, kind)
        assert is_picture(file.getvalue()[:32])


def test_names_say_the_kind_where_content_cannot() -> None:
    assert kind_of(b"\0\0\0\0", "cat.bin.gz") is Kind.BINARY
    assert kind_of(b"a cat", "cat.ndjson") is Kind.LINES
    assert kind_of(b"x,y\n", "cat.csv") is Kind.CSV


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%PDF-1.7\n", "got a PDF. Save the page as a PNG"),
        (b"%!PS-Adobe", "got PostScript"),
        (bz2.compress(b"x"), "got an archive. Unpack it first"),
        (bz2.compress(b""), "got an archive. Unpack it first"),
        (lzma.compress(b"x"), "got an archive. Unpack it first"),
        (tarred(), "got an archive. Unpack it first"),
        (packed(cat_svg=b"<svg/>"), "got a zip archive. Unpack it first"),
        (pickle.dumps([1]), "got a pickle, which is a program. Save arrays with `numpy.savez`"),
        (b"  0\r\nSECTION\r\n", "got a CAD drawing. Export it"),
        (b"\x89HDF\r\n\x1a\n", "got a data file. Write an ndjson"),
        (b'{"tldrawFileFormatVersion": 1, "records": []}', "tldraw's files are not read. Export"),
        (b"x,y,label\n1,2,cat\n", "got something else"),
        (b"some words", "got something else"),
        (bytes(500), "got something else"),
        (b"<html><body>", "an SVG must be well-formed XML|must begin with `<svg>`"),
    ],
)
def test_what_is_not_read_is_named_in_a_line(content: bytes, message: str) -> None:
    with pytest.raises(DrawingError, match=message) as caught:
        read_sketches(content)
    assert len(str(caught.value)) < 250 and "\n" not in str(caught.value)


def test_the_name_is_what_stands_before_the_last_dot() -> None:
    names = ["v1.0.svg", "2024.05.01.jpg", "cat.ndjson.gz", "scan.", "cat", ".svg", "a.full.npz"]
    stems = ["v1.0", "2024.05.01", "cat", "scan.", "cat", ".svg", "a.full"]
    assert [stem(name) for name in names] == stems


def test_bitmaps_are_traced_and_labels_passed_over() -> None:
    bitmaps = np.zeros((2, 28, 28), np.uint8)
    bitmaps[:, 14, 4:24] = 255
    file = io.BytesIO()
    np.savez(file, images=bitmaps, labels=np.arange(2))
    assert [len(sketch.strokes) for sketch in read_sketches(file.getvalue())] == [1, 1]


CROSS = np.zeros((28, 28), np.uint8)
CROSS[14, 4:24] = CROSS[4:24, 14] = 255
LAYOUTS: dict[str, np.ndarray] = {
    "rows": np.stack([CROSS, CROSS]).reshape(2, 784),
    "one row": CROSS.ravel(),
    "columns first": np.asfortranarray(np.stack([CROSS, CROSS]).reshape(2, 784)),
    "colours last": np.stack([CROSS] * 3, axis=2)[None],
    "colours first": np.stack([[CROSS] * 3] * 2),
    "shares": CROSS / 255,
    "colours as shares": np.stack([CROSS] * 3, axis=2) / 255,
    "colours from -1 to 1": (np.stack([CROSS] * 3, axis=2) / 127.5 - 1).astype(np.float32),
    "colours in 64 bits": np.stack([CROSS] * 3, axis=2).astype(np.int64),
    "from -1 to 1": (CROSS / 127.5 - 1).astype(np.float32),
    "16 bits": CROSS.astype(np.uint16) * 257,
    "truth values": CROSS > 0,
    "standardised": np.stack([CROSS, CROSS]).reshape(2, 784) / 80.0 - 0.4,
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_bitmaps_are_read_in_any_layout(name: str) -> None:
    file = io.BytesIO()
    np.save(file, LAYOUTS[name])
    for sketch in read_sketches(file.getvalue()):
        assert len(sketch.strokes) == 2
        assert sketch.bounds == pytest.approx((4, 4, 24, 24), abs=1)


def saved(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    if list(arrays) == ["array"]:
        np.save(file, arrays["array"])
    else:
        np.savez(file, allow_pickle=True, **arrays)
    return file.getvalue()


@pytest.mark.parametrize("shape", [(600, 784), (768, 1024), (100, 256), (144, 100)])
@pytest.mark.parametrize("noise", [0, 12])
def test_a_grey_picture_of_a_square_width_is_one_picture(
    shape: tuple[int, int], noise: int, rng: np.random.Generator
) -> None:
    height, width = shape
    x, y = np.arange(width), np.arange(height)[:, None]
    line = np.abs(y - height / 2 - height / 4 * np.sin(x / width * 5)) <= 1 + height / 400
    array = np.where(line & (x > width / 9) & (x < width * 0.9), 30, 230)
    array = (array + rng.normal(0, noise, shape)).clip(0, 255).astype(np.uint8)
    (sketch,) = read_sketches(saved(array=array))
    left, _, right, _ = sketch.bounds or (0, 0, 0, 0)
    assert right - left == pytest.approx(0.79 * width, abs=0.03 * width)
    (alone,) = read_sketches(saved(array=array[None]))  # the shape that says so
    assert alone.bounds == sketch.bounds


@pytest.mark.parametrize("side", [8, 16, 28])
def test_rows_of_bitmaps_are_bitmaps(side: int, rng: np.random.Generator) -> None:
    bitmaps = np.zeros((12, side, side), np.uint8)
    for bitmap in bitmaps:
        row, column = rng.integers(side // 4 + 1, 3 * side // 4 - 1, 2)
        bitmap[row, side // 4 : -side // 4] = bitmap[side // 4 : -side // 4, column] = 255
    rows = bitmaps.reshape(12, -1)
    for array in (rows, np.stack([rows[0]] * 12), 255 - rows, rows / 255):
        read = read_sketches(saved(array=array))
        assert len(read) == 12
        assert all(max(sketch.bounds or (side + 1,)) <= side for sketch in read)


@pytest.mark.parametrize("labels", [np.arange(100), np.eye(100, dtype=np.uint8)[:, :20]])
@pytest.mark.parametrize("name", ["a", "z"])
def test_labels_of_a_square_number_of_drawings_are_passed_over(
    labels: np.ndarray, name: str
) -> None:
    drawings = np.array([[[0, 0, 0], [9, 0, 0], [0, 9, 1]]] * 100)
    assert len(read_sketches(saved(**{name: labels, "drawings": drawings}))) == 100


def test_a_list_of_bitmaps_is_read() -> None:
    pictures = np.empty(3, object)
    pictures[:] = [CROSS, np.zeros((40, 30), np.uint8), np.stack([CROSS] * 3, axis=2)]
    pictures[1][20, 5:25] = 255
    file = io.BytesIO()
    np.savez(file, train=pictures)
    assert [len(sketch.strokes) for sketch in read_sketches(file.getvalue())] == [2, 1, 2]


def test_a_blank_bitmap_is_said_to_be_one() -> None:
    file = io.BytesIO()
    np.save(file, np.zeros((3, 784), np.uint8))
    with pytest.raises(DrawingError, match="28 x 28 of an array of 3 x 784: .* one even colour"):
        read_sketches(file.getvalue())
