from __future__ import annotations

import contextlib
import io
import itertools
import struct
import subprocess
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.picture import decoding
from sketch_pix2seq.io.picture.picture_in import lines_of_ink, read_picture
from sketch_pix2seq.io.reading import read_sketches
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise
from sketch_pix2seq.sketch.sketch import Sketch

HOUSE = Sketch.from_points(
    [[(0, 40), (50, 0), (100, 40)], [(10, 50), (10, 120), (90, 120), (90, 50), (10, 50)]]
)


def file_of(image: Image.Image, kind: str = "png", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def distance(found: Sketch, drawn: Sketch, size: int = 256) -> float:
    """Mean absolute difference of both drawings as thick pictures, 0 to 1."""
    settings = RasterSettings(size=size, margin=size / 10, line_width=size / 20)
    return float(np.abs(rasterise(found, settings) - rasterise(drawn, settings)).mean())


@pytest.mark.parametrize(
    ("size", "line_width"),
    [
        (48, 1.5),
        (100, 1),
        (100, 3),
        (100, 8),
        (640, 1),
        (640, 12),
        (640, 40),
        (1500, 1),
        (1500, 40),
    ],
)
def test_lines_of_any_width_give_their_middle(size: int, line_width: float) -> None:
    image = HOUSE.to_image(size, margin=size / 8, line_width=line_width)
    found = read_picture(file_of(image))
    assert distance(found, HOUSE) < 0.025
    assert len(found.strokes) <= 2  # the widest lines of roof and walls touch
    assert found.num_points < 30


def test_points_are_pixels_of_the_picture() -> None:
    image = Image.new("L", (400, 300), 255)
    image.paste(0, (100, 148, 301, 153))
    (stroke,) = read_picture(file_of(image)).strokes
    np.testing.assert_allclose(stroke[0], [103, 150.5], atol=3)
    np.testing.assert_allclose(stroke[-1], [298, 150.5], atol=3)
    large = image.resize((4000, 3000), Image.Resampling.NEAREST)
    (stroke,) = read_picture(file_of(large)).strokes
    np.testing.assert_allclose(stroke[0], [1030, 1505], atol=30)


@pytest.mark.parametrize(
    "kind", ["png", "jpeg", "webp", "gif", "bmp", "tiff", "avif", "jpeg2000", "ppm", "tga"]
)
@pytest.mark.parametrize("is_dark", [False, True])
def test_kinds_of_files_dark_on_light_and_light_on_dark(kind: str, is_dark: bool) -> None:
    image = HOUSE.to_image(300, margin=40, line_width=8)
    found = read_picture(file_of(ImageOps.invert(image) if is_dark else image, kind))
    assert distance(found, HOUSE) < 0.02


def test_a_fax_and_a_photo_of_49_million_pixels_are_read() -> None:
    image = HOUSE.to_image(700, margin=90, line_width=16)
    fax = file_of(image.convert("1"), "tiff", compression="group4")
    assert distance(read_picture(fax), HOUSE) < 0.02
    large = image.resize((7000, 7000))
    found = read_picture(file_of(large, "jpeg"))
    assert distance(found, HOUSE) < 0.02
    assert found.frame is not None and found.frame[:2] == (7000, 7000)
    assert found.frame.line_width == pytest.approx(160, rel=0.2)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "I;16"])
def test_modes(mode: str) -> None:
    image = HOUSE.to_image(300, margin=40, line_width=8)
    if mode.startswith("I"):
        converted = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    else:
        converted = image.convert("RGBA" if mode == "PA" else mode)
    kind = "jpeg" if mode == "CMYK" else "png"
    assert distance(read_picture(file_of(converted, kind)), HOUSE) < 0.02


@pytest.mark.parametrize("white", [1.0, 255.0, 65535.0])
def test_brightness_may_be_real_numbers(white: float) -> None:
    values = np.asarray(HOUSE.to_image(300, margin=40, line_width=8), np.float32) / 255 * white
    assert distance(read_picture(file_of(Image.fromarray(values), "tiff")), HOUSE) < 0.02


@pytest.mark.parametrize("ink", [(0, 0, 0), (255, 255, 255), (200, 30, 30)])
def test_transparent_paper(ink: tuple[int, int, int]) -> None:
    alpha = ImageOps.invert(HOUSE.to_image(300, margin=40, line_width=8))
    image = Image.new("RGBA", alpha.size, (*ink, 0))
    image.putalpha(alpha)
    assert distance(read_picture(file_of(image)), HOUSE) < 0.02
    palette = image.quantize(16)
    assert distance(read_picture(file_of(palette)), HOUSE) < 0.02


