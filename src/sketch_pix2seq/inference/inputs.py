"""What a user may show a model, and how each becomes what its encoder looks at.

A file, a `Sketch`, a Pillow picture or the 48x48 array itself. Files and Pillow pictures are
read as drawings and drawn anew, so line width, size and place do not matter. This module checks
everything once, latent codes as well; views that come out of it show ink.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from jaxtyping import Float32, Shaped
from PIL import Image

from sketch_pix2seq.bundle.architectures import PICTURE
from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.errors import DrawingError, InputError
from sketch_pix2seq.inference.views import views_of
from sketch_pix2seq.io.picture_in import read_picture
from sketch_pix2seq.sketch.sketch import Sketch

Input: TypeAlias = str | os.PathLike[str] | Sketch | Image.Image | np.ndarray
"""One thing that can be drawn again."""

READ_AT_ONCE = 1024
"""Inputs whose pictures are in memory at the same time."""
_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")


def as_list(inputs: object) -> tuple[list[Input], bool]:
    """Make a list of what a user gave.

    Args:
        inputs: One `Input` or a sequence of them.

    Returns:
        The inputs, not checked further, and whether it was one that stood by itself.

    Raises:
        DrawingError: If it is neither.

    Example:
        >>> as_list("cat.svg"), as_list(["cat.svg"])
        ((['cat.svg'], True), (['cat.svg'], False))
    """
    if isinstance(inputs, str | os.PathLike | Sketch | Image.Image | np.ndarray):
        return [inputs], True
    if isinstance(inputs, Sequence):
        return list(inputs), False
    raise _no_input(inputs)


def as_views(
    inputs: Sequence[object], card: BundleCard, first_number: int = 0
) -> Float32[np.ndarray, "N ..."]:
    """Make what the encoder looks at.

    Args:
        inputs: `Input`s, each one drawing.
        card: The bundle's.
        first_number: Of the inputs, for error messages.

    Returns:
        As `views_of` gives them.

    Raises:
        DrawingError: Saying which input is no drawing, or a blank one.
    """
    pictures: dict[int, np.ndarray] = {}
    sketches: dict[int, Sketch] = {}
    for number, given in enumerate(inputs):
        try:
            if isinstance(given, np.ndarray):
                pictures[number] = _checked_picture(given, card)
            else:
                sketches[number] = _sketch(given)
        except DrawingError as error:
            if len(inputs) == 1:
                raise
            raise numbered(error, first_number + number) from error
    drawn = views_of(list(sketches.values()), card)
    views = np.empty((len(inputs), *drawn.shape[1:]), np.float32)
    views[list(sketches)] = drawn
    for number, picture in pictures.items():
        views[number, 0] = picture
    return views


def views_in_turn(
    inputs: Sequence[object], card: BundleCard
) -> Iterator[Float32[np.ndarray, "M ..."]]:
    """Make what the encoder looks at, of some inputs at a time.

    Args:
        inputs: `Input`s, each one drawing; of none there is one part, which is empty.
        card: The bundle's.

    Yields:
        As `as_views` gives them.

    Raises:
        DrawingError: As `as_views`, amid the others.
    """
    for first in range(0, max(len(inputs), 1), READ_AT_ONCE):
        yield as_views(inputs[first : first + READ_AT_ONCE], card, first)


def checked_latents(
    latents: Shaped[np.ndarray, "..."], latent_dim: int
) -> Float32[np.ndarray, "N Z"]:
    """Check that an array holds latent codes.

    Args:
        latents: What was given.
        latent_dim: Z.

    Returns:
        The codes.

    Raises:
        InputError: If it is not (N, Z) finite float numbers.
    """
    try:
        codes = np.asarray(latents)
    except (TypeError, ValueError, RuntimeError) as error:  # a tensor on a graphics card
        raise InputError("`latents` must be an array", got=error) from error
    if codes.ndim != 2 or codes.shape[1] != latent_dim or codes.dtype.kind != "f":
        raise InputError(
            f"`latents` must be float numbers of shape (N, {latent_dim})",
            got=f"{codes.dtype} of shape {codes.shape}",
            do="Make them with `Sketcher.encode`.",
        )
    if not np.isfinite(codes).all():
        raise InputError("`latents` must be finite", got="NaN or infinity")
    return codes.astype(np.float32)


def as_sketches(inputs: Sequence[object]) -> list[Sketch]:
    """Read the strokes of what a user gave.

    Args:
        inputs: `Input`s, each one drawing; picture arrays have no strokes.

    Returns:
        The drawings, each with a stroke.

    Raises:
        DrawingError: Saying which input is no drawing, or a blank one.
    """
    sketches = []
    for number, given in enumerate(inputs):
        try:
            if isinstance(given, np.ndarray):
                raise DrawingError("a picture array has no strokes", do="Give a Pillow picture.")
            sketches.append(_sketch(given))
        except DrawingError as error:
            raise error if len(inputs) == 1 else numbered(error, number) from error
    return sketches


def numbered(error: DrawingError, number: int) -> DrawingError:
    """Say which of several inputs an error is about.

    Args:
        error: What is wrong with it.
        number: Its own.

    Returns:
        The error to raise.
    """
    return DrawingError(f"input {number}: {error}")


def _sketch(given: object) -> Sketch:
    """Read what is no array."""
    if isinstance(given, Sketch):
        sketch = given
    elif isinstance(given, Image.Image):
        sketch = read_picture(_as_png(given))
    elif isinstance(given, str | os.PathLike):
        sketch = Sketch.open(given)
    else:
        raise _no_input(given)
    if not sketch.strokes:
        raise DrawingError("a drawing must have a stroke", got="an empty one")
    return sketch


def _as_png(picture: Image.Image) -> bytes:
    """Write a picture to memory; the reader of files then checks and reads it."""
    file = io.BytesIO()
    known = picture if picture.mode in _PNG_MODES else picture.convert("RGB")
    known.save(file, "png", compress_level=1)
    return file.getvalue()


def _checked_picture(
    picture: Shaped[np.ndarray, "..."], card: BundleCard
) -> Float32[np.ndarray, "H W"]:
    """Check that an array is what the encoder sees."""
    if card.encoder_input != PICTURE:
        raise DrawingError(
            f"model `{card.name}` reads strokes, which a picture array has none of",
            do="Give a `Sketch`, or a Pillow picture, which is traced.",
        )
    size = card.raster.size
    if picture.shape != (size, size):
        raise DrawingError(
            f"a picture array must be of shape ({size}, {size})",
            got=picture.shape,
            do="Give a Pillow picture instead: `PIL.Image.fromarray(array)`.",
        )
    if picture.dtype.kind not in "fb":
        raise DrawingError(
            "a picture array must hold float numbers, 1 = ink and 0 = paper", got=picture.dtype
        )
    ink = picture.astype(np.float32)
    if not (np.isfinite(ink).all() and ink.min() >= 0 and ink.max() <= 1):
        raise DrawingError("a picture array must hold numbers from 0 (paper) to 1 (ink)")
    if not ink.any():
        raise DrawingError("a picture array must show ink", got="a blank one")
    return ink


def _no_input(given: object) -> DrawingError:
    return DrawingError(
        "an input must be a path, a `Sketch`, a Pillow picture or a picture array",
        got=type(given).__name__,
    )
