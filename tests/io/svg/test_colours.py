from __future__ import annotations

import numpy as np
import pytest

from sketch_pix2seq.io.svg.colours import colour, ground_colour


@pytest.mark.parametrize(
    ("text", "rgb"),
    [
        # values of the specifications' own examples and of Chromium's canvas
        ("color(display-p3 0.851 0 0)", (237, 0, 0)),
        ("color(display-p3 1 1 1)", (255, 255, 255)),
        ("color(srgb-linear 0.5 0.5 0.5)", (188, 188, 188)),
        ("lab(100% 0 0)", (255, 255, 255)),
        ("lab(29.2345% 39.3825 20.0664)", (125, 35, 41)),
        ("oklch(0% 0 0)", (0, 0, 0)),
        ("oklab(40.101% 0.1147 0.0453)", (125, 35, 41)),
        ("color(xyz-d65 0.9505 1 1.089)", (255, 255, 255)),
        ("color(xyz-d50 0.9643 1 0.8251)", (255, 255, 255)),
        ("color-mix(in srgb, black, white)", (128, 128, 128)),
        ("color-mix(in srgb, black 90%, white)", (26, 26, 26)),
        ("color-mix(in srgb, red, blue 25%)", (191, 0, 64)),
        ("CanvasText", (0, 0, 0)),
        ("Canvas", (255, 255, 255)),
    ],
)
def test_colours_of_every_space(text: str, rgb: tuple[int, int, int]) -> None:
    paint = colour(text)
    assert paint is not None
    np.testing.assert_allclose(paint.rgb, rgb, atol=3)


@pytest.mark.parametrize(
    ("text", "rgb"),
    [
        ("rgb(255, 255, 255)", (255, 255, 255)),
        ("rgb(0 0 0) none repeat scroll", (0, 0, 0)),
        ("url(a.png) no-repeat #fff", (255, 255, 255)),
        ("linear-gradient(90deg, rgb(0, 0, 9), #333)", (0, 0, 9)),
        ("transparent", None),
        ("none", None),
        ("inherit", None),
        ("", None),
    ],
)
def test_grounds(text: str, rgb: tuple[int, int, int] | None) -> None:
    assert ground_colour(text) == rgb