def test_pens_on_transparent_paper_keep_their_colours() -> None:
    image = Image.new("RGBA", (400, 400))
    pen = ImageDraw.Draw(image)
    pen.line([(20, 50), (380, 50)], (220, 0, 0), 5)
    pen.line([(20, 150), (340, 150)], (0, 0, 220), 5)
    assert read_picture(file_of(image)).colours == ("#dc0000", "#0000dc")
    pen.line([(20, 250), (300, 250)], (250, 250, 250), 5)  # which white would hide
    found = read_picture(file_of(image))
    assert len(found.strokes) == 3
    assert found.colours is None


def test_coloured_and_faint_lines_on_coloured_paper() -> None:
    image = ImageOps.colorize(HOUSE.to_image(300, margin=40, line_width=8), "#7090c0", "#f0e8d8")
    assert distance(read_picture(file_of(image, "jpeg", quality=60)), HOUSE) < 0.02


def test_a_picture_lies_as_its_camera_says() -> None:
    image = HOUSE.to_image(300, margin=40, line_width=8)
    exif = Image.Exif()
    exif[0x0112] = 6  # the picture was taken on its side
    turned = image.transpose(Image.Transpose.ROTATE_90)
    assert distance(read_picture(file_of(turned, "jpeg", exif=exif)), HOUSE) < 0.02


def test_crossings_and_dots(rng: np.random.Generator) -> None:
    drawing = Sketch.from_points([[(0, 0), (100, 100)], [(100, 0), (0, 100)], [(50, 95)]])
    found = read_picture(file_of(drawing.to_image(400, margin=40, line_width=14)))
    assert len(found.strokes) == 3
    assert distance(found, drawing) < 0.02


def test_strokes_begin_upper_left_and_long_ones_come_first() -> None:
    strokes = lines_of_ink(np.asarray(HOUSE.to_image(300, line_width=6)) < 128).strokes
    assert len(strokes) == 2 and np.ptp(strokes[0][:, 1]) > np.ptp(strokes[1][:, 1])
    assert all(stroke[0].sum() <= stroke[-1].sum() for stroke in strokes)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG that claims a size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def dotted_paper() -> Image.Image:
    """Printed dots, and nothing drawn."""
    sheet = np.full((600, 600), 255, np.uint8)
    for row in range(3):
        for column in range(3):
            sheet[30 + row :: 30, 30 + column :: 30] = 0
    return Image.fromarray(sheet)


