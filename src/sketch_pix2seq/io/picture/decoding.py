"""Decoding picture files: an allow-list of kinds, bounded memory, refusals that say what to do."""

from __future__ import annotations

import io
import math
import re
import warnings
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Real
from PIL import Image, ImageOps, UnidentifiedImageError

from sketch_pix2seq.errors import DrawingError
from sketch_pix2seq.extras import install_command
from sketch_pix2seq.io.kinds import is_heic, refused_kind

MAX_PICTURE_BYTES = 50_000_000
"""The largest picture file that is read."""
MAX_DECODED_BYTES = 170_000_000
"""The most memory that a decoded picture may take."""
KINDS = "PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF, JPEG 2000, PNM or TGA"
"""The kinds of pictures that are read."""

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "TGA")
_JPEGS = ("JPEG", "MPO")  # as Pillow calls them; phones put a map of brightness into the latter
_MAX_SLOW_PIXELS = 50_000_000  # of kinds that take long to decode
_MAX_PROGRESSIVE_PIXELS = 40_000_000  # all of whose numbers are held, at any size
_MAX_SCANS = 30  # of a progressive JPEG, each of which goes over all pixels; real ones have 10
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # of JPEG, those inside of a scan left out
_EXIF = ("exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp")  # where Pillow keeps it
_MAX_PIXELS = 9_000_000  # that are worked on: a page of A4 at 300 dots an inch has 8.7 million
_STRIP = 64  # rows of a picture that is shrunk, shrunk at once
_WIDEST_LINE = 0.06  # of the side: what is opaque and wider is an area, not a line
_DARK = 128  # of 255, one of a pixel's colours at least, where it is clearly seen on white


class Decoded(NamedTuple):
    """The first picture of a file.

    Args:
        image: L or RGB, turned as its EXIF data say.
        scale: Pixels of the file to one of it.
        has_others: Whether the file has other pages or frames.
    """

    image: Image.Image
    scale: float
    has_others: bool


