"""Writing a drawing as an Excalidraw file, whose lines can be moved and changed there.

*Source*: the JSON schema of Excalidraw, version 2: elements with position, size, and points
relative to the first.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import orjson

from sketch_pix2seq.io.paper import layers_of, paper_for
from sketch_pix2seq.sketch.geometry import Drawing, strokes_of

_INK = "#1e1e1e"
_DECIMALS = 2


def to_excalidraw(
    drawing: Drawing,
    *,
    size: float | None = None,
    margin: float | None = None,
    line_width: float | None = None,
    curves: bool = False,
) -> bytes:
    """Write a drawing as an Excalidraw file: a line for each stroke, a dot drawn freely.

    Args:
        drawing: A `Sketch` or its strokes.
        size: As of `Sketch.to_svg`.
        margin: As of `Sketch.to_svg`.
        line_width: As of `Sketch.to_svg`.
        curves: Let lines be round, through every point.

    Raises:
        UsageError: If a number is out of its range.

    Example:
        >>> to_excalidraw([np.eye(2)])[:25]
        b'{"type":"excalidraw","ver'
    """
    paper = paper_for(drawing, size, margin, line_width)
    strokes = strokes_of(drawing)
    colours = [_INK] * len(strokes)
    for _, pen, some in layers_of(drawing):
        for number in some:
            colours[number] = pen
    look = {
        "strokeWidth": round(paper.line_width, _DECIMALS),
        "roundness": {"type": 2} if curves else None,
    }
    elements = [
        _element(number, paper.transform(stroke), {"strokeColor": colour, **look})
        for number, (stroke, colour) in enumerate(zip(strokes, colours, strict=True))
    ]
    return orjson.dumps(
        {
            "type": "excalidraw",
            "version": 2,
            "source": "sketch-pix2seq",
            "elements": elements,
            "appState": {"viewBackgroundColor": "#ffffff"},
            "files": {},
        }
    )


def _element(number: int, points: np.ndarray, look: dict[str, Any]) -> dict[str, Any]:
    """Write a stroke; one point is left out when such a file is opened, so a dot has it twice."""
    if len(points) == 1:
        points = points.repeat(2, axis=0)
    is_dot = bool((points == points[0]).all())
    first = points[0].round(_DECIMALS)
    steps = (points - first).round(_DECIMALS)
    width, height = np.ptp(steps, axis=0).round(_DECIMALS).tolist()
    x, y = first.tolist()
    key = hashlib.sha256(number.to_bytes(4, "big") + points.tobytes()).digest()
    specific: dict[str, Any] = {"type": "freedraw", "pressures": [], "simulatePressure": True}
    if not is_dot:
        specific = {
            "type": "line",
            "startBinding": None,
            "endBinding": None,
            "startArrowhead": None,
            "endArrowhead": None,
        }
    return {
        "id": key[:10].hex(),
        "x": x,
        "y": y,
        "width": width,
        "height": height,
        "angle": 0,
        "backgroundColor": "transparent",
        "fillStyle": "solid",
        "strokeStyle": "solid",
        "roughness": 0,
        "opacity": 100,
        "groupIds": [],
        "frameId": None,
        "seed": int.from_bytes(key[10:13], "big"),
        "version": 1,
        "versionNonce": int.from_bytes(key[13:16], "big"),
        "isDeleted": False,
        "boundElements": None,
        "updated": 1,
        "link": None,
        "locked": False,
        "points": steps.tolist(),
        "lastCommittedPoint": None,
        **look,
        **specific,
    }
