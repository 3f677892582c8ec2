"""What gradients and patterns paint with, as one colour: sketches have lines of one colour."""

from __future__ import annotations

import numpy as np
from cssselect2 import ElementWrapper

from sketch_pix2seq.io.svg.colours import MIN_OPACITY, Paint, colour
from sketch_pix2seq.io.svg.document import SvgDocument
from sketch_pix2seq.io.svg.style import opacity
from sketch_pix2seq.io.svg.xml import reference_of

_MAX_TEMPLATES = 8  # gradients that take their stops from each other
_MAX_STOPS = 64


def stops_owner(document: SvgDocument, server: ElementWrapper) -> ElementWrapper:
    """The gradient or pattern itself, or the one that it takes its stops from."""
    for _ in range(_MAX_TEMPLATES):
        if _stops(server):
            break
        template = document.element(reference_of(server.etree_element)[1:])
        if template is None:
            break
        server = template
    return server


def server_paint(document: SvgDocument, server: ElementWrapper) -> Paint | None:
    """The mean colour of a gradient's stops; black of a pattern, which is ink.

    None: it is of no colours, or nothing is visible.
    """
    stops = _stops(server)[:_MAX_STOPS]
    if not stops:
        return None if server.local_name.endswith("Gradient") else Paint((0, 0, 0), 1.0)
    around = document.style_in(server)
    inked = []
    for stop in stops:
        values = document.declared(stop, around, 2)
        text = values.get("stop-color", "black").strip()
        if text.lower() == "currentcolor":
            text = document.style_in(stop).values["color"]
        if (paint := colour(text)) is not None:
            inked.append((paint.rgb, paint.alpha * opacity(values.get("stop-opacity", "1"))))
    alpha = sum(share for _, share in inked) / len(stops)
    if alpha < MIN_OPACITY:
        return None
    rgb = np.average([rgb for rgb, _ in inked], axis=0, weights=[share for _, share in inked])
    red, green, blue = rgb.round().astype(int).tolist()
    return Paint((red, green, blue), alpha)


def _stops(server: ElementWrapper) -> list[ElementWrapper]:
    return [element for element in server.iter_children() if element.local_name == "stop"]
