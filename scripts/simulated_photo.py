"""Synthetic photos of drawings, for tests and benchmarks of `read_picture`.

Pen or pencil of some width and darkness on paper with a grain, in light that falls off to one
side, under a soft shadow and one with an edge, a little blurred and noisy, as JPEG.
"""

from __future__ import annotations

import io

import numpy as np
from jaxtyping import Float32
from PIL import Image, ImageFilter

from sketch_pix2seq.sketch.geometry import Drawing
from sketch_pix2seq.sketch.raster import RasterSettings, rasterise

_SIDES = (700, 1400)
_LINE_WIDTHS = (0.006, 0.022)  # of the side
_DARKNESS = (0.35, 0.9)  # of the ink
_MARGINS = (0.08, 0.2)


def simulate_photo(drawing: Drawing, seed: int) -> bytes:
    r"""Make a photo of a drawing.

    Args:
        drawing: A `Sketch` or its strokes.
        seed: Seed of light, paper, pen and camera.

    Returns:
        A JPEG, 700 to 1,400 pixels wide.

    Example:
        >>> simulate_photo([np.array([[0, 0], [9, 4]])], seed=0)[:3]
        b'\xff\xd8\xff'
    """
    rng = np.random.default_rng([seed, 0x9407])
    side = int(rng.integers(*_SIDES))
    settings = RasterSettings(
        size=side,
        margin=rng.uniform(*_MARGINS) * side,
        line_width=rng.uniform(*_LINE_WIDTHS) * side,
    )
    ink = rasterise(drawing, settings) * rng.uniform(*_DARKNESS)
    ink *= 1 + 0.25 * _grain(rng, side, 3)  # a pencil leaves the hollows of the paper
    paper = rng.uniform(0.75, 0.95, 3) * (1 + 0.02 * _grain(rng, side, 1.5)[..., None])
    light = _falling_off(rng, side) * _shadow(rng, side)
    hue = rng.uniform(0.05, 0.25, 3)
    scene = paper * (1 - np.clip(ink, 0, 1)[..., None] * (1 - hue)) * light[..., None]
    noisy = scene + rng.normal(0, rng.uniform(0.004, 0.015), scene.shape)
    picture = Image.fromarray(np.clip(255 * noisy, 0, 255).astype(np.uint8))
    picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
    file = io.BytesIO()
    picture.save(file, "jpeg", quality=int(rng.integers(60, 95)))
    return file.getvalue()


def _grain(rng: np.random.Generator, side: int, coarseness: float) -> Float32[np.ndarray, "S S"]:
    """Noise of deviation 1 whose grains are so many pixels large."""
    small = max(2, round(side / coarseness))
    noise = Image.fromarray(rng.normal(size=(small, small)).astype(np.float32))
    values = np.asarray(noise.resize((side, side), Image.Resampling.BICUBIC))
    grain: Float32[np.ndarray, "S S"] = values / values.std()
    return grain


def _falling_off(rng: np.random.Generator, side: int) -> Float32[np.ndarray, "S S"]:
    """Light from one side, and a little less of it in the corners."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    slope = rng.uniform(0.05, 0.3) * (x * np.cos(angle) + y * np.sin(angle))
    corners = rng.uniform(0, 0.15) * (x * x + y * y) / 2
    light: Float32[np.ndarray, "S S"] = (0.85 + slope - corners).astype(np.float32)
    return light


def _shadow(rng: np.random.Generator, side: int) -> Float32[np.ndarray, "S S"]:
    """A shadow over half the picture, its edge sharp or soft."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    away = x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-0.4, 0.8)
    softness = 10 ** rng.uniform(-2, -0.3)
    within = 1 / (1 + np.exp(np.clip(-away / softness * 4, -50, 50)))
    left: Float32[np.ndarray, "S S"] = (1 - rng.uniform(0, 0.5) * within).astype(np.float32)
    return left
