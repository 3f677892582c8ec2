"""Inputs of a `Sketcher`, and their conversion to what its encoder reads.

A file, its content, a `Sketch`, a Pillow picture or the array of pixels itself. Files and Pillow
pictures are read as drawings and redrawn, so line width, size and position do not matter. This
module checks everything once, latent codes as well; its views show ink.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import (
    Any,
    Concatenate,
    ParamSpec,
    Protocol,
    TypeAlias,
    cast,
    overload,
    runtime_checkable,
)

import numpy as np
from jaxtyping import Float32, Shaped
from PIL import Image, ImageOps

from sketch_pix2seq.bundle.architectures import PICTURE
from sketch_pix2seq.bundle.card import BundleCard
from sketch_pix2seq.errors import DrawingError, InputError
from sketch_pix2seq.inference.arguments import MAX_CODE
from sketch_pix2seq.inference.drawings import views_of
from sketch_pix2seq.io.picture.picture_in import read_picture
from sketch_pix2seq.io.reading import Readable
from sketch_pix2seq.sketch.sketch import Sketch

Input: TypeAlias = Readable | Sketch | Image.Image | np.ndarray
"""One input that can be redrawn."""

P = ParamSpec("P")

READ_AT_ONCE = 1024
"""Inputs whose pictures are in memory at the same time."""
_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")


def as_list(inputs: object) -> tuple[list[Input], bool]:
    """Make a list of one `Input` or several, unchecked; also return whether it was a single one.

    Example:
        >>> as_list("cat.svg"), as_list(["cat.svg"])
        ((['cat.svg'], True), (['cat.svg'], False))
    """
    if isinstance(inputs, Sketch | Image.Image | np.ndarray) or _is_readable(inputs):
        return [cast("Input", inputs)], True
    if isinstance(inputs, Sequence):
        return list(inputs), False
    raise _no_input(inputs)


@runtime_checkable
class _ForOneOrSeveral(Protocol[P]):
    @overload  # a str is also a sequence of str, but then this first form counts
    def __call__(  # type: ignore[overload-overlap]
        self, inputs: Input, *args: P.args, **kwargs: P.kwargs
    ) -> list[Sketch]: ...

    @overload
    def __call__(
        self, inputs: Sequence[Input], *args: P.args, **kwargs: P.kwargs
    ) -> list[list[Sketch]]: ...


@runtime_checkable
class _Method(Protocol[P]):
    def __get__(self, owner: Any, owner_type: Any) -> _ForOneOrSeveral[P]: ...


def one_or_several(
    draw: Callable[Concatenate[Any, Sequence[Input], P], list[list[Sketch]]],
) -> _Method[P]:
    """Let a method for several inputs take a single one as well, and return its drawings."""

    @wraps(draw)
    def method(
        owner: Any, inputs: Input | Sequence[Input], *args: P.args, **kwargs: P.kwargs
    ) -> list[Sketch] | list[list[Sketch]]:
        several, alone = as_list(inputs)
        drawings = draw(owner, several, *args, **kwargs)
        return drawings[0] if alone else drawings

    return cast("_Method[P]", method)


def as_views(
    inputs: Sequence[object], card: BundleCard, first_number: int = 0
) -> Float32[np.ndarray, "N ..."]:
    """Make what the encoder reads; a `DrawingError` says which input is no drawing."""
    pictures: dict[int, np.ndarray] = {}
    sketches: dict[int, Sketch] = {}
    for number, value in enumerate(inputs):
        with numbered(first_number + number, first_number + len(inputs)):
            if isinstance(value, np.ndarray):
                pictures[number] = _checked_picture(value, card)
            else:
                sketches[number] = _sketch(value)
    drawn = views_of(list(sketches.values()), card)
    views = np.empty((len(inputs), *drawn.shape[1:]), np.float32)
    views[list(sketches)] = drawn
    for number, picture in pictures.items():
        views[number, 0] = picture
    return views


def views_in_turn(
    inputs: Sequence[object], card: BundleCard
) -> Iterator[Float32[np.ndarray, "M ..."]]:
    """Make what the encoder reads, of some inputs at a time; of none one empty part."""
    for first in range(0, max(len(inputs), 1), READ_AT_ONCE):
        yield as_views(inputs[first : first + READ_AT_ONCE], card, first)


def checked_latents(
    latents: Shaped[np.ndarray, "..."], latent_dim: int
) -> Float32[np.ndarray, "N Z"]:
    """Check that latents are (N, Z) float numbers of the size that codes have."""
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
    if not (np.abs(codes) <= MAX_CODE).all():
        rule = f"`latents` must be numbers from {-MAX_CODE:,.0f} to {MAX_CODE:,.0f}"
        raise InputError(rule, got="NaN, infinity or a larger one")
    return codes.astype(np.float32)


def as_sketches(inputs: Sequence[object]) -> list[Sketch]:
    """Read the strokes of inputs; a `DrawingError` says which has none, as picture arrays have."""
    sketches = []
    for number, value in enumerate(inputs):
        with numbered(number, len(inputs)):
            if isinstance(value, np.ndarray):
                raise DrawingError("a picture array has no strokes", do="Give a Pillow picture.")
            sketches.append(_sketch(value))
    return sketches


@contextmanager
def numbered(number: int, count: int) -> Iterator[None]:
    """Let a `DrawingError` say which of `count` inputs is wrong, if there are several."""
    try:
        yield
    except DrawingError as error:
        if count == 1:
            raise
        raise DrawingError(f"input {number}: {error}") from error


def _sketch(value: object) -> Sketch:
    """Read an input that is no array."""
    if isinstance(value, Sketch):
        sketch = value
    elif isinstance(value, Image.Image):
        sketch = read_picture(_as_png(value))
    elif _is_readable(value):
        sketch = Sketch.open(cast("Readable", value))
    else:
        raise _no_input(value)
    if not sketch.strokes:
        raise DrawingError("a drawing must have a stroke", got="an empty one")
    return sketch


def _is_readable(value: object) -> bool:
    """Whether something is a path, content, or an open file."""
    is_content = isinstance(value, str | os.PathLike | bytes | bytearray | memoryview)
    return is_content or hasattr(value, "read")


def _as_png(picture: Image.Image) -> bytes:
    """Write a picture to memory, upright; the reader of files then checks and reads it.

    Raises:
        DrawingError: If it cannot be read.
    """
    file = io.BytesIO()
    try:
        upright = ImageOps.exif_transpose(picture)
        other = "RGBA" if upright.has_transparency_data else "RGB"
        writable = upright if upright.mode in _PNG_MODES else upright.convert(other)
        writable.save(file, "png", compress_level=1)
    except (OSError, ValueError, SyntaxError) as error:
        raise DrawingError("a Pillow picture must be whole and open", got=error) from error
    return file.getvalue()


def _checked_picture(
    picture: Shaped[np.ndarray, "..."], card: BundleCard
) -> Float32[np.ndarray, "H W"]:
    """Check that an array is a picture for the encoder."""
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
            do="Give `PIL.Image.fromarray(np.uint8(255 * (1 - array)))`, a Pillow picture.",
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


def _no_input(value: object) -> DrawingError:
    return DrawingError(
        "an input must be a path, the content of a file, an open file, a `Sketch`, a Pillow "
        "picture or a picture array",
        got=type(value).__name__,
    )