def decode(data: bytes) -> Decoded:
    """Decode a picture file; one of more than 9 million pixels is shrunk.

    Raises:
        DrawingError: If it is no picture, damaged or too large.
    """
    if len(data) > MAX_PICTURE_BYTES:
        raise DrawingError(f"a picture must have at most {MAX_PICTURE_BYTES} bytes", got="more")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=_formats(data)) as picture:
                width, height = picture.size
                _check_size(picture)
                if picture.format in _JPEGS and _num_scans(data) > _MAX_SCANS:
                    raise DrawingError(f"a JPEG must have at most {_MAX_SCANS} scans", got="more")
                factor = math.ceil(math.sqrt(width * height / _MAX_PIXELS))
                # of a JPEG the others are for screens, of a PNG for programs that show movement
                is_whole = picture.format in _JPEGS or getattr(picture, "default_image", False)
                has_others = not is_whole and getattr(picture, "is_animated", False)
                picture.draft(None, (width // factor, height // factor))
                picture.load()
                small = _reduced(picture, round(factor * picture.width / width) or 1)
                if small is not picture:
                    picture.close()  # gives its memory back
            image = _flattened(ImageOps.exif_transpose(small))
    except DrawingError:
        raise
    except UnidentifiedImageError:
        what, do = refused_kind(data[:32]) or ("something else", None)
        if is_heic(data):
            if "HEIF" in _formats(data):
                got = "a damaged HEIC photo"
                raise DrawingError("a picture must be undamaged", got=got) from None
            what, do = "a HEIC photo", f"Save it as a JPEG, or {install_command('heif')}"
        raise DrawingError(
            f"a picture must be a {KINDS} file", got=what if data else "an empty file", do=do
        ) from None
    except Image.DecompressionBombError:
        rule, got = "a picture must have fewer pixels", "over 178 million"
        raise DrawingError(rule, got=got, do="Scale it down first.") from None
    except Exception as error:  # decoders fail on damaged files in many ways
        reason = str(error) or type(error).__name__
        raise DrawingError("a picture must be undamaged", got=reason[:100]) from None
    return Decoded(image, max(width, height) / max(image.size), has_others)


def _formats(data: bytes) -> tuple[str, ...]:
    """Pillow's readers that may open a file: for HEIC photos pillow-heif, if installed."""
    if not is_heic(data):
        return _FORMATS
    try:
        from pillow_heif import register_heif_opener
    except ModuleNotFoundError:
        return _FORMATS
    register_heif_opener()
    return (*_FORMATS, "HEIF")


def _check_size(picture: Image.Image) -> None:
    """Refuse a picture that takes too much memory or time, before it is decoded."""
    width, height = picture.size
    pixels = width * height
    if picture.format in _JPEGS:  # decoded at a fraction
        most = _MAX_PROGRESSIVE_PIXELS if picture.info.get("progressive") else 10**9
    else:
        size = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2}.get(picture.mode, 4)
        most = MAX_DECODED_BYTES // size
        if picture.format in ("AVIF", "HEIF", "JPEG2000", "WEBP"):
            most = min(most, _MAX_SLOW_PIXELS)
    if pixels > most:
        raise DrawingError(
            f"a picture of its kind must have at most {most} pixels",
            got=f"{width} x {height}",
            do="Make it smaller first.",
        )


def _num_scans(data: bytes) -> int:
    """Count the scans of a JPEG, up to its end; what is embedded in it is not counted."""
    position, count = 2, 0
    while marker := _MARKER.search(data, position):
        kind, position = marker.group()[1], marker.end()
        if kind == 0xD9:  # the end of the picture
            break
        count += kind == 0xDA
        position += int.from_bytes(data[position : position + 2], "big")
    return count


def _reduced(picture: Image.Image, factor: int) -> Image.Image:
    """Shrink a picture of any mode, a strip at a time: no second copy of a large one is made."""
    if factor == 1:
        return picture
    kind = "RGBA" if picture.has_transparency_data else "RGB"
    kind = "L" if picture.mode in ("1", "L") and kind == "RGB" else kind
    small: np.ndarray | None = None
    for top in range(0, picture.height, factor * _STRIP):
        bottom = min(top + factor * _STRIP, picture.height)
        strip = picture.crop((0, top, picture.width, bottom))
        if picture.mode.startswith(("I", "F")):
            part = _averaged(np.asarray(strip), factor)
        else:
            part = np.asarray(strip.convert(kind).reduce(factor))
        if small is None:
            small = np.empty((-(-picture.height // factor), *part.shape[1:]), part.dtype)
        small[top // factor : top // factor + len(part)] = part
    assert small is not None
    if picture.mode.startswith(("I", "F")):  # their last row holds whole squares alone
        small = small[: picture.height // factor]
    image = Image.fromarray(small)
    image.info.update({key: picture.info[key] for key in _EXIF if key in picture.info})
    return image


def _averaged(values: Real[np.ndarray, "H W"], factor: int) -> Float32[np.ndarray, "h w"]:
    """Means of squares of `factor` x `factor` pixels, without a second copy of a large picture."""
    height, width = (side // factor * factor for side in values.shape)
    squares = values[:height, :width].reshape(height // factor, factor, width // factor, factor)
    return np.asarray(squares.mean(axis=(1, 3), dtype=np.float32))


def _flattened(picture: Image.Image) -> Image.Image:
    """Make a picture of any mode grey or coloured, without transparency.

    If what is opaque is lines alone, some of which white would hide, all are ink, and black. Else
    the picture is laid on white; where that hides all of it, on black.
    """
    if picture.mode.startswith(("I", "F")):
        values = np.asarray(picture)
        top = next((top for top in (1, 255) if values.max() <= top), 65535)
        return Image.fromarray(np.clip(values * (255 / top), 0, 255).astype(np.uint8))
    if not picture.has_transparency_data:
        return picture.convert("L" if picture.mode in ("1", "L") else "RGB")
    solid = picture.convert("RGBA")
    alpha = solid.getchannel("A")
    if _shows_lines(alpha) and not _is_dark(solid):
        return alpha.point(lambda value: 255 - value)
    for paper in ("white", "black"):
        ground = Image.new("RGBA", solid.size, paper)
        flat = Image.alpha_composite(ground, solid).convert("RGB")
        low, high = flat.convert("L").getextrema()
        if float(high) - float(low) >= 30:  # type: ignore[arg-type]
            break
    return flat


def _is_dark(solid: Image.Image) -> bool:
    """Whether all that is opaque is clearly seen on white."""
    values = np.asarray(solid)
    return bool((values[..., :3].min(axis=2)[values[..., 3] > 127] < _DARK).all())


def _shows_lines(alpha: Image.Image) -> bool:
    """Whether what is opaque is lines, and no wider area."""
    small = np.asarray(alpha.resize((64, 64), Image.Resampling.BOX)) > 127
    reach = round(64 * _WIDEST_LINE)
    windows = np.lib.stride_tricks.sliding_window_view(small, (reach, reach))
    low, high = np.asarray(alpha).min(), np.asarray(alpha).max()
    return bool(low < 128 <= high and not windows.all(axis=(2, 3)).any())
