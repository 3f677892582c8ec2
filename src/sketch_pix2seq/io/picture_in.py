"""Reading a drawing from a picture file: from a drawing program, a scanner or a phone.

Dark lines on light paper or light ones on dark, of any width. The way, which can be looked at
stage by stage: grey -> ink or paper -> cropped -> thin centre lines -> strokes -> fewer points.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float, Float32, Real, UInt8
from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.io.ink import LEAST_CONTRAST, Ink, find_ink
from sketch_pix2seq.io.thinning import thin
from sketch_pix2seq.io.tracing import trace
from sketch_pix2seq.sketch.simplify import rdp
from sketch_pix2seq.sketch.sketch import Sketch

MAX_PICTURE_BYTES = 50_000_000
"""The largest picture file that is read."""
MAX_PIXELS = 40_000_000
"""The most pixels that a picture may have."""

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
_MAX_SCANS = 30  # of a progressive JPEG, each of which goes over all pixels; real ones have 10
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # of JPEG, those inside of a scan left out
_EXIF = ("exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp")  # where Pillow keeps it
_GREY_SIDE = 1024  # pictures are shrunk to this before the threshold
_STRIP = 64  # rows of a picture that is shrunk, shrunk at once
_INK_SIDE = 512  # and the ink to this before thinning
_COLOURS = ("#d1495b", "#00798c", "#edae49", "#30638e", "#7b2d8b", "#3c896d")
_TOLERANCE = 0.004  # of the drawing's longest side, for leaving out points


OnStage = Callable[[str, Image.Image], None]
"""Called with the name of each stage of reading a picture, and how it looks then."""


def read_picture(data: bytes, *, on_stage: OnStage | None = None) -> Sketch:
    """Read a drawing from a PNG, JPEG, WebP, GIF or BMP; it is in pixels of the picture.

    Args:
        data: The file's content.
        on_stage: Called at the stages `grey`, `contrast`, `ink`, `lines` and `strokes`.

    Raises:
        DrawingError: If it is no picture, damaged, too large, blank, or no line drawing.

    Example:
        >>> picture = Sketch.from_points([[(0, 0), (9, 4)]]).to_image(64, line_width=5)
        >>> file = io.BytesIO()
        >>> picture.save(file, "png")
        >>> len(read_picture(file.getvalue()).strokes)
        1
    """
    if len(data) > MAX_PICTURE_BYTES:
        raise DrawingError(f"a picture must have at most {MAX_PICTURE_BYTES} bytes", got="more")
    grey, scale = _grey(data)
    if on_stage:
        on_stage("grey", Image.fromarray(grey))
    ink = find_ink(grey)
    if on_stage:
        _show_ink(on_stage, ink)
    strokes = strokes_of_ink(ink.mask)
    if on_stage:
        on_stage("strokes", _strokes_over(grey, strokes))
    return Sketch(tuple((stroke * scale).astype(np.float32) for stroke in strokes))


def strokes_of_ink(ink: Bool[np.ndarray, "H W"]) -> list[Float[np.ndarray, "P 2"]]:
    """Trace the centre lines of ink: strokes in pixels of `ink`, long ones first.

    Example:
        >>> strokes_of_ink(np.ones((1, 9), bool))[0][0].tolist()
        [0.5, 0.5]
    """
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    corner = np.array([columns[0], rows[0]])
    cropped = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    factor = -(-max(cropped.shape) // _INK_SIDE)
    small = _without_specks(_shrunk(cropped, factor))
    skeleton = thin(small)
    line_width = float(small.sum() / max(skeleton.sum(), 1))
    lines = trace(skeleton, line_width)
    tolerance = max(1.0, _TOLERANCE * max(small.shape))
    strokes = [_upright(rdp(_smoothed(line), tolerance)) for line in lines]
    return [stroke * factor + corner for stroke in strokes]


def _grey(data: bytes) -> tuple[UInt8[np.ndarray, "H W"], float]:
    """Decode a picture on white at a handy size; also return how much it was shrunk."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
                width, height = picture.size
                if width * height > MAX_PIXELS:
                    raise DrawingError(
                        f"a picture must have at most {MAX_PIXELS} pixels",
                        got=f"{width} x {height}",
                        do="Make it smaller first.",
                    )
                if picture.format == "JPEG" and _num_scans(data) > _MAX_SCANS:
                    raise DrawingError(f"a JPEG must have at most {_MAX_SCANS} scans", got="more")
                picture.draft("L", (_GREY_SIDE, _GREY_SIDE))
                picture.load()
                small = _reduced(picture, -(-max(picture.size) // _GREY_SIDE))
                grey = _flattened(ImageOps.exif_transpose(small))
    except DrawingError:
        raise
    except UnidentifiedImageError:
        raise DrawingError(
            "a picture must be a PNG, JPEG, WebP, GIF or BMP file",
            got="an empty file" if not data else "something else",
        ) from None
    except Image.DecompressionBombError:
        raise DrawingError(f"a picture must have at most {MAX_PIXELS} pixels", got="more") from None
    except Exception as error:  # decoders fail on damaged files in many ways
        reason = str(error) or type(error).__name__
        raise DrawingError("a picture must be undamaged", got=reason[:100]) from None
    grey = _resized(grey)
    return np.asarray(grey, np.uint8), max(width, height) / max(grey.size)


def _num_scans(data: bytes) -> int:
    """Count the scans of a JPEG, up to its end; what is embedded in it is not counted."""
    place, count = 2, 0
    while found := _MARKER.search(data, place):
        kind, place = found.group()[1], found.end()
        if kind == 0xD9:  # the end of the picture
            break
        count += kind == 0xDA
        place += int.from_bytes(data[place : place + 2], "big")
    return count


def _reduced(picture: Image.Image, factor: int) -> Image.Image:
    """Shrink a picture of any mode, a strip at a time: no second copy of a large one is made."""
    if factor == 1:
        return picture
    strips = []
    for top in range(0, picture.height, factor * _STRIP):
        bottom = min(top + factor * _STRIP, picture.height)
        strip = picture.crop((0, top, picture.width, bottom))
        if picture.mode.startswith(("I", "F")):
            strips.append(_averaged(np.asarray(strip), factor))
        else:
            kind = "RGBA" if picture.has_transparency_data else "L"
            strips.append(np.asarray(strip.convert(kind).reduce(factor)))
    small = Image.fromarray(np.concatenate(strips))
    small.info.update({key: picture.info[key] for key in _EXIF if key in picture.info})
    return small


def _resized(grey: Image.Image) -> Image.Image:
    """Enlarge small pictures, whose soft edges say more than their pixels."""
    factor = min(_INK_SIDE // max(grey.size), 8)
    if factor < 2:
        return grey
    return grey.resize((grey.width * factor, grey.height * factor), Image.Resampling.BICUBIC)


def _flattened(picture: Image.Image) -> Image.Image:
    """Make a picture of any mode grey, on white; where that hides the lines, on black."""
    if picture.mode.startswith(("I", "F")):
        values = np.asarray(picture)
        top = 65535 if values.max() > 255 else 255
        return Image.fromarray(np.clip(values * (255 / top), 0, 255).astype(np.uint8))
    if not picture.has_transparency_data:
        return picture.convert("L")
    solid = picture.convert("RGBA")
    for paper in ("white", "black"):
        ground = Image.new("RGBA", solid.size, paper)
        grey = Image.alpha_composite(ground, solid).convert("L")
        low, high = grey.getextrema()
        if float(high) - float(low) >= LEAST_CONTRAST:  # type: ignore[arg-type]
            break
    return grey


def _averaged(values: Real[np.ndarray, "H W"], factor: int) -> Float32[np.ndarray, "h w"]:
    """Means of squares of so many pixels, without a second copy of a large picture."""
    height, width = (side // factor * factor for side in values.shape)
    squares = values[:height, :width].reshape(height // factor, factor, width // factor, factor)
    return np.asarray(squares.mean(axis=(1, 3), dtype=np.float32))


def _shrunk(ink: Bool[np.ndarray, "H W"], factor: int) -> Bool[np.ndarray, "h w"]:
    """Make ink smaller; a pixel is ink where a quarter of it was, so thin lines stay whole."""
    if factor == 1:
        return ink
    height, width = (-(-side // factor) * factor for side in ink.shape)
    padded = np.zeros((height, width), bool)
    padded[: ink.shape[0], : ink.shape[1]] = ink
    blocks = padded.reshape(height // factor, factor, width // factor, factor)
    share: Bool[np.ndarray, "h w"] = blocks.mean(axis=(1, 3)) >= 0.25
    return share


def _without_specks(ink: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    """Remove pixels without any neighbour, unless that is all there is."""
    padded = np.pad(ink, 1)
    height, width = ink.shape
    around = np.zeros((height, width), bool)
    for dy in (0, 1, 2):
        for dx in (0, 1, 2):
            if (dy, dx) != (1, 1):
                around |= padded[dy : dy + height, dx : dx + width]
    return ink & around if (ink & around).any() else ink


def _show_ink(on_stage: OnStage, ink: Ink) -> None:
    contrast = np.clip(255 * (1 - ink.contrast), 0, 255).astype(np.uint8)
    on_stage("contrast", Image.fromarray(contrast))
    on_stage("ink", Image.fromarray(np.where(ink.mask, 0, 255).astype(np.uint8)))
    on_stage("lines", Image.fromarray(np.where(thin(ink.mask), 0, 255).astype(np.uint8)))


def _strokes_over(grey: UInt8[np.ndarray, "H W"], strokes: Sequence[np.ndarray]) -> Image.Image:
    """Show the strokes over the picture, each in a colour, a dot where it begins."""
    width = max(grey.shape) / 200
    over = Image.fromarray(255 - (255 - grey) // 3).convert("RGB")
    pen = ImageDraw.Draw(over)
    for number, stroke in enumerate(strokes):
        colour = _COLOURS[number % len(_COLOURS)]
        x, y = stroke[0]
        pen.line([tuple(point) for point in stroke.tolist()], colour, round(width))
        pen.circle((float(x), float(y)), 1.5 * width, fill=colour)  # where it begins
    return over


def _smoothed(line: Float[np.ndarray, "P 2"]) -> Float[np.ndarray, "P 2"]:
    """Take the steps out of a line of pixels; its ends stay."""
    if len(line) < 5:
        return line
    padded = np.concatenate([line[:1], line[:1], line, line[-1:], line[-1:]])
    smooth: Float[np.ndarray, "P 2"] = np.mean(
        [padded[shift : shift + len(line)] for shift in range(5)], axis=0
    )
    smooth[0], smooth[-1] = line[0], line[-1]
    return smooth


def _upright(stroke: Float[np.ndarray, "P 2"]) -> Float[np.ndarray, "P 2"]:
    """Turn a stroke so that it begins at its upper left end."""
    return stroke[::-1] if stroke[0].sum() > stroke[-1].sum() else stroke