WHOLE = file_of(HOUSE.to_image(300, margin=40, line_width=8))
JPEG = file_of(HOUSE.to_image(300, margin=40, line_width=8), "jpeg")
BAD = {
    "empty": (b"", "must be a PNG, .* file; got an empty file"),
    "text": (b"a cat", "must be a PNG, .* file; got something else"),
    "svg": (b"<svg/>", "must be a PNG"),
    "pdf": (file_of(HOUSE.to_image(50), "pdf"), "got a PDF. Save the page as a PNG"),
    "heic": (b"\0\0\0\x24ftypheic" + bytes(50), "must be undamaged; got a damaged HEIC photo"),
    "cut short": (WHOLE[: len(WHOLE) // 2], "must be undamaged"),
    "header alone": (WHOLE[:40], "must be undamaged|must be a PNG"),
    "jpeg cut short": (JPEG[: len(JPEG) // 2], "must be undamaged"),
    "wrong data": (png(50, 50, b"x" * 20), "must be undamaged"),
    "zero wide": (png(0, 50), "must be"),
    "bomb": (png(100_000, 100_000), "fewer pixels; got over 178 million. Scale it down"),
    "large": (png(13_200, 13_200), "at most 170000000 pixels; got 13200 x 13200"),
    "white": (file_of(Image.new("L", (50, 50), 255)), "must show lines; got one even colour"),
    "black": (file_of(Image.new("L", (50, 50), 0)), "must show lines; got one even colour"),
    "dotted paper": (file_of(dotted_paper()), "got only specks, printed marks or edges"),
    "nothing on glass": (file_of(Image.new("RGBA", (50, 50))), "one even colour"),
    "faint": (file_of(Image.linear_gradient("L").point(lambda v: 250 + v // 64)), "one even"),
    "one pixel": (file_of(Image.new("L", (1, 1))), "one even colour"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_pictures_say_what_is_wrong(name: str) -> None:
    data, message = BAD[name]
    with pytest.raises(DrawingError, match=message) as caught:
        read_picture(data)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


def test_heic_photos_are_named_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(DrawingError, match=r"got a HEIC photo\. Save it as a JPEG, or "):
        read_picture(b"\0\0\0\x24ftypheic" + bytes(50))


def test_heic_photos_are_read_with_the_extra(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    photo = HOUSE.to_image(300, margin=40, line_width=8).convert("RGB")
    heif.from_pillow(photo).save(tmp_path / "house.heic", quality=90)
    (found,) = read_sketches(tmp_path / "house.heic")
    assert distance(found, HOUSE) < 0.025
    assert found.frame is not None
    assert found.frame[:2] == (300, 300)


@pytest.mark.parametrize("kind", ["tiff", "gif", "webp", "avif", "png"])
def test_of_several_pages_the_first_is_read_and_the_others_are_named(kind: str) -> None:
    pages = [HOUSE.to_image(300), Image.new("L", (300, 300), 255)]
    found = read_picture(file_of(pages[0], kind, save_all=True, append_images=pages[1:]))
    assert distance(found, HOUSE) < 0.02
    assert found.left_out == "all pages or frames but the first"
    assert read_picture(file_of(pages[0], kind)).left_out is None
    assert read_picture(HOUSE.to_animation("apng", 300)).left_out is None


def test_a_jpeg_with_a_second_picture_is_read_as_one_without() -> None:
    """Photos of many pixels, as phones take them, with a map of their brightness."""
    drawing = HOUSE.to_image(300).resize((6600, 6600)).convert("RGB")
    others = [drawing.resize((400, 400))]
    content = file_of(drawing, "MPO", save_all=True, append_images=others)
    found = read_picture(content)
    assert distance(found, HOUSE) < 0.02
    assert found.left_out is None
    options = {"save_all": True, "append_images": others, "progressive": True}
    many = file_of(others[0], "MPO", **options)
    begin = many.index(b"\xff\xda")
    end = many.index(b"\xff\xd9", begin)
    with pytest.raises(DrawingError, match="a JPEG must have at most 30 scans"):
        read_picture(many[:end] + many[begin:end] * 30 + many[end:])


def test_a_progressive_jpeg_is_read() -> None:
    image = HOUSE.to_image(300, margin=40, line_width=8).convert("RGB")
    assert distance(read_picture(file_of(image, "jpeg", progressive=True)), HOUSE) < 0.02


def test_a_jpeg_of_too_many_scans_is_refused_before_it_is_decoded() -> None:
    content = file_of(HOUSE.to_image(300), "jpeg", progressive=True)
    begin = content.rindex(b"\xff\xda")
    scan = content[begin:-2]
    with pytest.raises(DrawingError, match="a JPEG must have at most 30 scans"):
        read_picture(content[:-2] + scan * 30 + content[-2:])
    inside = b"\xff\xfe" + struct.pack(">H", 2 + 80) + b"\xff\xda" * 40  # in a comment
    assert read_picture(content[:2] + inside + content[2:] + b"\xff\xda" * 40).strokes


@pytest.mark.skipif(sys.platform != "linux", reason="reads how much memory was taken from /proc")
@pytest.mark.parametrize("mode", ["P", "RGBA", "I;16"])
def test_a_large_picture_is_held_once(mode: str) -> None:
    """A picture of 36 million pixels takes 144 MB; with a copy it was more than twice as much."""
    side = 6000
    if mode == "I;16":
        image = Image.fromarray(np.full((side, side), 65535, np.uint16))
        image.paste(0, (1000, 1000, 1100, 5000))
    else:
        image = Image.new("RGBA" if mode.endswith("A") else "L", (side, side), "white")
        image.paste("black", (1000, 1000, 1100, 5000))
        image = image.convert(mode)
    content = file_of(image, compress_level=1)
    del image
    code = """
import pathlib, re, sys
from sketch_pix2seq.io.picture.picture_in import read_picture
print(len(read_picture(sys.stdin.buffer.read()).strokes))
print(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
"""
    found = subprocess.run(
        [sys.executable, "-c", code], input=content, capture_output=True, check=True
    )
    strokes, peak = map(int, found.stdout.split())
    assert strokes == 1
    assert peak < 300_000


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_PICTURE_BYTES", 100)
    with pytest.raises(DrawingError, match="at most 100 bytes"):
        read_picture(WHOLE)


@pytest.mark.parametrize("data", [WHOLE, JPEG], ids=["png", "jpeg"])
def test_damaged_files_give_a_drawing_or_a_clear_error(
    rng: np.random.Generator, data: bytes
) -> None:
    for _ in range(60):
        damaged = bytearray(data)
        for place in rng.integers(0, len(data), size=3).tolist():
            damaged[place] = int(rng.integers(256))
        with contextlib.suppress(DrawingError):
            read_picture(bytes(damaged))


def pictures_of_noise(rng: np.random.Generator) -> Sequence[np.ndarray]:
    return [
        (rng.random(shape) < share).astype(np.uint8) * 255
        for shape, share in itertools.product([(1, 2), (3, 300), (200, 200)], [0.1, 0.5, 0.9])
    ]


def test_noise_gives_a_drawing_or_a_clear_error(rng: np.random.Generator) -> None:
    for noise in pictures_of_noise(rng):
        with contextlib.suppress(DrawingError):
            read_picture(file_of(Image.fromarray(noise)))
